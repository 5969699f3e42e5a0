"""What is to be done with a thread, by what its checkpointer says of it. Nothing here is done.

the thread waits for one of the decisions            resume it with all of those that it waits for
it does not, but a gate let it go on before          whoever resumed it died: go on where it stands, if it does
it does not, and stands before the interrupt         not saved yet: keep the decision, and look again
it does not, and stands behind the interrupt         overtaken: it was given another input, or another graph
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from signoff.app.resume_thread import DONE, OVERTAKEN, Claim, Outcome, Resumption, later
from signoff.langgraph.gate import MARK

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot

DECIDED = "decided"


@dataclass(frozen=True)
class Move:
    """`answers`, by the id of the interrupt, resume the thread; without one it goes on where it `stands_still`, or is
    left alone."""

    answers: Mapping[str, str] = field(default_factory=dict)
    stands_still: bool = False


def next_move(claim: Claim, snapshot: StateSnapshot) -> Move:
    waiting = interrupts_of(claim, snapshot)
    if waiting:
        return Move(dict.fromkeys(waiting.values(), DECIDED))
    # A task that neither waits for somebody nor has moved the thread on is one that nobody is at work on any more.
    is_unfinished = any(not task.interrupts for task in snapshot.tasks)
    return Move(stands_still=is_unfinished and any(one.is_passed for one in claim.resumptions))


def interrupts_of(claim: Claim, snapshot: StateSnapshot) -> dict[str, str]:
    """By the key of each claimed gate that the thread waits for, the id of the interrupt."""
    keys = {one.gate_key for one in claim.resumptions}
    found = {_gate_of(claim, interrupt.value): interrupt.id for interrupt in snapshot.interrupts}
    return {key: interrupt_id for key, interrupt_id in found.items() if key in keys}


def outcome_of(claim: Claim, one: Resumption, snapshot: StateSnapshot, *, is_passed: bool, now: int) -> Outcome:
    """What became of one decision, by the thread as it is after the move."""
    if one.gate_key in interrupts_of(claim, snapshot):
        return later(now, one.attempts)
    if is_passed:
        return Outcome(DONE)
    if checkpoint_id_of(snapshot) > one.checkpoint_id:
        return Outcome(OVERTAKEN)
    return later(now, one.attempts)


def checkpoint_id_of(snapshot: StateSnapshot) -> str:
    """Ids of checkpoints ascend with time, as the checkpointers themselves rely on; empty where there is none yet."""
    return str(snapshot.config.get("configurable", {}).get("checkpoint_id") or "")


def _gate_of(claim: Claim, value: Any) -> str:
    reference = value.get(MARK) if isinstance(value, Mapping) else None
    if not isinstance(reference, Mapping) or reference.get("workflowId") != claim.workflow_id:
        return ""
    return str(reference.get("gateKey"))
