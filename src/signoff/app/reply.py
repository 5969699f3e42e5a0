"""Reply to a gate. The one way in which anybody decides anything, whatever surface they use.

The checks are made in a fixed order: form of keys, gate, the answer against its prompt, topic, dedupe key, state,
digest, entitlement, requirement. A refusal writes nothing. What is accepted is written together: interaction, gate,
audit entry, and the outbox row that wakes what was waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from signoff.app.expire import expire
from signoff.app.find import the_gate
from signoff.app.settle_gate import settle_gate
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates import gate as gates
from signoff.gates.decision import Receipt
from signoff.gates.digest import digest_of
from signoff.gates.gate import Answer, Gate, Move, State
from signoff.gates.interaction import Interaction
from signoff.gates.keys import check_gate_key, check_topic, check_workflow_id
from signoff.gates.prompt import APPROVE
from signoff.gates.reply import ORIGINS, Reply, check_dedupe_key, read_reply
from signoff.gates.requirement import Actor, places_left

if TYPE_CHECKING:
    from signoff.app.ports import Writer

_EVENTS = {Move.COLLECT: "gate.approved", Move.DEFER: "gate.deferred", Move.DECIDE: "gate.decided"}


@dataclass(frozen=True)
class Answered:
    is_replay: bool
    receipt: Receipt


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
    attempt = _Attempt(
        workflow_id, gate_key, payload, digest_of(payload), dedupe_key, actor, origin, prompt_digest, topic
    )
    while (answered := _take(world, attempt)) is None:
        expire(world, workflow_id, gate_key)
    return answered


@dataclass(frozen=True)
class _Attempt:
    workflow_id: str
    gate_key: str
    payload: Mapping[str, Any]
    payload_hash: str
    dedupe_key: str
    actor: Actor
    origin: str
    prompt_digest: str | None
    topic: str | None


def _take(world: World, attempt: _Attempt) -> Answered | None:
    """One try; None where the deadline has passed, and what the sweep would do a moment later has to be done first."""
    with world.ledger.write(attempt.workflow_id, "reply") as tx:
        gate = the_gate(tx, attempt.workflow_id, attempt.gate_key)
        said = read_reply(attempt.payload, gate.prompt)
        _check_topic_fits(gate, attempt.topic)
        same = tx.same_reply(gate.workflow_id, gate.gate_key, gate.topic, attempt.dedupe_key)
        if same is not None:
            return _replay(tx, gate, same, attempt.payload_hash)
        now = world.clock()
        if gate.is_due(now):
            return None
        approvers = _approvers(tx, gate, said)
        answer = gates.answer(
            gate, said, attempt.actor, approvers=approvers, prompt_digest=attempt.prompt_digest, now=now
        )
        interaction = _interaction(gate, attempt, said, answer, interaction_id=f"hi_{world.new_id()}", now=now)
        tx.insert_interaction(interaction)
        if answer.move is Move.DECIDE:
            gate = _decided(gate, interaction)
            tx.update_gate(gate)
        _append_entry(tx, gate, said, interaction, answer, attempt.actor)
        if answer.move is Move.DECIDE:
            settle_gate(tx, gate, now=now)
        return Answered(False, _receipt(gate, interaction, answer.remaining))


def _interaction(
    gate: Gate, attempt: _Attempt, said: Reply, answer: Answer, *, interaction_id: str, now: int
) -> Interaction:
    return Interaction(
        id=interaction_id,
        workflow_id=gate.workflow_id,
        run_id=gate.run_id,
        gate_key=gate.gate_key,
        topic=gate.topic,
        dedupe_key=attempt.dedupe_key,
        payload=attempt.payload,
        payload_hash=attempt.payload_hash,
        origin=attempt.origin,
        actor=attempt.actor.name,
        role=answer.role,
        choice=said.choice.key,
        created_at=now,
    )


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


def _replay(tx: Writer, gate: Gate, same: Interaction, payload_hash: str) -> Answered:
    if same.payload_hash != payload_hash:
        receipt = gate.receipt()
        raise ConflictError(
            "This dedupe key came before with another payload.",
            code="dedupe-conflict",
            details={"interactionId": same.id, "payloadHash": same.payload_hash},
            receipt=None if receipt is None else receipt.to_wire(),
        )
    return Answered(True, _receipt(gate, same, _remaining_after(tx, gate, same)))


def _remaining_after(tx: Writer, gate: Gate, interaction: Interaction) -> Mapping[str, int]:
    """The places that were open after this answer, as its first receipt said."""
    choice = gate.prompt.choice(interaction.choice)
    if interaction.id == gate.interaction_id or choice is None or choice.effect != APPROVE:
        return {}
    until = [one for one in tx.interactions_at(gate.workflow_id, gate.gate_key) if one.choice == interaction.choice]
    return places_left(gate.requirement, [_actor_of(one) for one in until[: until.index(interaction) + 1]])


def _approvers(tx: Writer, gate: Gate, said: Reply) -> list[Actor]:
    if not said.approves:
        return []
    earlier = tx.interactions_at(gate.workflow_id, gate.gate_key)
    return [_actor_of(one) for one in earlier if one.choice == said.choice.key]


def _actor_of(interaction: Interaction) -> Actor:
    """Who answered, in the roles that were recorded; without one, while nobody had roles, they held every one."""
    return Actor(interaction.actor, None if interaction.role is None else frozenset(interaction.role.split(",")))


def _decided(gate: Gate, interaction: Interaction) -> Gate:
    return replace(
        gate,
        state=State.RECEIVED,
        decision=interaction.choice,
        decided_by=interaction.actor,
        decided_at=interaction.created_at,
        interaction_id=interaction.id,
        reply=interaction.payload,
        payload_hash=interaction.payload_hash,
        role=interaction.role,
        origin=interaction.origin,
    )


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


def _append_entry(tx: Writer, gate: Gate, said: Reply, interaction: Interaction, answer: Answer, actor: Actor) -> None:
    """Everything that somebody who asks years later needs: who, in which role, what, having seen what, and why."""
    ticked = sorted(item for item, tick in said.ticked.items() if tick)
    body: dict[str, Any] = {
        "choice": said.choice.key,
        "effect": said.choice.effect,
        "state": gate.state.value,
        "promptDigest": gate.prompt.digest,
        "payloadHash": interaction.payload_hash,
        "interactionId": interaction.id,
        "origin": interaction.origin,
        "role": interaction.role,
        "isAuthenticated": actor.is_authenticated,
        "rationale": said.rationale,
        "conditions": list(said.conditions),
        "itemsTicked": ticked,
        "itemsOpen": sorted(gate.prompt.item_ids - set(ticked)),
        "remaining": dict(answer.remaining),
    }
    tx.append_entry(
        at=interaction.created_at,
        actor=actor.name,
        event=_EVENTS[answer.move],
        body=body,
        gate_key=gate.gate_key,
    )
