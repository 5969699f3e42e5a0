"""Answering a gate: in which order an answer is checked, what is written, and what is said again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ledger_databases import T0, dump
from use_case_worlds import ADA, BOB, Clock, make_world, notices, open_one, orders, refusing, say

from signoff.app.expire import expire
from signoff.app.find import find_gate, find_interactions
from signoff.app.open_gate import OnDecision, make_gate, record_gate
from signoff.app.reply import Answered
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import (
    ConflictError,
    GateDecidedError,
    GateTimedOutError,
    InvalidInputError,
    NotEntitledError,
    NotFoundError,
    RequirementError,
    SignoffError,
)
from signoff.gates.deadline import Rung
from signoff.gates.gate import State
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Actor, Need, Requirement
from signoff.ledger.database import Database

LEAD = Actor("ada", frozenset({"lead"}))
DEMANDING = Requirement(needs=(Need(("lead",), 1),), justification=True)

FAULTS: list[tuple[str, type[SignoffError], dict[str, Any]]] = [
    ("bad-gate-key", InvalidInputError, {"gate_key": "Bad Key"}),
    ("invalid-reply", InvalidInputError, {"dedupe_key": ""}),
    ("bad-origin", InvalidInputError, {"origin": "pigeon"}),
    ("bad-topic", InvalidInputError, {"topic": "human:"}),
    ("run-not-found", NotFoundError, {"workflow_id": "nowhere"}),
    ("gate-not-found", NotFoundError, {"gate_key": "absent"}),
    ("bad-choice", InvalidInputError, {"payload": {"choice": "maybe"}}),
    ("topic-mismatch", ConflictError, {"topic": "human:another"}),
    ("dedupe-conflict", ConflictError, {"dedupe_key": "k-used"}),
    ("gate-decided", GateDecidedError, {"gate_key": "closed"}),
    ("prompt-changed", ConflictError, {"prompt_digest": "00" * 32}),
    ("not-entitled", NotEntitledError, {"actor": Actor("eve", frozenset({"guest"}))}),
    ("justification-required", RequirementError, {"payload": {"choice": "yes"}}),
]
"""In the order in which they are looked at; every answer below has one fault and all that come after it."""


@pytest.mark.parametrize("n", range(len(FAULTS)), ids=[code for code, *_ in FAULTS])
def test_of_several_faults_the_first_in_order_is_told_and_nothing_is_written(
    world: World, database: Database, n: int
) -> None:
    for gate_key in ("open", "closed"):
        open_one(world, gate_key, requirement=DEMANDING)
    say(world, gate_key="closed", actor=LEAD, dedupe_key="k-used", payload={"choice": "yes", "rationale": "fine"})
    request: dict[str, Any] = {"gate_key": "open", "dedupe_key": "k-new", "actor": LEAD}
    for _, _, fault in reversed(FAULTS[n:]):
        request |= fault
    code, error, _ = FAULTS[n]
    with refusing(database, error, code) as refusal:
        say(world, **request)
    if code in ("dedupe-conflict", "gate-decided"):
        assert isinstance(told := refusal(), ConflictError)
        assert told.receipt == _receipt_of(world, "closed")


def _receipt_of(world: World, gate_key: str) -> dict[str, Any]:
    receipt = find_gate(world, "wf-1", gate_key).receipt()
    assert receipt is not None
    return receipt.to_wire()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "bad-choice"),
        ({"choice": None}, "bad-choice"),
        ({"choice": "YES"}, "bad-choice"),
        ({"choice": "yes "}, "bad-choice"),
        ({"choice": True}, "bad-choice"),
        ({"choice": ["yes"]}, "bad-choice"),
        ({"approved": "true"}, "bad-choice"),
        ({"approved": 1}, "bad-choice"),
        ({"choice": "yes", "approved": False}, "bad-choice"),
        ({"choice": "yes", "verdict": "no"}, "invalid-reply"),
        ({"choice": "yes", "rationale": 7}, "invalid-reply"),
        ({"choice": "yes", "reason": "a", "note": "b"}, "invalid-reply"),
        ({"choice": "yes", "checklist": {"x": True}}, "invalid-reply"),
        ({"choice": "yes", "rationale": "a\x00b"}, "malformed-json"),
        (["yes"], "invalid-reply"),
        ("yes", "invalid-reply"),
        (None, "invalid-reply"),
    ],
)
def test_what_is_not_understood_is_no_answer(world: World, database: Database, payload: Any, code: str) -> None:
    open_one(world)
    with pytest.raises(InvalidInputError) as refusal:
        say_payload(world, payload)
    assert refusal.value.code == code
    assert find_gate(world, "wf-1", "go-live").state is State.PENDING
    assert dump(database, "human_interactions") == {"human_interactions": []}
    assert (orders(database), notices(database)) == ([], ["gate.opened"])


def say_payload(world: World, payload: Any) -> Answered:
    """Also a payload of None, which `say` would take for the usual one."""
    from signoff.app.reply import reply

    return reply(world, workflow_id="wf-1", gate_key="go-live", payload=payload, dedupe_key="k", actor=ADA)


def test_a_decision_and_all_that_follows_from_it_is_written_at_once(world: World, database: Database) -> None:
    gate = open_one(world, on_decision=OnDecision("message"))
    answered = say(world, payload={"choice": "yes", "rationale": "fine"}, prompt_digest=gate.prompt.digest)
    decided = find_gate(world, "wf-1", "go-live")
    receipt = decided.receipt()
    assert answered == Answered(False, receipt) if receipt else False
    assert (decided.state, decided.decision, decided.decided_by, decided.decided_at) == ("RECEIVED", "yes", "ada", T0)
    [interaction] = find_interactions(world, "wf-1").items
    assert interaction.id == answered.receipt.interaction_id
    assert orders(database) == ["message"]
    assert notices(database) == ["gate.opened", "gate.decided"]
    with world.ledger.read() as tx:
        opened, ended = tx.audit.all_entries()
    assert (opened.event, ended.event) == ("gate.opened", "gate.decided")
    assert verify_audit(world).is_clean


def test_the_same_answer_again_gets_the_same_receipt_and_writes_nothing(
    world: World, database: Database, clock: Clock
) -> None:
    open_one(world)
    first = say(world)
    clock.advance_s(3600)
    before = dump(database)
    again = say(world)
    assert again == Answered(True, first.receipt)
    assert dump(database) == before


def test_a_dedupe_key_belongs_to_one_gate(world: World) -> None:
    for gate_key in ("one", "two"):
        open_one(world, gate_key)
    assert not say(world, gate_key="one").is_replay
    assert not say(world, "no", gate_key="two").is_replay


def test_a_dedupe_key_with_another_payload_is_a_conflict_also_while_the_gate_is_open(
    world: World, database: Database
) -> None:
    open_one(world, requirement=Requirement(needs=(Need(("*",), 2),)))
    say(world)
    with refusing(database, ConflictError, "dedupe-conflict") as refusal:
        say(world, payload={"choice": "yes", "rationale": "changed my mind"})
    assert isinstance(told := refusal(), ConflictError)
    assert told.receipt is None


def test_of_racing_answers_one_wins_and_each_loser_gets_its_receipt(world: World) -> None:
    open_one(world)
    start = threading.Barrier(6)

    def answer(n: int) -> dict[str, Any]:
        start.wait()
        try:
            return {"won": say(world, "yes" if n % 2 else "no", actor=Actor(f"p-{n}"), dedupe_key=f"k-{n}")}
        except GateDecidedError as error:
            return {"lost": error.receipt}

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(answer, range(6)))
    [winner] = [one["won"] for one in told if "won" in one]
    assert [one["lost"] for one in told if "lost" in one] == [winner.receipt.to_wire()] * 5
    assert len(find_interactions(world, "wf-1").items) == 1


def test_racing_repetitions_of_one_answer_are_one_answer(world: World) -> None:
    open_one(world)
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: say(world), range(6)))
    assert sorted(one.is_replay for one in told) == [False] + [True] * 5
    assert len({one.receipt.interaction_id for one in told}) == 1


def test_a_deferral_is_recorded_and_leaves_the_gate_open(world: World, database: Database) -> None:
    later = {"choices": [_choice("yes", "approve"), _choice("later", "hold")]}
    open_one(world, prompt=later, on_decision=OnDecision("message"))
    answered = say(world, "later")
    assert (answered.receipt.state, answered.receipt.decision) == ("PENDING", "later")
    assert find_gate(world, "wf-1", "go-live").state is State.PENDING
    assert (orders(database), notices(database)) == ([], ["gate.opened"])
    assert say(world, "later") == Answered(True, answered.receipt)
    assert say(world, "yes", dedupe_key="k-2").receipt.state == "RECEIVED"
    with world.ledger.read() as tx:
        assert [entry.event for entry in tx.audit.all_entries()] == ["gate.opened", "gate.deferred", "gate.decided"]


def _choice(key: str, effect: str) -> dict[str, str]:
    return {"key": key, "label": key, "effect": effect}


def test_a_late_answer_times_the_gate_out_when_no_worker_did(world: World, database: Database, clock: Clock) -> None:
    open_one(world, on_decision=OnDecision("message"))
    clock.advance_s(60)
    with pytest.raises(GateTimedOutError) as refusal:
        say(world)
    gate = find_gate(world, "wf-1", "go-live")
    assert (gate.state, gate.decision, gate.decided_by, gate.decided_at) == (State.TIMED_OUT, None, "deadline", clock())
    assert refusal.value.receipt == _receipt_of(world, "go-live")
    assert dump(database, "human_interactions") == {"human_interactions": []}
    assert sorted(orders(database)) == ["escalate", "message"]
    assert notices(database) == ["gate.opened", "gate.timed-out"]
    assert sweep_deadlines(world) == 0
    with refusing(database, GateTimedOutError, "gate-timed-out"):
        say(world, dedupe_key="k-2")


def test_an_answer_in_the_last_millisecond_counts(world: World, clock: Clock) -> None:
    open_one(world)
    clock.advance_s(59.999)
    assert say(world).receipt.state == "RECEIVED"


def test_a_replay_is_a_replay_after_the_deadline_too(world: World, clock: Clock) -> None:
    open_one(world, requirement=Requirement(needs=(Need(("*",), 2),)))
    first = say(world)
    clock.advance_s(61)
    assert say(world) == Answered(True, first.receipt)


def test_a_gate_with_a_ladder_climbs_and_then_ends(world: World, clock: Clock, database: Database) -> None:
    requirement = Requirement(needs=(Need(("lead",), 1),))
    gate = make_gate(
        workflow_id="wf-1",
        gate_key="go-live",
        run_id=None,
        prompt=build_prompt({"title": "Go?"}, requirement=requirement, ttl_s=60, now=clock()),
        requirement=requirement,
        requested_by=None,
        on_decision={"kind": "none"},
        ladder=(Rung(30, ("boss",)),),
    )
    with world.ledger.write("wf-1", "test") as tx:
        record_gate(tx, gate, actor="opener")
    boss = Actor("cy", frozenset({"boss"}))
    with refusing(database, NotEntitledError, "not-entitled"):
        say(world, actor=boss)
    clock.advance_s(60)
    assert expire(world, "wf-1", "go-live")
    assert not expire(world, "wf-1", "go-live")
    climbed = find_gate(world, "wf-1", "go-live")
    assert (climbed.state, climbed.escalation_level, climbed.deadline_at) == (State.PENDING, 1, clock() + 30_000)
    clock.advance_s(29)
    assert say(world, actor=boss).receipt.role == "boss"
    assert verify_audit(world).is_clean


def test_the_sweep_ends_every_due_gate_once(world: World, database: Database, clock: Clock) -> None:
    for n in range(5):
        open_one(world, workflow_id=f"wf-{n}", ttl_s=60 if n < 3 else 90)
    clock.advance_s(60)
    assert sweep_deadlines(world) == 3
    assert sweep_deadlines(world) == 0
    with world.ledger.read() as tx:
        events = [entry.event for entry in tx.audit.all_entries()]
    assert events.count("gate.timed-out") == 3
    assert orders(database) == ["escalate"] * 3


def test_workers_that_sweep_at_once_end_a_gate_once(world: World, clock: Clock) -> None:
    for n in range(4):
        open_one(world, workflow_id=f"wf-{n}")
    clock.advance_s(60)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: sweep_deadlines(world), range(4))) == 4
    assert verify_audit(world).entries == 8


def test_what_a_person_said_survives_storage_with_its_hash(database: Database, clock: Clock) -> None:
    world = make_world(database, clock)
    fields = [{"k": "share", "t": "num"}, {"k": "who", "t": "text", "opt": True}]
    open_one(world, prompt={"formSchema": {"v": 1, "title": "Go?", "fields": fields}}, requirement=ANYONE_ONCE)
    payload = {"choice": "yes", "share": 1e22, "who": "\U0001f600 \u2028", "conditions": ["a", "b"]}
    first = say(world, payload=payload, actor=BOB)
    [interaction] = find_interactions(world, "wf-1").items
    assert interaction.payload == payload
    assert say(world, payload=payload, actor=BOB) == Answered(True, first.receipt)
