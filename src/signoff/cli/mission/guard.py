"""`signoff mission guard`: whether a commit in a lane is the active work package's."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import note, print_json, say
from signoff.cli.terminal import one_line
from signoff.missions.ownership import BLOCK, OFF

if TYPE_CHECKING:
    from signoff.missions.finding import Finding

_EPILOG = """\b
Examples:
  signoff mission guard --install     git runs it before each commit from now on
  signoff mission guard               look at what is staged in this worktree
  signoff mission guard --json | jq '.findings[].diagnostic_code'

In signoff.yaml: mission_guard: block (as it is without), warn or off. Commits in the lanes of missions are judged
against the files that the package owns which is at work there at this moment; the mission's own branch takes only its
folder and what its packages own that change no code. What a merge brings in from the branches that a lane builds on is
not judged. What goes past the guard is found before a merge: signoff mission preflight. Whether git still runs it
everywhere says: signoff mission doctor.

Exit codes: 0 nothing speaks against it (or warn, off), 1 it is stopped, or git does not run it in a work tree after it
was installed, 2 bad input.
"""


@click.command(epilog=_EPILOG)
@click.option("--install", "is_install", is_flag=True, help="Put it into git's hooks; those there are kept.")
@takes_mission()
def guard(call: Call, mission: MissionChoice, *, is_install: bool) -> int:
    """Stop a commit that touches files which the active work package of its lane does not own."""
    if is_install:
        return _install(call, mission)
    mode = mission.settings.mission_guard
    findings = [] if mode == OFF else _findings(mission)
    is_stopped = bool(findings) and mode == BLOCK
    _tell(call, mode, findings, is_stopped=is_stopped)
    return FAILED if is_stopped else DONE


def _findings(mission: MissionChoice) -> Sequence[Finding]:
    from signoff.runners.mission.guard import judge_staged

    return judge_staged(mission.checkout, mission.root, os.environ)


def _tell(call: Call, mode: str, findings: Sequence[Finding], *, is_stopped: bool) -> None:
    """To standard error: git shows what its hooks say, and this is about the commit."""
    if call.is_json:
        wire = [one.to_wire() for one in findings]
        print_json({"mode": mode, "blocked": is_stopped, "findings": wire})
        return
    for one in findings:
        note(f"{one.severity if is_stopped else 'warning'}: {one.diagnostic_code}: {one_line(one.message)}")
    if is_stopped:
        note("The commit is stopped. To go past the guard once: git commit --no-verify; the preflight will find it.")


def _install(call: Call, mission: MissionChoice) -> int:
    from signoff.cli.mission.findings import draw_findings, guard_findings
    from signoff.runners.mission.hook import install_guard

    installed = install_guard(mission.checkout, f"{shlex.quote(sys.executable)} -m signoff")
    first, findings = installed[0], list(guard_findings(mission.checkout))
    document: dict[str, Any] = {
        "path": str(first.path),
        "kept": _newest(first.kept),
        "is_new": any(one.is_new for one in installed),
        "hooks": [
            {"path": str(one.path), "kept": _newest(one.kept), "all_kept": list(one.kept), "is_new": one.is_new}
            for one in installed
        ],
        "mode": call.settings.mission_guard,
        "findings": [one.to_wire() for one in findings],
    }

    def draw() -> None:
        where = one_line(str(first.path.parent))
        if not findings:
            say(f"git runs the guard before each commit here and in all worktrees, those of merges too: {where}")
        for kept in (kept for one in installed for kept in one.kept):
            say(f"What was there is kept, and runs first: {one_line(kept)}")
        draw_findings(findings)

    call.show(document, draw)
    return FAILED if findings else DONE


def _newest(kept: Sequence[str]) -> str | None:
    return kept[-1] if kept else None
