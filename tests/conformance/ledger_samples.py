"""Records to put into a ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ledger_databases import T0

from signoff.app.ports import Row
from signoff.app.ports.ledger import Ledger
from signoff.audit.entry import Entry
from signoff.gates.digest import digest_of
from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Need, Requirement
from signoff.plans.run import Run

ANY_HASH = "ab" * 32


def an_intent(intent_id: str = "it_1", **changes: Any) -> dict[str, Any]:
    row = {"id": intent_id, "goal": "ship it", "inputs": {"n": 1}, "constraints": {"askUser": True}, "created_at": T0}
    return {**row, **changes}


def a_run(run_id: str = "run-1", **changes: Any) -> Run:
    run = Run(
        id=run_id,
        workflow_id=run_id,
        intent_id=None,
        door="intent",
        recipe="compile-default",
        plan={"nodes": [{"id": "a"}], "note": "ü"},
        plan_digest=ANY_HASH,
        created_at=T0,
        updated_at=T0,
    )
    return replace(run, **changes)


def a_gate(
    workflow_id: str = "wf-1",
    gate_key: str = "go-live",
    *,
    requirement: Requirement = ANYONE_ONCE,
    payload: Any = None,
    opened_at: int = T0,
    ttl_s: int = 60,
    **changes: Any,
) -> Gate:
    draft = {"title": "Go live?"} if payload is None else {"title": "Go live?", "payload": payload}
    prompt = build_prompt(draft, requirement=requirement, ttl_s=ttl_s, now=opened_at)
    gate = Gate(
        workflow_id=workflow_id,
        gate_key=gate_key,
        run_id=None,
        topic=f"human:{gate_key}",
        prompt=prompt,
        requirement=requirement,
        opened_at=opened_at,
        deadline_at=prompt.wire["deadlineAt"],
    )
    return replace(gate, **changes)


def needs(*roles: str, count: int = 1) -> Requirement:
    return Requirement(needs=(Need(roles, count),))


def an_interaction(gate: Gate, n: int = 1, payload: Mapping[str, Any] | None = None, **changes: Any) -> Interaction:
    said = {"choice": "yes"} if payload is None else dict(payload)
    interaction = Interaction(
        id=f"hi_{gate.workflow_id}_{gate.gate_key}_{n}",
        workflow_id=gate.workflow_id,
        run_id=gate.run_id,
        gate_key=gate.gate_key,
        topic=gate.topic,
        dedupe_key=f"k-{n}",
        payload=said,
        payload_hash=digest_of(said),
        origin="manual",
        actor="ada",
        role="lead",
        choice="yes",
        created_at=T0 + n,
    )
    return replace(interaction, **changes)


def decided(gate: Gate, interaction: Interaction) -> Gate:
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


def a_step(run_id: str = "run-1", step_id: str = "a", attempt: int = 1, **changes: Any) -> dict[str, Any]:
    row = {"run_id": run_id, "step_id": step_id, "attempt": attempt, "phase": "done", "output": {"is": "done"}}
    return {**row, "started_at": T0, "finished_at": T0 + 5, **changes}


def an_artifact(run_id: str = "run-1", idx: int = 0, **changes: Any) -> dict[str, Any]:
    row = {"run_id": run_id, "step_id": "a", "task_key": "", "attempt": 1, "idx": idx, "kind": "patch", "uri": None}
    return {**row, "inline": "+ line", "sha256": ANY_HASH, "created_at": T0, **changes}


def put_gates(ledger: Ledger, *gates: Gate) -> None:
    for gate in gates:
        with ledger.write(gate.workflow_id, "test") as tx:
            tx.insert_gate(gate)


def put_orders(ledger: Ledger, *dedupe_keys: str, kind: str = "continue", now: int = T0) -> None:
    with ledger.write("wf-1", "test") as tx:
        for dedupe_key in dedupe_keys:
            tx.insert_outbox(kind=kind, dedupe_key=dedupe_key, payload={"for": dedupe_key}, now=now)


def append(ledger: Ledger, workflow_id: str, event: str = "test.noted", body: Mapping[str, Any] | None = None) -> Entry:
    with ledger.write(workflow_id, "test") as tx:
        return tx.append_entry(at=T0, actor="ada", event=event, body=body or {})


def keys_of(rows: Sequence[Row]) -> list[str]:
    return [row["dedupe_key"] for row in rows]
