"""Advance a run: the parts of a leg, each safe to do again.

A leg is begun (`begin_leg`), then does one node after the other (`do_node`) until the next gate or the end. Between
two parts nothing is kept in memory: where a leg died, another worker does the same part again, and what the ledger
has recorded already is skipped. What the parts hand to each other is JSON, since the engine records it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from signoff.app.find import outputs_of, the_run
from signoff.app.legs import Leg, LegInterrupted
from signoff.app.moments import ROLLED_BACK, STEP_DONE, TASK_DONE, reach
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.ports import Reader, Row, Writer
from signoff.app.settle_gate import gates_of_node
from signoff.app.steps import Artifact, StepContext, StepResult, Steps
from signoff.app.views import gate_decision, gate_result
from signoff.app.world import World
from signoff.errors import SignoffError, StepFailedError
from signoff.gates.decision import audit_to_wire
from signoff.gates.digest import canonical_json, digest_of, sha256_hex
from signoff.gates.gate import Gate
from signoff.gates.keys import audit_event, decision_event, prompt_event, result_event
from signoff.gates.prompt import build_prompt
from signoff.gates.reply import read_reply
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode, Plan, StepNode
from signoff.plans.run import NOTHING, REPAIR, Run, Status
from signoff.plans.walk import Go, Refuse, gate_keys, way_on

ACTOR = "signoff"

#: What a part hands on: `node` to do next (None: the leg ends), `events` to publish, and for a fan-out the `tasks`.
Part = dict[str, Any]

_log = logging.getLogger("signoff.run")


def begin_leg(world: World, steps: Steps, leg: Leg) -> Part:
    """Say what became of the gate that let this leg through, and where the leg starts."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        gate = None if leg.gate_key is None else tx.gate(leg.workflow_id, leg.gate_key)
    events = [] if gate is None else _events_of_end(gate)
    if not leg.is_way_on or _is_over(run, leg):
        return _part(None, events)
    if gate is None:
        _arrive(world, leg, str(leg.node))
        return _part(leg.node, events)
    return _part(_pass_gate(world, steps, leg, gate), events)


def do_node(world: World, steps: Steps, leg: Leg, node_id: str) -> Part:
    """Perform a step, name the tasks of a fan-out, or open the gates of a node."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        plan = plans.from_wire(run.plan)
        context = _context(world, tx, run, plan, node_id)
        recorded = any(row["step_id"] == node_id and row["attempt"] == leg.attempt for row in tx.steps(run.id))
    if _is_over(run, leg):
        return _part(None)
    node = plan.node(node_id)
    if isinstance(node, GateNode):
        return _part(None, _open_gates(world, leg, node, context))
    if recorded:
        return _part(node.next)
    if node.fan_out is not None:
        concurrency = plan.workload.get("concurrency", 1)
        return {**_part(node_id), "tasks": context.outputs[node.fan_out]["tasks"], "concurrency": concurrency}
    started_at = world.clock()
    try:
        result = steps.perform(node.action, context)
    except StepFailedError as error:
        _check_not_stopping(world)
        return _fail(world, leg, node_id, error.message)
    reach(STEP_DONE)
    return _record_step(world, leg, node, result, started_at)


def do_task(world: World, steps: Steps, leg: Leg, node_id: str, task: Mapping[str, Any]) -> Mapping[str, Any]:
    """One task of a fan-out: `{key, status: ok|failed, output | error}`."""
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        plan = plans.from_wire(run.plan)
        context = _context(world, tx, run, plan, node_id)
    if _is_over(run, leg):
        return {"key": task["key"], "status": "failed", "error": "the run has ended"}
    try:
        result = steps.perform_task(plan.step(node_id).action, task, context)
    except StepFailedError as error:
        _check_not_stopping(world)
        return {"key": task["key"], "status": "failed", "error": error.message}
    reach(TASK_DONE)
    rows = _artifact_rows(run, node_id, leg.attempt, result.artifacts, now=world.clock(), task_key=task["key"])
    with world.ledger.write(leg.workflow_id, "record_task") as tx:
        tx.insert_artifacts(rows)
    return {"key": task["key"], "status": "ok", "output": dict(result.output)}


def finish_fan_out(world: World, leg: Leg, node_id: str, results: Sequence[Mapping[str, Any]], started_at: int) -> Part:
    """Merge what the tasks gave, in the order of the tasks; one that failed fails the run."""
    failed = [result for result in results if result["status"] != "ok"]
    if failed:
        return _fail(world, leg, node_id, f"Task {failed[0]['key']} failed: {failed[0]['error']}")
    with world.ledger.read() as tx:
        node = plans.from_wire(the_run(tx, leg.workflow_id).plan).step(node_id)
    return _record_step(world, leg, node, StepResult({"tasks": list(results)}), started_at)


def fail_leg(world: World, leg: Leg, error: str) -> None:
    """What is left to do when a leg broke in a way that nobody foresaw: say so in the ledger."""
    _fail(world, leg, None, error)


def _pass_gate(world: World, steps: Steps, leg: Leg, gate: Gate) -> str | None:
    with world.ledger.write(leg.workflow_id, "pass_gate") as tx:
        run = the_run(tx, leg.workflow_id)
        plan = plans.from_wire(run.plan)
        node = plan.gate(gate.on_decision["node"])
        way = way_on(node, gates_of_node(tx, run, node, leg.attempt))
        if isinstance(way, Go):
            _move(tx, run, way.node, now=world.clock())
            return way.node
    if isinstance(way, Refuse):
        _undo(world, steps, leg, plan, node)
        _fail(world, leg, node.id, _refusal(way), event="run.refused")
    return None


def _refusal(way: Refuse) -> str:
    """`Plan approval failed: no (rationale: too risky)`."""
    if way.gate.reply is None:
        return way.because
    rationale = read_reply(way.gate.reply, way.gate.prompt).rationale
    return way.because if rationale is None else f"{way.because} (rationale: {rationale})"


def _undo(world: World, steps: Steps, leg: Leg, plan: Plan, node: GateNode) -> None:
    """Take back the steps that the refusal undoes; what cannot be taken back is said, and refuses no refusal."""
    for step_id in node.undo:
        with world.ledger.read() as tx:
            run = the_run(tx, leg.workflow_id)
            context = _context(world, tx, run, plan, step_id)
        try:
            result = steps.undo(plan.step(step_id).action, context)
        except StepFailedError as error:
            _check_not_stopping(world)
            result = StepResult({"rolledBack": False, "reason": error.message})
        output = dict(result.output)
        reach(ROLLED_BACK)
        now = world.clock()
        text = canonical_json(output)
        artifact = Artifact(kind="rollback", sha256=sha256_hex(text), inline=text.decode())
        rows = _artifact_rows(run, step_id, leg.attempt, [artifact], now=now, task_key="rollback")
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


def _open_gates(world: World, leg: Leg, node: GateNode, context: StepContext) -> list[tuple[str, Any]]:
    """Open what this node asks for; gates that are there already are left as they are."""
    source = node.prompt if node.prompt_from is None else context.outputs[node.prompt_from]["prompt"]
    ttl_s = node.ttl_s if node.prompt_from is None else context.outputs[node.prompt_from].get("ttlS") or node.ttl_s
    now = world.clock()
    prompt = build_prompt(source or {}, requirement=node.requirement, ttl_s=ttl_s, now=now)
    events: list[tuple[str, Any]] = []
    with world.ledger.write(leg.workflow_id, "open_gate") as tx:
        run = the_run(tx, leg.workflow_id)
        if _is_over(run, leg):
            return []
        for key in gate_keys(node, run.id, leg.attempt):
            gate = tx.gate(run.workflow_id, key)
            if gate is None:
                gate = make_gate(
                    workflow_id=run.workflow_id,
                    gate_key=key,
                    run_id=run.id,
                    prompt=prompt,
                    requirement=node.requirement,
                    requested_by=run.requested_by,
                    ladder=node.ladder,
                    on_decision={"kind": "continue", "node": node.id, "attempt": leg.attempt},
                )
                record_gate(tx, gate, actor=ACTOR)
                run = _wait_at(tx, run, node, now)
            events.append((prompt_event(key), dict(gate.prompt.wire)))
    return events


def _wait_at(tx: Writer, run: Run, node: GateNode, now: int) -> Run:
    waiting = replace(run, status=Status.WAITING_INPUT, node=node.id, next_action=node.next_action, updated_at=now)
    tx.update_run(waiting)
    return waiting


def _record_step(world: World, leg: Leg, node: StepNode, result: StepResult, started_at: int) -> Part:
    now = world.clock()
    with world.ledger.write(leg.workflow_id, "record_step") as tx:
        run = the_run(tx, leg.workflow_id)
        if _is_over(run, leg):
            return _part(None)
        row = {
            "run_id": run.id,
            "step_id": node.id,
            "attempt": leg.attempt,
            "phase": "done",
            "output": dict(result.output),
            "started_at": started_at,
            "finished_at": now,
        }
        if tx.insert_step(row):
            tx.insert_artifacts(_artifact_rows(run, node.id, leg.attempt, result.artifacts, now=now))
            body = {"step": node.id, "attempt": leg.attempt, "outputSha256": digest_of(result.output)}
            tx.append_entry(at=now, actor=ACTOR, event="step.done", body=body)
            _move(tx, replace(run, last_step=node.id), node.next, now=now)
    return _part(node.next)


def _arrive(world: World, leg: Leg, node_id: str) -> None:
    with world.ledger.write(leg.workflow_id, "begin_leg") as tx:
        run = the_run(tx, leg.workflow_id)
        if not _is_over(run, leg) and run.status is Status.ENQUEUED:
            _move(tx, run, node_id, now=world.clock())


def _move(tx: Writer, run: Run, node_id: str | None, *, now: int) -> None:
    """To the next node, or to the end of the plan."""
    if node_id is None:
        done = replace(run, status=Status.SUCCESS, node=None, next_action=NOTHING, updated_at=now, finished_at=now)
        tx.update_run(done)
        tx.append_entry(at=now, actor=ACTOR, event="run.succeeded", body={"status": done.status.value})
        return
    moved = replace(run, status=Status.PENDING, node=node_id, next_action=NOTHING, updated_at=now)
    tx.update_run(moved)
    if run.status is not Status.PENDING:
        tx.append_entry(at=now, actor=ACTOR, event="run.advanced", body={"status": moved.status.value, "node": node_id})


def _fail(world: World, leg: Leg, node_id: str | None, error: str, *, event: str = "run.failed") -> Part:
    now = world.clock()
    with world.ledger.write(leg.workflow_id, "fail_run") as tx:
        run = the_run(tx, leg.workflow_id)
        if not _is_over(run, leg):
            failed = replace(
                run,
                status=Status.ERROR,
                node=node_id or run.node,
                next_action=REPAIR,
                error=error,
                updated_at=now,
                finished_at=now,
            )
            tx.update_run(failed)
            tx.append_entry(at=now, actor=ACTOR, event=event, body={"status": failed.status.value, "error": error})
    _log.warning("run %s ended: %s", leg.workflow_id, error)
    return _part(None)


def _events_of_end(gate: Gate) -> list[tuple[str, Any]]:
    """The events of a final gate, under their frozen keys."""
    at = gate.decided_at or 0
    events: list[tuple[str, Any]] = [(result_event(gate.gate_key), gate_result(gate))]
    decision = gate_decision(gate)
    if decision is not None:
        events.append((decision_event(gate.gate_key), decision))
    return [*events, (audit_event(gate.gate_key), audit_to_wire(gate.state.value, at, actor=gate.decided_by))]


def _context(world: World, tx: Reader, run: Run, plan: Plan, step_id: str) -> StepContext:
    intent = (tx.intent(run.intent_id) if run.intent_id else None) or {}
    outputs = outputs_of(tx.steps(run.id), run.attempt)
    return StepContext(
        run_id=run.id,
        step_id=step_id,
        attempt=run.attempt,
        goal=intent.get("goal", ""),
        inputs=intent.get("inputs", {}),
        constraints=intent.get("constraints", {}),
        outputs={**outputs, **_answers(tx, run)},
        workload=plan.workload,
        is_cancelled=lambda: _is_cancelled(world, run.workflow_id),
    )


def _answers(tx: Reader, run: Run) -> dict[str, Mapping[str, Any]]:
    """What people said at the gates before, by the gate's node."""
    return {
        gate.on_decision["node"]: {"choice": gate.decision, **read_reply(gate.reply, gate.prompt).fields}
        for gate in tx.gates_of(run.workflow_id)
        if gate.reply is not None and gate.on_decision["kind"] == "continue"
    }


def _check_not_stopping(world: World) -> None:
    """A step that was stopped because its worker ends has not failed: it is done again elsewhere."""
    if world.is_stopping():
        raise LegInterrupted


def _is_cancelled(world: World, workflow_id: str) -> bool:
    if world.is_stopping():
        return True
    try:
        with world.ledger.read() as tx:
            return the_run(tx, workflow_id).status is Status.CANCELLED
    except SignoffError:
        return False


def _is_over(run: Run, leg: Leg) -> bool:
    """The run has ended, or a retry has made this leg one of the past."""
    return run.is_finished or run.attempt != leg.attempt


def _artifact_rows(
    run: Run, step_id: str, attempt: int, artifacts: Sequence[Artifact], *, now: int, task_key: str = ""
) -> list[Row]:
    return [
        {
            "run_id": run.id,
            "step_id": step_id,
            "task_key": task_key,
            "attempt": attempt,
            "idx": idx,
            "kind": artifact.kind,
            "uri": artifact.uri,
            "inline": artifact.inline,
            "sha256": artifact.sha256,
            "created_at": now,
        }
        for idx, artifact in enumerate(artifacts)
    ]


def _part(node: str | None, events: Sequence[tuple[str, Any]] = ()) -> Part:
    return {"node": node, "events": [list(event) for event in events]}
