"""`metrics.md`: every metric and every span, from the tables that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from signoff.app.measure import COUNT_MAX, SETTLE_MS
from signoff.app.spans import INSTANTS, SPANS
from signoff.telemetry.ledger_metrics import FRESH_MS, REST
from signoff.telemetry.table import METRICS, Metric, Teller
from signoff.telemetry.tracing import NAMED_BY

from .markdown import code, page, table

_TELLERS: Mapping[Teller, tuple[str, str]] = {
    "ledger": (
        "Of the ledger, told by every API",
        "Each API on a ledger tells the same: look at one of them (`max by`), and do not add them up. Counters begin "
        f"at 0 with the process; what was written is counted {SETTLE_MS // 1000} s later. Gauges are measured at a "
        f"scrape, and kept for {FRESH_MS // 1000} s or {REST} times as long as that took, whichever is longer; "
        "`signoff_figures_age_seconds` says how old they are. Waiting gates are counted out of an index; of what "
        f"should be few no more than {COUNT_MAX:,} is counted.",
    ),
    "api": ("Of an API", "Of what this process has answered: add up those of all."),
    "worker": ("Of a worker", "Of what this process has done: add up those of all."),
    "server": ("Of any of them", "`up` is both, and tells everything at either port."),
}


def metrics_page() -> str:
    return page(
        "Metrics and traces",
        "How to have them collected, and what to do about them, is in "
        "[watch over it](../how-to/operate-monitoring.md).",
        "## Metrics",
        "`GET /metrics` of an API, and of a worker on its `admin_port`. In Prometheus's text format 0.0.4, or in "
        "OpenMetrics 1.0.0 where `Accept` asks for that. Once a token was issued it needs one, of any principal. "
        "Beside these there are `process_*` (memory, CPU, open files), as every Prometheus client tells them. No label "
        "holds an id, a name of a person, or anything that somebody wrote.",
        *(_of(teller) for teller in _TELLERS),
        "## Traces",
        "With the setting `tracing` (extra `otel`) `up`, `api` and `worker` send spans by OTLP over HTTP. Where to, "
        "with which headers, how many of them and under which name is said by OpenTelemetry's own variables: "
        "`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME` "
        "(`signoff` without it), `OTEL_RESOURCE_ATTRIBUTES` and the others of its specification.",
        "A request that brings a `traceparent` goes on in that trace. The decision keeps the trace with the order that "
        "it gives (`outbox.traceparent`), and whoever carries it out, on whatever machine and however much later, goes "
        "on in it: relay, leg, steps and notices. An error is told by its class and code (`error.type`, "
        "`signoff.code`), never by its words.",
        table(("span", "what it is", "attributes"), _spans(SPANS)),
        "Instants are events of the span that they fall into.",
        table(("instant", "what it is", "attributes"), _spans(INSTANTS)),
    )


def _of(teller: Teller) -> str:
    title, meaning = _TELLERS[teller]
    rows = (_row(metric) for metric in METRICS.values() if metric.teller == teller)
    return "\n\n".join([f"### {title}", meaning, table(("metric", "kind", "labels", "what it is"), rows)])


def _row(metric: Metric) -> tuple[str, ...]:
    name = f"{metric.name}_total" if metric.kind == "counter" else metric.name
    return code(name), metric.kind, ", ".join(map(code, metric.labels)), metric.help


def _spans(told: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, ...]]:
    for name, (meaning, facts) in told.items():
        called = f"{name} {{{NAMED_BY[name]}}}" if name in NAMED_BY else name
        called = "{method} {route}" if name == "request" else called
        yield code(called), meaning, ", ".join(code(f"signoff.{fact}") for fact in facts)
