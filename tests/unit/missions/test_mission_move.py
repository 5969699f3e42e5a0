from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mission_samples import APPROVAL, META, event

from signoff.errors import MoveRefusedError
from signoff.missions.event import to_line
from signoff.missions.lane import EDGES, Lane
from signoff.missions.move import GUARDS, MoveWish, check_lane_free, check_move, make_event
from signoff.missions.reduce import PackageState

REJECTION = {"review": {"reviewer": "rita", "verdict": "rejected", "reference": "review-cycle-1.md"}}
#: As a move that the gate of this very submission makes.
AT_GATE = {"review_of": event(1, "planned", "in_review").event_id}
# What each guard of the contract asks for: without it the move is refused, with it it is not.
GUARDED: list[tuple[str, str, dict[str, Any], str]] = [
    ("planned", "claimed", {"actor": "ada"}, "actor"),
    ("claimed", "in_progress", {"workspace": "/w/lane-a"}, "workspace"),
    ("in_progress", "for_review", {"all_subtasks_done": True, "evidence": {"repos": ["."]}}, "subtasks"),
    ("in_progress", "approved", {"evidence": APPROVAL}, "approval"),
    ("in_progress", "planned", {"reason": "wrong order"}, "reason"),
    ("for_review", "in_review", {"actor": "rita", **AT_GATE}, "actor"),
    ("in_review", "approved", {"evidence": APPROVAL, **AT_GATE}, "review-result"),
    ("in_review", "done", {"evidence": APPROVAL, **AT_GATE}, "review-result"),
    ("in_review", "in_progress", {"evidence": REJECTION, **AT_GATE}, "review-result"),
    ("in_review", "planned", {"evidence": REJECTION, **AT_GATE}, "review-result"),
    ("in_review", "blocked", {"evidence": REJECTION, **AT_GATE}, "review-result"),
    ("in_review", "canceled", {"evidence": REJECTION, **AT_GATE}, "review-result"),
    ("approved", "done", {"evidence": APPROVAL}, "approval"),
    ("approved", "in_progress", {"review_ref": "review-cycle-2.md"}, "review-ref"),
    ("approved", "planned", {"review_ref": "review-cycle-2.md"}, "review-ref"),
]


def standing(lane: str, *implementers: str, **others: str) -> dict[str, PackageState]:
    """WP01 in a lane, with those who worked on it; other packages in theirs."""
    lanes = {wp_id: lane for wp_id, lane in {"WP01": lane, **others}.items() if lane != "genesis"}
    return {wp_id: PackageState(event(1, "planned", lane, wp_id), 0, implementers) for wp_id, lane in lanes.items()}


def wish(to_lane: str, **given: Any) -> MoveWish:
    return MoveWish(**{"wp_id": "WP01", "to_lane": Lane(to_lane), "actor": "", **given})


def refusal(from_lane: str, made: MoveWish) -> MoveRefusedError:
    with pytest.raises(MoveRefusedError) as refused:
        check_move(standing(from_lane, "ada"), made)
    return refused.value


@pytest.mark.parametrize(("from_lane", "to_lane", "given", "guard"), GUARDED)
def test_a_guarded_edge_lets_through_only_what_brings_what_it_asks_for(
    from_lane: str, to_lane: str, given: dict[str, Any], guard: str
) -> None:
    error = refusal(from_lane, wish(to_lane))
    assert (error.diagnostic_code, error.details["guard"]) == ("TRANSITION_GUARD_NOT_MET", guard)
    check_move(standing(from_lane, "ada"), wish(to_lane, **given))


def test_every_edge_that_is_not_guarded_asks_for_nothing() -> None:
    guarded = {(from_lane, to_lane) for from_lane, to_lane, _, _ in GUARDED}
    for from_lane, onward in EDGES.items():
        for to_lane in onward:
            if (from_lane.value, to_lane.value) not in guarded:
                check_move(standing(from_lane.value), wish(to_lane.value))
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
        ("in_review", "in_progress", {"evidence": {"review": {"reviewer": "rita", "verdict": "rejected"}}, **AT_GATE}),
        ("in_progress", "planned", {"reason": "  "}),
        ("in_review", "approved", {"evidence": REJECTION, **AT_GATE}),
    ],
)
def test_half_of_what_is_asked_for_is_not_enough(from_lane: str, to_lane: str, given: dict[str, Any]) -> None:
    assert refusal(from_lane, wish(to_lane, **given)).diagnostic_code == "TRANSITION_GUARD_NOT_MET"


@pytest.mark.parametrize("review_of", [None, "that of an earlier submission"])
@pytest.mark.parametrize(
    ("from_lane", "to_lane", "guard"),
    [("for_review", "in_review", "sole-reviewer"), ("in_review", "approved", "review-result"),
     ("in_review", "in_progress", "review-result"), ("in_review", "canceled", "review-result")],
)  # fmt: skip
def test_into_and_out_of_a_review_leads_the_gate_of_this_submission_alone(
    from_lane: str, to_lane: str, guard: str, review_of: str | None
) -> None:
    typed = wish(to_lane, actor="rita", evidence=APPROVAL, review_of=review_of)
    assert refusal(from_lane, typed).details["guard"] == guard
    check_move(standing(from_lane), replace(typed, force=True, reason="the gate is out of reach"))


@pytest.mark.parametrize("from_lane", ["in_progress", "in_review", "approved"])
@pytest.mark.parametrize("reviewer", ["ada", " ADA", "Bob"])
def test_nobody_who_had_a_part_in_the_work_approves_it_however_the_name_is_written(
    from_lane: str, reviewer: str
) -> None:
    to_lane = "done" if from_lane == "approved" else "approved"
    own = {"review": {**APPROVAL["review"], "reviewer": reviewer}}
    with pytest.raises(MoveRefusedError) as refused:
        check_move(standing(from_lane, "ada", "bob"), wish(to_lane, evidence=own, **AT_GATE))
    assert refused.value.details["guard"] == "other-reviewer"
    check_move(standing(from_lane, "ada", "bob"), wish(to_lane, evidence=APPROVAL, **AT_GATE))


@pytest.mark.parametrize("from_lane", ["claimed", "blocked", "approved"])
@pytest.mark.parametrize("other", ["in_progress", "for_review", "in_review"])
def test_while_another_package_of_the_lane_is_at_work_none_begins(from_lane: str, other: str) -> None:
    begun = wish("in_progress", workspace="/w", review_ref="r", lane_mates=("WP04", "WP05"))
    check_move(standing(from_lane, WP04="approved"), begun)
    packages = standing(from_lane, WP04=other)
    with pytest.raises(MoveRefusedError) as refused:
        check_move(packages, begun)
    assert (refused.value.diagnostic_code, refused.value.details["wp_ids"]) == ("ACTIVE_WP_CONTEXT_AMBIGUOUS", ["WP04"])
    assert refused.value.details["from_lane"] == from_lane
    check_move(packages, replace(begun, force=True, actor="ada", reason="in a hurry"))
    with pytest.raises(MoveRefusedError):
        check_lane_free({"WP04": packages["WP04"]}, begun)


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
    check_move(standing("done"), wish("planned", force=True, actor="ada", reason="reopened"))
    check_move(standing("in_review"), wish("approved", force=True, actor="ada", reason="said by phone"))


@pytest.mark.parametrize("given", [{"actor": "ada"}, {"reason": "because"}, {"actor": " ", "reason": "because"}])
def test_force_without_an_actor_or_a_reason_is_refused(given: dict[str, str]) -> None:
    error = refusal("planned", wish("claimed", force=True, **given))
    assert (error.diagnostic_code, error.code) == ("TRANSITION_FORCE_UNEXPLAINED", "transition-force-unexplained")


def test_not_even_force_goes_back_to_genesis() -> None:
    error = refusal("planned", wish("genesis", force=True, actor="ada", reason="never was"))
    assert error.diagnostic_code == "TRANSITION_EDGE_ILLEGAL"


def test_a_package_of_which_nothing_was_said_can_only_be_planned_or_canceled() -> None:
    check_move({}, wish("planned"))
    check_move({}, wish("canceled"))
    assert refusal("genesis", wish("claimed", actor="ada")).details["from_lane"] == "genesis"


def test_the_event_says_what_was_wished_and_where_it_came_from() -> None:
    made = make_event(
        wish("approved", actor="rita", evidence=APPROVAL, review_ref="r", policy_metadata={"pid": 7}),
        standing("in_review")["WP01"],
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
