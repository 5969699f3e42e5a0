from __future__ import annotations

import pytest

from signoff.missions.lane import ACTIVE, EDGES, FINAL, LANES, Lane, has_edge, parse_lane

# The contract's words, as it has them.
PROMISED = """
genesis->planned|canceled;
planned->claimed|blocked|canceled; claimed->in_progress|blocked|canceled;
in_progress->for_review|approved|planned|blocked|canceled; for_review->in_review|blocked|canceled;
in_review->approved|done|in_progress|planned|blocked|canceled;
approved->done|in_progress|planned|blocked|canceled; blocked->in_progress|canceled
"""


def promised_edges() -> set[tuple[str, str]]:
    ways = [way.strip().split("->") for way in PROMISED.replace("\n", " ").split(";")]
    return {(before, after) for before, onward in ways for after in onward.split("|")}


def test_there_is_an_edge_where_one_is_promised_and_nowhere_else() -> None:
    assert {(a.value, b.value) for a in Lane for b in Lane if has_edge(a, b)} == promised_edges()


def test_only_done_and_canceled_are_final() -> None:
    assert {lane.value for lane in FINAL} == {"done", "canceled"}


def test_nothing_ever_is_in_genesis_or_goes_there() -> None:
    assert Lane.GENESIS not in LANES
    assert all(Lane.GENESIS not in onward for onward in EDGES.values())


def test_somebody_is_at_work_on_a_package_in_three_lanes() -> None:
    assert {lane.value for lane in ACTIVE} == {"in_progress", "for_review", "in_review"}


@pytest.mark.parametrize(
    ("name", "lane"),
    [
        ("doing", Lane.IN_PROGRESS),
        ("done", Lane.DONE),
        ("genesis", Lane.GENESIS),
        ("Done", None),
        ("", None),
        (3, None),
    ],
)
def test_a_lane_is_known_by_its_name_and_its_old_one(name: object, lane: Lane | None) -> None:
    assert parse_lane(name) is lane
