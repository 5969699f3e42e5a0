"""Instants in a mission's files: ISO 8601, `2026-05-02T09:50:15.123456+00:00`, as they sort."""

from __future__ import annotations

import re
from functools import lru_cache

_INSTANT = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
#: As commands write them, and so nearly all of a log: what is where need not be looked for.
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00")
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def parse_instant(text: object) -> int | None:
    """Microseconds since 1970 began; None for what is no instant. Without an offset it is in UTC."""
    return _parse(text) if isinstance(text, str) else None


# Each event's instant is asked for when it is read, and again when events are put in order.
@lru_cache(maxsize=32_768)
def _parse(text: str) -> int | None:
    if _PLAIN.fullmatch(text) is not None:
        return _reckon_plain(text)
    match = re.fullmatch(_INSTANT, text)
    if match is None:
        return None
    date, hour, minute, second, fraction, zone = match.groups()
    return _reckon(date, hour, minute, second, (fraction or "")[:6].ljust(6, "0"), zone or "Z")


def _reckon_plain(text: str) -> int | None:
    hour_us, minute, second = _plain_hour(text[:13]), int(text[14:16]), int(text[17:19])
    if hour_us is None or minute > 59 or second > 60:
        return None
    return hour_us + (minute * 60 + second) * 1_000_000 + int(text[20:26])


# Much happens within one hour.
@lru_cache(maxsize=512)
def _plain_hour(text: str) -> int | None:
    return _reckon(text[:10], text[11:], "0", "0", "0")


def _reckon(date: str, hour: str, minute: str, second: str, fraction: str, zone: str = "Z") -> int | None:
    days, offset = _days_since_1970(date), _offset_minutes(zone)
    hours, minutes, seconds = int(hour), int(minute), int(second)
    if days is None or offset is None or hours > 23 or minutes > 59 or seconds > 60:
        return None
    whole = ((days * 24 + hours) * 60 + minutes - offset) * 60 + seconds
    return whole * 1_000_000 + int(fraction)


@lru_cache(maxsize=64)
def _offset_minutes(zone: str) -> int | None:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


@lru_cache(maxsize=512)
def _days_since_1970(date: str) -> int | None:
    """None for a day that no calendar has."""
    year, month, day = int(date[:4]), int(date[5:7]), int(date[8:])
    if not 1 <= month <= 12 or not 1 <= day <= _days_in(year, month):
        return None
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - 719_162
    return days + _DAYS_BEFORE[month - 1] + (month > 2 and _is_leap(year)) + day - 1


def _days_in(year: int, month: int) -> int:
    return _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (month == 2 and _is_leap(year))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
