"""Whatever people try, one after another: what the rules of moves promise of every package."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.errors import MoveRefusedError
from signoff.missions.event import TransitionEvent
from signoff.missions.lane import ACCEPTED, ACTIVE, EDGES, Lane
from signoff.missions.meta import MissionMeta
from signoff.missions.move import MoveWish, check_move, make_event
from signoff.missions.reduce import Reduced, reduce, walk

META = MissionMeta("demo")
PEOPLE = st.sampled_from(["ada", "Ada ", "bob", "rita"])
unhurried = settings(deadline=None)  # a busy machine is not a wrong answer
PACKAGES = {"WP01": ("WP02",), "WP02": ("WP01",)}


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    """Everything that a move may ask for is there but for who looked at it: that is drawn."""
    return {
        "wp_id": draw(st.sampled_from(sorted(PACKAGES))),
        "way": draw(st.integers(0, 3)),
        "actor": draw(PEOPLE),
        "reviewer": draw(PEOPLE),
        "verdict": draw(st.sampled_from(["approved", "approved", "rejected"])),
        "is_at_gate": draw(st.booleans()),
    }


def tried(attempts: list[dict[str, Any]]) -> list[TransitionEvent]:
    """The events of those that were not refused, after both packages were begun."""
    events: list[TransitionEvent] = []
    begun = [(wp_id, lane) for wp_id in PACKAGES for lane in (Lane.PLANNED, Lane.CLAIMED)]
    for wp_id, lane in begun:
        _try(events, MoveWish(wp_id, lane, "ada"))
    for attempt in attempts:
        review = {"reviewer": attempt["reviewer"], "verdict": attempt["verdict"], "reference": "r"}
        state = reduce(events).work_packages[attempt["wp_id"]]
        ways = [lane for lane in EDGES[state.lane] if lane is not Lane.CANCELED] or [Lane.PLANNED]
        wish = MoveWish(
            attempt["wp_id"],
            ways[attempt["way"] % len(ways)],
            attempt["actor"],
            reason="because",
            evidence={"review": review},
            review_ref="r",
            workspace="/w",
            all_subtasks_done=True,
            lane_mates=PACKAGES[attempt["wp_id"]],
            review_of=state.last_event_id if attempt["is_at_gate"] else None,
        )
        _try(events, wish)
    return events


def _try(events: list[TransitionEvent], wish: MoveWish) -> None:
    packages = reduce(events).work_packages
    try:
        check_move(packages, wish)
    except MoveRefusedError:
        return
    at = f"2026-05-02T09:50:15.{len(events):06}+00:00"
    events.append(make_event(wish, packages.get(wish.wp_id), meta=META, event_id=f"{len(events):04}", at=at))


def people_at_work(reduced: Reduced) -> dict[str, set[str]]:
    """Who ever took up or handed in a package, as a reader of the log would find it."""
    found: dict[str, set[str]] = {wp_id: set() for wp_id in PACKAGES}
    for event, before in walk(reduced.events):
        is_back = before in {Lane.FOR_REVIEW, Lane.IN_REVIEW, *ACCEPTED}
        if event.to_lane in (Lane.IN_PROGRESS, Lane.FOR_REVIEW) and not is_back:
            found[event.wp_id].add(event.actor_name.strip().lower())
    return found


@unhurried
@given(st.lists(wishes(), max_size=60))
def test_nothing_is_accepted_by_who_worked_on_it_and_two_packages_of_a_lane_are_never_at_work(
    attempts: list[dict[str, Any]],
) -> None:
    events = tried(attempts)
    for count in range(1, len(events) + 1):
        reduced = reduce(events[:count])
        at_work = [wp_id for wp_id, state in reduced.work_packages.items() if state.lane in ACTIVE]
        assert len(at_work) <= 1
        last = events[count - 1]
        if last.to_lane in ACCEPTED:
            assert last.evidence is not None
            assert last.evidence["review"]["verdict"] == "approved"
            reviewer = last.evidence["review"]["reviewer"].strip().lower()
            assert reviewer not in people_at_work(reduced)[last.wp_id]
