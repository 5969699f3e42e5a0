"""Intents and runs: what may be asked for, started once, cancelled, retried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ledger_databases import dump
from use_case_worlds import ADA, Clock, make_world, open_one, refusing, say, start_one, waiting_run, work

from signoff.app.approve_plan import approve_plan
from signoff.app.cancel_run import cancel_run
from signoff.app.create_intent import create_intent
from signoff.app.find import find_gate, find_gates_of, find_run, find_steps
from signoff.app.retry_run import retry_run
from signoff.app.start_run import start_run
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import (
    ConflictError,
    GateCancelledError,
    GateDecidedError,
    InvalidInputError,
    NotFoundError,
    QueuePolicyError,
)
from signoff.gates.gate import State
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.plans.run import Status


def ask_for(world: World, **changes: Any) -> str:
    given: dict[str, Any] = {"goal": "ship it", "inputs": {}, "constraints": {}, "actor": "ada"}
    return create_intent(world, **{**given, **changes})


def start(world: World, intent_id: str, **changes: Any) -> tuple[Any, bool]:
    given: dict[str, Any] = {"intent_id": intent_id, "actor": "ada", "queue_partition_key": "tenant"}
    return start_run(world, **{**given, **changes})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"goal": ""}, "invalid-goal"),
        ({"goal": " \n"}, "invalid-goal"),
        ({"goal": "g" * 10_001}, "invalid-goal"),
        ({"goal": "a\x00"}, "malformed-json"),
        ({"inputs": {"a": "\ud800"}}, "malformed-json"),
        ({"constraints": {"color": "red"}}, "invalid-constraints"),
        ({"constraints": {"askUser": 1}}, "invalid-constraints"),
        ({"constraints": {"askUser": None}}, "invalid-constraints"),
        ({"constraints": {"parallelApprovals": 0}}, "invalid-constraints"),
        ({"constraints": {"parallelApprovals": 21}}, "invalid-constraints"),
        ({"constraints": {"parallelApprovals": True}}, "invalid-constraints"),
        ({"constraints": {"parallelApprovals": 1.0}}, "invalid-constraints"),
        ({"constraints": {"planApprovalTimeoutS": 0}}, "invalid-ttl"),
        ({"constraints": {"planApprovalTimeoutS": 2_592_001}}, "invalid-ttl"),
        ({"constraints": {"planApprovalTimeoutS": "60"}}, "invalid-ttl"),
    ],
    ids=repr,
)
def test_an_intent_out_of_bounds_is_refused(
    world: World, database: Database, change: dict[str, Any], code: str
) -> None:
    with refusing(database, InvalidInputError, code):
        ask_for(world, **change)


def test_an_intent_at_its_bounds_is_taken(world: World) -> None:
    constraints = {"askUser": True, "parallelApprovals": 20, "planApprovalTimeoutS": 2_592_000}
    run, _ = start(world, ask_for(world, goal="g" * 10_000, constraints=constraints))
    assert run.status is Status.ENQUEUED


def test_a_run_is_started_once_however_often_it_is_asked_for(world: World, database: Database) -> None:
    intent_id = ask_for(world)
    run, is_replay = start(world, intent_id)
    assert (run.workflow_id, is_replay) == (intent_id, False)
    before = dump(database)
    assert start(world, intent_id, queue_partition_key="another") == (run, True)
    assert dump(database) == before
    assert len(before["outbox"]) == 1


def test_racing_starts_start_one_run(world: World, database: Database) -> None:
    intent_id = ask_for(world)
    with ThreadPoolExecutor(6) as pool:
        replays = sorted(is_replay for _, is_replay in pool.map(lambda _: start(world, intent_id), range(6)))
    assert replays == [False] + [True] * 5
    assert {table: len(rows) for table, rows in dump(database, "runs", "outbox").items()} == {"runs": 1, "outbox": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"queue_name": "sbxQ"},
        {"queue_name": ""},
        {"queue_partition_key": None},
        {"queue_partition_key": ""},
        {"queue_partition_key": " \t"},
        {"queue_partition_key": "k" * 1_000},
    ],
    ids=repr,
)
def test_the_queues_policy_is_kept(world: World, database: Database, change: dict[str, Any]) -> None:
    intent_id = ask_for(world)
    with refusing(database, QueuePolicyError, "queue_policy_violation"):
        start(world, intent_id, **change)


def test_without_partitioning_a_partition_is_not_asked_for(database: Database, clock: Clock) -> None:
    world = make_world(database, clock, is_partitioned=False)
    run, _ = start(world, ask_for(world), queue_partition_key=None)
    assert run.queue_partition_key is None


@pytest.mark.parametrize(
    "workload",
    [
        {"concurrency": 0},
        {"concurrency": 101},
        {"steps": 1_001},
        {"sandboxMinutes": 1_441},
        {"steps": True},
        {"steps": 1.0},
        {"steps": "1"},
        {"speed": 1},
    ],
    ids=repr,
)
def test_a_workload_out_of_bounds_is_refused(world: World, database: Database, workload: dict[str, Any]) -> None:
    intent_id = ask_for(world)
    with refusing(database, InvalidInputError, "invalid-workload"):
        start(world, intent_id, workload=workload)


def test_a_workload_at_its_bounds_is_kept_with_the_plan(world: World) -> None:
    workload = {"concurrency": 100, "steps": 1_000, "sandboxMinutes": 1_440}
    run, _ = start(world, ask_for(world), workload=workload)
    assert find_run(world, run.workflow_id).plan["workload"] == workload


def test_what_is_not_known_cannot_be_started(world: World, database: Database) -> None:
    intent_id = ask_for(world)
    with refusing(database, InvalidInputError, "unknown-recipe"):
        start(world, intent_id, recipe="another")
    with refusing(database, NotFoundError, "intent-not-found"):
        start(world, "it_nothing")


def test_an_approved_run_goes_on_to_its_end(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    assert find_run(world, run.workflow_id).next_action == "APPROVE_PLAN"
    say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    assert find_run(world, run.workflow_id).status is Status.PENDING
    work(world, SqlLedger(database))
    ended = find_run(world, run.workflow_id)
    assert (ended.status, ended.next_action, ended.last_step) == (Status.SUCCESS, "NONE", "ExecuteST")
    steps = sorted(row["step_id"] for row in find_steps(world, run.workflow_id))
    assert steps == ["ApplyPatchST", "CompileST", "DecideST", "ExecuteST"]
    assert verify_audit(world).is_clean


def test_a_refused_run_says_why_and_can_be_retried(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    payload = {"choice": "no", "rationale": "too risky"}
    say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key, payload=payload)
    work(world, SqlLedger(database))
    refused = find_run(world, run.workflow_id)
    assert (refused.status, refused.next_action) == (Status.ERROR, "REPAIR")
    assert refused.error == "Plan approval failed: no (rationale: too risky)"
    again = retry_run(world, workflow_id=run.workflow_id, actor="ada")
    assert (again.status, again.node, again.retry_count, again.error) == (Status.ENQUEUED, "CompileST", 1, None)
    work(world, SqlLedger(database))
    first, second = find_gates_of(world, run.workflow_id)
    assert (first.gate_key, first.state, second.state) == (gate.gate_key, State.RECEIVED, State.PENDING)


def test_a_run_that_nobody_answers_in_time_ends_refused(world: World, database: Database, clock: Clock) -> None:
    run, gate = waiting_run(world, database, constraints={"planApprovalTimeoutS": 5})
    clock.advance_s(5)
    assert sweep_deadlines(world) == 1
    work(world, SqlLedger(database))
    ended = find_run(world, run.workflow_id)
    assert (ended.status, ended.error) == (Status.ERROR, "Plan approval failed: timed out")
    assert find_gate(world, run.workflow_id, gate.gate_key).state is State.TIMED_OUT


def test_of_parallel_approvals_each_is_needed(world: World, database: Database) -> None:
    run, _ = waiting_run(world, database, constraints={"parallelApprovals": 3})
    keys = [gate.gate_key for gate in find_gates_of(world, run.workflow_id)]
    for n, key in enumerate(keys, start=1):
        assert find_run(world, run.workflow_id).status is Status.WAITING_INPUT
        say(world, workflow_id=run.workflow_id, gate_key=key, dedupe_key=f"k-{n}")
    assert len(keys) == 3
    assert find_run(world, run.workflow_id).status is Status.PENDING


def test_of_parallel_approvals_one_refusal_ends_the_others(world: World, database: Database) -> None:
    run, _ = waiting_run(world, database, constraints={"parallelApprovals": 3})
    keys = [gate.gate_key for gate in find_gates_of(world, run.workflow_id)]
    say(world, "no", workflow_id=run.workflow_id, gate_key=keys[1])
    states = [find_gate(world, run.workflow_id, key).state for key in keys]
    assert states == [State.CANCELLED, State.RECEIVED, State.CANCELLED]
    work(world, SqlLedger(database))
    assert find_run(world, run.workflow_id).status is Status.ERROR
    with refusing(database, GateCancelledError, "gate-cancelled") as refusal:
        say(world, workflow_id=run.workflow_id, gate_key=keys[0], dedupe_key="late")
    assert isinstance(told := refusal(), GateCancelledError)
    assert told.receipt is not None


def test_approving_a_plan_is_a_reply_to_its_gate(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    first = approve_plan(world, workflow_id=run.workflow_id, actor=ADA, notes="fine")
    again = approve_plan(world, workflow_id=run.workflow_id, actor=ADA, notes="fine")
    assert (again.is_replay, again.receipt) == (True, first.receipt)
    decided = find_gate(world, run.workflow_id, gate.gate_key)
    assert (decided.origin, decided.decision, decided.decided_by) == ("compat", "yes", "ada")
    with refusing(database, GateDecidedError, "gate-decided"):
        approve_plan(world, workflow_id=run.workflow_id, actor=ADA, notes="other")


def test_a_plan_that_does_not_wait_cannot_be_approved(world: World, database: Database) -> None:
    run = start_one(world)
    with refusing(database, NotFoundError, "gate-not-found"):
        approve_plan(world, workflow_id=run.workflow_id, actor=ADA, notes=None)
    with refusing(database, NotFoundError, "run-not-found"):
        approve_plan(world, workflow_id="nowhere", actor=ADA, notes=None)


def test_a_cancelled_run_takes_its_open_gates_with_it_once(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    cancelled = cancel_run(world, workflow_id=run.workflow_id, actor="bob", reason="enough")
    assert (cancelled.status, cancelled.error) == (Status.CANCELLED, "enough")
    ended = find_gate(world, run.workflow_id, gate.gate_key)
    assert (ended.state, ended.decided_by, ended.decision) == (State.CANCELLED, "bob", None)
    before = dump(database)
    assert cancel_run(world, workflow_id=run.workflow_id, actor="eve", reason="again") == cancelled
    assert dump(database) == before
    with refusing(database, GateCancelledError, "gate-cancelled"):
        say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    assert verify_audit(world).is_clean


def test_a_cancelled_run_stays_so_when_a_worker_comes_late(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    cancel_run(world, workflow_id=run.workflow_id, actor="bob")
    work(world, SqlLedger(database))
    assert find_run(world, run.workflow_id).status is Status.CANCELLED
    assert find_gate(world, run.workflow_id, gate.gate_key).decision == "yes"


def test_what_has_ended_is_not_cancelled(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)
    say(world, "no", workflow_id=run.workflow_id, gate_key=gate.gate_key)
    work(world, SqlLedger(database))
    with refusing(database, ConflictError, "run-finished"):
        cancel_run(world, workflow_id=run.workflow_id, actor="bob")
    with refusing(database, NotFoundError, "run-not-found"):
        cancel_run(world, workflow_id="nowhere", actor="bob")
    with refusing(database, InvalidInputError, "invalid-reason"):
        cancel_run(world, workflow_id=run.workflow_id, actor="bob", reason="r" * 2_001)


def test_only_what_failed_is_retried(world: World, database: Database) -> None:
    run, _ = waiting_run(world, database)
    with refusing(database, ConflictError, "run-not-retryable"):
        retry_run(world, workflow_id=run.workflow_id, actor="ada")
    cancel_run(world, workflow_id=run.workflow_id, actor="ada")
    with refusing(database, ConflictError, "run-not-retryable"):
        retry_run(world, workflow_id=run.workflow_id, actor="ada")
    with refusing(database, NotFoundError, "run-not-found"):
        retry_run(world, workflow_id="nowhere", actor="ada")


def test_racing_cancellations_and_answers_leave_one_end(world: World, database: Database) -> None:
    run, gate = waiting_run(world, database)

    def end(n: int) -> None:
        try:
            if n % 2:
                cancel_run(world, workflow_id=run.workflow_id, actor=f"p-{n}")
            else:
                say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key, dedupe_key=f"k-{n}")
        except (GateCancelledError, GateDecidedError):
            pass

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(end, range(6)))
    with world.ledger.read() as tx:
        events = [entry.event for entry in tx.audit.all_entries() if entry.gate_key == gate.gate_key]
    assert len(events) == 2
    assert find_run(world, run.workflow_id).status is Status.CANCELLED
    open_one(world)
    assert verify_audit(world).is_clean
