"""Advance a run: the walk of a leg, which is safe to do again.

`walk` goes from where a leg starts to the next gate, fan-out or end. Behind a fan-out `walk_on` merges what
the tasks gave, and goes on. Between the two nothing is kept in memory: where a leg died, another worker walks again,
and what the ledger has recorded is skipped. What they hand back is JSON, since the engine records it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from signoff.app.find import the_gate
from signoff.app.legs import Leg
from signoff.app.moments import EVENT_UNPUBLISHED, LEG_BEGUN, STEP_DONE, TASK_DONE, reach
from signoff.app.run_gates import open_gates, pass_gate
from signoff.app.run_record import (
    Spot,
    arrive,
    artifact_rows,
    check_not_stopping,
    fail,
    is_over,
    look_at,
    record_step,
)
from signoff.app.spans import span
from signoff.app.steps import Artifact, StepResult, Steps
from signoff.app.views import gate_decision, gate_result
from signoff.app.world import World
from signoff.errors import StepFailedError
from signoff.gates.decision import audit_to_wire
from signoff.gates.gate import Gate
from signoff.gates.keys import audit_event, decision_event, result_event
from signoff.plans.plan import GateNode, StepNode
from signoff.plans.run import Run

#: Where a walk stopped: `last` is the node that it came to last (None: none). If that is a fan-out, there are its
#: `tasks` too, how many of them are to run at once (`concurrency`), and when it began (`at`, epoch ms).
Stop = dict[str, Any]
#: Takes an event's key and value. The same ones come again where a leg is walked again.
Publish = Callable[[str, Any], None]
Result = Mapping[str, Any]


def walk(world: World, steps: Steps, leg: Leg, publish: Publish) -> Stop:
    """From where the leg starts."""
    node_id = _begin(world, steps, leg, publish)
    reach(LEG_BEGUN)
    return _go_on(world, steps, leg, publish, node_id, {"last": None})


def walk_on(world: World, steps: Steps, leg: Leg, publish: Publish, stop: Stop, results: Sequence[Result]) -> Stop:
    """From the fan-out at which it stopped, whose tasks gave these `results`, in their order."""
    node_id = _merge(world, leg, stop["last"], results, started_at=stop["at"])
    return _go_on(world, steps, leg, publish, node_id, {"last": stop["last"]})


def do_task(world: World, steps: Steps, leg: Leg, node_id: str, task: Mapping[str, Any]) -> Result:
    """One task of a fan-out: `{key, status: ok|failed, output | error}`."""
    spot = look_at(world, leg, node_id)
    if is_over(spot.run, leg):
        return {"key": task["key"], "status": "failed", "error": "the run has ended"}
    action = spot.plan.step(node_id).action
    try:
        with span("step", action=action):
            result = steps.perform_task(action, task, spot.context)
    except StepFailedError as error:
        check_not_stopping(world)
        _keep_of_task(world, spot.run, leg, node_id, task, error.artifacts)
        return {"key": task["key"], "status": "failed", "error": error.message}
    reach(TASK_DONE)
    _keep_of_task(world, spot.run, leg, node_id, task, result.artifacts)
    return {"key": task["key"], "status": "ok", "output": dict(result.output)}


def fail_leg(world: World, leg: Leg, error: str) -> None:
    """What is left to do when a leg broke in a way that nobody foresaw: say so in the ledger."""
    fail(world, leg, None, error)


def _begin(world: World, steps: Steps, leg: Leg, publish: Publish) -> str | None:
    """Say what became of the gate that let this leg through; the node where it starts, or None."""
    if leg.gate_key is None:
        arrive(world, leg, str(leg.node))
        return leg.node
    if leg.is_way_on:
        gate, node_id = pass_gate(world, steps, leg, leg.gate_key)
    else:
        node_id = None
        with world.ledger.read() as tx:
            gate = the_gate(tx, leg.workflow_id, leg.gate_key)
    _publish(publish, _events_of_end(gate))
    return node_id


def _go_on(world: World, steps: Steps, leg: Leg, publish: Publish, node_id: str | None, stop: Stop) -> Stop:
    while node_id is not None:
        stop = {"last": node_id}
        spot = look_at(world, leg, node_id)
        if is_over(spot.run, leg):
            return stop
        node = spot.plan.node(node_id)
        if isinstance(node, GateNode):
            _publish(publish, open_gates(world, leg, node, spot.context))
            return stop
        if node.fan_out is not None and not spot.is_recorded:
            return {**stop, **_fan_out(world, spot, node.fan_out)}
        node_id = node.next if spot.is_recorded else _perform(world, steps, leg, node, spot)
    return stop


def _fan_out(world: World, spot: Spot, of: str) -> Stop:
    return {
        "tasks": spot.context.outputs[of]["tasks"],
        "concurrency": spot.plan.workload.get("concurrency", 1),
        "at": world.clock(),
    }


def _perform(world: World, steps: Steps, leg: Leg, node: StepNode, spot: Spot) -> str | None:
    """The node behind this step; None where the run ends with it, or is led back."""
    started_at = world.clock()
    try:
        with span("step", action=node.action):
            result = steps.perform(node.action, spot.context)
    except StepFailedError as error:
        check_not_stopping(world)
        fail(world, leg, node.id, error.message, artifacts=error.artifacts)
        return None
    if result.leads_back and node.again is None:
        fail(world, leg, node.id, f"The step {node.id} has to go back, and its plan does not say where.")
        return None
    reach(STEP_DONE)
    return record_step(world, leg, node.id, result, started_at)


def _merge(world: World, leg: Leg, node_id: str, results: Sequence[Result], *, started_at: int) -> str | None:
    """What the tasks gave, in their order; one that failed fails the run."""
    failed = [result for result in results if result["status"] != "ok"]
    if failed:
        fail(world, leg, node_id, f"Task {failed[0]['key']} failed: {failed[0]['error']}")
        return None
    return record_step(world, leg, node_id, StepResult({"tasks": list(results)}), started_at)


def _keep_of_task(
    world: World, run: Run, leg: Leg, node_id: str, task: Mapping[str, Any], artifacts: Sequence[Artifact]
) -> None:
    rows = artifact_rows(run, node_id, leg.attempt, artifacts, now=world.clock(), task_key=task["key"])
    with world.ledger.write(leg.workflow_id, "record_task") as tx:
        tx.insert_artifacts(rows)


def _publish(publish: Publish, events: Sequence[tuple[str, Any]]) -> None:
    for key, value in events:
        reach(EVENT_UNPUBLISHED)
        publish(key, value)


def _events_of_end(gate: Gate) -> list[tuple[str, Any]]:
    """The events of a final gate, under their frozen keys."""
    at = gate.decided_at or 0
    events: list[tuple[str, Any]] = [(result_event(gate.gate_key), gate_result(gate))]
    decision = gate_decision(gate)
    if decision is not None:
        events.append((decision_event(gate.gate_key), decision))
    return [*events, (audit_event(gate.gate_key), audit_to_wire(gate.state.value, at, actor=gate.decided_by))]
