"""What an answer leaves behind, written in the transaction that takes it: its interaction, its audit entry and, where
it decides the gate, the gate's end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from signoff.app.notify_gate import notify_gate
from signoff.app.world import World
from signoff.gates.digest import digest_of
from signoff.gates.gate import Answer, Gate, Move, State
from signoff.gates.interaction import Interaction
from signoff.gates.prompt import APPROVE
from signoff.gates.reply import Reply
from signoff.gates.requirement import Actor, places_left

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

DECIDED, OVERRIDDEN = "gate.decided", "gate.overridden"
#: Of earlier approvals that are enough once the gate is open to more people.
COUNTED = "gate.counted"
#: Of an answer that a policy gives.
AUTOMATIC_ORIGIN = "engine-dbos"
_EVENTS = {Move.COLLECT: "gate.approved", Move.DEFER: "gate.deferred", Move.DECIDE: DECIDED}


@dataclass(frozen=True)
class Given:
    """An answer as it came in; `payload_hash` is the digest of its payload."""

    payload: Mapping[str, Any]
    payload_hash: str
    dedupe_key: str
    actor: Actor
    origin: str


def given(payload: Mapping[str, Any], *, dedupe_key: str, actor: Actor, origin: str) -> Given:
    return Given(payload, digest_of(payload), dedupe_key, actor, origin)


def record_answer(
    world: World,
    tx: Writer,
    gate: Gate,
    given: Given,
    said: Reply,
    answer: Answer,
    *,
    now: int,
    event: str | None = None,
) -> tuple[Gate, Interaction]:
    """The gate after the answer, and the interaction. What the end of a gate sets going is left to the caller."""
    interaction = Interaction(
        id=f"hi_{world.new_id()}",
        workflow_id=gate.workflow_id,
        run_id=gate.run_id,
        gate_key=gate.gate_key,
        topic=gate.topic,
        dedupe_key=given.dedupe_key,
        payload=given.payload,
        payload_hash=given.payload_hash,
        origin=given.origin,
        actor=given.actor.name,
        role=answer.role,
        choice=said.choice.key,
        created_at=now,
    )
    tx.insert_interaction(interaction)
    if answer.move is Move.DECIDE:
        gate = _decided(gate, interaction)
        tx.update_gate(gate)
    tx.append_entry(
        at=now,
        actor=given.actor.name,
        event=event or _EVENTS[answer.move],
        body=_body(world, gate, given, said, interaction, answer),
        gate_key=gate.gate_key,
    )
    if answer.move is Move.DECIDE:
        notify_gate(tx, gate, event or DECIDED, now=now)
    return gate, interaction


def count_again(tx: Writer, gate: Gate, *, now: int) -> Gate:
    """A gate that has become open to more people may be met by those who have approved it before: the last of them has
    decided it then. What its end sets going is left to the caller."""
    said = tx.interactions_at(gate.workflow_id, gate.gate_key)
    for choice in gate.prompt.choices:
        approvals = [one for one in said if choice.effect == APPROVE and one.choice == choice.key]
        if approvals and not places_left(gate.requirement, [one.answerer for one in approvals]):
            return _decide_as_counted(tx, gate, approvals[-1], now=now)
    return gate


def _decide_as_counted(tx: Writer, gate: Gate, interaction: Interaction, *, now: int) -> Gate:
    decided = replace(_decided(gate, interaction), decided_at=now)
    tx.update_gate(decided)
    body = {
        "choice": interaction.choice,
        "state": decided.state.value,
        "promptDigest": gate.prompt.digest,
        "payloadHash": interaction.payload_hash,
        "interactionId": interaction.id,
        "role": interaction.role,
        "subject": gate.prompt.subject,
    }
    tx.append_entry(at=now, actor=interaction.actor, event=COUNTED, body=body, gate_key=gate.gate_key)
    notify_gate(tx, decided, DECIDED, now=now)
    return decided


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


def _body(
    world: World, gate: Gate, given: Given, said: Reply, interaction: Interaction, answer: Answer
) -> dict[str, Any]:
    """Everything that somebody who asks years later needs: who, in which role, what, having seen what, and why."""
    ticked = sorted(item for item, tick in said.ticked.items() if tick)
    return {
        "choice": said.choice.key,
        "effect": said.choice.effect,
        "state": gate.state.value,
        "promptDigest": gate.prompt.digest,
        "payloadHash": interaction.payload_hash,
        "interactionId": interaction.id,
        "origin": interaction.origin,
        "role": interaction.role,
        "isAuthenticated": given.actor.is_authenticated,
        "delegatedFrom": list(answer.delegated_from),
        "rationale": said.rationale,
        "conditions": list(said.conditions),
        "itemsTicked": ticked,
        "itemsOpen": sorted(gate.prompt.item_ids - set(ticked)),
        "remaining": dict(answer.remaining),
        "subject": gate.prompt.subject,
        "tool": world.tool(),
    }
