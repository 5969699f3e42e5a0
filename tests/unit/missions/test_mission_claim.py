"""Who holds a package, taking it over, and the board that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.errors import DiagnosticError
from signoff.missions.board import Board, lay_out
from signoff.missions.claim import Holder, claim_metadata, holder_of, take_over
from signoff.missions.event import TransitionEvent
from signoff.missions.files import MissionFiles
from signoff.missions.lane import Lane
from signoff.missions.meta import MissionMeta
from signoff.missions.move import MoveWish, check_move
from signoff.missions.reduce import Snapshot, snapshot

HOLDER = Holder("build-1", 4711, "2026-05-02T09:00:00.000000+00:00")
WISH = MoveWish("WP01", Lane.CLAIMED, "bob", policy_metadata={"claim": {"pid": 1}})


def event(number: int, to_lane: Lane, metadata: Any = None, wp_id: str = "WP01") -> TransitionEvent:
    at = f"2026-05-02T09:50:{number:02}.000000+00:00"
    return TransitionEvent(
        f"E{number}", at, "ada", None, "demo", wp_id, Lane.PLANNED, to_lane, policy_metadata=metadata
    )


def standing(*events: TransitionEvent) -> Snapshot:
    return snapshot(events, MissionMeta("demo"))


CLAIMED = standing(event(1, Lane.PLANNED), event(2, Lane.CLAIMED, claim_metadata(HOLDER)))


def test_the_holder_is_whoever_the_last_claim_names() -> None:
    later = Holder("build-2", 7)
    events = [
        event(1, Lane.CLAIMED, claim_metadata(HOLDER)),
        event(2, Lane.CLAIMED, claim_metadata(later)),
        event(3, Lane.BLOCKED),
    ]
    assert holder_of(events, "WP01") == later
    assert holder_of(events[:1], "WP01") == HOLDER
    assert holder_of(events, "WP02") is None
    assert str(HOLDER) == "process 4711 on build-1"


@pytest.mark.parametrize(
    "claim", [None, [], {}, {"host": "h"}, {"host": "h", "pid": "1"}, {"host": "h", "pid": 0}, {"host": 1, "pid": 1}]
)
def test_what_names_no_process_names_nobody(claim: Any) -> None:
    assert holder_of([event(1, Lane.CLAIMED, {"claim": claim})], "WP01") is None


def test_a_start_that_cannot_be_read_is_unknown() -> None:
    claim = {"host": "h", "pid": 1, "started_at": "yesterday"}
    assert holder_of([event(1, Lane.CLAIMED, {"claim": claim})], "WP01") == Holder("h", 1)


def test_what_a_process_held_that_is_gone_is_taken_over_where_it_is_and_that_is_said() -> None:
    taken = take_over(CLAIMED, WISH, lambda holder: holder == HOLDER)
    assert (taken.to_lane, taken.force) == (Lane.CLAIMED, True)
    assert taken.reason == "Taken over from ada: process 4711 on build-1 has ended."
    assert taken.policy_metadata == {"claim": {"pid": 1}, "taken_over_from": {"actor": "ada", **HOLDER.to_wire()}}
    check_move(CLAIMED.work_packages, taken)


@pytest.mark.parametrize("is_gone", [False, None])
def test_what_is_held_or_may_be_is_left_alone_unless_it_is_forced(is_gone: bool | None) -> None:
    with pytest.raises(DiagnosticError) as caught:
        take_over(CLAIMED, WISH, lambda _: is_gone)
    assert (caught.value.diagnostic_code, caught.value.details["violated_invariant"]) == ("CLAIM_HELD", "STA-004")
    forced = MoveWish("WP01", Lane.CLAIMED, "bob", force=True, reason="I know")
    assert take_over(CLAIMED, forced, lambda _: is_gone).reason == "I know"


def test_a_claim_that_names_no_process_is_not_known_to_have_ended() -> None:
    old = standing(event(1, Lane.CLAIMED))
    with pytest.raises(DiagnosticError, match="nobody noted for which process"):
        take_over(old, WISH, lambda _: True)
    forced = MoveWish("WP01", Lane.CLAIMED, "bob", force=True, reason="I know")
    taken = take_over(old, forced, lambda _: True)
    assert taken.policy_metadata == {"taken_over_from": {"actor": "ada"}}


def test_what_nobody_holds_is_claimed_as_ever() -> None:
    assert take_over(standing(event(1, Lane.PLANNED)), WISH, lambda _: True) is WISH
    assert take_over(standing(), WISH, lambda _: True) is WISH


def board(state: Snapshot, **files: Any) -> Board:
    return lay_out(MissionFiles("demo", **files), state, lambda _: True, work_lanes={"WP01": "lane-a"})


def test_a_board_shows_what_it_can_read_and_leaves_the_rest_out() -> None:
    state = standing(
        event(1, Lane.CLAIMED, claim_metadata(HOLDER)),
        event(2, Lane.DONE, wp_id="WP02"),
        event(3, Lane.CANCELED, wp_id="WP03"),
    )
    shown = board(
        state,
        work_packages={"WP01-x.md": "---\nwork_package_id: WP01\ntitle: One\n---\n", "WP02.md": "no front matter"},
        review_cycles={"WP02": {"review-cycle-1.md": "no front matter"}},
    )
    first, second, third = shown.cards
    assert (first.title, first.holder_gone, first.work_lane, first.verdict) == ("One", True, "lane-a", None)
    assert (second.title, second.holder_gone, second.verdict, second.verdict_state) == ("", None, None, None)
    assert (shown.snapshot.total, shown.snapshot.accepted, third.lane) == (2, 1, Lane.CANCELED)
    assert shown.to_wire()["last_event_at"] == "2026-05-02T09:50:03.000000+00:00"
    assert board(standing()).to_wire()["last_event_at"] is None


def test_an_overridden_rejection_of_an_approved_package_is_no_conflict() -> None:
    def verdict_state(more: str) -> str | None:
        cycle = (
            "---\ncycle_number: 1\nmission_slug: demo\nwp_id: WP01\nverdict: rejected\nreviewer_agent: grace\n"
            f"reviewed_at: '2026-05-02T09:00:00+00:00'\n{more}---\nNo.\n"
        )
        return (
            board(standing(event(1, Lane.DONE)), review_cycles={"WP01": {"review-cycle-1.md": cycle}})
            .cards[0]
            .verdict_state
        )

    assert verdict_state("") == "conflicting"
    override = "review_artifact_override_actor: ada\nreview_artifact_override_reason: known\n"
    assert verdict_state(override) == "current"


@pytest.mark.parametrize(("reviewed_at", "verdict_state"), [("09:50:00", "stale"), ("09:50:02", "current")])
def test_a_verdict_from_before_the_package_was_handed_in_is_about_other_work(
    reviewed_at: str, verdict_state: str
) -> None:
    cycle = (
        "---\ncycle_number: 1\nmission_slug: demo\nwp_id: WP01\nverdict: rejected\nreviewer_agent: grace\n"
        f"reviewed_at: '2026-05-02T{reviewed_at}+00:00'\n---\nNo.\n"
    )
    handed_in = standing(event(1, Lane.FOR_REVIEW))
    shown = board(handed_in, review_cycles={"WP01": {"review-cycle-1.md": cycle}})
    assert shown.cards[0].verdict_state == verdict_state


def test_a_package_that_has_a_file_and_no_event_is_named_beside_the_lanes() -> None:
    shown = board(standing(event(1, Lane.DONE)), work_packages={"WP01.md": "", "WP09-x.md": "", "WP08.md": ""})
    assert shown.to_wire()["untracked"] == ["WP08", "WP09"]
