"""Advance a run: the parts of a leg, each safe to do again.

A leg is begun (`begin_leg`), then does one node after the other (`do_node`) until the next gate or the end. Between
two parts nothing is kept in memory: where a leg died, another worker does the same part again, and what the ledger
has recorded already is skipped. What the parts hand to each other is JSON, since the engine records it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.app.find import the_run
from signoff.app.legs import Leg
from signoff.app.moments import STEP_DONE, TASK_DONE, reach
from signoff.app.run_gates import open_gates, pass_gate
from signoff.app.run_record import arrive, artifact_rows, check_not_stopping, context_of, fail, is_over, record_step
from signoff.app.spans import span
from signoff.app.steps import Artifact, StepResult, Steps
from signoff.app.views import gate_decision, gate_result
from signoff.app.world import World
from signoff.errors import StepFailedError
from signoff.gates.decision import audit_to_wire
from signoff.gates.gate import Gate
from signoff.gates.keys import audit_event, decision_event, result_event
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode
from signoff.plans.run import Run

#: What a part hands on: `node` to do next (None: the leg ends), `events` to publish, and for a fan-out the `tasks`.
Part = dict[str, Any]


def begin_leg(world: World, steps: Steps, leg: Leg) -> Part:
    """Say what became of the gate that let this leg through, and where the leg starts."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        gate = None if leg.gate_key is None else tx.gate(leg.workflow_id, leg.gate_key)
    events = [] if gate is None else _events_of_end(gate)
    if not leg.is_way_on or is_over(run, leg):
        return _part(None, events)
    if gate is None:
        arrive(world, leg, str(leg.node))
        return _part(leg.node, events)
    return _part(pass_gate(world, steps, leg, gate), events)


def do_node(world: World, steps: Steps, leg: Leg, node_id: str) -> Part:
    """Perform a step, name the tasks of a fan-out, or open the gates of a node."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        plan = plans.from_wire(run.plan)
        context = context_of(world, tx, run, plan, node_id)
        recorded = any(row["step_id"] == node_id and row["attempt"] == leg.attempt for row in tx.steps(run.id))
    if is_over(run, leg):
        return _part(None)
    node = plan.node(node_id)
    if isinstance(node, GateNode):
        return _part(None, open_gates(world, leg, node, context))
    if recorded:
        return _part(node.next)
    if node.fan_out is not None:
        concurrency = plan.workload.get("concurrency", 1)
        return {**_part(node_id), "tasks": context.outputs[node.fan_out]["tasks"], "concurrency": concurrency}
    started_at = world.clock()
    try:
        with span("step", action=node.action):
            result = steps.perform(node.action, context)
    except StepFailedError as error:
        check_not_stopping(world)
        fail(world, leg, node_id, error.message, artifacts=error.artifacts)
        return _part(None)
    if result.leads_back and node.again is None:
        fail(world, leg, node_id, f"The step {node_id} has to go back, and its plan does not say where.")
        return _part(None)
    reach(STEP_DONE)
    return _part(record_step(world, leg, node, result, started_at))


def do_task(world: World, steps: Steps, leg: Leg, node_id: str, task: Mapping[str, Any]) -> Mapping[str, Any]:
    """One task of a fan-out: `{key, status: ok|failed, output | error}`."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        plan = plans.from_wire(run.plan)
        context = context_of(world, tx, run, plan, node_id)
    if is_over(run, leg):
        return {"key": task["key"], "status": "failed", "error": "the run has ended"}
    action = plan.step(node_id).action
    try:
        with span("step", action=action):
            result = steps.perform_task(action, task, context)
    except StepFailedError as error:
        check_not_stopping(world)
        _keep_of_task(world, run, leg, node_id, task, error.artifacts)
        return {"key": task["key"], "status": "failed", "error": error.message}
    reach(TASK_DONE)
    _keep_of_task(world, run, leg, node_id, task, result.artifacts)
    return {"key": task["key"], "status": "ok", "output": dict(result.output)}


def _keep_of_task(
    world: World, run: Run, leg: Leg, node_id: str, task: Mapping[str, Any], artifacts: Sequence[Artifact]
) -> None:
    rows = artifact_rows(run, node_id, leg.attempt, artifacts, now=world.clock(), task_key=task["key"])
    with world.ledger.write(leg.workflow_id, "record_task") as tx:
        tx.insert_artifacts(rows)


def finish_fan_out(world: World, leg: Leg, node_id: str, results: Sequence[Mapping[str, Any]], started_at: int) -> Part:
    """Merge what the tasks gave, in the order of the tasks; one that failed fails the run."""
    failed = [result for result in results if result["status"] != "ok"]
    if failed:
        fail(world, leg, node_id, f"Task {failed[0]['key']} failed: {failed[0]['error']}")
        return _part(None)
    with world.ledger.read() as tx:
        node = plans.from_wire(the_run(tx, leg.workflow_id).plan).step(node_id)
    return _part(record_step(world, leg, node, StepResult({"tasks": list(results)}), started_at))


def fail_leg(world: World, leg: Leg, error: str) -> None:
    """What is left to do when a leg broke in a way that nobody foresaw: say so in the ledger."""
    fail(world, leg, None, error)


def _events_of_end(gate: Gate) -> list[tuple[str, Any]]:
    """The events of a final gate, under their frozen keys."""
    at = gate.decided_at or 0
    events: list[tuple[str, Any]] = [(result_event(gate.gate_key), gate_result(gate))]
    decision = gate_decision(gate)
    if decision is not None:
        events.append((decision_event(gate.gate_key), decision))
    return [*events, (audit_event(gate.gate_key), audit_to_wire(gate.state.value, at, actor=gate.decided_by))]


def _part(node: str | None, events: Sequence[tuple[str, Any]] = ()) -> Part:
    return {"node": node, "events": [list(event) for event in events]}
