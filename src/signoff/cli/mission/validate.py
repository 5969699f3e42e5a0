"""`signoff mission validate`: everything that can be said against the files of missions."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, hint, say
from signoff.cli.terminal import one_line

if TYPE_CHECKING:
    from signoff.missions.finding import Finding

_EPILOG = """\b
Examples:
  signoff mission validate missions/release-3-2     one mission
  signoff mission validate .                        every mission of a repository
  signoff mission validate kitty-specs --json | jq .summary

Exit codes: 0 nothing or warnings only, 1 an error was found, 2 there is no mission at a path.
"""


#: Fewer are checked at once.
_PROGRESS_MIN = 20


@dataclass(frozen=True)
class _Checked:
    slug: str
    path: Path
    findings: Sequence[Finding]

    def to_wire(self) -> dict[str, Any]:
        findings = [finding.to_wire() for finding in self.findings]
        return {"mission_slug": self.slug, "path": str(self.path), "findings": findings}


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@takes_settings()
def validate(call: Call, paths: Sequence[Path]) -> int:
    """Check the files of missions: the events, what is made from them, work packages, lanes and reviews.

    PATH is the folder of a mission, a folder of missions, or a repository with one. Files of older tools are read as
    well. Nothing is written, not even a lock.
    """
    from signoff.runners.mission.files import find_missions

    folders = find_missions(paths)
    checked = [_check(folder) for folder in _shown_as_progress(folders)]
    findings = [finding for one in checked for finding in one.findings]
    summary = dict(sorted(Counter(finding.diagnostic_code for finding in findings).items()))
    document = {"missions": [one.to_wire() for one in checked], "summary": summary}
    call.show(document, lambda: _draw(checked, findings))
    return FAILED if any(finding.is_error for finding in findings) else DONE


def _shown_as_progress(folders: Sequence[Path]) -> Iterable[Path]:
    """At a terminal a bar, which is taken away again."""
    if len(folders) < _PROGRESS_MIN or not sys.stderr.isatty():
        return folders
    from rich.console import Console
    from rich.progress import track

    return track(folders, "Checking", console=Console(stderr=True), transient=True)


def _check(folder: Path) -> _Checked:
    from signoff.missions import validate
    from signoff.runners.mission.files import read_mission

    files = read_mission(folder)
    return _Checked(validate.slug_of(files), folder, validate.validate(files))


def _draw(checked: Sequence[_Checked], findings: Sequence[Finding]) -> None:
    for one in checked:
        if one.findings:
            say(one_line(str(one.path)), bold=True)
        for finding in one.findings:
            say(f"  {finding.severity}  {finding.diagnostic_code}  {one_line(finding.message)}")
    errors = sum(finding.is_error for finding in findings)
    told = f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}"
    say(f"{counted(len(checked), 'mission')}: {told}.")
    if findings:
        hint("What each code means, and what to do: docs/reference/missions.md. For programs: --json")
