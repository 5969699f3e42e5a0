"""Spans and instants as people type them."""

from __future__ import annotations

import re
from datetime import datetime

from signoff.errors import InvalidInputError

_SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def read_span(flag: str, text: str) -> int:
    """Seconds of `90s`, `30m`, `2h` or `30d`."""
    seconds = _seconds(text)
    if seconds is None:
        raise _invalid(flag, f"{text[:80]!r} is not of the form 90s, 30m, 2h or 30d")
    return seconds


def read_until(flag: str, text: str, *, now: int) -> int:
    """Epoch milliseconds of an ISO instant, of the first moment of an ISO date, or of a span from now. What names no
    zone is in that of this machine."""
    seconds = _seconds(text)
    if seconds is not None:
        return now + seconds * 1000
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise _invalid(flag, f"{text[:80]!r} is no span (3d) and no instant (2026-12-01, 2026-12-01T18:00Z)") from None


def _seconds(text: str) -> int | None:
    match = _SPAN.fullmatch(text)
    return None if match is None else int(match[1]) * _SECONDS_IN[match[2]]


def _invalid(flag: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"{flag} cannot be taken: {why}.", code="invalid-instant", details={"flag": flag})
