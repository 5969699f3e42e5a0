"""Instants as people and tools write them: ISO 8601, with a space for the T and without a zone as well."""

from __future__ import annotations

import re

_WRITTEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ]+(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(?:(Z|UTC)|([+-])(\d\d):?(\d\d)?)?)?",
    re.IGNORECASE,
)
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_BEFORE_1970 = 719_162


def instant_of(text: object) -> int | None:
    """Epoch milliseconds; UTC where no zone is written, midnight where no time is. None where it is no such text."""
    found = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[group] or 0) for group in range(1, 7))
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60 and year):
        return None
    thousandths = int((found[7] or "0").ljust(3, "0")[:3])
    offset = (int(found[10] or 0) * 60 + int(found[11] or 0)) * (-1 if found[9] == "-" else 1)
    minutes = (_days(year, month, day) * 24 + hour) * 60 + minute - offset
    return (minutes * 60 + second) * 1000 + thousandths


def _days(year: int, month: int, day: int) -> int:
    """Since 1970, by the calendar of today."""
    before = year - 1
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return days + (is_leap and month > 2) - _DAYS_BEFORE_1970


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
