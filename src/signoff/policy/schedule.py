"""A gate's clock that goes in business hours only.

When they are, in a time zone with its summers and winters, the caller knows: here it is spans of epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from signoff.policy.level import Schedule

#: From one instant, at which the clock goes, to another, at which it stands again.
Span = tuple[int, int]


def deadline_within(spans: Iterable[Span], now: int, ttl_s: int) -> int:
    """The instant at which the clock has gone `ttl_s` seconds since `now`.

    Args:
        spans: those that end after `now`, in their order. Where they end before the time is over, it is over then: a
            deadline comes too early rather than never.
    """
    left_ms, at = ttl_s * 1000, now
    for opens_at, closes_at in spans:
        begins_at = max(opens_at, now)
        if begins_at + left_ms <= closes_at:
            return begins_at + left_ms
        left_ms -= closes_at - begins_at
        at = closes_at
    return at


def schedule_from_wire(wire: Mapping[str, Any]) -> Schedule:
    """What `Schedule.to_wire` wrote."""
    opens, _, closes = wire["hours"].partition("-")
    return Schedule(wire["timezone"], tuple(wire["days"]), _minutes(opens), _minutes(closes))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
