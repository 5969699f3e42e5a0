"""Find workflows: what waits, and where one stands, in the wire forms of their own routes (snake_case)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from signoff.app.page import PAGE_DEFAULT, PAGE_MAX, ROWS_MAX
from signoff.app.request_approval import Requested
from signoff.app.request_workflow import GATE_KEY
from signoff.app.world import World
from signoff.audit import entry as entries
from signoff.audit.entry import Entry
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.gate import Gate
from signoff.gates.interaction import Interaction
from signoff.gates.keys import check_workflow_id
from signoff.gates.prompt import APPROVE
from signoff.gates.reply import read_reply
from signoff.gates.requirement import places_left

if TYPE_CHECKING:
    from signoff.app.ports import Row
    from signoff.app.ports.reader import Reader

#: In a list; where one workflow stands has all of it.
DESCRIPTION_CHARS_MAX = 2_000

_LISTED = (
    "workflow_id",
    "task_id",
    "risk_level",
    "description",
    "requested_by",
    "requested_at",
    "approvers",
    "timeout_at",
)


def find_pending_workflows(world: World, *, role: str | None = None, limit: int = PAGE_DEFAULT) -> dict[str, Any]:
    """`{success, workflows, has_more}`, critical first, then oldest. Long descriptions are cut."""
    if not 1 <= limit <= PAGE_MAX:
        raise InvalidInputError(f"limit is an integer from 1 to {PAGE_MAX}, not {limit}.", code="invalid-query")
    with world.ledger.read() as tx:
        found = tx.pending_requests(GATE_KEY, role=role, limit=limit + 1)
    return {"success": True, "workflows": [_listed(row) for row in found[:limit]], "has_more": len(found) > limit}


def find_workflow(world: World, workflow_id: str) -> dict[str, Any]:
    """`{success, workflow, task, decisions, history, waits_for, receipt?}`.

    Raises:
        NotFoundError: (`workflow-not-found`).
    """
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        gate = the_workflow(tx, workflow_id)
        row = tx.approval_request(workflow_id, GATE_KEY)
        said = tx.interactions_at(workflow_id, GATE_KEY)
        told = tx.audit.entries(workflow_id=workflow_id, after=0, limit=ROWS_MAX)
    assert row is not None  # noqa: S101 - the view has a row for every gate
    view = {
        "success": True,
        "workflow": {name: value for name, value in row.items() if name != "gate_key"},
        "task": gate.prompt.wire.get("payload"),
        "decisions": [_decision(gate, one) for one in said],
        "history": [_event(entry) for entry in told],
        "waits_for": None if gate.is_final else _waits_for(gate, said),
    }
    receipt = gate.receipt()
    return view if receipt is None else {**view, "receipt": receipt.to_wire()}


def the_workflow(tx: Reader, workflow_id: str) -> Gate:
    gate = tx.gate(workflow_id, GATE_KEY)
    if gate is None or gate.run_id is not None:
        raise NotFoundError(f"There is no workflow {workflow_id[:200]}.", code="workflow-not-found")
    return gate


def requested_view(requested: Requested) -> dict[str, Any]:
    gate = requested.gate
    if requested.is_approved:
        return {"workflow_id": gate.workflow_id, "status": "approved", "auto": True}
    return {
        "workflow_id": gate.workflow_id,
        "status": "pending",
        "risk_level": gate.risk_level,
        "approvers": sorted({role for need in gate.requirement.needs for role in need.any_of}),
        "timeout_at": gate.ends_at or gate.deadline_at,
    }


def _listed(row: Row) -> dict[str, Any]:
    description = row["description"]
    if len(description) > DESCRIPTION_CHARS_MAX:
        description = description[: DESCRIPTION_CHARS_MAX - 1] + "…"
    return {**{name: row[name] for name in _LISTED}, "description": description}


def _decision(gate: Gate, one: Interaction) -> dict[str, Any]:
    said = read_reply(one.payload, gate.prompt)
    return {"actor": one.actor, "role": one.role, "decision": one.choice, "why": said.rationale, "at": one.created_at}


def _event(entry: Entry) -> dict[str, Any]:
    told = entries.to_wire(entry)
    body = told["body"] if isinstance(told["body"], dict) else {}
    return {**{name: told[name] for name in ("at", "event", "actor")}, "reason": body.get("reason")}


def _waits_for(gate: Gate, said: Sequence[Interaction]) -> dict[str, int]:
    """The places that approvals have yet to fill, by the roles that may fill them."""
    approving = {choice.key for choice in gate.prompt.choices if choice.effect == APPROVE}
    return places_left(gate.requirement, [one.answerer for one in said if one.choice in approving])
