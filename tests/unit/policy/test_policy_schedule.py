"""A gate's clock that goes in business hours only."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.errors import OperationError
from signoff.policy.level import DAYS, Schedule
from signoff.policy.schedule import deadline_within, schedule_from_wire
from signoff.settings.business_hours import DAYS_AHEAD_MAX, business_hours

OFFICE = Schedule("Europe/Berlin", DAYS[:5], 9 * 60, 17 * 60)
HOUR_S = 3_600


def at(text: str, zone: str = "Europe/Berlin") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def deadline(schedule: Schedule, now: int, ttl_s: int) -> int:
    return deadline_within(business_hours(schedule, now), now, ttl_s)


@pytest.mark.parametrize(
    ("now", "ttl_s", "expected"),
    [
        ("2026-03-04T10:00", HOUR_S, "2026-03-04T11:00"),
        ("2026-03-04T07:30", HOUR_S, "2026-03-04T10:00"),
        ("2026-03-04T16:30", HOUR_S, "2026-03-05T09:30"),
        ("2026-03-04T16:00", HOUR_S, "2026-03-04T17:00"),
        ("2026-03-04T17:00", HOUR_S, "2026-03-05T10:00"),
        ("2026-03-06T16:30", HOUR_S, "2026-03-09T09:30"),
        ("2026-03-07T12:00", HOUR_S, "2026-03-09T10:00"),
        ("2026-03-06T16:59", 8 * HOUR_S + 120, "2026-03-10T09:01"),
        # The Sunday on which clocks are put forward lies between.
        ("2026-03-27T16:30", HOUR_S, "2026-03-30T09:30"),
    ],
)
def test_the_clock_stands_outside_the_hours(now: str, ttl_s: int, expected: str) -> None:
    assert deadline(OFFICE, at(now), ttl_s) == at(expected)


def test_a_day_is_as_long_as_it_is_when_clocks_are_changed() -> None:
    always = Schedule("Europe/Berlin", DAYS, 0, 24 * 60)
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24)):
        midnight = at(f"{day}T00:00")
        [(opens_at, closes_at)] = islice(business_hours(always, midnight), 1)
        assert (opens_at, closes_at - opens_at) == (midnight, hours * HOUR_S * 1000)


def test_hours_that_a_day_has_not_are_no_time() -> None:
    skipped = Schedule("Europe/Berlin", ("sun",), 2 * 60, 3 * 60)
    [(opens_at, _)] = islice(business_hours(skipped, at("2026-03-29T00:00")), 1)
    assert opens_at == at("2026-04-05T02:00")


@given(
    now=st.integers(at("2026-01-01T00:00"), at("2027-01-01T00:00")),
    first_s=st.integers(1, 100_000),
    second_s=st.integers(1, 100_000),
)
def test_two_spans_after_one_another_are_as_long_as_both_together(now: int, first_s: int, second_s: int) -> None:
    after_both = deadline(OFFICE, now, first_s + second_s)
    assert deadline(OFFICE, deadline(OFFICE, now, first_s), second_s) == after_both
    assert after_both >= now + (first_s + second_s) * 1000


@given(now=st.integers(0, 2**42), ttl_s=st.integers(1, 2_592_000))
def test_a_clock_that_always_goes_is_no_other_clock(now: int, ttl_s: int) -> None:
    assert deadline(Schedule("UTC", DAYS, 0, 24 * 60), now, ttl_s) == now + ttl_s * 1000


def test_a_deadline_that_would_be_out_of_sight_comes_too_early_rather_than_never() -> None:
    rare = Schedule("UTC", ("mon",), 0, 1)
    now = at("2026-01-01T00:00", "UTC")
    found = deadline(rare, now, 2_592_000)
    assert 0 < found - now <= DAYS_AHEAD_MAX * 86_400_000
    assert deadline_within([], now, 60) == now


def test_a_zone_that_this_machine_does_not_know_is_said() -> None:
    for zone in ("Mars/Olympus", "Europe"):
        with pytest.raises(OperationError) as refusal:
            next(business_hours(Schedule(zone, DAYS, 0, 60), 0))
        assert refusal.value.code == "unknown-timezone"


@pytest.mark.parametrize("schedule", [OFFICE, Schedule("UTC", ("sun",), 0, 1440), Schedule("UTC", DAYS, 61, 754)])
def test_a_schedule_is_stored_and_read_again(schedule: Schedule) -> None:
    assert schedule_from_wire(schedule.to_wire()) == schedule


def test_instants_are_those_of_utc() -> None:
    assert at("2026-01-01T01:00") == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
