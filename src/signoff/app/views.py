"""The wire forms of what is found: what HTTP answers, `--json` prints and the SDK reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.gates import requirement as requirements
from signoff.gates.decision import decision_to_wire, result_to_wire
from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.gates.reply import read_reply
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports import Row

WARNING_MS = 60_000


def run_view(run: Run) -> dict[str, Any]:
    view = {
        "workflowID": run.workflow_id,
        "intentId": run.intent_id,
        "recipeName": run.recipe,
        "status": run.status.value,
        "nextAction": run.next_action,
        "lastStep": run.last_step,
        "error": run.error,
        "createdAt": run.created_at,
        "updatedAt": run.updated_at,
    }
    return view if run.subject is None else {**view, "subject": run.subject}


def gate_view(gate: Gate) -> dict[str, Any]:
    view: dict[str, Any] = {
        "workflowID": gate.workflow_id,
        "gateKey": gate.gate_key,
        "topic": gate.topic,
        "state": gate.state.value,
        "prompt": dict(gate.prompt.wire),
        "result": gate_result(gate),
        "decision": gate_decision(gate),
        "origin": gate.origin,
        "payloadHash": gate.payload_hash,
        "createdAt": gate.opened_at,
        "deadlineAt": gate.deadline_at,
        "escalationLevel": gate.escalation_level,
        "requirement": requirements.to_wire(gate.requirement),
        "requestedBy": gate.requested_by,
        "riskLevel": gate.risk_level,
    }
    receipt = gate.receipt()
    if receipt is not None:
        view["receipt"] = receipt.to_wire()
    return view


def gate_result(gate: Gate) -> dict[str, Any] | None:
    if gate.decided_at is None:
        return None
    return result_to_wire(gate.state.value, gate.decided_at, gate.reply, gate.payload_hash)


def gate_decision(gate: Gate) -> dict[str, Any] | None:
    if gate.decision is None or gate.decided_at is None or gate.reply is None:
        return None
    said = read_reply(gate.reply, gate.prompt)
    return decision_to_wire(gate.decision, gate.decided_at, said.rationale, said.conditions)


def inbox_view(gate: Gate, now: int) -> dict[str, Any]:
    return {**gate_view(gate), "slaStatus": sla_status(gate.state, gate.deadline_at, now)}


def sla_status(state: str, deadline_at: int, now: int) -> str:
    """NORMAL; WARNING in the last minute before the deadline; CRITICAL once an open gate is past it."""
    if state != State.PENDING:
        return "NORMAL"
    left = deadline_at - now
    return "CRITICAL" if left <= 0 else "WARNING" if left <= WARNING_MS else "NORMAL"


def interaction_view(interaction: Interaction) -> dict[str, Any]:
    return {
        "id": interaction.id,
        "workflowID": interaction.workflow_id,
        "runId": interaction.run_id,
        "gateKey": interaction.gate_key,
        "topic": interaction.topic,
        "dedupeKey": interaction.dedupe_key,
        "payload": dict(interaction.payload),
        "payloadHash": interaction.payload_hash,
        "origin": interaction.origin,
        "actor": interaction.actor,
        "role": interaction.role,
        "choice": interaction.choice,
        "createdAt": interaction.created_at,
    }


def row_view(row: Row) -> dict[str, Any]:
    """A row of run_steps or artifacts: its columns in camelCase."""
    return {_camel(column): value for column, value in row.items()}


def page_view(items: list[Mapping[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    return {"items": items, "nextCursor": next_cursor}


def _camel(column: str) -> str:
    first, *others = column.split("_")
    return first + "".join(word.capitalize() for word in others)
