"""Wait stats: how long gates waited for the answer that decided them, and what was decided on which day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from signoff.app.gate_stats import STATUSES
from signoff.app.world import World
from signoff.gates.name import POLICY_PREFIX
from signoff.gates.requirement import ANYONE

DAYS = 30
#: Of the gates that were opened last: enough to see how it goes now, few enough to be read at once.
GATES_MAX = 5_000
GROUPS_MAX = 12
DAY_MS = 86_400_000
UNROLED = "anyone"

#: A gate of a run has the hash of its place at the end of its key.
_OF_RUN = re.compile(r"-[0-9a-f]{16}$")


@dataclass(frozen=True)
class Waits:
    """Of gates that have something in common: how many there were, and their times in milliseconds."""

    name: str
    count: int
    median_ms: int
    longest_ms: int


@dataclass(frozen=True)
class WaitStats:
    """`by_gate` and `by_role`: those with most gates first. `by_day`: `(day, {status: count})` for each of the last
    days in their order, the day in days since the epoch."""

    by_gate: tuple[Waits, ...]
    by_role: tuple[Waits, ...]
    by_day: tuple[tuple[int, dict[str, int]], ...]


def wait_stats(world: World) -> WaitStats:
    today = world.clock() // DAY_MS
    first = today - DAYS + 1
    with world.ledger.read() as tx:
        waits = [row for row in tx.inbox.newest_waits(limit=GATES_MAX) if not row["actor"].startswith(POLICY_PREFIX)]
        counts = tx.inbox.counts_by_day(since=first * DAY_MS)
    days = {day: dict.fromkeys(STATUSES[1:], 0) for day in range(first, today + 1)}
    for row in counts:
        # A clock that was set back has decisions of tomorrow.
        if row["day"] in days:
            days[row["day"]][row["status"]] = row["count"]
    return WaitStats(
        by_gate=_grouped((_OF_RUN.sub("", row["gate_key"]), row["ms"]) for row in waits),
        by_role=_grouped((role, row["ms"]) for row in waits for role in _roles(row["role"])),
        by_day=tuple(days.items()),
    )


def _roles(role: str | None) -> list[str]:
    return [UNROLED] if role in (None, ANYONE) else str(role).split(",")


def _grouped(waits: Iterable[tuple[str, int]]) -> tuple[Waits, ...]:
    times: dict[str, list[int]] = defaultdict(list)
    for name, ms in waits:
        times[name].append(ms)
    groups = [Waits(name, len(those), round(median(those)), max(those)) for name, those in times.items()]
    return tuple(sorted(groups, key=lambda group: (-group.count, group.name))[:GROUPS_MAX])
