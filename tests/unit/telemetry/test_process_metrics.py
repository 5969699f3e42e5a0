"""What a process counts of what it does."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from signoff.app.spans import INSTANTS, SPANS, Fact, happened, span, use_case, watched_by
from signoff.telemetry.process_metrics import ProcessMetrics
from signoff.telemetry.table import METRICS, Teller

ALL: frozenset[Teller] = frozenset({"server", "api", "worker"})
SOME: dict[str, Fact] = {
    "method": "GET", "route": "/metrics", "status": 200, "verb": "reply", "kind": "continue", "lag_ms": 1_500,
    "action": "compile", "channel": "mail", "event": "gate.opened", "code": "bad-choice",
}  # fmt: skip


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def facts_of(name: str) -> dict[str, Any]:
    return {fact: SOME[fact] for fact in {**SPANS, **INSTANTS}[name][1]}


def test_every_span_and_instant_can_be_counted_with_the_facts_that_it_promises(registry: CollectorRegistry) -> None:
    with watched_by(ProcessMetrics(registry, ALL, version="1")):
        for name in SPANS:
            with span(name, **facts_of(name)):
                pass
        for name in INSTANTS:
            happened(name, **facts_of(name))
    counted = {metric.name for metric in METRICS.values() if metric.teller in ALL and "pool" not in metric.name}
    text = generate_latest(registry).decode()
    assert [name for name in counted if f"\n{name}" not in text] == []
    assert value(registry, "signoff_relay_lag_seconds_sum", kind="continue") == 1.5


def test_what_breaks_is_told_apart_from_what_is_done(registry: CollectorRegistry) -> None:
    with watched_by(ProcessMetrics(registry, ALL, version="1")):
        for name, facts in (("write", {"verb": "reply"}), ("relay", {"kind": "message"}), ("step", {"action": "run"})):
            with pytest.raises(ValueError, match="no"), span(name, **facts):
                raise ValueError("no")
        with pytest.raises(ValueError, match="no"), span("notice", channel="mail", event="gate.opened"):
            raise ValueError("no")
        with pytest.raises(ValueError, match="no"), span("request", method="GET"):
            raise ValueError("no")
        with span("request", method="GET"):
            pass
    assert value(registry, "signoff_ledger_write_seconds_count", verb="reply", outcome="refused") == 1
    assert value(registry, "signoff_relayed_total", kind="message", outcome="failed") == 1
    assert value(registry, "signoff_relay_lag_seconds_count", kind="message") is None
    assert value(registry, "signoff_step_seconds_count", action="run", outcome="failed") == 1
    assert value(registry, "signoff_notices_total", channel="mail", outcome="failed") == 1
    assert value(registry, "signoff_http_request_seconds_count", method="GET", route="none", status="500") == 1
    assert value(registry, "signoff_http_request_seconds_count", method="GET", route="none", status="499") == 1


def test_a_leg_is_seen_while_it_runs(registry: CollectorRegistry) -> None:
    with watched_by(ProcessMetrics(registry, ALL, version="1")), span("leg"):
        assert value(registry, "signoff_legs_running") == 1
    assert value(registry, "signoff_legs_running") == 0
    assert value(registry, "signoff_leg_seconds_count", outcome="done") == 1


def test_a_process_tells_nothing_that_it_never_does(registry: CollectorRegistry) -> None:
    with watched_by(ProcessMetrics(registry, frozenset({"server", "worker"}), version="1")):
        with span("request", method="GET"):
            pass
        happened("refusal", code="bad-choice")
    text = generate_latest(registry).decode()
    assert "signoff_leg_seconds" in text
    assert "signoff_http" not in text
    assert "signoff_refusals" not in text


def test_every_thread_of_the_process_is_watched_until_nobody_watches(registry: CollectorRegistry) -> None:
    @use_case
    def reply() -> str:
        with span("write", verb="reply"):
            return threading.current_thread().name

    answers: list[str] = []
    with watched_by(ProcessMetrics(registry, ALL, version="1")):
        thread = threading.Thread(target=lambda: answers.append(reply()), name="another")
        thread.start()
        thread.join()
    answers.append(reply())
    assert answers == ["another", threading.current_thread().name]
    assert value(registry, "signoff_ledger_write_seconds_count", verb="reply", outcome="committed") == 1
