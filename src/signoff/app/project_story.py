"""What a pipeline's state file has to say of the run of a story: its projection, from the ledger alone."""

from __future__ import annotations

from collections.abc import Callable

from signoff.app.find import the_run
from signoff.app.page import ROWS_MAX
from signoff.app.world import World
from signoff.errors import NotFoundError
from signoff.plans.story import DOOR
from signoff.stories.projection import RunFacts, project
from signoff.stories.state import PipelineState


def project_story(world: World, workflow_id: str) -> Callable[[PipelineState], PipelineState]:
    """From the file as it is to the file as the ledger has the run now.

    Raises:
        NotFoundError: (`run-not-found`).
    """
    with world.ledger.read() as tx:
        run = the_run(tx, workflow_id)
        if run.door != DOOR:
            raise NotFoundError(f"{workflow_id} is no run of a story.", code="run-not-found")
        steps, gates = tx.steps(run.id), tx.gates_of(workflow_id)
        answers = tx.interactions(workflow_id, after=None, limit=ROWS_MAX)
    facts = RunFacts(
        id=workflow_id,
        about=run.plan["about"],
        status=run.status.value,
        node=run.node,
        attempt=run.attempt,
        error=run.error,
        created_at=run.created_at,
        updated_at=run.updated_at,
    )
    return lambda base: project(base, facts, steps=steps, gates=gates, answers=answers)
