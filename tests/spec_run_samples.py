"""Runs of specs without a worker: their row, and the gates that they came to."""

from __future__ import annotations

from typing import Any

from signoff.app.open_gate import make_gate, record_gate
from signoff.app.world import World
from signoff.gates.gate import Gate
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Requirement
from signoff.plans.run import Run, Status

CODES = {"G0": "Plan Approval", "G1": "Code Readiness", "G2": "Pre-Deployment"}
CHOICES = [
    {"key": "approve", "label": "Approve", "effect": "approve"},
    {"key": "reject", "label": "Reject", "effect": "reject"},
    {"key": "defer", "label": "Defer", "effect": "hold"},
]
CHECKLIST = [
    {"category": "Plan", "items": [{"id": f"i{n}", "text": f"item {n}", "checked": n == 1} for n in (1, 2, 3)]}
]


def a_spec_run(world: World, workflow_id: str, *, spec: str = "plan.md", status: Status = Status.WAITING_INPUT) -> Run:
    now = world.clock()
    run = Run(
        id=workflow_id,
        workflow_id=workflow_id,
        intent_id=None,
        door="spec",
        recipe="spec",
        plan={},
        plan_digest="0" * 64,
        created_at=now,
        updated_at=now,
        status=status,
        requested_by="ada",
        subject=spec,
    )
    with world.ledger.write(workflow_id, "test") as tx:
        tx.insert_run(run)
        tx.append_entry(at=now, actor="ada", event="run.started", body={"status": status.value})
    return run


def a_spec_gate(
    world: World,
    workflow_id: str,
    code: str = "G0",
    *,
    spec: str = "plan.md",
    requirement: Requirement = ANYONE_ONCE,
    ttl_s: int = 3600,
    **more: Any,
) -> Gate:
    subject = {"spec": spec, "step": "step-001", "gate": f"{code}: {CODES[code]}"}
    draft = {"title": f"{code} of {spec}", "choices": CHOICES, "checklist": CHECKLIST, "payload": {"subject": subject}}
    gate = make_gate(
        workflow_id=workflow_id,
        run_id=workflow_id,
        prompt=build_prompt(draft, requirement=requirement, ttl_s=ttl_s, now=world.clock()),
        requirement=requirement,
        on_decision={"kind": "none"},
        **{"gate_key": f"{code.lower()}-of-{workflow_id}", "requested_by": "ada", **more},
    )
    with world.ledger.write(workflow_id, "test") as tx:
        record_gate(tx, gate, actor="signoff")
    return gate
