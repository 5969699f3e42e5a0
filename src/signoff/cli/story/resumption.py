"""Which run `signoff story resume` goes on with, and from where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from signoff.app.ask_again import ask_again
from signoff.app.find import find_gates_of
from signoff.app.retry_run import retry_run
from signoff.app.start_story import runs_of_state_file
from signoff.cli.output import note
from signoff.errors import InvalidInputError, NotFoundError
from signoff.gates.gate import Gate, State
from signoff.plans.run import Run, Status
from signoff.plans.story import COMMIT_GATE, GATE_NODES, PO_GATE
from signoff.runners.story.look import find

if TYPE_CHECKING:
    from signoff.app.world import World


def run_to_resume(world: World, state_file: str, story_id: str | None) -> Run:
    """The run that there is to go on with; nothing is done to it.

    Raises:
        NotFoundError: (`no-story-run`). InvalidInputError: (`story-ended`) it has ended for good.
    """
    runs = runs_of_state_file(world, state_file, story_id=story_id)
    if not runs:
        of = "of any story" if story_id is None else f"of story {story_id}"
        raise NotFoundError(f"There is no run {of} with the state file {state_file}.", code="no-story-run")
    run = runs[0]
    if run.is_finished and (run.status is not Status.ERROR or _is_aborted(world, run)):
        raise _has_ended(run)
    return run


def go_on(world: World, run: Run, *, actor: str) -> Run:
    """From where it stopped, or from a checkpoint that is asked anew."""
    if not run.is_finished:
        return _asked_again(world, run, actor)
    note(f"It goes on from where it stopped: {run.error}")
    return retry_run(world, workflow_id=run.workflow_id, actor=actor)


def has_returned(world: World, run: Run, since: int) -> bool:
    """Whether the run has ended at its commit by an abort from before `since`: who follows it since then has come back
    to where that leads. No worker may have been there to end the run before."""
    if run.status is not Status.ERROR or run.node != COMMIT_GATE:
        return False
    decided = [gate.decided_at for gate in _gates_at(world, run, COMMIT_GATE)[-1:] if gate.state is State.RECEIVED]
    return any(at is not None and at < since for at in decided)


def _asked_again(world: World, run: Run, actor: str) -> Run:
    """At the first checkpoint the story's file may have been changed since it was shown."""
    gate = _waiting(world, run)
    if gate is None or gate.on_decision["node"] != PO_GATE:
        return run
    shown = gate.prompt.wire["payload"]["checkpointData"]
    if find(Path(run.plan["about"]["root"]), shown["storyFile"]).sha256 == shown["storySha256"]:
        return run
    reason = f"{shown['storyFile']} has changed since it was shown"
    note(f"{reason}; it is asked anew.")
    return ask_again(world, workflow_id=run.workflow_id, gate_key=gate.gate_key, actor=actor, reason=reason)


def _waiting(world: World, run: Run) -> Gate | None:
    if run.status is not Status.WAITING_INPUT:
        return None
    return next((gate for gate in find_gates_of(world, run.workflow_id) if gate.state is State.PENDING), None)


def _is_aborted(world: World, run: Run) -> bool:
    """By a person, at a checkpoint to which nobody returns."""
    if run.node not in GATE_NODES or run.node == COMMIT_GATE:
        return False
    gates = _gates_at(world, run, run.node)
    return bool(gates) and gates[-1].state is State.RECEIVED


def _gates_at(world: World, run: Run, node: str) -> list[Gate]:
    """In the order in which they were opened."""
    return [gate for gate in find_gates_of(world, run.workflow_id) if gate.on_decision["node"] == node]


def _has_ended(run: Run) -> InvalidInputError:
    what = {Status.SUCCESS: "is committed", Status.CANCELLED: "was cancelled"}.get(run.status, "was aborted")
    again = "" if run.status is Status.SUCCESS else f" Begin again with: signoff story start {run.subject}"
    if run.status is Status.ERROR:
        again += f"; or go on from there with: signoff run retry {run.workflow_id} && signoff story resume"
    return InvalidInputError(f"Story {run.subject} {what}.{again}", code="story-ended")
