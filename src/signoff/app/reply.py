"""Reply to a gate. The one way in which anybody decides anything, whatever surface they use.

The checks are made in a fixed order: form of keys, gate, the answer against its prompt, topic, dedupe key, state,
digest, entitlement, requirement. A refusal writes nothing. What is accepted is written together: interaction, gate,
audit entry, and the outbox row that wakes what was waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.app.expire import expire
from signoff.app.find import the_gate
from signoff.app.record_answer import Given, given, record_answer
from signoff.app.record_refusal import record_refusal
from signoff.app.settle_gate import settle_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError, NotEntitledError
from signoff.gates import gate as gates
from signoff.gates.decision import Receipt
from signoff.gates.gate import Gate, Move, State
from signoff.gates.interaction import Interaction
from signoff.gates.keys import check_gate_key, check_topic, check_workflow_id
from signoff.gates.prompt import APPROVE
from signoff.gates.reply import ORIGINS, check_dedupe_key, read_reply
from signoff.gates.requirement import Actor, places_left


@dataclass(frozen=True)
class Answered:
    is_replay: bool
    receipt: Receipt


@use_case
def reply(
    world: World,
    *,
    workflow_id: str,
    gate_key: str,
    payload: Mapping[str, Any],
    dedupe_key: str,
    actor: Actor,
    origin: str = "manual",
    prompt_digest: str | None = None,
    topic: str | None = None,
) -> Answered:
    """Answer a gate.

    The same answer with the same dedupe key is a replay and gets the receipt of the first.

    Raises:
        InvalidInputError, NotFoundError, ConflictError (with the winner's receipt), NotEntitledError: nothing written.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    check_dedupe_key(dedupe_key)
    check_origin(origin)
    if topic is not None:
        check_topic(topic)
    said = given(payload, dedupe_key=dedupe_key, actor=actor, origin=origin)
    attempt = _Attempt(workflow_id, gate_key, said, prompt_digest, topic)
    try:
        while (answered := _take(world, attempt)) is None:
            expire(world, workflow_id, gate_key)
    except NotEntitledError as error:
        record_refusal(world, error, actor=actor, doing="reply", workflow_id=workflow_id, gate_key=gate_key)
        raise
    return answered


@dataclass(frozen=True)
class _Attempt:
    workflow_id: str
    gate_key: str
    given: Given
    prompt_digest: str | None
    topic: str | None


def _take(world: World, attempt: _Attempt) -> Answered | None:
    """One try; None where the deadline has passed, and what the sweep would do a moment later has to be done first."""
    with world.ledger.write(attempt.workflow_id, "reply") as tx:
        came = attempt.given
        found, answers = tx.gate_to_answer(attempt.workflow_id, attempt.gate_key, came.dedupe_key)
        gate = found or the_gate(tx, attempt.workflow_id, attempt.gate_key)
        said = read_reply(came.payload, gate.prompt)
        _check_topic_fits(gate, attempt.topic)
        if answers.same is not None:
            return _replay(gate, answers.same, answers.all, came.payload_hash)
        now = world.clock()
        if gate.is_due(now):
            return None
        approvers = [one.answerer for one in answers.all if said.approves and one.choice == said.choice.key]
        answer = gates.answer(gate, said, came.actor, approvers=approvers, prompt_digest=attempt.prompt_digest, now=now)
        gate, interaction = record_answer(world, tx, gate, came, said, answer, now=now)
        if answer.move is Move.DECIDE:
            settle_gate(tx, gate, now=now)
        return Answered(False, _receipt(gate, interaction, answer.remaining))


def check_origin(origin: str) -> str:
    if origin not in ORIGINS:
        raise InvalidInputError(f"origin is one of {', '.join(ORIGINS)}, not {origin[:80]!r}.", code="bad-origin")
    return origin


def _check_topic_fits(gate: Gate, topic: str | None) -> None:
    if topic is not None and topic != gate.topic:
        raise ConflictError(
            f"The topic {topic} is not that of gate {gate.gate_key}, {gate.topic}.",
            code="topic-mismatch",
            details={"topic": gate.topic},
        )


def _replay(gate: Gate, same: Interaction, said: Sequence[Interaction], payload_hash: str) -> Answered:
    if same.payload_hash != payload_hash:
        receipt = gate.receipt()
        raise ConflictError(
            "This dedupe key came before with another payload.",
            code="dedupe-conflict",
            details={"interactionId": same.id, "payloadHash": same.payload_hash},
            receipt=None if receipt is None else receipt.to_wire(),
        )
    return Answered(True, _receipt(gate, same, _remaining_after(gate, same, said)))


def _remaining_after(gate: Gate, interaction: Interaction, said: Sequence[Interaction]) -> Mapping[str, int]:
    """The places that were open after this answer, as its first receipt said."""
    choice = gate.prompt.choice(interaction.choice)
    if interaction.id == gate.interaction_id or choice is None or choice.effect != APPROVE:
        return {}
    until = [one for one in said if one.choice == interaction.choice]
    return places_left(gate.requirement, [one.answerer for one in until[: until.index(interaction) + 1]])


def _receipt(gate: Gate, interaction: Interaction, remaining: Mapping[str, int]) -> Receipt:
    is_deciding = interaction.id == gate.interaction_id
    return Receipt(
        workflow_id=gate.workflow_id,
        gate_key=gate.gate_key,
        state=(gate.state if is_deciding else State.PENDING).value,
        decision=interaction.choice,
        actor=interaction.actor,
        role=interaction.role,
        at=interaction.created_at,
        prompt_digest=gate.prompt.digest,
        payload_hash=interaction.payload_hash,
        interaction_id=interaction.id,
        remaining=remaining,
    )
