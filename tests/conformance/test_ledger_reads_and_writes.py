"""What was written is what is read: every record of the ports `Reader` and `Writer`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledger_databases import T0
from ledger_samples import (
    a_gate,
    a_run,
    a_step,
    an_artifact,
    an_intent,
    an_interaction,
    append,
    decided,
    needs,
    put_gates,
)

from signoff.app.ports import Answers
from signoff.app.ports.ledger import Ledger
from signoff.audit.chain import verify_chain
from signoff.audit.entry import GENESIS, entry_hash
from signoff.gates.deadline import Rung
from signoff.gates.gate import State
from signoff.ledger.database import Database, transaction
from signoff.plans.run import Status


def test_an_intent_is_read_as_it_was_written(ledger: Ledger) -> None:
    with ledger.write("it_1", "test") as tx:
        tx.insert_intent(an_intent())
        assert tx.intent("it_1") == an_intent()
    with ledger.read() as reader:
        assert reader.intent("it_1") == an_intent()
        assert reader.intent("it_2") is None


def test_a_run_is_read_as_it_was_written_and_changed(ledger: Ledger) -> None:
    run = a_run(intent_id="it_1", node="a", queue_partition_key="tenant", requested_by="ada", subject="docs/plan.md")
    failed = replace(
        run,
        status=Status.ERROR,
        node=None,
        last_step="a",
        next_action="REPAIR",
        error="no",
        retry_count=2,
        updated_at=T0 + 1,
        finished_at=T0 + 2,
    )
    with ledger.write("it_1", "test") as tx:
        tx.insert_intent(an_intent())
        tx.insert_run(run)
        assert tx.run("run-1") == run
        tx.update_run(failed)
    with ledger.read() as reader:
        assert reader.run("run-1") == failed
        assert reader.run("run-2") is None


def test_runs_come_newest_first_by_page_and_by_status(ledger: Ledger) -> None:
    ended = {2, 3}
    runs = [
        a_run(f"run-{n}", created_at=T0 + n // 2, status=Status.SUCCESS if n in ended else Status.PENDING)
        for n in range(6)
    ]
    with ledger.write("run-0", "test") as tx:
        for run in runs:
            tx.insert_run(run)
    newest_first = [f"run-{n}" for n in (5, 4, 3, 2, 1, 0)]
    with ledger.read() as reader:
        found, before = [], None
        while page := reader.runs(status=None, before=before, limit=2):
            found += [run.id for run in page]
            before = (page[-1].created_at, page[-1].id)
        assert found == newest_first
        assert [run.id for run in reader.runs(status="SUCCESS", before=None, limit=9)] == ["run-3", "run-2"]
        assert [run.id for run in reader.runs(status="SUCCESS", before=(T0 + 1, "run-3"), limit=9)] == ["run-2"]


def test_runs_are_found_by_their_door_and_by_what_they_are_about(ledger: Ledger) -> None:
    with ledger.write("run-0", "test") as tx:
        for n in range(6):
            about = {0: "a", 1: "b"}.get(n % 3)
            tx.insert_run(a_run(f"run-{n}", door="story" if n == 3 else "spec", subject=about, created_at=T0 + n))
        tx.insert_run(a_run("ended", door="spec", subject="a", status=Status.SUCCESS, created_at=T0 + 9))

    def found(**which: Any) -> list[str]:
        with ledger.read() as reader:
            return [run.id for run in reader.runs(**{"status": None, "before": None, "limit": 9, **which})]

    assert found(door="story") == ["run-3"]
    assert found(subject="a") == ["ended", "run-3", "run-0"]
    assert found(door="spec", subject="a") == ["ended", "run-0"]
    assert found(door="spec", subject="a", status="SUCCESS") == ["ended"]
    assert found(door="spec", subject="b", limit=1) == ["run-4"]
    assert found(door="spec", subject="b", before=(T0 + 4, "run-4")) == ["run-1"]
    assert found(door="spec", subject="B") == found(door="mission") == []


def test_runs_about_something_are_looked_up_and_not_searched_for(database: Database) -> None:
    if database.dialect == "postgres":
        pytest.skip("Postgres searches tables as small as this one whole")
    query = database.queries["runs_about"]
    with transaction(database, database.begin_read) as session:
        given = {"door": "spec", "subject": "a", "status": None, "before_at": None, "before_id": None, "limit": 9}
        steps = session.connection.execute(f"EXPLAIN QUERY PLAN {query}", given).fetchall()
    assert ["runs_by_subject" in step["detail"] for step in steps] == [True]


def test_the_newest_gates_come_by_page_without_missing_or_repeating_one(ledger: Ledger) -> None:
    for n in range(7):
        put_gates(ledger, a_gate(f"wf-{n % 2}", f"gate-{n}", opened_at=T0 + n // 3, ttl_s=60 - n))
    with ledger.read() as reader:
        paged, before = [], None
        while page := reader.newest_gates(before=before, limit=2):
            paged += page
            before = (page[-1].opened_at, page[-1].workflow_id, page[-1].gate_key)
        assert paged == reader.newest_gates(before=None, limit=99)
    keys = [gate.gate_key for gate in paged]
    assert [keys[0], set(keys[1:4]), set(keys[4:])] == [
        "gate-6", {"gate-3", "gate-4", "gate-5"}, {"gate-0", "gate-1", "gate-2"},
    ]  # fmt: skip


def test_a_gate_is_read_as_it_was_opened(ledger: Ledger) -> None:
    gate = a_gate(
        requirement=needs("lead", "owner", count=2),
        payload={"sum": 0.1},
        ladder=(Rung(60, ("boss",)), Rung(120)),
        requested_by="bob",
        risk_level="high",
        on_decision={"kind": "callback", "url": "https://a.example/b"},
    )
    put_gates(ledger, gate)
    with ledger.read() as reader:
        assert reader.gate("wf-1", "go-live") == gate
        assert reader.gate("wf-1", "other") is None
        assert reader.gate("wf-2", "go-live") is None


def test_a_decided_gate_carries_what_decided_it(ledger: Ledger) -> None:
    gate = a_gate()
    interaction = an_interaction(gate, payload={"choice": "yes", "rationale": "fine"})
    put_gates(ledger, gate)
    with ledger.write("wf-1", "test") as tx:
        tx.insert_interaction(interaction)
        tx.update_gate(decided(gate, interaction))
    with ledger.read() as reader:
        assert reader.gate("wf-1", "go-live") == decided(gate, interaction)
        assert reader.gates_of("wf-1") == reader.gates_named("go-live") == [decided(gate, interaction)]


def test_a_final_gate_is_never_changed_again(ledger: Ledger) -> None:
    cancelled = a_gate(state=State.CANCELLED, decided_by="bob", decided_at=T0)
    put_gates(ledger, cancelled)
    with ledger.write("wf-1", "test") as tx:
        tx.update_gate(replace(cancelled, state=State.TIMED_OUT, decided_at=T0 + 1))
        assert tx.gate("wf-1", "go-live") == cancelled


def test_the_gates_of_a_workflow_come_in_opening_order(ledger: Ledger) -> None:
    put_gates(ledger, a_gate(gate_key="b", opened_at=T0 + 1), a_gate(gate_key="c"), a_gate(gate_key="a"))
    put_gates(ledger, a_gate("wf-0", "a"))
    with ledger.read() as reader:
        assert [gate.gate_key for gate in reader.gates_of("wf-1")] == ["a", "c", "b"]
        assert [gate.workflow_id for gate in reader.gates_named("a")] == ["wf-0", "wf-1"]
        assert reader.gates_of("wf-9") == reader.gates_named("z") == []


def test_the_inbox_is_paged_by_deadline_without_missing_or_repeating_a_gate(ledger: Ledger) -> None:
    for n in range(7):
        put_gates(ledger, a_gate(f"wf-{n % 3}", f"gate-{n}", ttl_s=60 - n // 3))
    with ledger.read() as reader:
        everything = reader.gates(state=None, role=None, risk=None, after=None, limit=99)
        assert [gate.deadline_at for gate in everything] == sorted(gate.deadline_at for gate in everything)
        paged, after = [], None
        while page := reader.gates(state=None, role=None, risk=None, after=after, limit=2):
            paged += page
            after = (page[-1].deadline_at, page[-1].workflow_id, page[-1].gate_key)
    assert len(everything) == 7
    assert paged == everything


def test_the_inbox_is_filtered_by_state_role_and_risk(ledger: Ledger) -> None:
    put_gates(
        ledger,
        a_gate("wf-1", requirement=needs("lead"), risk_level="high"),
        a_gate("wf-2", requirement=needs("security", "lead"), risk_level="low"),
        a_gate("wf-3"),
        a_gate("wf-4", state=State.TIMED_OUT, decided_at=T0 + 60_000, risk_level="high"),
    )

    def found(state: str | None = None, role: str | None = None, risk: str | None = None) -> list[str]:
        with ledger.read() as reader:
            gates = reader.gates(state=state, role=role, risk=risk, after=None, limit=9)
        return sorted(gate.workflow_id for gate in gates)

    assert found() == ["wf-1", "wf-2", "wf-3", "wf-4"]
    assert found(state="PENDING") == ["wf-1", "wf-2", "wf-3"]
    assert found(state="TIMED_OUT") == ["wf-4"]
    assert found(state="PENDING", role="lead") == ["wf-1", "wf-2", "wf-3"]
    assert found(state="PENDING", role="security") == ["wf-2", "wf-3"]
    assert found(state="PENDING", role="nobody") == ["wf-3"]
    assert found(risk="high") == ["wf-1", "wf-4"]
    assert found(state="PENDING", role="lead", risk="low") == ["wf-2"]
    assert found(role='lead" || "" == "') == ["wf-3", "wf-4"]


def test_due_gates_are_the_open_ones_whose_deadline_has_come(ledger: Ledger) -> None:
    put_gates(
        ledger,
        a_gate("wf-1", ttl_s=60),
        a_gate("wf-2", ttl_s=30),
        a_gate("wf-3", ttl_s=61),
        a_gate("wf-4", ttl_s=10, state=State.CANCELLED, decided_at=T0),
    )
    with ledger.read() as reader:
        assert [gate.workflow_id for gate in reader.due_gates(now=T0 + 60_000, limit=9)] == ["wf-2", "wf-1"]
        assert [gate.workflow_id for gate in reader.due_gates(now=T0 + 60_000, limit=1)] == ["wf-2"]
        assert reader.due_gates(now=T0 + 29_999, limit=9) == []


def test_interactions_are_read_as_they_were_written_in_their_order(ledger: Ledger) -> None:
    gate, other = a_gate(), a_gate(gate_key="other")
    put_gates(ledger, gate, other)
    first, second, third = (
        an_interaction(gate, 1, role=None),
        an_interaction(other, 2, origin="webhook-ci"),
        an_interaction(gate, 3, created_at=T0 + 2),
    )
    with ledger.write("wf-1", "test") as tx:
        for interaction in (third, first, second):
            tx.insert_interaction(interaction)
    with ledger.read() as reader:
        assert reader.interaction(first.id) == first
        assert reader.interaction("hi_0") is None
        assert reader.interactions_at("wf-1", "go-live") == [first, third]
        assert reader.interactions("wf-1", after=None, limit=2) == [first, third]
        assert reader.interactions("wf-1", after=(third.created_at, third.id), limit=2) == [second]
        assert reader.interactions("wf-2", after=None, limit=2) == []
    with ledger.write("wf-1", "test") as tx:
        assert tx.gate_to_answer("wf-1", "go-live", "k-3") == (gate, Answers([first, third], third))
        assert tx.gate_to_answer("wf-1", "go-live", "k-2") == (gate, Answers([first, third], None))
        assert tx.gate_to_answer("wf-1", "other", "k-3") == (other, Answers([second], None))
        assert tx.gate_to_answer("wf-1", "none", "k-3") == (None, Answers([], None))


def test_a_step_is_recorded_once_an_attempt(ledger: Ledger) -> None:
    with ledger.write("run-1", "test") as tx:
        tx.insert_run(a_run())
        assert tx.insert_step(a_step())
        assert not tx.insert_step(a_step(output={"is": "another"}))
        assert tx.insert_step(a_step(attempt=2))
        assert tx.insert_step(a_step(step_id="b", started_at=T0 + 1))
    with ledger.read() as reader:
        assert reader.steps("run-1") == [a_step(), a_step(step_id="b", started_at=T0 + 1), a_step(attempt=2)]
        assert reader.steps("run-2") == []


def test_artifacts_are_recorded_once_and_read_in_order(ledger: Ledger) -> None:
    rows = [an_artifact(idx=0), an_artifact(idx=1, inline=None, uri="file:///x"), an_artifact(task_key="t1")]
    with ledger.write("run-1", "test") as tx:
        tx.insert_run(a_run())
        tx.insert_artifacts(rows)
        tx.insert_artifacts([an_artifact(idx=0, inline="another")])
        tx.insert_artifacts([])
    with ledger.read() as reader:
        assert reader.artifacts("run-1") == rows


def test_entries_of_a_workflow_are_a_chain_and_seq_ascends_over_all(ledger: Ledger) -> None:
    written = [append(ledger, f"wf-{n % 2}", body={"n": n}) for n in range(6)]
    with ledger.read() as reader:
        entries = list(reader.audit.all_entries())
        assert entries == written == reader.audit.entries(workflow_id=None, after=0, limit=99)
        of_one = reader.audit.entries(workflow_id="wf-1", after=0, limit=99)
    assert [entry.seq for entry in entries] == sorted({entry.seq for entry in entries})
    assert [entry.n for entry in of_one] == [1, 2, 3]
    assert [entry.prev_hash for entry in of_one] == [GENESIS, of_one[0].hash, of_one[1].hash]
    assert all(entry.hash == entry_hash(entry) for entry in entries)
    assert verify_chain(entries) == []


def test_several_entries_of_one_transaction_follow_on_each_other(ledger: Ledger) -> None:
    with ledger.write("wf-1", "test") as tx:
        first = tx.append_entry(at=T0, actor="ada", event="a", body={}, gate_key="go-live")
        second = tx.append_entry(at=T0, actor="ada", event="b", body={})
        assert tx.audit.entries(workflow_id="wf-1", after=0, limit=9) == [first, second]
    assert (second.n, second.prev_hash) == (2, first.hash)
    assert (first.gate_key, second.gate_key) == ("go-live", None)


def test_entries_are_paged_by_seq(ledger: Ledger) -> None:
    written = [append(ledger, "wf-1") for _ in range(5)]
    paged, after = [], 0
    with ledger.read() as reader:
        assert reader.audit.newest_seq() == written[-1].seq
        while page := reader.audit.entries(workflow_id="wf-1", after=after, limit=2):
            paged += page
            after = page[-1].seq
        assert reader.audit.entries(workflow_id="wf-2", after=0, limit=2) == []
    assert paged == written


def test_what_raises_writes_nothing(ledger: Ledger) -> None:
    def write_and_fail() -> None:
        with ledger.write("wf-1", "test") as tx:
            tx.insert_gate(a_gate())
            tx.insert_interaction(an_interaction(a_gate()))
            tx.append_entry(at=T0, actor="ada", event="gone", body={})
            tx.insert_outbox(kind="continue", dedupe_key="k", payload={}, now=T0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with ledger.read() as reader:
        assert reader.gates_of("wf-1") == []
        assert reader.interactions("wf-1", after=None, limit=9) == []
        assert list(reader.audit.all_entries()) == []
        assert reader.audit.newest_seq() == 0
    follower = append(ledger, "wf-1")
    assert (follower.n, follower.prev_hash) == (1, GENESIS)


def test_a_reader_sees_one_state_however_long_it_reads(ledger: Ledger) -> None:
    append(ledger, "wf-1")
    with ledger.read() as reader:
        before = list(reader.audit.all_entries())
        append(ledger, "wf-1")
        assert list(reader.audit.all_entries()) == before
    with ledger.read() as reader:
        assert len(list(reader.audit.all_entries())) == 2
