"""Start the run of a story, and find the one to go on with. A state file tells of one story at a time, so that while
the run of one goes on no other is begun there."""

from __future__ import annotations

from signoff.app.spans import use_case
from signoff.app.start_run import new_run, record_start
from signoff.app.world import World
from signoff.errors import ConflictError
from signoff.gates.requirement import Actor
from signoff.plans.plan import Plan
from signoff.plans.run import Run
from signoff.plans.story import DOOR
from signoff.stories.state import PipelineState, Status

PARTITION = "stories"
RUNS_LOOKED_AT = 200


@use_case
def start_story(world: World, plan: Plan, *, actor: Actor) -> Run:
    """The new run.

    Raises:
        ConflictError: (`story-running`) a run on this state file has not ended; nothing is written.
    """
    state_file = plan.about["stateFile"]
    workflow_id = f"st_{world.new_id()}"
    run = new_run(
        plan,
        workflow_id=workflow_id,
        intent_id=None,
        door=DOOR,
        now=world.clock(),
        queue_partition_key=PARTITION,
        requested_by=actor.name,
        subject=plan.about["storyId"],
    )
    with world.ledger.write(workflow_id, "start_story") as tx:
        for other in tx.runs(status=None, door=DOOR, before=None, limit=RUNS_LOOKED_AT):
            if not other.is_finished and other.plan["about"]["stateFile"] == state_file:
                raise _is_running(other)
        record_start(tx, run, subject=run.subject, stateFile=state_file)
    return run


def check_free(world: World, state: PipelineState | None, state_file: str) -> None:
    """That a pipeline of somebody else's is not under way in this file.

    Raises:
        ConflictError: (`pipeline-busy`).
    """
    if state is None or state.status not in (Status.RUNNING, Status.CHECKPOINT, Status.PAUSED):
        return
    named = [entry.facts.get("workflowID") for entry in state.history if entry.story_id == state.current_story]
    with world.ledger.read() as tx:
        is_ours = any(isinstance(one, str) and tx.run(one) is not None for one in named)
    if not is_ours:
        raise ConflictError(
            f"{state_file} says that story {state.current_story} is under way ({state.status}), and no run of this "
            "ledger is. Name another file with --state.",
            code="pipeline-busy",
            details={"stateFile": state_file, "story": state.current_story},
        )


def runs_of_state_file(world: World, state_file: str, *, story_id: str | None = None) -> list[Run]:
    """The runs of which this file tells or has told, newest first; of one story, where it is named."""
    with world.ledger.read() as tx:
        runs = tx.runs(status=None, door=DOOR, subject=story_id, before=None, limit=RUNS_LOOKED_AT)
    return [run for run in runs if run.plan["about"]["stateFile"] == state_file]


def _is_running(run: Run) -> ConflictError:
    return ConflictError(
        f"The run {run.workflow_id} of story {run.subject} has not ended. Go on with it, or give it up: "
        f"signoff story resume {run.subject}, signoff run cancel {run.workflow_id}",
        code="story-running",
        details={"workflowID": run.workflow_id, "story": run.subject},
    )
