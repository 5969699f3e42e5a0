"""Findings in words, and those that any look at a log comes upon."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.cli.output import note, say
from signoff.cli.terminal import one_line
from signoff.errors import DiagnosticError
from signoff.missions.finding import ERROR, GUARD_NOT_RUN, STATUS_LOG_TORN, WARNING, Finding

if TYPE_CHECKING:
    from signoff.missions.event import Log
    from signoff.runners.mission.place import Checkout, MissionPlace

REPAIR = "signoff mission doctor --repair"

_COLOURS = {"error": "red", "warning": "yellow"}


def line_findings(log: Log) -> Iterator[Finding]:
    """The lines that cannot be read, and what to do about them."""
    torn_line = log.problems[-1].line if log.torn is not None else None
    for problem in log.problems:
        is_torn = problem.line == torn_line
        how = "The next move keeps it aside. Or now" if is_torn else "Mend the line, or have it kept aside"
        yield Finding(
            STATUS_LOG_TORN if is_torn else problem.diagnostic_code,
            WARNING if is_torn else ERROR,
            f"line {problem.line}: {problem.message}.",
            None,
            {"line": problem.line, "remediation": f"{how}: {REPAIR}"},
        )


def unread_lines(place: MissionPlace) -> list[dict[str, Any]]:
    """Lines of the log that are not in what is shown: what they say, and all that follows from it, is missing there."""
    from signoff.runners.mission.log import read_events

    try:
        found = list(line_findings(read_events(place)))
    except DiagnosticError:
        return []  # Where the log cannot be read at all, that is said in its place.
    return [{**replace(one, severity=WARNING).to_wire(), "mission_slug": place.slug} for one in found]


def show_with_unread(
    call: Call, document: dict[str, Any], unread: Sequence[dict[str, Any]], draw: Callable[[], object]
) -> None:
    """The document has what was not read as `diagnostics`; people are told beside it."""
    call.show({**document, **({"diagnostics": unread} if unread else {})}, draw)
    for one in [] if call.is_json else unread:
        note(
            f"warning: {one['diagnostic_code']}: {one['mission_slug']} is shown without what its log has there: "
            f"{one['message']} {one['remediation']}"
        )


def guard_findings(checkout: Checkout) -> Iterator[Finding]:
    """The work trees in which git does not run the guard."""
    from signoff.runners.mission.hook import unguarded_worktrees

    for one in unguarded_worktrees(checkout):
        yield Finding(
            GUARD_NOT_RUN,
            WARNING,
            f"git does not run the guard in {one.worktree}: it runs the hooks in {one.hooks}.",
            None,
            {
                "worktree": str(one.worktree),
                "hooks_path": str(one.hooks),
                "remediation": "Install it again: signoff mission guard --install. Where that does not do, "
                "core.hooksPath is set for this work tree alone; see where, and take it out there: git -C "
                f"{one.worktree} config --show-origin --get-all core.hooksPath",
            },
        )


def draw_findings(findings: Sequence[Finding]) -> None:
    """Each with what to do about it, where that is known."""
    for one in findings:
        say(f"  {one.severity}  {one.diagnostic_code}  {one_line(one.message)}", fg=_COLOURS[one.severity])
        if remediation := one.details.get("remediation"):
            say(f"    {one_line(str(remediation))}", dim=True)
