"""Use cases without a worker: a clock that is moved by hand, and legs that are walked by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from ledger_databases import T0, TABLES, dump

from signoff.app import advance_run
from signoff.app.create_intent import create_intent
from signoff.app.legs import Leg, leg_from_wire
from signoff.app.open_gate import open_gate
from signoff.app.reply import Answered, reply
from signoff.app.start_run import start_run
from signoff.app.steps import StepContext, StepResult, Steps
from signoff.app.world import World
from signoff.errors import NotEntitledError, SignoffError
from signoff.gates.gate import Gate
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database
from signoff.ledger.rows import from_json
from signoff.ledger.store import SqlLedger
from signoff.plans.run import Run

ADA, BOB = Actor("ada"), Actor("bob")


class Clock:
    """Stands at `now` until it is moved."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> int:
        return self.now

    def advance_s(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


class PlanSteps:
    """Steps that do nothing but succeed; the plan has no tasks."""

    def perform(self, action: str, context: StepContext) -> StepResult:
        return StepResult(
            {"prompt": {"title": "Approve the plan"}, "tasks": []} if action == "compile" else {"tasks": []}
        )

    def undo(self, action: str, context: StepContext) -> StepResult:
        return StepResult({"rolledBack": True})

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        return StepResult({})


def make_world(database: Database, clock: Clock, **settings: Any) -> World:
    ids = count(1)
    return World(ledger=SqlLedger(database), clock=clock, new_id=lambda: f"{next(ids):026d}", **settings)


def open_one(
    world: World, gate_key: str = "go-live", *, workflow_id: str = "wf-1", title: str = "Go?", **options: Any
) -> Gate:
    prompt = {"title": title, **options.pop("prompt", {})}
    given = {"ttl_s": 60, "actor": "opener", **options}
    gate, _ = open_gate(world, workflow_id=workflow_id, gate_key=gate_key, prompt=prompt, **given)
    return gate


def say(
    world: World,
    choice: str = "yes",
    *,
    gate_key: str = "go-live",
    workflow_id: str = "wf-1",
    actor: Actor = ADA,
    dedupe_key: str = "k-1",
    payload: Mapping[str, Any] | None = None,
    **options: Any,
) -> Answered:
    said = {"choice": choice} if payload is None else payload
    given = {"payload": said, "dedupe_key": dedupe_key, "actor": actor, **options}
    return reply(world, workflow_id=workflow_id, gate_key=gate_key, **given)


def start_one(world: World, *, goal: str = "ship it", constraints: Mapping[str, Any] | None = None) -> Run:
    intent_id = create_intent(world, goal=goal, inputs={}, constraints=constraints or {}, actor="ada")
    run, _ = start_run(world, intent_id=intent_id, actor="ada", queue_partition_key="tenant")
    return run


def work(world: World, ledger: SqlLedger, steps: Steps | None = None) -> list[Leg]:
    """What a worker does with all that was ordered until now; the legs that it walked."""
    walked = []
    while rows := ledger.claim_outbox(now=world.clock(), worker="w-1", lapse_ms=1_000, limit=50):
        for row in rows:
            if row["kind"] == "continue":
                walked.append(leg_from_wire(row["payload"]))
                walk(world, walked[-1], steps or PlanSteps())
            ledger.finish_outbox([row["id"]], now=world.clock())
    return walked


def walk(world: World, leg: Leg, steps: Steps) -> None:
    """Its tasks give nothing."""
    stop = advance_run.walk(world, steps, leg, unheard)
    while "tasks" in stop:
        stop = advance_run.walk_on(world, steps, leg, unheard, stop, [])


def unheard(key: str, value: Any) -> None:
    """Where the engine would publish an event."""


def waiting_run(world: World, database: Database, **options: Any) -> tuple[Run, Gate]:
    """A run that has come to its plan gate."""
    run = start_one(world, **options)
    work(world, SqlLedger(database))
    with world.ledger.read() as tx:
        [gate, *_] = tx.gates_of(run.workflow_id)
    return run, gate


def orders(database: Database) -> list[str]:
    """The kinds of what was ordered for somebody who waits, in their order: without the notices to people."""
    rows = sorted(dump(database, "outbox")["outbox"], key=lambda row: int(row["id"]))
    return [row["kind"] for row in rows if row["kind"] != "notify"]


def notices(database: Database) -> list[str]:
    """The events that people are to be told of, in their order."""
    rows = sorted(dump(database, "outbox")["outbox"], key=lambda row: int(row["id"]))
    return [from_json(row["payload"])["event"] for row in rows if row["kind"] == "notify"]


@contextmanager
def refusing(database: Database, error: type[SignoffError], code: str) -> Iterator[Callable[[], SignoffError]]:
    """The block is refused with this error, and not one row of the ledger is another afterwards; that somebody was not
    entitled is added to the trail."""
    kept = [table for table in TABLES if table != "audit_entries" or error is not NotEntitledError]
    before = dump(database, *kept)
    caught: list[SignoffError] = []
    with pytest.raises(error) as refusal:
        yield lambda: caught[0]
    caught.append(refusal.value)
    assert refusal.value.code == code, refusal.value.message
    assert dump(database, *kept) == before
