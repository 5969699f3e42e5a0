"""Measure the ledger: how much waits, how long, and what has come about, for whoever watches over it.

However much there is, a measurement is bounded. What waits is counted out of indexes alone, or up to a limit; what has
come about is counted as it comes, along the audit trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.world import World

if TYPE_CHECKING:
    from signoff.app.ports import Row

#: A worker whose last beat is older is taken for dead.
BEAT_LAPSE_MS = 10_000
#: More than this is not counted of what should be few.
COUNT_MAX = 10_000
#: Entries that are looked at in one go; what is left comes with the next.
STRETCH_MAX = 50_000
#: Entries younger than this wait for others of their time that are not visible yet.
SETTLE_MS = 2_000


@dataclass(frozen=True)
class Standing:
    """How it stands at an instant, in the rows of `FiguresReader`; instants are epoch milliseconds, None where there is
    nothing yet."""

    at: int
    open_gates: Sequence[Row]
    overdue: int
    outbox: Sequence[Row]
    deliveries: Sequence[Row]
    beats: Sequence[int]
    newest_seq: int
    newest_entry_at: int | None
    head_at: int | None

    @property
    def workers_alive(self) -> int:
        return sum(self.at - beat <= BEAT_LAPSE_MS for beat in self.beats)


@dataclass(frozen=True)
class Stretch:
    """What a stretch of the audit trail up to `until` tells of, in the rows of `FiguresReader`."""

    until: int
    entries: Sequence[Row] = ()
    answers: Sequence[Row] = ()
    decision_times: Sequence[Row] = ()


def measure_standing(world: World) -> Standing:
    with world.ledger.read() as tx:
        now, figures = world.clock(), tx.figures
        entry, head = figures.newest_entry(), tx.audit.newest_head()
        return Standing(
            at=now,
            open_gates=figures.open_gates(),
            overdue=figures.overdue_gates(now=now, limit=COUNT_MAX),
            outbox=figures.outbox(limit=COUNT_MAX),
            deliveries=figures.deliveries(limit=COUNT_MAX),
            beats=[row["beat_at"] for row in figures.workers()],
            newest_seq=0 if entry is None else entry["seq"],
            newest_entry_at=None if entry is None else entry["at"],
            head_at=None if head is None else head.signed_at,
        )


def measure_stretch(world: World, *, after: int) -> Stretch:
    """What has come about since; it may be more than one stretch."""
    with world.ledger.read() as tx:
        figures = tx.figures
        until = figures.settled_seq(after=after, at=world.clock() - SETTLE_MS, limit=STRETCH_MAX)
        if until == after:
            return Stretch(until)
        return Stretch(
            until,
            entries=figures.entries(after=after, until=until),
            answers=figures.answers(after=after, until=until),
            decision_times=figures.decision_times(after=after, until=until),
        )
