"""The gates of a run: opened at their node, passed or refused when they end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from signoff.app.decide_by_policy import decide_by_policy
from signoff.app.find import the_gate, the_run
from signoff.app.legs import Leg
from signoff.app.moments import ROLLED_BACK, reach
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.ports.reader import Reader
from signoff.app.ports.writer import Writer
from signoff.app.run_record import (
    ACTOR,
    LED_BACK,
    artifact_rows,
    begin_again,
    check_not_stopping,
    fail,
    is_over,
    look_at,
    move_on,
)
from signoff.app.settle_gate import gates_of_node
from signoff.app.steps import Artifact, StepContext, StepResult, Steps
from signoff.app.world import World
from signoff.errors import StepFailedError
from signoff.gates.digest import canonical_json, sha256_hex
from signoff.gates.gate import Gate
from signoff.gates.keys import prompt_event
from signoff.gates.prompt import Prompt, build_prompt
from signoff.gates.reply import read_reply
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode, Plan
from signoff.plans.run import Run, Status
from signoff.plans.walk import Go, Refuse, gate_keys, leads_back, way_on


def open_gates(world: World, leg: Leg, node: GateNode, context: StepContext) -> list[tuple[str, Any]]:
    """Open what this node asks for; gates that are there already are left as they are."""
    source = node.prompt if node.prompt_from is None else context.outputs[node.prompt_from]["prompt"]
    ttl_s = node.ttl_s if node.prompt_from is None else context.outputs[node.prompt_from].get("ttlS") or node.ttl_s
    now = world.clock()
    prompt = build_prompt(source or {}, requirement=node.requirement, ttl_s=ttl_s, now=now)
    events: list[tuple[str, Any]] = []
    with world.ledger.write(leg.workflow_id, "open_gate") as tx:
        run = the_run(tx, leg.workflow_id)
        if is_over(run, leg):
            return []
        for key in gate_keys(node, run.id, leg.attempt):
            gate = tx.gate(run.workflow_id, key) or _open_gate(world, tx, run, node, prompt, key=key, now=now)
            events.append((prompt_event(key), dict(gate.prompt.wire)))
    return events


def _open_gate(world: World, tx: Writer, run: Run, node: GateNode, prompt: Prompt, *, key: str, now: int) -> Gate:
    """The gate, which its policy may decide at once."""
    gate = make_gate(
        workflow_id=run.workflow_id,
        gate_key=key,
        run_id=run.id,
        prompt=prompt,
        requirement=node.requirement,
        requested_by=node.requested_by or run.requested_by,
        ladder=node.ladder,
        on_decision={"kind": "continue", "node": node.id, "attempt": run.attempt},
    )
    opened = record_gate(tx, gate, actor=ACTOR, is_automatic=node.automatic is not None)
    _wait_at(tx, run, node, now)
    if node.automatic is None:
        return opened
    return decide_by_policy(world, tx, opened, policy=node.automatic, payload={"approved": True}, now=now)


def _wait_at(tx: Writer, run: Run, node: GateNode, now: int) -> None:
    waiting = replace(run, status=Status.WAITING_INPUT, node=node.id, next_action=node.next_action, updated_at=now)
    tx.update_run(waiting)


def pass_gate(world: World, steps: Steps, leg: Leg, gate_key: str) -> tuple[Gate, str | None]:
    """The gate that ended, and the node behind it; None where the leg ends with it."""
    with world.ledger.write(leg.workflow_id, "pass_gate") as tx:
        gate = the_gate(tx, leg.workflow_id, gate_key)
        run = the_run(tx, leg.workflow_id)
        if is_over(run, leg):
            return gate, None
        plan = plans.from_wire(run.plan)
        node = plan.gate(gate.on_decision["node"])
        way = way_on(node, gates_of_node(tx, run, node, leg.attempt))
        if isinstance(way, Go):
            # A leg that is walked again may come late; the run is then further on, and stays there.
            if run.node != node.id:
                return gate, way.node
            if way.node is not None and leads_back(plan, node.id, way.node):
                begin_again(tx, run, way.node, event=LED_BACK, actor=ACTOR, now=world.clock())
                return gate, None
            move_on(tx, run, way.node, now=world.clock())
            return gate, way.node
    if isinstance(way, Refuse):
        _undo(world, steps, leg, plan, node)
        fail(world, leg, node.id, _refusal(way), event="run.refused")
    return gate, None


def _refusal(way: Refuse) -> str:
    """`Plan approval failed: no (rationale: too risky)`."""
    if way.gate.reply is None:
        return way.because
    rationale = read_reply(way.gate.reply, way.gate.prompt).rationale
    return way.because if rationale is None else f"{way.because} (rationale: {rationale})"


def _undo(world: World, steps: Steps, leg: Leg, plan: Plan, node: GateNode) -> None:
    """Take back the steps that the refusal undoes; what cannot be taken back is said, and refuses no refusal."""
    for step_id in node.undo:
        spot = look_at(world, leg, step_id)
        run = spot.run
        try:
            result = steps.undo(plan.step(step_id).action, spot.context)
        except StepFailedError as error:
            check_not_stopping(world)
            result = StepResult({"rolledBack": False, "reason": error.message})
        output = dict(result.output)
        reach(ROLLED_BACK)
        now = world.clock()
        text = canonical_json(output)
        artifact = Artifact(kind="rollback", sha256=sha256_hex(text), inline=text.decode())
        rows = artifact_rows(run, step_id, leg.attempt, [artifact], now=now, task_key="rollback")
        with world.ledger.write(leg.workflow_id, "record_rollback") as tx:
            if not _is_rolled_back(tx, run, step_id, leg.attempt):
                tx.insert_artifacts(rows)
                tx.append_entry(at=now, actor=ACTOR, event="step.rolled-back", body={"step": step_id, "output": output})


def _is_rolled_back(tx: Reader, run: Run, step_id: str, attempt: int) -> bool:
    """A leg that died after the record and before the run's end comes here again."""
    return any(
        (row["step_id"], row["attempt"], row["task_key"]) == (step_id, attempt, "rollback")
        for row in tx.artifacts(run.id)
    )
