"""What a leg knows and writes of its run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.app.find import outputs_of, the_run
from signoff.app.legs import Leg, LegInterrupted, order_leg
from signoff.app.ports import Row
from signoff.app.ports.reader import Reader
from signoff.app.ports.writer import Writer
from signoff.app.steps import Artifact, StepContext, StepResult
from signoff.app.world import World
from signoff.errors import SignoffError
from signoff.gates.digest import digest_of
from signoff.gates.gate import Gate
from signoff.gates.reply import read_reply
from signoff.plans import plan as plans
from signoff.plans.plan import Plan, StepNode
from signoff.plans.run import NOTHING, REPAIR, Run, Status

ACTOR = "signoff"
LED_BACK = "run.led-back"

_log = logging.getLogger("signoff.run")


def is_over(run: Run, leg: Leg) -> bool:
    """The run has ended, or a retry has made this leg one of the past."""
    return run.is_finished or run.attempt != leg.attempt


@dataclass(frozen=True)
class Spot:
    """A run at one of its nodes, as the ledger has it; `is_recorded`: the step has been done in this attempt."""

    run: Run
    plan: Plan
    context: StepContext
    is_recorded: bool


def look_at(world: World, leg: Leg, node_id: str) -> Spot:
    with world.ledger.read() as tx:
        run = the_run(tx, leg.workflow_id)
        done = tx.steps(run.id)
        answers = _answers(tx, run)
        intent = (tx.intent(run.intent_id) if run.intent_id else None) or {}
    plan = plans.from_wire(run.plan)
    node = plan.node(node_id)
    context = StepContext(
        run_id=run.id,
        step_id=node_id,
        attempt=run.attempt,
        goal=intent.get("goal", ""),
        inputs=intent.get("inputs", {}),
        constraints=intent.get("constraints", {}),
        outputs={**outputs_of(done, run.attempt), **answers},
        workload=plan.workload,
        params=node.params if isinstance(node, StepNode) else {},
        about=plan.about,
        is_cancelled=lambda: _is_cancelled(world, run.workflow_id),
    )
    is_recorded = any((row["step_id"], row["attempt"]) == (node_id, leg.attempt) for row in done)
    return Spot(run, plan, context, is_recorded)


def _answers(tx: Reader, run: Run) -> dict[str, Mapping[str, Any]]:
    """What people said last at the gates before, by the gate's node: `{choice, rationale, ...form fields}`."""
    of_nodes = [gate for gate in tx.gates_of(run.workflow_id) if gate.on_decision["kind"] == "continue"]
    in_order = sorted(of_nodes, key=lambda gate: int(gate.on_decision["attempt"]))
    return {gate.on_decision["node"]: _said(gate, gate.reply) for gate in in_order if gate.reply is not None}


def _said(gate: Gate, payload: Mapping[str, Any]) -> dict[str, Any]:
    reply = read_reply(payload, gate.prompt)
    return {"choice": reply.choice.key, "rationale": reply.rationale, **reply.fields}


def _is_cancelled(world: World, workflow_id: str) -> bool:
    if world.is_stopping():
        return True
    try:
        with world.ledger.read() as tx:
            return the_run(tx, workflow_id).status is Status.CANCELLED
    except SignoffError:
        return False


def check_not_stopping(world: World) -> None:
    """A step that was stopped because its worker ends has not failed: it is done again elsewhere."""
    if world.is_stopping():
        raise LegInterrupted


def arrive(world: World, leg: Leg, node_id: str) -> None:
    with world.ledger.write(leg.workflow_id, "begin_leg") as tx:
        run = the_run(tx, leg.workflow_id)
        if not is_over(run, leg) and run.status is Status.ENQUEUED:
            move_on(tx, run, node_id, now=world.clock())


def move_on(tx: Writer, run: Run, node_id: str | None, *, now: int) -> None:
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


def record_step(world: World, leg: Leg, node_id: str, result: StepResult, started_at: int) -> str | None:
    """The node to do next; None where the run ends, or has ended."""
    now = world.clock()
    with world.ledger.write(leg.workflow_id, "record_step") as tx:
        run = the_run(tx, leg.workflow_id)
        if is_over(run, leg):
            return None
        node = plans.from_wire(run.plan).step(node_id)
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
            tx.insert_artifacts(artifact_rows(run, node.id, leg.attempt, result.artifacts, now=now))
            body = {"step": node.id, "attempt": leg.attempt, "outputSha256": digest_of(result.output)}
            tx.append_entry(at=now, actor=ACTOR, event="step.done", body=body)
            done = replace(run, last_step=node.id)
            if result.leads_back and node.again is not None:
                begin_again(tx, done, node.again, event=LED_BACK, actor=ACTOR, now=now)
                return None
            move_on(tx, done, node.next, now=now)
    return node.next


def begin_again(tx: Writer, run: Run, node_id: str, *, event: str, actor: str, now: int) -> Run:
    """A new attempt from this node on: what comes after it is done anew, what came before it stays done."""
    again = replace(
        run,
        status=Status.ENQUEUED,
        node=node_id,
        next_action=NOTHING,
        error=None,
        retry_count=run.retry_count + 1,
        updated_at=now,
        finished_at=None,
    )
    tx.update_run(again)
    body = {"status": again.status.value, "attempt": again.attempt, "node": node_id}
    tx.append_entry(at=now, actor=actor, event=event, body=body)
    order_leg(tx, again, node=node_id, now=now)
    return again


def fail(
    world: World,
    leg: Leg,
    node_id: str | None,
    error: str,
    *,
    event: str = "run.failed",
    artifacts: Sequence[Artifact] = (),
) -> None:
    now = world.clock()
    with world.ledger.write(leg.workflow_id, "fail_run") as tx:
        run = the_run(tx, leg.workflow_id)
        if not is_over(run, leg):
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
            tx.insert_artifacts(artifact_rows(run, str(failed.node), leg.attempt, artifacts, now=now))
            tx.append_entry(at=now, actor=ACTOR, event=event, body={"status": failed.status.value, "error": error})
    _log.warning("run %s ended: %s", leg.workflow_id, error)


def artifact_rows(
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
