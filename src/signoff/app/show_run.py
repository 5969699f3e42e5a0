"""Show a run, or somebody else's workflow: its steps, its gates and what it left behind, read at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.app.find import the_run
from signoff.app.world import World
from signoff.gates.gate import Gate
from signoff.gates.keys import check_workflow_id
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports import Row


@dataclass(frozen=True)
class ShownRun:
    """`run` is None of a workflow that is not signoff's own: then there are gates alone. `goal` is its intent's, None
    without one."""

    workflow_id: str
    run: Run | None
    gates: Sequence[Gate]
    steps: Sequence[Row] = ()
    artifacts: Sequence[Row] = ()
    goal: str | None = None


def show_run(world: World, workflow_id: str) -> ShownRun:
    """
    Raises:
        NotFoundError: (`run-not-found`).
    """
    check_workflow_id(workflow_id)
    with world.ledger.read() as tx:
        gates = tx.gates_of(workflow_id)
        run = tx.run(workflow_id) if gates else the_run(tx, workflow_id)
        if run is None:
            return ShownRun(workflow_id, None, gates)
        intent = None if run.intent_id is None else tx.intent(run.intent_id)
        goal = None if intent is None else intent["goal"]
        return ShownRun(workflow_id, run, gates, tx.steps(run.id), tx.artifacts(run.id), goal)
