"""What this process has done, counted as it does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from signoff.app.spans import Fact
from signoff.telemetry.table import METRICS, Metric, Teller

# When each of them was made is nothing to watch, and would be told with each.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: What a span was like: its facts at its end, and how it ended.
Ended = tuple[Mapping[str, Fact], float, bool]


class ProcessMetrics:
    """Watches spans. `tellers` say which metrics this process has, so that none is told by one that never has any."""

    keeps_traces = False

    def __init__(self, registry: CollectorRegistry, tellers: frozenset[Teller], *, version: str) -> None:
        chosen = [metric for metric in METRICS.values() if metric.teller in tellers - {"ledger"}]
        made = {metric.name: _make(metric, registry) for metric in chosen if not metric.name.startswith("signoff_pool")}
        made["signoff_build"].labels(version).set(1)
        self._made = made
        self._ends: Mapping[str, Callable[[Ended], None]] = {
            "request": self._request,
            "write": self._write,
            "relay": self._relay,
            "leg": self._leg,
            "step": self._step,
            "notice": self._notice,
        }

    @contextmanager
    def watching(self, name: str, facts: Mapping[str, Fact], parent: str | None) -> Iterator[None]:
        end = self._ends.get(name)
        if end is None:
            yield
            return
        began = time.perf_counter()
        is_done = False
        if name == "leg":
            self._told("signoff_legs_running", lambda gauge: gauge.inc())
        try:
            yield
            is_done = True
        finally:
            if name == "leg":
                self._told("signoff_legs_running", lambda gauge: gauge.dec())
            end((facts, time.perf_counter() - began, is_done))

    def happened(self, name: str, facts: Mapping[str, Fact]) -> None:
        if name == "refusal":
            self._told("signoff_refusals", lambda counter: counter.labels(facts["code"]).inc())
        elif name == "given up":
            self._told("signoff_notices_given_up", lambda counter: counter.labels(facts["channel"]).inc())

    def trace_context(self) -> str | None:
        return None

    def _told(self, name: str, tell: Callable[[Any], object]) -> None:
        """Where this process has that metric."""
        if name in self._made:
            tell(self._made[name])

    def _timed(self, name: str, seconds: float, *labels: Fact) -> None:
        self._told(name, lambda histogram: (histogram.labels(*labels) if labels else histogram).observe(seconds))

    def _request(self, ended: Ended) -> None:
        facts, seconds, is_done = ended
        # Without an answer: a defect, or somebody who went away before there was one.
        status = facts.get("status", 499 if is_done else 500)
        self._timed("signoff_http_request_seconds", seconds, facts["method"], facts.get("route", "none"), status)

    def _write(self, ended: Ended) -> None:
        facts, seconds, is_done = ended
        outcome = "committed" if is_done else "refused"
        self._timed("signoff_ledger_write_seconds", seconds, facts["verb"], outcome)

    def _relay(self, ended: Ended) -> None:
        facts, _, is_done = ended
        kind = facts["kind"]
        self._told("signoff_relayed", lambda counter: counter.labels(kind, "done" if is_done else "failed").inc())
        if is_done:
            self._timed("signoff_relay_lag_seconds", int(facts["lag_ms"]) / 1000, kind)

    def _leg(self, ended: Ended) -> None:
        self._timed("signoff_leg_seconds", ended[1], "done" if ended[2] else "interrupted")

    def _step(self, ended: Ended) -> None:
        facts, seconds, is_done = ended
        self._timed("signoff_step_seconds", seconds, facts["action"], "done" if is_done else "failed")

    def _notice(self, ended: Ended) -> None:
        facts, _, is_done = ended
        outcome = "sent" if is_done else "failed"
        self._told("signoff_notices", lambda counter: counter.labels(facts["channel"], outcome).inc())


def _make(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(metric.name, metric.help, metric.labels, registry=registry)
