"""Expire a gate whose deadline has passed: up its ladder, or to its end.

Where nothing ran for a while several deadlines may have passed. Then all that would have happened in time happens at
once: a gate whose last deadline is over is not open for a moment longer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from signoff.app.decide_by_policy import decide_by_policy
from signoff.app.gate_clock import after_of
from signoff.app.notify_gate import notify_gate
from signoff.app.record_answer import count_again
from signoff.app.settle_gate import settle_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.gates import gate as gates
from signoff.gates import requirement as requirements
from signoff.gates.gate import Expiry, Gate, Move
from signoff.gates.keys import escalation_id

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

SWEEP_ACTOR = "deadline"
DEADLINE_PASSED = "the deadline passed"
ESCALATE = "escalate"
#: Who approves where a policy has it written out that silence does.
SILENCE = "policy:on-timeout"


def expire_if_due(world: World, workflow_id: str, gate_key: str) -> None:
    """What the sweep would do a moment later is done before a late answer is looked at."""
    now = world.clock()
    with world.ledger.read() as tx:
        gate = tx.gate(workflow_id, gate_key)
    if gate is not None and gate.is_due(now):
        expire(world, workflow_id, gate_key)


@use_case
def expire(world: World, workflow_id: str, gate_key: str) -> bool:
    """Whether the gate was due; if it was, it has climbed or ended, each rung exactly once whoever asks."""
    with world.ledger.write(workflow_id, "expire") as tx:
        now = world.clock()
        gate = tx.gate(workflow_id, gate_key)
        if gate is None or not gate.is_due(now):
            return False
        while gate.is_due(now):
            gate = _apply(world, tx, gate, gates.expire(gate, now, after_of(world, gate.terms)), now)
    return True


def _apply(world: World, tx: Writer, gate: Gate, expiry: Expiry, now: int) -> Gate:
    if expiry.move is Move.DECIDE:
        payload = {"approved": True, "rationale": DEADLINE_PASSED}
        return decide_by_policy(world, tx, gate, policy=SILENCE, payload=payload, now=now)
    if expiry.move is Move.ESCALATE:
        climbed = climb_gate(tx, gate, expiry, actor=SWEEP_ACTOR, reason=DEADLINE_PASSED, now=now)
        counted = count_again(tx, climbed, now=now)
        if counted.is_final:
            settle_gate(tx, counted, now=now)
        return counted
    ended = replace(gate, state=expiry.state, decided_by=SWEEP_ACTOR, decided_at=now)
    tx.update_gate(ended)
    _record(tx, ended, "gate.timed-out", actor=SWEEP_ACTOR, reason=DEADLINE_PASSED, level=None, now=now)
    settle_gate(tx, ended, now=now)
    return ended


def climb_gate(tx: Writer, gate: Gate, expiry: Expiry, *, actor: str, reason: str, now: int) -> Gate:
    """The gate one rung up its ladder, and everybody told."""
    climbed = replace(
        gate,
        escalation_level=expiry.escalation_level,
        deadline_at=expiry.deadline_at,
        ends_at=expiry.ends_at,
        requirement=expiry.requirement,
    )
    tx.update_gate(climbed)
    _record(tx, climbed, "gate.escalated", actor=actor, reason=reason, level=expiry.escalation_level, now=now)
    return climbed


def _record(tx: Writer, gate: Gate, event: str, *, actor: str, reason: str, level: int | None, now: int) -> None:
    body = {
        "state": gate.state.value,
        "reason": reason,
        "deadlineAt": gate.deadline_at,
        "escalationLevel": gate.escalation_level,
        "promptDigest": gate.prompt.digest,
        "requirement": requirements.to_wire(gate.requirement),
    }
    tx.append_entry(at=now, actor=actor, event=event, body=body, gate_key=gate.gate_key)
    order = {"id": escalation_id(gate.workflow_id, gate.gate_key, level), "event": event, "at": now}
    payload = {**order, "workflowId": gate.workflow_id, "gateKey": gate.gate_key}
    tx.insert_outbox(kind=ESCALATE, dedupe_key=f"{ESCALATE}:{order['id']}", payload=payload, now=now)
    notify_gate(tx, gate, event, now=now)
