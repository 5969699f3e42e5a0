"""Traces for OpenTelemetry (extra `otel`): every span of this process, with the facts that it tells and nothing else.

Where they are sent, how many of them and under which name is said by OpenTelemetry's own variables (`OTEL_*`). What an
error says stays out of them: it may quote a prompt or an answer; its class and code do not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from signoff.app.spans import Fact
from signoff.errors import MissingProgramError, SignoffError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

NAMED_BY = {"request": "route", "use case": "verb", "write": "verb", "relay": "kind", "step": "action"}
#: A collector that is down must not keep a process from ending.
FLUSH_MS = 1_500


class Traces:
    """Watches spans, and hands them to a provider of OpenTelemetry."""

    keeps_traces = True

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("signoff")
        self._current = trace.get_current_span
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def watching(self, name: str, facts: Mapping[str, Fact], parent: str | None) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            _called(name, facts), context=self._begun_elsewhere(parent), record_exception=False,
            set_status_on_exception=False,
        ) as told:  # fmt: skip
            try:
                yield
            except BaseException as error:
                _tell_error(told, error)
                raise
            finally:
                told.update_name(_called(name, facts))
                told.set_attributes({f"signoff.{fact}": value for fact, value in facts.items()})

    def happened(self, name: str, facts: Mapping[str, Fact]) -> None:
        self._current().add_event(name, {f"signoff.{fact}": value for fact, value in facts.items()})

    def trace_context(self) -> str | None:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")

    def _begun_elsewhere(self, parent: str | None) -> Context | None:
        """None is what is on in this thread."""
        return None if parent is None else self._propagator.extract({"traceparent": parent})


@contextmanager
def traced(version: str) -> Iterator[Traces]:
    """Sent by OTLP over HTTP while this is open.

    Raises:
        MissingProgramError: the extra is not installed.
    """
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter.otlp.proto.http") is None:
        raise MissingProgramError("The setting tracing needs what is not installed: pip install 'signoff[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "signoff"}
    provider = TracerProvider(resource=Resource.create({"service.version": version, **name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Traces(provider)
    finally:
        provider.force_flush(FLUSH_MS)
        provider.shutdown()


def _called(name: str, facts: Mapping[str, Fact]) -> str:
    """Its kind, and what there are a few of."""
    label = facts.get(NAMED_BY.get(name, ""))
    if name == "request":
        return f"{facts['method']} {label}" if label else str(facts["method"])
    return name if label is None else f"{name} {label}"


def _tell_error(told: Span, error: BaseException) -> None:
    from opentelemetry.trace import Status, StatusCode

    told.set_attribute("error.type", type(error).__name__)
    if isinstance(error, SignoffError):
        told.set_attribute("signoff.code", error.code)
    told.set_status(Status(StatusCode.ERROR))
