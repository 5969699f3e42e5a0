"""The life of a gate.

A gate is opened PENDING and ends exactly once: decided by people (RECEIVED), by its deadline (TIMED_OUT) or because
what it belongs to ended first (CANCELLED). Nothing ever changes a final gate. While PENDING, three things may happen
to it that do not end it: an approval below the threshold is collected, an answer is deferred, a passed deadline climbs
a rung of the ladder. `TRANSITIONS` is the whole truth about this; the diagram in the docs is printed from it.

Nothing here does I/O or reads a clock. An illegal move raises and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from signoff.errors import (
    ConflictError,
    GateCancelledError,
    GateDecidedError,
    GateFinalError,
    GateTimedOutError,
    NotEntitledError,
    RequirementError,
)
from signoff.gates.deadline import After, Ladder, deadline_after, end_of, rung_at, widen
from signoff.gates.decision import Receipt
from signoff.gates.name import is_same
from signoff.gates.prompt import APPROVE, HOLD, Prompt
from signoff.gates.reply import Reply, check_requirement
from signoff.gates.requirement import ANYONE, OVERRIDE_ROLE, Actor, Requirement, check_entitled, places_left
from signoff.gates.terms import PLAIN, Terms


class State(StrEnum):
    PENDING = "PENDING"
    RECEIVED = "RECEIVED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"


class Move(StrEnum):
    COLLECT = "collect"
    DEFER = "defer"
    ESCALATE = "escalate"
    DECIDE = "decide"
    EXPIRE = "expire"
    CANCEL = "cancel"


TRANSITIONS: Mapping[State, Mapping[Move, State]] = {
    State.PENDING: {
        Move.COLLECT: State.PENDING,
        Move.DEFER: State.PENDING,
        Move.ESCALATE: State.PENDING,
        Move.DECIDE: State.RECEIVED,
        Move.EXPIRE: State.TIMED_OUT,
        Move.CANCEL: State.CANCELLED,
    },
    State.RECEIVED: {},
    State.TIMED_OUT: {},
    State.CANCELLED: {},
}

RISK_LEVELS = ("low", "medium", "high", "critical")

FINAL_STATES = frozenset(state for state, moves in TRANSITIONS.items() if not moves)

_FINAL_ERRORS: Mapping[State, type[GateFinalError]] = {
    State.RECEIVED: GateDecidedError,
    State.TIMED_OUT: GateTimedOutError,
    State.CANCELLED: GateCancelledError,
}


@dataclass(frozen=True)
class Gate:
    """One gate as the ledger has it. `on_decision` says what its end sets going (`kind` continue, message, callback
    or none); `ends_at` is when it ends if it climbs its ladder on time, None where nobody has reckoned that; `reply`
    (the payload), `payload_hash`, `role` and `origin` are those of the deciding interaction."""

    workflow_id: str
    gate_key: str
    run_id: str | None
    topic: str
    prompt: Prompt
    requirement: Requirement
    opened_at: int
    deadline_at: int
    state: State = State.PENDING
    ladder: Ladder = ()
    terms: Terms = PLAIN
    ends_at: int | None = None
    escalation_level: int = 0
    requested_by: str | None = None
    risk_level: str | None = None
    on_decision: Mapping[str, Any] = field(default_factory=lambda: {"kind": "none"})
    decision: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None
    interaction_id: str | None = None
    reply: Mapping[str, Any] | None = None
    payload_hash: str | None = None
    role: str | None = None
    origin: str | None = None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES

    def is_due(self, now: int) -> bool:
        return not self.is_final and now >= self.deadline_at

    def receipt(self) -> Receipt | None:
        if self.decided_at is None:
            return None
        return Receipt(
            workflow_id=self.workflow_id,
            gate_key=self.gate_key,
            state=self.state.value,
            decision=self.decision,
            actor=self.decided_by,
            at=self.decided_at,
            prompt_digest=self.prompt.digest,
            payload_hash=self.payload_hash,
            interaction_id=self.interaction_id,
            role=self.role,
        )


@dataclass(frozen=True)
class Answer:
    """What a reply does to a gate: the move, the state after it, the places that are still open, and in whose place
    the actor answered."""

    move: Move
    state: State
    remaining: Mapping[str, int]
    role: str | None
    delegated_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expiry:
    """What a passed deadline does to a gate. On an escalation the last four are its new values."""

    move: Move
    state: State
    escalation_level: int
    deadline_at: int
    ends_at: int | None
    requirement: Requirement


def next_state(state: State, move: Move) -> State:
    """The state after a move.

    Raises:
        ConflictError: (`illegal-move`) the table knows no such move from this state.
    """
    if move not in TRANSITIONS[state]:
        raise ConflictError(f"A gate that is {state} cannot {move}.", code="illegal-move")
    return TRANSITIONS[state][move]


def check_open(gate: Gate) -> None:
    """
    Raises:
        GateFinalError: with the receipt of what ended the gate.
    """
    if not gate.is_final:
        return
    receipt = gate.receipt()
    raise _FINAL_ERRORS[gate.state](_why_final(gate), receipt=None if receipt is None else receipt.to_wire())


def check_digest(gate: Gate, prompt_digest: str | None) -> None:
    """An answer that names a digest is an answer to that prompt and no other."""
    if prompt_digest is not None and prompt_digest != gate.prompt.digest:
        raise ConflictError(
            "What this gate asks is not what was answered; look at it again.",
            code="prompt-changed",
            details={"promptDigest": gate.prompt.digest, "answered": prompt_digest},
        )


def answer(
    gate: Gate,
    reply: Reply,
    actor: Actor,
    *,
    approvers: Sequence[Actor],
    prompt_digest: str | None,
    now: int,
) -> Answer:
    """What this reply by this actor does. `approvers` are those who gave the same choice before.

    The checks are made in this order: state, digest, entitlement, requirement.

    Raises:
        GateFinalError, ConflictError, NotEntitledError, RequirementError: the gate is unchanged.
    """
    check_open(gate)
    if gate.is_due(now):
        raise GateTimedOutError(f"The deadline of gate {gate.gate_key} has passed.")
    check_digest(gate, prompt_digest)
    approves = reply.choice.effect == APPROVE
    if approves:
        actor = in_own_name(actor, gate)
    # To put it off is to say something, and decides nothing.
    if reply.choice.effect != HOLD:
        check_entitled(gate.requirement, actor, is_requester=is_same(actor.name, gate.requested_by), approves=approves)
    check_requirement(reply, gate.prompt, gate.requirement)
    remaining: Mapping[str, int] = {}
    if reply.choice.effect == HOLD:
        move = Move.DEFER
    elif approves:
        remaining = places_left(gate.requirement, [*approvers, actor])
        move = Move.COLLECT if remaining else Move.DECIDE
    else:
        move = Move.DECIDE
    return Answer(
        move, next_state(gate.state, move), remaining, _role_of(actor, gate), actor.delegated_from(gate.requirement)
    )


def in_own_name(actor: Actor, gate: Gate) -> Actor:
    """The actor without what was lent by anybody who may not approve this gate: they could approve through whoever acts
    in their place."""
    for name in gate.requirement.kept_from(gate.requested_by):
        actor = actor.without(name)
    return actor


def override(gate: Gate, reply: Reply, actor: Actor, *, now: int) -> Answer:
    """Past whatever the gate requires: a decision of its own kind, by somebody in the role for it who says why.

    Raises:
        GateFinalError, NotEntitledError. RequirementError: (`justification-required`) there is no reason.
    """
    check_open(gate)
    if gate.is_due(now):
        raise GateTimedOutError(f"The deadline of gate {gate.gate_key} has passed.")
    if not actor.holds_any([OVERRIDE_ROLE]):
        raise NotEntitledError(f"{actor.name} does not hold the role {OVERRIDE_ROLE!r}, which going past a gate takes.")
    if not reply.rationale:
        raise RequirementError("Going past a gate takes a reason; add one.", code="justification-required")
    return Answer(Move.DECIDE, next_state(gate.state, Move.DECIDE), {}, OVERRIDE_ROLE)


def expire(gate: Gate, now: int, after: After = deadline_after) -> Expiry:
    """What the passed deadline does: one rung up the ladder, or the end. Silence decides only where the gate's terms
    have it written out; `after` reckons how the gate's clock goes.

    Raises:
        GateFinalError: the gate ended before. ConflictError: (`not-due`) the deadline has not passed.
    """
    check_open(gate)
    if not gate.is_due(now):
        raise ConflictError(f"The deadline of gate {gate.gate_key} has not passed.", code="not-due")
    climbed = climb(gate, after)
    if climbed is not None:
        return climbed
    move = Move.DECIDE if gate.terms.approves_by_silence else Move.EXPIRE
    state = next_state(gate.state, move)
    return Expiry(move, state, gate.escalation_level, gate.deadline_at, gate.ends_at, gate.requirement)


def climb(gate: Gate, after: After = deadline_after) -> Expiry | None:
    """One rung up the ladder, whether or not the deadline has passed; None where no rung is left.

    The rung's time begins at the deadline that it follows, not when somebody came to look: a gate that is climbed late,
    since nothing ran, or early, since nobody could answer it, ends when it would have ended on time.
    """
    rung = rung_at(gate.ladder, gate.escalation_level)
    if rung is None:
        return None
    state = next_state(gate.state, Move.ESCALATE)
    level, later = gate.escalation_level + 1, after(gate.deadline_at, rung.ttl_s)
    ends_at = end_of(later, gate.ladder, level, after)
    return Expiry(Move.ESCALATE, state, level, later, ends_at, widen(gate.requirement, rung))


def _why_final(gate: Gate) -> str:
    match gate.state:
        case State.RECEIVED:
            return f"Gate {gate.gate_key} was decided before: {gate.decision} by {gate.decided_by}."
        case State.TIMED_OUT:
            return f"Gate {gate.gate_key} timed out; its deadline passed without a decision."
        case _:
            return f"Gate {gate.gate_key} was cancelled: what it belonged to ended before it was answered."


def _role_of(actor: Actor, gate: Gate) -> str | None:
    """The roles in which somebody answers: all that the requirement names, or will name further up the ladder, and the
    actor is known to hold, joined by commas (no role contains one). Approvals are seated by them, now and when the gate
    is open to more people, and need all of them for that.

    Somebody who holds none of them answers as anyone. That is said too: an answer without a role counts later as one
    given while nobody had roles and everybody held every one.
    """
    if actor.roles is None:
        return None
    asked = [role for need in gate.requirement.needs for role in need.any_of]
    asked += [role for rung in gate.ladder[gate.escalation_level :] for role in rung.add_roles]
    return ",".join(dict.fromkeys(role for role in asked if role in actor.roles)) or ANYONE
