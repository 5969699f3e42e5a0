"""What the end of a gate sets going, written in the transaction that ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from signoff.app.legs import order_gate_leg
from signoff.app.notify_gate import CANCELLED, notify_gate
from signoff.errors import NotFoundError
from signoff.gates.decision import result_to_wire
from signoff.gates.gate import Gate, Move, State, next_state
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode
from signoff.plans.run import NOTHING, Run, Status
from signoff.plans.walk import Wait, gate_keys, way_on

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

#: The kind of the order that calls a URL.
CALLBACK = "callback"


def settle_gate(tx: Writer, gate: Gate, *, now: int) -> None:
    """Order what this gate's `on_decision` names. The gate must be final in the ledger already."""
    match gate.on_decision["kind"]:
        case "continue":
            _settle_node(tx, gate, now=now)
        case "message":
            payload = {"workflowId": gate.workflow_id, "topic": gate.on_decision["topic"], "message": told(gate)}
            tx.insert_outbox(kind="message", dedupe_key=_dedupe_key("message", gate), payload=payload, now=now)
        case "callback":
            payload = {"url": gate.on_decision["url"], "message": told(gate)}
            tx.insert_outbox(kind=CALLBACK, dedupe_key=_dedupe_key(CALLBACK, gate), payload=payload, now=now)
        case "resume":
            tx.insert_resumption(
                workflow_id=gate.workflow_id,
                gate_key=gate.gate_key,
                thread_id=gate.on_decision["threadId"],
                checkpoint_id=gate.on_decision["checkpointId"],
                now=now,
            )
        case _:
            pass


def told(gate: Gate) -> dict[str, Any]:
    """What somebody else's workflow, or the receiver of a callback, is told about the end of a gate."""
    receipt = gate.receipt()
    at = gate.decided_at or 0
    return {
        "workflowID": gate.workflow_id,
        "gateKey": gate.gate_key,
        "result": result_to_wire(gate.state.value, at, gate.reply, gate.payload_hash),
        "receipt": None if receipt is None else receipt.to_wire(),
    }


def cancel_gate(tx: Writer, gate: Gate, *, actor: str, reason: str, now: int) -> Gate:
    """End an open gate because what it belongs to ended."""
    cancelled = replace(gate, state=next_state(gate.state, Move.CANCEL), decided_by=actor, decided_at=now)
    tx.update_gate(cancelled)
    body = {"state": cancelled.state.value, "reason": reason, "promptDigest": gate.prompt.digest}
    tx.append_entry(at=now, actor=actor, event="gate.cancelled", body=body, gate_key=gate.gate_key)
    notify_gate(tx, cancelled, CANCELLED, now=now)
    return cancelled


def gates_of_node(tx: Writer, run: Run, node: GateNode, attempt: int) -> list[Gate]:
    return [gate for key in gate_keys(node, run.id, attempt) if (gate := tx.gate(run.workflow_id, key)) is not None]


def _settle_node(tx: Writer, gate: Gate, *, now: int) -> None:
    run = tx.run(gate.workflow_id)
    if run is None:
        raise NotFoundError(f"There is no run {gate.workflow_id}.", code="run-not-found")
    node = plans.from_wire(run.plan).gate(gate.on_decision["node"])
    attempt = gate.on_decision["attempt"]
    siblings = gates_of_node(tx, run, node, attempt)
    is_way_on = not run.is_finished and not isinstance(way_on(node, siblings), Wait)
    order_gate_leg(tx, run, gate.gate_key, attempt=attempt, is_way_on=is_way_on, now=now)
    if not is_way_on:
        return
    for sibling in siblings:
        if sibling.state is State.PENDING:
            reason = f"gate {gate.gate_key} did not let the run through"
            cancel_gate(tx, sibling, actor="signoff", reason=reason, now=now)
            order_gate_leg(tx, run, sibling.gate_key, attempt=attempt, is_way_on=False, now=now)
    tx.update_run(replace(run, status=Status.PENDING, next_action=NOTHING, updated_at=now))
    tx.append_entry(at=now, actor="signoff", event="run.resumed", body={"status": Status.PENDING.value})


def _dedupe_key(kind: str, gate: Gate) -> str:
    return f"{kind}:{gate.workflow_id}:{gate.gate_key}"
