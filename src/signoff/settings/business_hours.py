"""When a schedule's clock goes, by the time zones that this machine knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from signoff.errors import OperationError
from signoff.policy.level import DAYS, Schedule
from signoff.policy.schedule import Span

#: No deadline is looked for further away: a gate of 30 days takes a schedule of a few minutes a day to come so far.
DAYS_AHEAD_MAX = 3_660


def business_hours(schedule: Schedule, now: int) -> Iterator[Span]:
    """The spans that end after `now` (epoch milliseconds), for ten years at most.

    Raises:
        OperationError: (`unknown-timezone`) this machine does not know the zone.
    """
    zone = _zone(schedule.timezone)
    first = datetime.fromtimestamp(now / 1000, zone).date()
    for ahead in range(DAYS_AHEAD_MAX):
        day = first + timedelta(days=ahead)
        if DAYS[day.weekday()] not in schedule.days:
            continue
        opens_at, closes_at = (_instant(day, minutes, zone) for minutes in (schedule.opens_at, schedule.closes_at))
        if max(opens_at, now) < closes_at:
            yield opens_at, closes_at


def _instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    """What the clocks on the wall show, however long the day is. The end of a day is the beginning of the next."""
    days, minutes = divmod(minutes, 1440)
    shown = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return int(shown.astimezone(UTC).timestamp() * 1000)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        raise OperationError(
            f"A gate's clock goes by the time zone {name}, which this machine does not know.",
            code="unknown-timezone",
            details={"timezone": name},
        ) from None
