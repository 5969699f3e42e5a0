"""`signoff mission doctor`: what went wrong in missions and can be put right, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED
from signoff.cli.mission.findings import REPAIR, draw_findings, guard_findings, line_findings
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import counted, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import one_line
from signoff.errors import DiagnosticError, MissionError
from signoff.missions.finding import (
    CLAIM_PROCESS_GONE,
    ERROR,
    MISSION_METADATA_INVALID,
    REVIEW_GATE_LEFT_OPEN,
    STATUS_SNAPSHOT_DRIFT,
    SYNC_EVENTS_UNSENT,
    SYNC_RECORD_NOT_KEPT,
    WARNING,
    Finding,
    Severity,
)
from signoff.missions.lane import FINAL
from signoff.missions.ownership import OFF

if TYPE_CHECKING:
    from signoff.missions.reduce import Snapshot
    from signoff.runners.mission.place import MissionPlace
    from signoff.runners.mission.sync import SyncTarget

_EPILOG = """\b
Examples:
  signoff mission doctor                  every mission
  signoff mission doctor release-3-2
  signoff mission doctor --repair         lines that cannot be read are kept aside, snapshots made anew
  signoff mission doctor --send           what sync.url was not told yet

Exit codes: 0 nothing or warnings only, 1 an error was found, 2 there is no such mission.
"""


@dataclass(frozen=True)
class _Examined:
    place: MissionPlace
    findings: Sequence[Finding]

    def to_wire(self) -> dict[str, Any]:
        findings = [finding.to_wire() for finding in self.findings]
        return {"mission_slug": self.place.slug, "path": str(self.place.folder), "findings": findings}


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@click.option("--repair", "is_repairing", is_flag=True, help="Put right what can be without asking anybody.")
@click.option("--send", "is_sending", is_flag=True, help="Send what sync.url was not told yet.")
@takes_mission(*DATABASE)
def doctor(call: Call, mission: MissionChoice, slug: str | None, *, is_repairing: bool, is_sending: bool) -> int:
    """Look at the logs, snapshots, claims, reviews and unsent events of missions; say what is wrong, and what to do.

    Nothing is written without --repair. Whether the files say what they should is for signoff mission validate.
    """
    from signoff.runners.mission.place import all_missions

    is_one = slug is not None or mission.slug is not None
    places = [mission.place_of(slug)] if is_one else all_missions(mission.checkout, mission.root)
    repaired = [told for place in places for told in _repair(place)] if is_repairing else []
    target = mission.sync_target()
    diagnostics = [told for place in places for told in _send(place, target)] if is_sending else []
    examined = [_Examined(place, list(_examine(call, place, target))) for place in places]
    repository = _guard(mission)
    document = {
        **({"findings": [one.to_wire() for one in repository]} if repository else {}),
        "missions": [one.to_wire() for one in examined],
        "repaired": repaired,
        **({"diagnostics": diagnostics} if diagnostics else {}),
    }
    call.show(document, lambda: _draw(repository, examined, repaired, diagnostics))
    return FAILED if any(one.is_error for each in examined for one in each.findings) else DONE


def _guard(mission: MissionChoice) -> list[Finding]:
    """Whether git runs the guard where somebody has installed it; it is the repository's, not a mission's."""
    from signoff.runners.mission.hook import is_installed

    is_wanted = mission.settings.mission_guard != OFF and is_installed(mission.checkout)
    return list(guard_findings(mission.checkout)) if is_wanted else []


def _repair(place: MissionPlace) -> Iterator[str]:
    from signoff.runners.mission.log import heal, is_behind, repair

    lines = repair(place)
    if lines:
        yield f"{place.slug}: {counted(lines, 'line')} kept aside in {place.shown(place.torn)}"
    if is_behind(place):
        heal(place)
        yield f"{place.slug}: status.json made anew"


def _send(place: MissionPlace, target: SyncTarget | None) -> list[dict[str, Any]]:
    from signoff.runners.mission.sync import send_unsent

    return [] if target is None else [one.to_wire() for one in send_unsent(place, target)]


def _examine(call: Call, place: MissionPlace, target: SyncTarget | None) -> Iterator[Finding]:
    from signoff.runners.mission.log import is_behind, read_events, snapshot_of

    try:
        log, now = read_events(place), snapshot_of(place)
    except DiagnosticError as error:
        yield _finding(error.diagnostic_code, ERROR, error.message, error.remediation)
        return
    except MissionError as error:
        yield _finding(MISSION_METADATA_INVALID, ERROR, error.message, "Mend it: signoff mission validate says where.")
        return
    yield from line_findings(log)
    if not log.problems and is_behind(place):
        message = "status.json is missing, or says something else than the log."
        yield _finding(STATUS_SNAPSHOT_DRIFT, WARNING, message, f"The next move makes it anew. Or now: {REPAIR}")
    yield from _claims(now)
    yield from _reviews(call, place)
    if target is not None:
        yield from _unsent(place, target)


def _claims(snapshot: Snapshot) -> Iterator[Finding]:
    from signoff.missions.claim import HELD, holder_of
    from signoff.runners.mission.holder import is_gone

    for wp_id, state in snapshot.work_packages.items():
        holder = holder_of(snapshot.reduced.events, wp_id) if state.lane in HELD else None
        if holder is not None and is_gone(holder):
            yield Finding(
                CLAIM_PROCESS_GONE,
                WARNING,
                f"{wp_id} is {state.lane} by {state.actor}, and {holder} has ended.",
                wp_id,
                {
                    "lane": state.lane.value,
                    "held_by": state.actor,
                    "holder": holder.to_wire(),
                    "remediation": f"Take it over: signoff mission claim {wp_id} --take-over",
                },
            )


def _reviews(call: Call, place: MissionPlace) -> Iterator[Finding]:
    """Where the log and the ledger do not agree. What is a server's to know is not asked for."""
    from signoff.cli.mission.decided import decisions_of, reviews_left_open
    from signoff.missions.approval import judge_approvals
    from signoff.runners.mission.mission_state import read_state

    state = read_state(place)
    if call.settings.url is not None or not state.reduced.work_packages:
        return
    # Of a mission that is finished it is history; what was not decided stops a release, not those that look here.
    if any(one.lane not in FINAL for one in state.reduced.work_packages.values()):
        approvals = judge_approvals(state.reduced, state.mission_id, decisions_of(call, state))
        yield from (replace(one, severity=WARNING) for one in approvals)
    for wp_id, workflow_id in reviews_left_open(call, state).items():
        lane = state.reduced.lane_of(wp_id)
        message = f"{wp_id} is {lane}, and an earlier review of it can still be answered, which would move nothing."
        remediation = f"Give it up: {call.again('run', 'cancel', workflow_id)}"
        details = {"lane": lane.value, "workflow_id": workflow_id, "remediation": remediation}
        yield Finding(REVIEW_GATE_LEFT_OPEN, WARNING, message, wp_id, details)


def _unsent(place: MissionPlace, target: SyncTarget) -> Iterator[Finding]:
    from signoff.runners.mission.sync import unsent_events

    try:
        count = len(unsent_events(place, target))
    except OSError as error:
        message = f"What was sent cannot be looked up: {error.strerror}."
        yield _finding(SYNC_RECORD_NOT_KEPT, WARNING, message, "Look at the permissions of the state directory.")
        return
    if count:
        message = f"{counted(count, 'event')} not sent to sync.url yet."
        remediation = "The next move sends them. Or now: signoff mission doctor --send"
        yield _finding(SYNC_EVENTS_UNSENT, WARNING, message, remediation, count=count)


def _finding(code: str, severity: Severity, message: str, remediation: str, **details: Any) -> Finding:
    return Finding(code, severity, message, details={**details, "remediation": remediation})


def _draw(
    repository: Sequence[Finding],
    examined: Sequence[_Examined],
    repaired: Sequence[str],
    diagnostics: Sequence[dict[str, Any]],
) -> None:
    for told in repaired:
        say(f"repaired  {one_line(told)}", fg="green")
    for one in diagnostics:
        say(f"{one['severity']}  {one['diagnostic_code']}  {one_line(one['message'])}", fg="yellow")
    draw_findings(repository)
    for each in examined:
        if each.findings:
            say(one_line(each.place.slug), bold=True)
        draw_findings(each.findings)
    troubles = len(repository) + sum(len(each.findings) for each in examined)
    missions = counted(len(examined), "mission")
    say(f"{missions}: {counted(troubles, 'trouble')}." if troubles else f"{missions}: nothing to put right.")
