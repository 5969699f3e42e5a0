"""Figures of many durations."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that at least this share of all is not above; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(values_ms: Sequence[float]) -> dict[str, float | int]:
    return {
        "count": len(values_ms),
        "p50Ms": round(percentile(values_ms, 0.5), 2),
        "p95Ms": round(percentile(values_ms, 0.95), 2),
        "p99Ms": round(percentile(values_ms, 0.99), 2),
        "maxMs": round(max(values_ms, default=0.0), 2),
    }


def per_item_ms(before_s: float | None, after_s: float | None, count: int) -> float | None:
    """What each of so many took, of a clock in seconds; None where nobody looked at it."""
    return None if before_s is None or after_s is None else round((after_s - before_s) * 1000 / count, 2)


def per_second(count: int, seconds: float) -> float:
    return round(count / seconds, 1) if seconds > 0 else 0.0
