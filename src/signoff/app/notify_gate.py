"""Notify of a gate: the outbox row of each event that people may be told of, written in the transaction that causes it.

Who is told, and how, is no rule of the core: a worker makes of the row what its `notify.yaml` says, or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.gates.gate import Gate

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

NOTIFY = "notify"
OPENED, ESCALATED, UNSATISFIABLE = "gate.opened", "gate.escalated", "gate.unsatisfiable"
DECIDED, OVERRIDDEN, TIMED_OUT, CANCELLED = "gate.decided", "gate.overridden", "gate.timed-out", "gate.cancelled"

#: Those that ask somebody to do something, and those that end a gate.
ASKING = (OPENED, ESCALATED, UNSATISFIABLE)
ENDING = (DECIDED, OVERRIDDEN, TIMED_OUT, CANCELLED)
EVENTS = (*ASKING, *ENDING)


def notify_gate(tx: Writer, gate: Gate, event: str, *, now: int) -> None:
    """`gate` as it is after the event. Each rung of its ladder is an event of its own. Of a quiet gate nobody is told
    but that somebody went past it."""
    if gate.terms.is_quiet and event != OVERRIDDEN:
        return
    level = f":{gate.escalation_level}" if event == ESCALATED else ""
    key = f"{NOTIFY}:{event}:{gate.workflow_id}:{gate.gate_key}{level}"
    payload = {"event": event, "workflowId": gate.workflow_id, "gateKey": gate.gate_key}
    tx.insert_outbox(kind=NOTIFY, dedupe_key=key, payload=payload, now=now)
