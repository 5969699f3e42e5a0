"""What a ledger holds, as those who watch over it are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_databases import migrated_database, run_sql
from telemetry_world import scrape
from use_case_worlds import ADA, BOB, Clock, open_one, say, waiting_run

from signoff.app.measure import COUNT_MAX, SETTLE_MS
from signoff.app.reply import reply
from signoff.app.sign_head import HeadSigner
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.world import World
from signoff.gates.requirement import from_wire
from signoff.ledger.database import Database, transaction
from signoff.ledger.store import SqlLedger
from signoff.telemetry.ledger_metrics import FRESH_MS
from signoff.telemetry.metrics import API, Metrics

SECRETS = ("wf-1", "go-live", "Launch the missile", "ada", "because of the moon")


@pytest.fixture
def metrics(world: World) -> Metrics:
    made = Metrics(world, version="0.1.0", tellers=API)
    made.begin()
    return made


def settle(clock: Clock) -> None:
    """Until everything that was written is counted, and figures are taken anew."""
    clock.advance_s((FRESH_MS + SETTLE_MS) / 1000)


def test_gates_are_told_by_door_and_risk_with_the_age_of_the_oldest(
    world: World, database: Database, clock: Clock, metrics: Metrics
) -> None:
    assert scrape(metrics).value("signoff_gates_open", door="outside", risk="none") == 0
    open_one(world, risk_level="high", ttl_s=60)
    clock.advance_s(30)
    open_one(world, "later", risk_level="high", ttl_s=60)
    waiting_run(world, database)
    clock.advance_s(40)
    told = scrape(metrics)
    assert told.value("signoff_gates_open", door="outside", risk="high") == 2
    assert told.value("signoff_gates_oldest_seconds", door="outside", risk="high") == 70
    assert told.value("signoff_gates_open", door="intent", risk="none") == 1
    assert told.value("signoff_gates_overdue") == 1
    sweep_deadlines(world)
    settle(clock)
    told = scrape(metrics)
    assert (told.value("signoff_gates_overdue"), told.sum("signoff_gates_open")) == (0, 2)
    assert told.value("signoff_entries_total", event="gate.timed-out") == 1


def test_what_comes_about_is_counted_once_however_often_somebody_asks(
    world: World, clock: Clock, metrics: Metrics
) -> None:
    open_one(world, requirement=from_wire({"needs": [{"any_of": ["*"], "count": 2}]}), ttl_s=1_000)
    say(world, "yes", actor=ADA, dedupe_key="a")
    clock.advance_s(100)
    say(world, "yes", actor=BOB, dedupe_key="b", origin="inbox")
    open_one(world, "other", ttl_s=1_000)
    say(world, "no", gate_key="other", actor=BOB)
    young = scrape(metrics)
    assert young.value("signoff_entries_total", event="gate.approved") == 1
    assert young.value("signoff_entries_total", event="gate.decided") is None, "others of their time may come into view"
    for _ in range(3):
        settle(clock)
        told = scrape(metrics)
        assert told.value("signoff_entries_total", event="gate.opened") == 2
        assert told.value("signoff_answers_total", event="approved", effect="approve", origin="manual") == 1
        assert told.value("signoff_answers_total", event="decided", effect="approve", origin="inbox") == 1
        assert told.value("signoff_answers_total", event="decided", effect="reject", origin="manual") == 1
        assert told.value("signoff_decision_seconds_count") == 2
        assert told.value("signoff_decision_seconds_sum") == 100
        assert told.value("signoff_decision_seconds_bucket", le="60.0") == 1
        assert told.value("signoff_decision_seconds_bucket", le="300.0") == 2


def test_what_came_about_before_is_not_counted(world: World, clock: Clock) -> None:
    open_one(world)
    settle(clock)
    metrics = Metrics(world, version="0.1.0", tellers=API)
    assert scrape(metrics).values("signoff_entries_total") == {}
    open_one(world, "new")
    settle(clock)
    assert scrape(metrics).value("signoff_entries_total", event="gate.opened") == 1


def test_figures_are_kept_for_a_while_and_say_how_old_they_are(
    world: World, database: Database, clock: Clock, metrics: Metrics
) -> None:
    scrape(metrics)
    open_one(world)
    clock.advance_s(5)
    told = scrape(metrics)
    assert (told.sum("signoff_gates_open"), told.value("signoff_figures_age_seconds")) == (0, 5)
    clock.advance_s(-60)
    told = scrape(metrics)
    assert (told.sum("signoff_gates_open"), told.value("signoff_figures_age_seconds")) == (1, 0)


def test_orders_that_wait_and_fail_and_workers_that_died_are_seen(
    world: World, database: Database, clock: Clock, metrics: Metrics
) -> None:
    ledger = SqlLedger(database)
    waiting_run(world, database)
    assert scrape(metrics).value("signoff_worker_beat_age_seconds") is None
    say(world, "yes", gate_key=_only_gate(world), workflow_id=_only_run(world))
    ledger.beat("w-1", now=clock())
    [row, *_] = ledger.claim_outbox(now=clock(), worker="w-1", lapse_ms=1_000, limit=50)
    ledger.postpone_outbox(row["id"], retry_at=clock() + 5_000, lapse_ms=1_000, error="no route to host")
    clock.advance_s(8)
    ledger.beat("w-2", now=clock())
    clock.advance_s(5)
    told = scrape(metrics)
    assert told.value("signoff_outbox_pending", kind=row["kind"]) == 1
    assert told.value("signoff_outbox_oldest_seconds", kind=row["kind"]) == 13
    assert told.value("signoff_outbox_attempts_max", kind=row["kind"]) == 1
    assert told.value("signoff_outbox_failing", kind=row["kind"]) == 1
    assert told.value("signoff_outbox_pending", kind="escalate") == 0
    assert (told.value("signoff_workers_alive"), told.value("signoff_worker_beat_age_seconds")) == (1, 5)


def test_entries_that_no_signed_head_covers_are_seen(world: World, clock: Clock, metrics: Metrics) -> None:
    open_one(world)
    clock.advance_s(20)
    told = scrape(metrics)
    assert told.value("signoff_audit_unsigned_seconds") == 20
    assert (told.value("signoff_audit_newest_seq") or 0) > 0
    HeadSigner(world, bytes(32)).sign()
    settle(clock)
    assert scrape(metrics).value("signoff_audit_unsigned_seconds") == 0


def test_nothing_that_somebody_wrote_is_told(world: World, clock: Clock, metrics: Metrics) -> None:
    open_one(world, title=SECRETS[2])
    said = {"choice": "yes", "rationale": SECRETS[4]}
    reply(world, workflow_id="wf-1", gate_key="go-live", payload=said, dedupe_key="k", actor=ADA)
    settle(clock)
    told = scrape(metrics)
    assert told.sum("signoff_answers_total") == 1
    assert [secret for secret in SECRETS if secret in told.text] == []


def test_what_should_be_few_is_not_counted_without_end(
    world: World, database: Database, clock: Clock, metrics: Metrics
) -> None:
    many = ", ".join(f"('continue', 'k{n}', '{{}}', 1)" for n in range(COUNT_MAX + 5))
    run_sql(database, f"INSERT INTO app.outbox (kind, dedupe_key, payload, created_at) VALUES {many}")
    settle(clock)
    assert scrape(metrics).value("signoff_outbox_pending", kind="continue") == COUNT_MAX


def test_no_gate_is_read_to_count_those_that_wait_and_none_but_the_decided_to_time_decisions(tmp_path: Path) -> None:
    with migrated_database(tmp_path, None) as database, transaction(database, database.begin_read) as session:

        def plan(name: str) -> str:
            explained = f"EXPLAIN QUERY PLAN {database.queries[name]}"
            rows = session.connection.execute(explained, {"now": 1, "limit": 1, "after": 0, "until": 1}).fetchall()
            return "\n".join(row["detail"] for row in rows)

        assert plan("open_gate_figures") == "SCAN app.human_gates USING COVERING INDEX human_gates_counted"
        assert "COVERING INDEX" in plan("overdue_gates")
        for name in ("entry_figures", "answer_figures", "decision_times"):
            assert "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan(name)
        assert "(workflow_id=? AND gate_key=?)" in plan("decision_times")
        assert "USING INDEX outbox_open" in plan("outbox_figures")
        assert "USING INDEX deliveries_due" in plan("delivery_figures")


def _only_run(world: World) -> str:
    with world.ledger.read() as tx:
        [run] = tx.runs(status=None, before=None, limit=10)
    return run.workflow_id


def _only_gate(world: World) -> str:
    with world.ledger.read() as tx:
        [gate] = tx.gates_of(_only_run(world))
    return gate.gate_key
