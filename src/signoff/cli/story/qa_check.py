"""`signoff story qa-check`: QA gate files, looked at for what they say and whether it fits together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from signoff.cli.call import Call, takes_settings
from signoff.cli.failure import DONE, FAILED
from signoff.cli.output import counted, say
from signoff.cli.terminal import one_line
from signoff.stories.qa_gate import Checked, Finding, QaGate, newest_of

_EPILOG = """\b
Examples:
  signoff story qa-check docs/qa/gates
  signoff story qa-check docs/qa/gates/4.5-coverage.yml --json

Exit codes: 0 no errors, 1 there are some. A file that cannot be read is one, a folder without gates too.
"""
#: Whoever names a folder without gates means another one: nothing was checked, and that is not well.
_EMPTY = Checked(
    None,
    (Finding("no-gate-files", "There is no QA gate file: looked for .yml and .yaml here and in the folders in it."),),
)
_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command("qa-check", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@takes_settings()
def qa_check(call: Call, paths: Sequence[Path]) -> int:
    """Check QA gate files: files that are named, and every .yml and .yaml in folders.

    A gate must follow from its own issues, NFRs and risk scores, unless it is properly waived. Of several gates of one
    story the one that was updated last holds.
    """
    from signoff.runners.story.gate_files import look_at_gate_files

    checked = {str(path): one for path, one in look_at_gate_files(paths)}
    checked |= {str(path): _EMPTY for path in paths if path.is_dir() and not _is_in(path, checked)}
    files = _superseded(checked)
    document = {"files": [_file(path, one) for path, one in files.items()], "stories": list(_stories(files))}
    call.show(document, lambda: _draw(files))
    return FAILED if any(one.status == "error" for one in files.values()) else DONE


def _is_in(folder: Path, checked: Mapping[str, Checked]) -> bool:
    return any(folder in Path(path).parents for path in checked)


def _superseded(checked: Mapping[str, Checked]) -> dict[str, Checked]:
    """With a warning at each gate that does not hold any more."""
    newest = _newest(checked)
    told = {}
    for path, one in checked.items():
        story = None if one.gate is None else one.gate.story
        holds = None if story is None else newest[story]
        if one.gate is not None and holds is not None and holds != path:
            finding = Finding("superseded", f"Story {story} has {_why(one.gate, checked[holds].gate)}: {holds}.")
            one = replace(one, findings=(*one.findings, finding))
        told[path] = one
    return told


def _why(gate: QaGate, newest: QaGate | None) -> str:
    """Why another gate of its story holds."""
    at = None if newest is None else newest.updated_at
    if at is None:
        return "another gate, and neither says when it was updated; the last by its path holds"
    if gate.updated_at is None:
        return "a gate that says when it was updated, which this one does not; that one holds"
    when = "later" if gate.updated_at < at else "at the same time; the last by its path holds"
    return f"a gate that was updated {when}"


def _newest(checked: Mapping[str, Checked]) -> dict[str, str]:
    return newest_of({path: one.gate for path, one in checked.items() if one.gate is not None})


def _file(path: str, checked: Checked) -> dict[str, Any]:
    return {"path": path, "status": checked.status, "findings": [_finding(one) for one in checked.findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {"code": finding.code, "message": finding.message}
    return told if finding.line is None else {**told, "line": finding.line}


def _stories(checked: Mapping[str, Checked]) -> Iterator[dict[str, Any]]:
    """The gate that holds for each story."""
    for story, path in sorted(_newest(checked).items()):
        gate = checked[path].gate
        if gate is not None:
            yield {"story": story, "gate": gate.gate, "updated": gate.updated, "path": path}


def _draw(checked: Mapping[str, Checked]) -> None:
    for path, one in checked.items():
        say(f"{one.status:<7}  {one_line(path)}", fg=_COLOURS[one.status])
        for finding in one.findings:
            where = "" if finding.line is None else f"line {finding.line}: "
            say(f"         {finding.code}: {where}{one_line(finding.message)}")
    errors = sum(one.status == "error" for one in checked.values())
    say(f"{counted(len(checked), 'file')}, {errors} with errors.")
