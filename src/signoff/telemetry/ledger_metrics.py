"""What the ledger holds, measured when somebody asks.

How it stands is measured seldom enough that a ledger with a million waiting gates has next to nothing to do for it, and
told with its age. What has come about is counted on from where the last scrape ended: since this process began.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from signoff.app.gate_stats import UNRATED
from signoff.app.measure import Standing, Stretch, measure_standing, measure_stretch
from signoff.app.ports import Row
from signoff.app.route_notice import OUTSIDE
from signoff.app.world import World
from signoff.telemetry.table import METRICS

FRESH_MS = 10_000
#: Of the time, at most one part in so many is spent measuring.
REST = 20
KINDS = ("callback", "cancel", "continue", "escalate", "message", "notify")


class LedgerMetrics:
    """A collector of `prometheus_client`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._due_at = 0
        self._after: int | None = None
        self._entries: Counter[str] = Counter()
        self._answers: Counter[tuple[str, str, str]] = Counter()
        self._waits: Counter[float] = Counter()
        self._waited_s = 0.0

    def begin(self) -> None:
        """What comes about from now on is counted."""
        with self._lock, self._world.ledger.read() as tx:
            self._after = tx.audit.newest_seq()

    def collect(self) -> Iterator[Metric]:
        """
        Raises:
            LedgerUnavailableError:
        """
        if self._after is None:
            self.begin()
        with self._lock:
            standing = self._measure()
            self._count(measure_stretch(self._world, after=self._after or 0))
            age_s = (self._world.clock() - standing.at) / 1000
            families = [*_of_gates(standing), *_of_queues(standing), *_of_workers(standing), *self._of_trail(standing)]
        yield from families
        yield _gauge("signoff_figures_age_seconds", [((), age_s)])

    def _measure(self) -> Standing:
        now = self._world.clock()
        # A clock that was set back must not keep the figures as they are.
        if self._standing is None or not self._standing.at <= now < self._due_at:
            began = time.perf_counter()
            self._standing = measure_standing(self._world)
            took_ms = (time.perf_counter() - began) * 1000
            self._due_at = self._standing.at + max(FRESH_MS, int(REST * took_ms))
        return self._standing

    def _count(self, stretch: Stretch) -> None:
        self._after = stretch.until
        for row in stretch.entries:
            self._entries[row["event"]] += row["count"]
        for row in stretch.answers:
            event = row["event"].removeprefix("gate.")
            self._answers[event, row["effect"] or UNRATED, row["origin"] or UNRATED] += row["count"]
        for row in stretch.decision_times:
            seconds = row["ms"] / 1000
            self._waits[_bucket(seconds)] += row["count"]
            self._waited_s += seconds * row["count"]

    def _of_trail(self, standing: Standing) -> Iterator[Metric]:
        yield _counter("signoff_entries", [((event,), count) for event, count in sorted(self._entries.items())])
        yield _counter("signoff_answers", sorted(self._answers.items()))
        metric = METRICS["signoff_decision_seconds"]
        buckets, total = [], 0
        for bound in _bounds():
            total += self._waits[bound]
            buckets.append(("+Inf" if bound == inf else str(float(bound)), total))
        yield HistogramMetricFamily(metric.name, metric.help, buckets=buckets, sum_value=self._waited_s)
        yield _gauge("signoff_audit_newest_seq", [((), standing.newest_seq)])
        entry_at, head_at = standing.newest_entry_at or 0, standing.head_at or 0
        unsigned_ms = 0 if entry_at <= head_at else standing.at - entry_at
        yield _gauge("signoff_audit_unsigned_seconds", [((), unsigned_ms / 1000)])


def _of_gates(standing: Standing) -> Iterator[Metric]:
    rows = {(row["door"], row["risk_level"] or UNRATED): row for row in standing.open_gates}
    # A sum over nothing is no number to whoever draws it: there is always one.
    counts = {(OUTSIDE, UNRATED): 0, **{key: row["count"] for key, row in rows.items()}}
    yield _gauge("signoff_gates_open", sorted(counts.items()))
    ages = {key: _age_s(standing, row["oldest_at"]) for key, row in rows.items()}
    yield _gauge("signoff_gates_oldest_seconds", sorted(ages.items()))
    yield _gauge("signoff_gates_overdue", [((), standing.overdue)])


def _of_queues(standing: Standing) -> Iterator[Metric]:
    orders = {row["kind"]: row for row in standing.outbox}
    yield from _of_queue("signoff_outbox", orders, KINDS, standing)
    tries = [((kind,), orders[kind]["attempts"] if kind in orders else 0) for kind in KINDS]
    yield _gauge("signoff_outbox_attempts_max", tries)
    notices = {row["channel"]: row for row in standing.deliveries}
    yield from _of_queue("signoff_notices", notices, sorted(notices), standing)


def _of_queue(prefix: str, rows: dict[str, Row], names: Sequence[str], standing: Standing) -> Iterator[Metric]:
    found = [(name, rows.get(name)) for name in names]
    yield _gauge(f"{prefix}_pending", [((name,), row["count"] if row else 0) for name, row in found])
    ages = [((name,), _age_s(standing, row["oldest_at"]) if row else 0) for name, row in found]
    yield _gauge(f"{prefix}_oldest_seconds", ages)
    yield _gauge(f"{prefix}_failing", [((name,), row["failed"] if row else 0) for name, row in found])


def _of_workers(standing: Standing) -> Iterator[Metric]:
    yield _gauge("signoff_workers_alive", [((), standing.workers_alive)])
    newest = [((), _age_s(standing, max(standing.beats)))] if standing.beats else []
    yield _gauge("signoff_worker_beat_age_seconds", newest)


def _age_s(standing: Standing, at: int) -> float:
    return max(0, standing.at - at) / 1000


def _bucket(seconds: float) -> float:
    """The smallest that it fits into, by its upper bound."""
    return _bounds()[bisect_left(_bounds(), seconds)]


def _bounds() -> tuple[float, ...]:
    return (*METRICS["signoff_decision_seconds"].buckets, inf)


def _gauge(name: str, samples: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, METRICS[name].help, labels=METRICS[name].labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _counter(name: str, samples: Sequence[tuple[tuple[str, ...], float]]) -> Metric:
    family = CounterMetricFamily(name, METRICS[name].help, labels=METRICS[name].labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family
