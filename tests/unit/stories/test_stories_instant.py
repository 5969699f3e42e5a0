"""Instants as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.stories.instant import instant_of, to_text

YEARS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))


@given(YEARS)
def test_an_instant_is_read_and_written_as_the_calendar_has_it(moment: datetime) -> None:
    at = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1 * 1000) + moment.microsecond // 1000
    written = to_text(at)
    assert written == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert instant_of(written) == at


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-12", "2026-01-12T00:00:00.000Z"),
        ("2026-01-12 10:15", "2026-01-12T10:15:00.000Z"),
        (" 2026-01-12T10:15:30+02:00 ", "2026-01-12T08:15:30.000Z"),
        ("2026-01-12T10:15:30.5-0130", "2026-01-12T11:45:30.500Z"),
        ("2026-01-12t10:15:30,123456z", "2026-01-12T10:15:30.123Z"),
        ("2024-02-29 00:00:00 UTC", "2024-02-29T00:00:00.000Z"),
        ("2026-01-12T10:15+02", "2026-01-12T08:15:00.000Z"),
        ("20260112T101530Z", "2026-01-12T10:15:30.000Z"),
        ("2026/01/12 9:15 PM", "2026-01-12T21:15:00.000Z"),
        ("2026.01.12, 12:05:00 am", "2026-01-12T00:05:00.000Z"),
        ("Mon, 12 Jan 2026 10:15:30 +0100", "2026-01-12T09:15:30.000Z"),
        ("Mon Jan 12 2026 10:15:30 GMT+0100 (Central European Standard Time)", "2026-01-12T09:15:30.000Z"),
        ("January 2, 2026", "2026-01-02T00:00:00.000Z"),
        ("2-sept-2026", "2026-09-02T00:00:00.000Z"),
        (1768212930, "2026-01-12T10:15:30.000Z"),
        (1768212930.75, "2026-01-12T10:15:30.000Z"),
        ("1768212930500", "2026-01-12T10:15:30.500Z"),
        (20260112, "2026-01-12"),
    ],
)
def test_an_instant_may_be_written_in_many_ways(text: object, same: str) -> None:
    assert instant_of(text) == instant_of(same) is not None


@pytest.mark.parametrize(
    "text",
    [
        *(None, True, 5, [], "", "soon", "12345", "1/12/2026", "12 Brumaire 2026", "Jan 2026"),
        *("2026-13-01", "2026-00-10", "2026-01-32", "2026-02-29", "0000-01-01", "2026-01/12"),
        *("2026-01-12T25:00", "2026-01-12T10:60", "2026-01-12T10:15:61", "2026-01-12T10"),
    ],
)
def test_what_is_no_instant_is_none(text: object) -> None:
    assert instant_of(text) is None
