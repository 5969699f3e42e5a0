"""Traces of what is done, and of nothing that was said."""

from __future__ import annotations

import pytest
from ledger_databases import dump
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from use_case_worlds import ADA, open_one, say, waiting_run

from signoff.app.deliver_notice import Notices, deliver_notice, record_failure
from signoff.app.route_notice import Route, Target, route_notices
from signoff.app.spans import span, watched_by
from signoff.app.world import World
from signoff.errors import DeliveryError, GateDecidedError
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.telemetry.tracing import Traces

FROM_ELSEWHERE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Seen:
    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.traces = Traces(provider)

    def spans(self, *names: str) -> list[ReadableSpan]:
        """Those of these names in their order; they are all that there are."""
        found = {one.name: one for one in self._exporter.get_finished_spans()}
        assert set(found) == set(names), sorted(found)
        self._exporter.clear()
        return [found[name] for name in names]

    @property
    def text(self) -> str:
        """All that is said of them. Their ids are random, and spell anything."""
        told = self._exporter.get_finished_spans()
        return repr([(one.name, dict(one.attributes or {}), one.status.description, one.events) for one in told])


@pytest.fixture
def seen() -> Seen:
    return Seen()


def trace_of(one: ReadableSpan) -> str:
    assert one.context is not None
    return f"{one.context.trace_id:032x}"


def is_within(inner: ReadableSpan, outer: ReadableSpan) -> bool:
    assert outer.context is not None
    return inner.parent is not None and inner.parent.span_id == outer.context.span_id


def test_a_transaction_is_a_part_of_its_use_case_and_that_of_its_request(world: World, seen: Seen) -> None:
    with watched_by(seen.traces), span("request", parent=FROM_ELSEWHERE, method="POST") as facts:
        open_one(world)
        facts.update(route="/api/gates", status=201)
    write, use_case, request = seen.spans("write open_gate", "use case open_gate", "POST /api/gates")
    assert is_within(write, use_case)
    assert is_within(use_case, request)
    assert trace_of(request) == FROM_ELSEWHERE.split("-")[1]
    assert dict(request.attributes or {}) == {
        "signoff.method": "POST", "signoff.route": "/api/gates", "signoff.status": 201,
    }  # fmt: skip


def test_an_order_is_carried_out_in_the_trace_of_the_decision(world: World, database: Database, seen: Seen) -> None:
    run, gate = waiting_run(world, database)
    before = {row["id"] for row in dump(database, "outbox")["outbox"]}
    with watched_by(seen.traces):
        say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
        write, _ = seen.spans("write reply", "use case reply")
        with world.ledger.read() as tx:
            order = tx.order_trace(f"continue:{run.workflow_id}:{gate.gate_key}")
            new = [row["id"] for row in dump(database, "outbox")["outbox"] if row["id"] not in before]
            assert {tx.notice_trace(one) for one in new} == {order}
            assert tx.order_trace("continue:nothing") is None
        with span("leg", parent=order):
            pass
    [leg] = seen.spans("leg")
    assert is_within(leg, write)
    assert trace_of(leg) == trace_of(write)


def test_an_order_that_nobody_traces_has_no_trace(world: World, database: Database) -> None:
    open_one(world)
    assert {row["traceparent"] for row in dump(database, "outbox")["outbox"]} == {None}


def test_a_notice_goes_on_in_the_trace_of_what_it_tells_of(world: World, database: Database, seen: Seen) -> None:
    class Down:
        def send(self, *_: object) -> str | None:
            raise DeliveryError("hunter2 did not get through")

    ledger = SqlLedger(database)
    notices = Notices([Route((Target("mail", "ada@signoff.example"),))], {"mail": Down()}, 1, lambda: 0.5)
    with watched_by(seen.traces):
        open_one(world)
        write, _ = seen.spans("write open_gate", "use case open_gate")
        rows = ledger.claim_outbox(now=world.clock(), worker="w", lapse_ms=60_000, limit=50)
        route_notices(world, ledger, rows, notices.routes, now=world.clock())
        places = ledger.due_targets(now=world.clock(), lapse_ms=60_000)
        [row] = ledger.claim_deliveries(places, now=world.clock(), worker="w", lapse_ms=60_000)
        seen.spans("write claim_outbox", "write expand_notices", "write claim_deliveries")
        with pytest.raises(DeliveryError) as failed:
            deliver_notice(world, ledger, notices, row)
        assert "hunter2" not in seen.text
        [notice] = seen.spans("notice")
        with span("request", method="GET"):
            record_failure(world, ledger, notices, row, failed.value)
    assert trace_of(notice) == trace_of(write)
    assert (notice.attributes or {})["signoff.channel"] == "mail"
    _, request = seen.spans("write fail_delivery", "GET")
    assert [event.name for event in request.events] == ["given up"]


def test_a_refusal_is_told_by_its_code_and_never_by_its_words(world: World, seen: Seen) -> None:
    open_one(world, title="Launch the missile")
    say(world, "no", actor=ADA, dedupe_key="first", payload={"choice": "no", "rationale": "because of the moon"})
    with watched_by(seen.traces), pytest.raises(GateDecidedError):
        say(world, "yes")
    assert [word for word in ("Launch", "moon", "wf-1", "go-live", "ada") if word in seen.text] == []
    write, use_case = seen.spans("write reply", "use case reply")
    for one in (write, use_case):
        assert not one.status.is_ok
        assert one.status.description is None
        assert one.events == ()
        assert (one.attributes or {})["error.type"] == "GateDecidedError"
        assert (one.attributes or {})["signoff.code"] == "gate-decided"
