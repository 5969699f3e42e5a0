from __future__ import annotations

import json
from dataclasses import replace

import pytest
from mission_samples import EVENTS, META, event

from signoff.missions.event import TransitionEvent
from signoff.missions.lane import Lane
from signoff.missions.reduce import add, reduce, snapshot, walk

INSTANT = "2026-05-02T10:00:00.000000+00:00"


def at_once(number: int, from_lane: str, to_lane: str, review_ref: str | None = None) -> TransitionEvent:
    return event(number, from_lane, to_lane, at=INSTANT, review_ref=review_ref)


def test_the_snapshot_says_what_the_contract_names() -> None:
    assert snapshot(EVENTS, META).to_wire() == {
        "event_count": 9,
        "last_event_id": EVENTS[8].event_id,
        "materialized_at": "2026-05-02T09:50:09.000000+00:00",
        "mission_number": "7",
        "mission_slug": "ledger",
        "mission_type": "software-dev",
        "summary": {
            **dict.fromkeys(["planned", "claimed", "for_review", "in_review", "done", "blocked", "canceled"], 0),
            "in_progress": 1,
            "approved": 1,
        },
        "work_packages": {
            "WP01": {
                "lane": "approved",
                "actor": "rita",
                "last_transition_at": "2026-05-02T09:50:07.000000+00:00",
                "last_event_id": EVENTS[6].event_id,
                "force_count": 0,
            },
            "WP02": {
                "lane": "in_progress",
                "actor": "ada",
                "last_transition_at": "2026-05-02T09:50:09.000000+00:00",
                "last_event_id": EVENTS[8].event_id,
                "force_count": 0,
            },
        },
    }


def test_the_snapshots_text_is_the_same_json_with_a_line_end() -> None:
    made = snapshot(EVENTS, META)
    assert json.loads(made.to_text()) == made.to_wire()
    assert made.to_text().endswith("}\n")


def test_without_events_there_is_nothing_to_say() -> None:
    wire = snapshot([], META).to_wire()
    assert (wire["event_count"], wire["last_event_id"], wire["materialized_at"]) == (0, None, "")
    assert wire["work_packages"] == {}
    assert reduce([]).lane_of("WP01") is Lane.GENESIS


def test_of_two_events_with_one_id_the_first_line_counts() -> None:
    first, second = event(1, "genesis", "planned"), event(1, "genesis", "canceled")
    assert reduce([first, second]).lane_of("WP01") is Lane.PLANNED
    assert reduce([second, first]).lane_of("WP01") is Lane.CANCELED
    assert len(reduce([first, first, first]).events) == 1


def test_instants_are_compared_as_instants_whatever_their_offset() -> None:
    later = event(1, "claimed", "in_progress", at="2026-05-02T09:00:00-05:00")
    earlier = event(2, "planned", "claimed", at="2026-05-02T11:00:00+00:00")
    assert reduce([later, earlier]).lane_of("WP01") is Lane.IN_PROGRESS


def test_within_one_instant_ids_say_what_came_first() -> None:
    assert reduce([at_once(2, "claimed", "in_progress"), at_once(1, "planned", "claimed")]).lane_of("WP01") is (
        Lane.IN_PROGRESS
    )


@pytest.mark.parametrize("back_is_first", [True, False])
@pytest.mark.parametrize(("from_lane", "review_ref"), [("in_review", None), ("for_review", "review-1")])
def test_a_review_that_sends_back_beats_a_step_forward_at_the_same_instant(
    back_is_first: bool, from_lane: str, review_ref: str | None
) -> None:
    numbers = (1, 2) if back_is_first else (2, 1)
    back = at_once(numbers[0], from_lane, "in_progress", review_ref)
    forward = at_once(numbers[1], from_lane, "approved")
    assert reduce([back, forward]).work_packages["WP01"].event == back


def test_a_step_back_without_a_review_beats_nothing() -> None:
    back, forward = at_once(1, "for_review", "in_progress"), at_once(2, "for_review", "in_review")
    assert reduce([back, forward]).lane_of("WP01") is Lane.IN_REVIEW


def test_a_step_forward_a_microsecond_later_is_the_last_word() -> None:
    back = at_once(1, "in_review", "in_progress")
    forward = event(2, "in_review", "approved", at="2026-05-02T10:00:00.000001+00:00")
    assert reduce([back, forward]).lane_of("WP01") is Lane.APPROVED


def test_forced_moves_are_counted_for_each_package() -> None:
    forced = [
        event(1, "genesis", "planned"),
        event(2, "planned", "done", force=True),
        event(3, "done", "planned", force=True),
    ]
    others = [event(4, "genesis", "done", "WP02", force=True)]
    counts = {wp_id: state.force_count for wp_id, state in reduce([*forced, *others]).work_packages.items()}
    assert counts == {"WP01": 2, "WP02": 1}


def implementers(*events: TransitionEvent) -> tuple[str, ...]:
    return reduce([event(1, "genesis", "planned"), *events]).work_packages["WP01"].implementers


def test_all_who_took_up_the_work_or_handed_it_in_had_a_part_in_it_the_last_of_them_as_the_last() -> None:
    taken_over = event(5, "in_progress", "in_progress", actor="bob", force=True)
    assert implementers(
        event(2, "planned", "claimed", actor="eve"),
        event(3, "claimed", "in_progress", actor="ada"),
        event(4, "in_progress", "blocked", actor="olga"),
        taken_over,
        event(6, "in_progress", "for_review", actor="cy"),
        event(7, "for_review", "in_review", actor="rita"),
        event(8, "in_review", "planned", actor="rita"),
        event(9, "claimed", "in_progress", actor="ada"),
    ) == ("bob", "cy", "ada")


def test_who_sends_a_package_back_had_no_part_in_the_work() -> None:
    begun = [event(2, "claimed", "in_progress"), event(3, "in_progress", "for_review")]
    assert implementers(
        *begun,
        event(4, "for_review", "in_progress", actor="rita", review_ref="r"),
        event(5, "in_progress", "for_review"),
        event(6, "for_review", "in_review", actor="rita"),
        event(7, "in_review", "in_progress", actor="rita"),
        event(8, "in_progress", "approved", actor="olga"),
        event(9, "approved", "in_progress", actor="olga", review_ref="r"),
    ) == ("ada",)


def test_whoever_began_the_work_at_the_instant_of_a_step_back_had_a_part_in_it_too() -> None:
    begun = [at_once(2, "in_review", "in_progress"), replace(at_once(3, "claimed", "in_progress"), actor="bob")]
    assert implementers(*begun) == ("ada", "bob")
    assert implementers(event(2, "claimed", "in_progress", actor=" ")) == ()


def acceptance(*events: TransitionEvent) -> str | None:
    """The reason of the event that counts."""
    found = reduce([event(1, "genesis", "planned"), *events]).work_packages["WP01"].acceptance
    return None if found is None else found.reason


def test_a_package_is_accepted_by_what_brought_it_past_its_review_or_by_who_forced_that_later() -> None:
    approved = event(2, "in_review", "approved", reason="first")
    done = event(3, "approved", "done", reason="merged")
    assert acceptance(approved) == acceptance(approved, done) == "first"
    assert acceptance(approved, done, event(4, "done", "done", force=True, reason="I answer for it")) == (
        "I answer for it"
    )
    assert acceptance(approved, event(3, "approved", "in_progress")) is None
    again = event(4, "in_progress", "approved", reason="second")
    assert acceptance(approved, event(3, "approved", "in_progress"), again) == "second"
    lying = event(3, "approved", "approved", reason="was approved already")
    assert acceptance(event(2, "planned", "in_progress"), lying) == "was approved already"


def test_a_walk_tells_of_each_event_where_its_package_was() -> None:
    back, forward = at_once(2, "in_review", "in_progress"), at_once(3, "in_review", "approved")
    other, last = event(1, "genesis", "planned", "WP02"), event(50, "in_progress", "for_review")
    assert list(walk([other, back, forward, last])) == [
        (other, None),
        (back, None),
        (forward, Lane.IN_PROGRESS),
        (last, Lane.IN_PROGRESS),
    ]


@pytest.mark.parametrize("one", EVENTS, ids=lambda one: one.event_id[-2:])
def test_an_event_is_added_as_if_it_had_always_been_there(one: TransitionEvent) -> None:
    others = [event for event in EVENTS if event is not one]
    assert add(reduce(others), one) == reduce(EVENTS)


def test_the_overview_counts_what_is_accepted_of_what_is_to_be_done() -> None:
    told = snapshot([*EVENTS, event(10, "genesis", "canceled", "WP03")], META).overview()
    assert told["progress"] == {"accepted": 1, "total": 2}
    assert (told["mission_slug"], told["mission_number"], told["event_count"]) == ("ledger", "7", 10)
    assert told["last_event_at"] == "2026-05-02T09:50:10.000000+00:00"
    assert (told["summary"]["canceled"], told["summary"]["approved"]) == (1, 1)
