"""Decide by policy: the answer of a policy that asks nobody, or has it written out that silence approves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.app.record_answer import AUTOMATIC_ORIGIN, given, record_answer
from signoff.app.settle_gate import settle_gate
from signoff.app.world import World
from signoff.gates.gate import Answer, Gate, Move, next_state
from signoff.gates.reply import read_reply
from signoff.gates.requirement import POLICY_ROLE, Actor

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer


def decide_by_policy(
    world: World, tx: Writer, gate: Gate, *, policy: str, payload: Mapping[str, Any], now: int
) -> Gate:
    """The gate, decided in the transaction of whoever calls, in the role `policy`; no requirement is held against it.

    `policy` is how the record names it: `policy:low`.
    """
    came = given(
        payload,
        dedupe_key=f"{policy}:{gate.gate_key}",
        actor=Actor(policy, frozenset({POLICY_ROLE})),
        origin=AUTOMATIC_ORIGIN,
    )
    said = read_reply(came.payload, gate.prompt)
    answer = Answer(Move.DECIDE, next_state(gate.state, Move.DECIDE), {}, POLICY_ROLE)
    decided, _ = record_answer(world, tx, gate, came, said, answer, now=now)
    settle_gate(tx, decided, now=now)
    return decided
