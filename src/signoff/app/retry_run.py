"""Retry a run that has failed: from the step that failed, or from the one whose work people refused."""

from __future__ import annotations

from signoff.app.find import the_run
from signoff.app.run_record import begin_again
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import ConflictError
from signoff.gates.keys import check_workflow_id
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode, Plan
from signoff.plans.run import Run, Status


@use_case
def retry_run(world: World, *, workflow_id: str, actor: str) -> Run:
    """The run, enqueued again under the plan it has.

    Raises:
        NotFoundError. ConflictError: (`run-not-retryable`) it has not failed.
    """
    check_workflow_id(workflow_id)
    with world.ledger.write(workflow_id, "retry_run") as tx:
        run = the_run(tx, workflow_id)
        if run.status is not Status.ERROR:
            raise ConflictError(
                f"Run {workflow_id} is {run.status.value}; only one that failed can be retried.",
                code="run-not-retryable",
            )
        plan = plans.from_wire(run.plan)
        return begin_again(tx, run, _from(plan, run), event="run.retried", actor=actor, now=world.clock())


def _from(plan: Plan, run: Run) -> str:
    """What was refused at a gate is made anew, from where its plan says."""
    if run.node is None:
        return plan.start
    node = plan.node(run.node)
    return (node.again or plan.start) if isinstance(node, GateNode) else node.id
