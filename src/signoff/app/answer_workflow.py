"""Answer a workflow: approve or reject it by its id alone. The rules are those of every reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.find_workflows import the_workflow
from signoff.app.reply import Answered, reply
from signoff.app.request_workflow import GATE_KEY
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import RequirementError
from signoff.gates.gate import State
from signoff.gates.keys import check_workflow_id
from signoff.gates.requirement import Actor
from signoff.gates.text import says_something

APPROVED, REJECTED, PENDING = "approved", "rejected", "pending"


@use_case
def approve_workflow(
    world: World, *, workflow_id: str, actor: Actor, justification: str | None = None, origin: str = "manual"
) -> Answered:
    """
    Raises:
        NotFoundError: (`workflow-not-found`). RequirementError: (`justification-required`). NotEntitledError.
        GateFinalError: it is resolved, with the winner's receipt; also where that is the same person's.
    """
    payload: dict[str, Any] = {"choice": "yes"}
    if justification is not None:
        payload["rationale"] = justification
    return _answer(world, workflow_id, actor, payload, origin)


@use_case
def reject_workflow(world: World, *, workflow_id: str, actor: Actor, reason: str, origin: str = "manual") -> Answered:
    """Raises as `approve_workflow` does; whatever the level, a rejection says why."""
    if not says_something(reason):
        raise RequirementError("A rejection needs a reason; add one.", code="justification-required")
    return _answer(world, workflow_id, actor, {"choice": "no", "rationale": reason}, origin)


def approved_view(answered: Answered) -> dict[str, Any]:
    """`{success, workflow_id, status, approved_by, remaining}`: `pending` while others have to approve too."""
    receipt = answered.receipt
    return {
        "success": True,
        "workflow_id": receipt.workflow_id,
        "status": APPROVED if receipt.state == State.RECEIVED else PENDING,
        "approved_by": receipt.actor,
        "remaining": dict(receipt.remaining),
    }


def rejected_view(answered: Answered) -> dict[str, Any]:
    receipt = answered.receipt
    return {
        "success": True,
        "workflow_id": receipt.workflow_id,
        "status": REJECTED,
        "rejected_by": receipt.actor,
    }


def _answer(world: World, workflow_id: str, actor: Actor, payload: Mapping[str, Any], origin: str) -> Answered:
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        the_workflow(tx, workflow_id)
    return reply(
        world,
        workflow_id=workflow_id,
        gate_key=GATE_KEY,
        payload=payload,
        # Every call is an answer of its own: one that comes again is told that it is resolved, and by whom.
        dedupe_key=f"workflow:{world.new_id()}",
        actor=actor,
        origin=origin,
    )
