"""Whether what lets a package be merged was decided: its approval in the log against the decision of its review's gate.

Anybody who can write the log can write an approval into it. What counts is in the ledger: a decision of the very review
that the event names, by the reviewer and on the commit that it names. An approval without one stops a release; one that
somebody forced, and so answers for, is told to whoever signs the release off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from signoff.missions import finding
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import ERROR, WARNING, Finding
from signoff.missions.lane import Lane
from signoff.missions.move import APPROVED, review_in
from signoff.missions.reduce import Reduced

_REFERENCE = re.compile(r"([^/#]+)/([^/#]+)#[^/#]+")
_INVARIANT = "accepted_wp_must_have_been_approved_at_its_gate"


@dataclass(frozen=True)
class Decision:
    """What the gate of a review came to, as the ledger has it. `reference` is what files call it by, `event_id` the id
    that its event has. It looked at what lies between `base_commit` and `lane_commit`, in `lane_branch`; a package that
    changes no code is in no lane's (`execution_mode`)."""

    reference: str
    event_id: str
    mission_id: str
    work_package_id: str
    reviewer: str
    verdict: str
    lane_commit: str
    base_commit: str
    lane_branch: str
    execution_mode: str


def reference_in(event: TransitionEvent) -> str | None:
    """What the event says that it was decided by."""
    review = review_in(event.evidence)
    return None if review is None else review["reference"]


def references_in(reduced: Reduced) -> list[str]:
    """By what the ledger has the decisions that a release rests on: those of all approvals, each once. A later one of a
    package looks only at what came after the earlier one."""
    approvals = [event for event in reduced.events if event.to_lane is Lane.APPROVED]
    accepted = [one.acceptance for one in reduced.work_packages.values() if one.acceptance is not None]
    found = (reference_in(event) for event in (*approvals, *accepted))
    return list(dict.fromkeys(one for one in found if one is not None))


def gate_named_in(reference: str) -> tuple[str, str] | None:
    """The workflow's id and the gate's key; None for a reference to anything else than a gate."""
    match = _REFERENCE.fullmatch(reference)
    return None if match is None else (match[1], match[2])


def reviewed_commit(event: TransitionEvent) -> str | None:
    """The commit that a review looked at, as its event has it."""
    return repo_in(event).get("lane_commit")


def repo_in(event: TransitionEvent) -> Mapping[str, str]:
    """What an event's evidence says of a lane: `{lane_commit, base_commit, lane_branch}`; nothing where it names no
    commit."""
    repos = (event.evidence or {}).get("repos")
    told = (one for one in repos if isinstance(one, dict)) if isinstance(repos, list) else iter(())
    found: dict[str, object] = next((one for one in told if isinstance(one.get("lane_commit"), str)), {})
    return {key: value for key, value in found.items() if isinstance(value, str)}


def judge_approvals(reduced: Reduced, mission_id: str, decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    """Of every package that is accepted.

    Args:
        mission_id: as decisions have it.
        decisions: those that are known, by their references.
    """
    for state in reduced.work_packages.values():
        event = state.acceptance
        if event is None or _is_decided(event, mission_id, decisions.get(reference_in(event) or "")):
            continue
        yield _forced(event, state.lane) if event.force else _undecided(event, state.lane)


def _is_decided(event: TransitionEvent, mission_id: str, decision: Decision | None) -> bool:
    review = review_in(event.evidence)
    if decision is None or review is None:
        return False
    repo = repo_in(event)
    said = Decision(
        reference=review["reference"],
        event_id=event.event_id,
        mission_id=mission_id,
        work_package_id=event.wp_id,
        reviewer=review["reviewer"],
        verdict=review["verdict"],
        lane_commit=repo.get("lane_commit", ""),
        base_commit=repo.get("base_commit", ""),
        lane_branch=repo.get("lane_branch", ""),
        execution_mode=event.execution_mode,
    )
    return said == decision and decision.verdict == APPROVED


def _undecided(event: TransitionEvent, lane: Lane) -> Finding:
    message = f"{event.wp_id} is {lane}, and no gate of the ledger has decided that; {event.actor_name} wrote it."
    remediation = (
        f"Bring it back and have it reviewed: signoff mission move {event.wp_id} --to in_progress --force --reason "
        "TEXT. If the ledger with its review is another one, name that with --dir or --database-url. Who answers for "
        f"what was decided elsewhere says so: signoff mission move {event.wp_id} --to {lane} --force --reason TEXT"
    )
    return _finding(finding.APPROVAL_WITHOUT_DECISION, message, event, lane, remediation)


def _forced(event: TransitionEvent, lane: Lane) -> Finding:
    message = f"{event.wp_id} is {lane} past its review: {event.actor_name} forced it ({event.reason})."
    return _finding(finding.APPROVAL_FORCED, message, event, lane, "Whoever signs the release off should know of it.")


def _finding(diagnostic_code: str, message: str, event: TransitionEvent, lane: Lane, remediation: str) -> Finding:
    details = {
        "branch_or_work_package": event.wp_id,
        "violated_invariant": _INVARIANT,
        "lane": lane.value,
        "event_id": event.event_id,
        "actor": event.actor_name,
        "reference": reference_in(event),
        "remediation": remediation,
    }
    severity = ERROR if diagnostic_code == finding.APPROVAL_WITHOUT_DECISION else WARNING
    return Finding(diagnostic_code, severity, message, event.wp_id, details)
