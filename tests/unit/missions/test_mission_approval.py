from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mission_samples import EVENTS, META, event

from signoff.missions.approval import Decision, gate_named_in, judge_approvals, repo_in, reviewed_commit
from signoff.missions.event import WORKTREE, TransitionEvent
from signoff.missions.finding import Finding
from signoff.missions.reduce import reduce

REFERENCE = "review-WP01-0123456789abcdef/review:1#42"
COMMIT = "a" * 40
EVIDENCE = {
    "review": {"reviewer": "rita", "verdict": "approved", "reference": REFERENCE},
    "repos": [{"lane_commit": COMMIT, "base_commit": "b" * 40, "lane_branch": "lane"}],
}
APPROVED = event(7, "in_review", "approved", actor="rita", evidence=EVIDENCE)
MISSION_ID = META.mission_id or ""
DECISION = Decision(
    REFERENCE, APPROVED.event_id, MISSION_ID, "WP01", "rita", "approved", COMMIT, "b" * 40, "lane", WORKTREE
)


def judged(
    approval: TransitionEvent = APPROVED, *more: TransitionEvent, decision: Decision = DECISION
) -> list[Finding]:
    """What is said of WP01, which went to its review as it should; WP02 is in progress."""
    events = [*(one for one in EVENTS if one.event_id != APPROVED.event_id), approval, *more]
    return list(judge_approvals(reduce(events), MISSION_ID, {decision.reference: decision}))


def test_an_approval_that_a_gate_has_decided_lets_the_package_through_merged_or_not() -> None:
    assert judged() == []
    assert judged(APPROVED, event(11, "approved", "done", evidence={"review": EVIDENCE["review"]})) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": "01KQKV85G0STH8VF1RB66TW8ZZ"},
        {"mission_id": "of another mission"},
        {"work_package_id": "WP02"},
        {"reviewer": "ada"},
        {"verdict": "rejected"},
        {"lane_commit": "c" * 40},
        {"base_commit": "c" * 40},
        {"lane_branch": "another"},
        {"execution_mode": "direct_repo"},
        {"reference": "another"},
    ],
)
def test_an_approval_that_differs_from_its_decision_in_anything_stops_the_release(changes: dict[str, str]) -> None:
    (found,) = judged(decision=replace(DECISION, **changes))
    assert (found.diagnostic_code, found.severity, found.work_package_id) == (
        "APPROVAL_WITHOUT_DECISION",
        "error",
        "WP01",
    )
    assert found.details["event_id"] == APPROVED.event_id
    assert found.details["remediation"]


@pytest.mark.parametrize(
    "evidence",
    [
        None,
        {"review": "approved"},
        {"review": {"reviewer": "rita", "verdict": "approved", "reference": "PR-17"}},
        {"review": EVIDENCE["review"]},
    ],
)
def test_an_approval_that_somebody_wrote_into_the_log_stops_the_release(evidence: Any) -> None:
    (found,) = judged(replace(APPROVED, evidence=evidence))
    assert found.diagnostic_code == "APPROVAL_WITHOUT_DECISION"


def test_a_rejection_that_was_decided_approves_nothing() -> None:
    rejected = {**EVIDENCE, "review": {"reviewer": "rita", "verdict": "rejected", "reference": REFERENCE}}
    (found,) = judged(replace(APPROVED, evidence=rejected), decision=replace(DECISION, verdict="rejected"))
    assert found.diagnostic_code == "APPROVAL_WITHOUT_DECISION"


def test_an_earlier_decision_approves_no_later_work() -> None:
    back = event(11, "approved", "in_progress", review_ref="r")
    again = event(12, "in_progress", "approved", evidence=EVIDENCE)
    (found,) = judged(APPROVED, back, again)
    assert (found.diagnostic_code, found.details["event_id"]) == ("APPROVAL_WITHOUT_DECISION", again.event_id)


def test_who_forced_an_approval_answers_for_it_and_the_release_is_told() -> None:
    forced = event(11, "approved", "approved", actor="olga", force=True, reason="decided elsewhere, PR-17")
    (found,) = judged(replace(APPROVED, evidence=None), forced)
    assert (found.diagnostic_code, found.severity, found.details["actor"]) == ("APPROVAL_FORCED", "warning", "olga")
    assert "decided elsewhere, PR-17" in found.message


def test_packages_that_are_not_accepted_have_no_approval() -> None:
    assert list(judge_approvals(reduce(EVENTS[:6]), MISSION_ID, {})) == []


@pytest.mark.parametrize(
    ("reference", "gate"),
    [
        (REFERENCE, ("review-WP01-0123456789abcdef", "review:1")),
        ("PR-17", None),
        ("tasks/WP01/review-cycle-1.md", None),
        ("https://example.com/pull/17#note", None),
        ("run/gate#", None),
    ],
)
def test_a_reference_names_a_gate_or_something_else(reference: str, gate: tuple[str, str] | None) -> None:
    assert gate_named_in(reference) == gate


@pytest.mark.parametrize("repos", [None, "x", [], ["x"], [{"lane_commit": 7}], [{"base_commit": COMMIT}]])
def test_evidence_that_names_no_commit_names_none(repos: Any) -> None:
    assert reviewed_commit(replace(APPROVED, evidence={"repos": repos})) is None
    assert repo_in(replace(APPROVED, evidence={"repos": repos})) == {}


def test_the_first_commit_that_evidence_names_is_the_one_that_was_looked_at() -> None:
    evidence = {"repos": ["x", {"lane_commit": COMMIT, "files": 7}, {"lane_commit": "b" * 40}]}
    assert repo_in(replace(APPROVED, evidence=evidence)) == {"lane_commit": COMMIT}
