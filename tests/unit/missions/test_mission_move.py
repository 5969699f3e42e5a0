from __future__ import annotations

from typing import Any

import pytest
from mission_samples import APPROVAL, META, event

from signoff.errors import MoveRefusedError
from signoff.missions.event import to_line
from signoff.missions.lane import EDGES, Lane
from signoff.missions.move import GUARDS, MoveWish, check_move, make_event
from signoff.missions.reduce import PackageState

REJECTION = {"review": {"reviewer": "rita", "verdict": "rejected", "reference": "review-cycle-1.md"}}
# What each guard of the contract asks for: without it the move is refused, with it it is not.
GUARDED: list[tuple[str, str, dict[str, Any], str]] = [
    ("planned", "claimed", {"actor": "ada"}, "actor"),
    ("claimed", "in_progress", {"workspace": "/w/lane-a"}, "workspace"),
    ("in_progress", "for_review", {"all_subtasks_done": True, "evidence": {"repos": ["."]}}, "subtasks"),
    ("in_progress", "approved", {"evidence": APPROVAL}, "approval"),
    ("in_progress", "planned", {"reason": "wrong order"}, "reason"),
    ("for_review", "in_review", {"actor": "rita"}, "actor"),
    ("in_review", "approved", {"evidence": APPROVAL}, "approval"),
    ("in_review", "done", {"evidence": APPROVAL}, "approval"),
    ("in_review", "in_progress", {"evidence": REJECTION}, "review-result"),
    ("in_review", "planned", {"evidence": REJECTION}, "review-result"),
    ("in_review", "blocked", {"evidence": REJECTION}, "review-result"),
    ("in_review", "canceled", {"evidence": REJECTION}, "review-result"),
    ("approved", "done", {"evidence": APPROVAL}, "approval"),
    ("approved", "in_progress", {"review_ref": "review-cycle-2.md"}, "review-ref"),
    ("approved", "planned", {"review_ref": "review-cycle-2.md"}, "review-ref"),
]


def state(lane: str) -> PackageState | None:
    return None if lane == "genesis" else PackageState(event(1, "planned", lane), 0)


def wish(to_lane: str, **given: Any) -> MoveWish:
    return MoveWish(**{"wp_id": "WP01", "to_lane": Lane(to_lane), "actor": "", **given})


def refusal(from_lane: str, made: MoveWish) -> MoveRefusedError:
    with pytest.raises(MoveRefusedError) as refused:
        check_move(state(from_lane), made)
    return refused.value


@pytest.mark.parametrize(("from_lane", "to_lane", "given", "guard"), GUARDED)
def test_a_guarded_edge_lets_through_only_what_brings_what_it_asks_for(
    from_lane: str, to_lane: str, given: dict[str, Any], guard: str
) -> None:
    error = refusal(from_lane, wish(to_lane))
    assert (error.diagnostic_code, error.details["guard"]) == ("TRANSITION_GUARD_NOT_MET", guard)
    check_move(state(from_lane), wish(to_lane, **given))


def test_every_edge_that_is_not_guarded_asks_for_nothing() -> None:
    guarded = {(from_lane, to_lane) for from_lane, to_lane, _, _ in GUARDED}
    for from_lane, onward in EDGES.items():
        for to_lane in onward:
            if (from_lane.value, to_lane.value) not in guarded:
                check_move(state(from_lane.value), wish(to_lane.value))
    assert {(before.value, after.value) for before, after in GUARDS} == guarded


@pytest.mark.parametrize(
    ("from_lane", "to_lane", "given"),
    [
        ("in_progress", "for_review", {"all_subtasks_done": True}),
        ("in_progress", "for_review", {"all_subtasks_done": True, "evidence": {}}),
        ("in_progress", "for_review", {"evidence": {"repos": ["."]}}),
        ("in_progress", "approved", {"evidence": REJECTION}),
        ("in_progress", "approved", {"evidence": {"review": {**APPROVAL["review"], "reviewer": " "}}}),
        ("in_progress", "approved", {"evidence": {"review": "approved"}}),
        ("in_review", "in_progress", {"evidence": {"review": {"reviewer": "rita", "verdict": "rejected"}}}),
        ("in_progress", "planned", {"reason": "  "}),
        ("for_review", "in_review", {"actor": "rita", "reviewer": "bob"}),
    ],
)
def test_half_of_what_is_asked_for_is_not_enough(from_lane: str, to_lane: str, given: dict[str, Any]) -> None:
    assert refusal(from_lane, wish(to_lane, **given)).diagnostic_code == "TRANSITION_GUARD_NOT_MET"


def test_whoever_reviews_already_may_go_on() -> None:
    check_move(state("for_review"), wish("in_review", actor="rita", reviewer="rita"))


def test_where_there_is_no_edge_the_refusal_says_where_one_could_go() -> None:
    error = refusal("claimed", wish("done", actor="ada"))
    assert error.to_wire() == {
        "diagnostic_code": "TRANSITION_EDGE_ILLEGAL",
        "violated_invariant": "STA-005",
        "work_package_id": "WP01",
        "from_lane": "claimed",
        "requested_lane": "done",
        "remediation": error.remediation,
    }
    assert "in_progress, blocked, canceled" in error.remediation
    assert "Nothing leaves done" in refusal("done", wish("planned")).remediation


def test_force_passes_edge_and_guard_with_an_actor_and_a_reason() -> None:
    check_move(state("done"), wish("planned", force=True, actor="ada", reason="reopened"))
    check_move(state("in_review"), wish("approved", force=True, actor="ada", reason="said by phone"))


@pytest.mark.parametrize("given", [{"actor": "ada"}, {"reason": "because"}, {"actor": " ", "reason": "because"}])
def test_force_without_an_actor_or_a_reason_is_refused(given: dict[str, str]) -> None:
    error = refusal("planned", wish("claimed", force=True, **given))
    assert (error.diagnostic_code, error.code) == ("TRANSITION_FORCE_UNEXPLAINED", "transition-force-unexplained")


def test_not_even_force_goes_back_to_genesis() -> None:
    error = refusal("planned", wish("genesis", force=True, actor="ada", reason="never was"))
    assert error.diagnostic_code == "TRANSITION_EDGE_ILLEGAL"


def test_a_package_of_which_nothing_was_said_can_only_be_planned_or_canceled() -> None:
    check_move(None, wish("planned"))
    check_move(None, wish("canceled"))
    assert refusal("genesis", wish("claimed", actor="ada")).details["from_lane"] == "genesis"


def test_the_event_says_what_was_wished_and_where_it_came_from() -> None:
    made = make_event(
        wish("approved", actor="rita", evidence=APPROVAL, review_ref="r", policy_metadata={"pid": 7}),
        state("in_review"),
        meta=META,
        event_id="01KQKV85G0STH8VF1RB66TW8DK",
        at="2026-05-02T09:50:15.123456+00:00",
    )
    assert (made.from_lane, made.to_lane, made.actor, made.at) == (
        Lane.IN_REVIEW,
        Lane.APPROVED,
        "rita",
        "2026-05-02T09:50:15.123456+00:00",
    )
    assert (made.mission_id, made.mission_slug) == (META.mission_id, "ledger")
    assert '"review_ref": "r"' in to_line(made)
    first = make_event(wish("planned"), None, meta=META, event_id="1", at="2026-05-02T09:50:15Z")
    assert first.from_lane is Lane.GENESIS
