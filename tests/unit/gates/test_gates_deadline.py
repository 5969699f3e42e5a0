from __future__ import annotations

from typing import Any

import pytest
from gate_samples import NOW, needs, person

from signoff.errors import InvalidInputError
from signoff.gates.deadline import (
    Rung,
    check_ttl,
    deadline_after,
    ladder_from_wire,
    ladder_to_wire,
    rung_at,
    widen,
)
from signoff.gates.requirement import places_left

LADDER = (Rung(60, ("ops",)), Rung(30))


@pytest.mark.parametrize("ttl_s", [1, 60, 2_592_000])
def test_a_time_to_live_within_thirty_days_is_taken(ttl_s: int) -> None:
    assert check_ttl(ttl_s) == ttl_s


@pytest.mark.parametrize("ttl_s", [0, -1, 2_592_001, 1.0, True, "60", None, [60]])
def test_any_other_time_to_live_is_refused(ttl_s: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_ttl(ttl_s)
    assert caught.value.code == "invalid-ttl"
    assert caught.value.details == {"min": 1, "max": 2_592_000}


def test_instants_are_milliseconds_and_times_to_live_seconds() -> None:
    assert deadline_after(NOW, 2) == NOW + 2_000


def test_a_ladder_is_climbed_rung_by_rung_and_has_an_end() -> None:
    assert [rung_at(LADDER, level) for level in range(4)] == [*LADDER, None, None]
    assert rung_at((), 0) is None


def test_widening_opens_the_same_places_to_more_people() -> None:
    wanted = needs(("lead", 2), ("ops,sre", 1), not_requester=True, justification=True)
    wider = widen(wanted, Rung(60, ("ops", "boss")))
    assert wider == needs(("lead,ops,boss", 2), ("ops,sre,boss", 1), not_requester=True, justification=True)
    assert sum(places_left(wider, []).values()) == sum(places_left(wanted, []).values())
    assert sum(places_left(wider, [person("ann", "boss")]).values()) == 2


def test_a_rung_that_adds_nobody_widens_nothing() -> None:
    wanted = needs(("lead", 2))
    assert widen(wanted, LADDER[1]) == wanted


def test_a_ladder_is_read_as_it_was_written() -> None:
    wire = ladder_to_wire(LADDER)
    assert wire == [{"ttlS": 60, "addRoles": ["ops"]}, {"ttlS": 30, "addRoles": []}]
    assert ladder_from_wire(wire) == LADDER


def test_a_rung_without_time_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        ladder_from_wire([{"ttlS": 0, "addRoles": []}])
