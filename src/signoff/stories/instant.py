"""Instants as people and tools write them: ISO 8601 and what comes near to it, the dates of letters and of browsers,
and the counts of seconds or milliseconds that programs keep."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_CLOCK = (
    r"(?:(?:T|,?\s+)(?P<hour>\d\d?):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[ap]m)?\s*(?:Z|UTC|GMT)?(?:(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?(?:\s*\([^)]*\))?)?"
)
_WRITTEN = tuple(
    re.compile(date + _CLOCK, re.IGNORECASE | re.ASCII)
    for date in (
        r"(?P<year>\d{4})(?P<by>[-/.]?)(?P<month>\d\d)(?P=by)(?P<day>\d\d)",
        rf"{_WEEKDAY}(?P<day>\d\d?)[ -]{_MONTH},?[ -](?P<year>\d{{4}})",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}})",
    )
)
#: Seconds since 1970 in as many digits are of 2001 to 2286, and so are milliseconds.
_COUNTED = re.compile(r"(\d{10})(?:\.\d*)?|(\d{13})(?:\.\d*)?")
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_DAYS_BEFORE_1970 = 719_162


def instant_of(said: object) -> int | None:
    """Epoch milliseconds; UTC where no zone is written, midnight where no time is. None where it is no such text, and
    no such number."""
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    text = str(said).strip()
    if counted := _COUNTED.fullmatch(text):
        return int(counted[2] or f"{counted[1]}000")
    found = next((found for one in _WRITTEN if (found := one.fullmatch(text))), None)
    return None if found is None else _instant(found.groupdict())


def _instant(found: dict[str, str | None]) -> int | None:
    year, day, second = int(found["year"] or 0), int(found["day"] or 0), int(found["second"] or 0)
    month, hour, minute = _month(found["month"] or ""), int(found["hour"] or 0), int(found["minute"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    if not (year and 1 <= month <= 12 and 1 <= day <= _days_of(year, month)):
        return None
    if hour > 24 or minute > 59 or second > 60:
        return None
    thousandths = int((found["part"] or "0").ljust(3, "0")[:3])
    offset = (int(found["hours"] or 0) * 60 + int(found["minutes"] or 0)) * (-1 if found["sign"] == "-" else 1)
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute - offset
    return (minutes * 60 + second) * 1000 + thousandths


def _month(said: str) -> int:
    return int(said) if said.isdigit() else _MONTHS.index(said.lower()) + 1


def _days_of(year: int, month: int) -> int:
    return _DAYS_BEFORE_MONTH[month] - _DAYS_BEFORE_MONTH[month - 1] + (month == 2 and _is_leap(year))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int, day: int) -> int:
    """Since 1970, by the calendar of today."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return days + (_is_leap(year) and month > 2) - _DAYS_BEFORE_1970


def to_text(at_ms: int) -> str:
    """`2026-01-01T00:00:00.000Z`."""
    seconds, thousandths = divmod(at_ms, 1000)
    days, second = divmod(seconds, 86_400)
    # Years are counted from March, so that a leap day is the last one (after Howard Hinnant's `civil_from_days`).
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * from_march + 2) // 5 + 1
    month = from_march + 3 if from_march < 10 else from_march - 9
    year = era * 400 + year_of_era + (month <= 2)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{year:04}-{month:02}-{day:02}T{clock}.{thousandths:03}Z"
