"""Gate stats: how many gates there are and were, what became of them, and how long people took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from signoff.app.world import World
from signoff.gates.gate import RISK_LEVELS

if TYPE_CHECKING:
    from signoff.app.ports import Row

ACTORS_MAX = 200
STATUSES = ("pending", "approved", "rejected", "timeout", "cancelled")
UNRATED = "none"


def gate_stats(world: World) -> dict[str, Any]:
    """`{gates, open, overdue, approvalTime: {count, averageMs, medianMs}, byDecision: {status: n}, byLevel: {level:
    {status: n}}, byApprover: [{actor, approved, rejected}]}`.

    An open gate is overdue when its deadline has passed and nobody has swept it yet. Times are of what people approved,
    None where there is nothing; the level of gates without one is `none`.
    """
    with world.ledger.read() as tx:
        counts = tx.gate_counts(now=world.clock(), actors=ACTORS_MAX)
    decided = Counter[str]()
    for row in counts.by_level:
        decided[row["status"]] += row["count"]
    return {
        "gates": decided.total(),
        "open": counts.open["open"],
        "overdue": counts.open["overdue"],
        "approvalTime": {
            "count": counts.times["count"],
            "averageMs": counts.times["average_ms"],
            "medianMs": counts.times["median_ms"],
        },
        "byDecision": {status: decided[status] for status in STATUSES},
        "byLevel": {level: _of_level(counts.by_level, level) for level in (*RISK_LEVELS[::-1], UNRATED)},
        "byApprover": [dict(row) for row in counts.by_actor],
    }


def _of_level(rows: Sequence[Row], level: str) -> dict[str, int]:
    found = {row["status"]: row["count"] for row in rows if (row["risk_level"] or UNRATED) == level}
    return {status: found.get(status, 0) for status in STATUSES}
