"""Opening a gate for somebody else's workflow: once, with what is allowed, and not in a run of our own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ledger_databases import T0, dump
from use_case_worlds import Clock, make_world, open_one, orders, refusing, say, start_one

from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.find import find_gate
from signoff.app.open_gate import OnDecision, open_gate
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates.gate import State
from signoff.gates.requirement import Need, Requirement
from signoff.ledger.database import Database


def ask(world: World, **options: Any) -> tuple[Any, bool]:
    given: dict[str, Any] = {"workflow_id": "wf-1", "gate_key": "go-live", "prompt": {"title": "Go?"}, "ttl_s": 60}
    return open_gate(world, **{**given, "actor": "opener", **options})


def test_a_gate_that_was_opened_waits_with_its_deadline(world: World) -> None:
    gate, is_replay = ask(world, requested_by="bob", risk_level="high")
    assert not is_replay
    assert find_gate(world, "wf-1", "go-live") == gate
    assert (gate.state, gate.opened_at, gate.deadline_at) == (State.PENDING, T0, T0 + 60_000)
    with world.ledger.read() as tx:
        [entry] = tx.audit.all_entries()
    assert (entry.event, entry.actor, entry.gate_key) == ("gate.opened", "opener", "go-live")


def test_opening_the_same_gate_again_finds_it(world: World, database: Database, clock: Clock) -> None:
    gate, _ = ask(world)
    before = dump(database)
    clock.advance_s(10)
    assert ask(world) == (gate, True)
    assert dump(database) == before


def test_a_decided_gate_is_found_with_its_decision(world: World, clock: Clock) -> None:
    ask(world)
    say(world)
    clock.advance_s(3600)
    gate, is_replay = ask(world)
    assert (gate.decision, is_replay) == ("yes", True)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": {"title": "Go now?"}},
        {"prompt": {"title": "Go?", "body": "x"}},
        {"payload": {"sum": 2}},
        {"payload": 0},
        {"requirement": Requirement(needs=(Need(("*",), 2),))},
        {"requirement": Requirement(not_requester=True)},
        {"ttl_s": 61},
        {"requested_by": "eve"},
        {"risk_level": "low"},
        {"on_decision": OnDecision("message")},
    ],
    ids=repr,
)
def test_a_gate_that_asks_something_else_is_a_conflict(
    world: World, database: Database, change: dict[str, Any]
) -> None:
    gate, _ = ask(world)
    with refusing(database, ConflictError, "gate-exists") as refusal:
        ask(world, **change)
    assert refusal().details["promptDigest"] == gate.prompt.digest


def test_a_conflict_with_a_decided_gate_carries_its_receipt(world: World, database: Database) -> None:
    ask(world)
    answered = say(world)
    with refusing(database, ConflictError, "gate-exists") as refusal:
        ask(world, ttl_s=61)
    assert isinstance(told := refusal(), ConflictError)
    assert told.receipt == answered.receipt.to_wire()


def test_racing_openings_of_one_gate_open_it_once(world: World) -> None:
    with ThreadPoolExecutor(6) as pool:
        replays = sorted(is_replay for _, is_replay in pool.map(lambda _: ask(world), range(6)))
    assert replays == [False] + [True] * 5
    assert verify_audit(world).entries == 1


def test_a_run_of_our_own_opens_its_gates_itself(world: World, database: Database) -> None:
    run = start_one(world)
    with refusing(database, ConflictError, "run-has-own-gates"):
        ask(world, workflow_id=run.workflow_id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"workflow_id": ""}, "bad-workflow-id"),
        ({"workflow_id": "a b"}, "bad-workflow-id"),
        ({"workflow_id": "wf\x00"}, "bad-workflow-id"),
        ({"gate_key": "Go"}, "bad-gate-key"),
        ({"gate_key": "go\n"}, "bad-gate-key"),
        ({"gate_key": "g" * 129}, "bad-gate-key"),
        ({"ttl_s": 0}, "invalid-ttl"),
        ({"ttl_s": 2_592_001}, "invalid-ttl"),
        ({"ttl_s": True}, "invalid-ttl"),
        ({"requested_by": " "}, "invalid-name"),
        ({"requested_by": "a" * 201}, "invalid-name"),
        ({"risk_level": "mild"}, "invalid-risk-level"),
        ({"prompt": {}}, "invalid-prompt"),
        ({"prompt": {"title": "Go?", "deadline": 1}}, "invalid-prompt"),
        ({"prompt": {"title": "Go?", "choices": [{"key": "no", "label": "no", "effect": "reject"}]}}, "invalid-prompt"),
        ({"on_decision": OnDecision("shout")}, "invalid-on-decision"),
        ({"on_decision": OnDecision("none", url="http://127.0.0.1/")}, "invalid-on-decision"),
        ({"on_decision": OnDecision("message", topic="bad topic")}, "bad-topic"),
        ({"on_decision": OnDecision("message", url="http://127.0.0.1/")}, "invalid-on-decision"),
        ({"on_decision": OnDecision("callback")}, "callback-not-allowed"),
        ({"on_decision": OnDecision("callback", url="http://127.0.0.1/", topic="human:x")}, "invalid-on-decision"),
    ],
    ids=repr,
)
def test_what_cannot_be_asked_is_refused(world: World, database: Database, change: dict[str, Any], code: str) -> None:
    with refusing(database, InvalidInputError, code):
        ask(world, **change)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"], ids=["nul", "lone surrogate"])
@pytest.mark.parametrize("member", ["requested_by", "payload", "title"])
def test_text_that_no_database_keeps_is_refused(world: World, database: Database, member: str, text: str) -> None:
    change = {"prompt": {"title": text}} if member == "title" else {member: text}
    before = dump(database)
    with pytest.raises(InvalidInputError):
        ask(world, **change)
    assert dump(database) == before


@pytest.mark.parametrize(("on_decision", "kind"), [("message", "message"), ("callback", "callback"), ("none", None)])
def test_a_decision_orders_what_the_gate_asked_for(
    world: World, database: Database, on_decision: str, kind: str | None
) -> None:
    url = "http://127.0.0.1:9/hook" if on_decision == "callback" else None
    open_one(world, on_decision=OnDecision(on_decision, url=url))
    answered = say(world)
    assert orders(database) == ([] if kind is None else [kind])
    with world.ledger.read() as tx:
        gate = tx.gate("wf-1", "go-live")
    assert gate is not None
    assert gate.receipt() == answered.receipt


def test_a_callback_needs_the_operators_leave_once_people_sign_in(database: Database, clock: Clock) -> None:
    closed = make_world(database, clock, callbacks_allow=("https://ci.example/hooks",))
    add_principal(closed, name="ada", actor="root")
    create_token(closed, name="ada", actor="root")
    with refusing(database, InvalidInputError, "callback-not-allowed"):
        ask(closed, on_decision=OnDecision("callback", url="http://127.0.0.1/hook"))
    gate, _ = ask(closed, on_decision=OnDecision("callback", url="https://ci.example/hooks/7"))
    assert gate.on_decision == {"kind": "callback", "url": "https://ci.example/hooks/7"}
