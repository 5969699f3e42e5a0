"""What a decision at a checkpoint does to the state file, and the document that tells the pipeline of it.

continue  running, the checkpoint and its data are gone            user_approved
pause     paused, checkpoint and data stay                         user_deferred
fix       running in the phase fixing, checkpoint and data gone    user_rejected
abort     failed, checkpoint and data gone                         user_rejected
abort of a commit: paused, checkpoint and data stay                user_rejected
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.stories.checkpoint import Checkpoint
from signoff.stories.choices import ABORT, CONTINUE, FIX_ISSUES, PAUSE, Action
from signoff.stories.state import Event, HistoryEntry, Kind, Phase, PipelineState, Stage, Status

#: Of what a hook wrote, in the history.
OUTPUT_CHARS_MAX = 4_000

_EVENTS = {
    CONTINUE: Event.USER_APPROVED,
    PAUSE: Event.USER_DEFERRED,
    FIX_ISSUES: Event.USER_REJECTED,
    ABORT: Event.USER_REJECTED,
}
_STATUSES = {
    CONTINUE: Status.RUNNING,
    PAUSE: Status.PAUSED,
    FIX_ISSUES: Status.RUNNING,
    ABORT: Status.FAILED,
}
_STAGES = {
    (Kind.PO, CONTINUE): Stage.APPROVED,
    (Kind.PO, ABORT): Stage.BACKLOG,
    (Kind.QA, FIX_ISSUES): Stage.FIXING,
    (Kind.QA, ABORT): Stage.IMPLEMENTING,
}


@dataclass(frozen=True)
class Facts:
    """Who decided, having seen what, and why: from the receipt and the reply. `at` is an ISO 8601 instant; `commit` is
    the commit that was made, `message` its message where it is not the proposed one."""

    at: str
    who: str
    workflow_id: str
    gate_key: str
    prompt_digest: str
    interaction_id: str
    rationale: str | None = None
    commit: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Decision:
    """What the pipeline is told. `custom_data` is None where there is nothing to be added."""

    action: str
    checkpoint: Kind
    custom_data: Mapping[str, Any] | None = field(default=None)

    @property
    def document(self) -> dict[str, Any]:
        data = None if self.custom_data is None else dict(self.custom_data)
        return {"decision": {"action": self.action, "checkpoint": self.checkpoint.value, "custom_data": data}}


def decision_of(checkpoint: Checkpoint, action: Action, facts: Facts) -> Decision:
    said = {"commit": facts.commit, "commit_message": facts.message}
    known = {name: value for name, value in said.items() if value is not None}
    return Decision(action.action, checkpoint.kind, known or None)


def apply(state: PipelineState, checkpoint: Checkpoint, action: Action, facts: Facts) -> PipelineState:
    """The state after the decision; it is there already where the history has it."""
    if recorded(state, facts.interaction_id) is not None:
        return state
    stays = action.action == PAUSE or (action.action == ABORT and checkpoint.kind is Kind.COMMIT)
    after = state.with_pipeline(**_pipeline(state, checkpoint, action, facts, stays=stays))
    if not stays:
        after = _without_data(after)
    stage = Stage.COMPLETE if facts.commit else _STAGES.get((checkpoint.kind, action.action))
    if stage is not None:
        after = after.with_story(checkpoint.story_id, state=stage.value)
    entry = _entry(state, checkpoint, action.action, _EVENTS[action.action], facts)
    return after.with_entry(entry).with_members(lastUpdated=facts.at)


def apply_failure(
    state: PipelineState, checkpoint: Checkpoint, action: Action, facts: Facts, why: str, output: str = ""
) -> PipelineState:
    """The state after a commit that was approved and could not be made: the checkpoint is asked anew. `output` is what
    git, or a hook, wrote."""
    if recorded(state, facts.interaction_id) is not None:
        return state
    entry = _entry(state, checkpoint, action.action, Event.ERROR, facts)
    # What failed stands at the end of what a hook writes.
    entry["details"] = "\n".join(filter(None, (f"not committed: {why}", output.strip()[-OUTPUT_CHARS_MAX:])))
    return state.with_entry(entry).with_members(lastUpdated=facts.at)


def recorded(state: PipelineState, interaction_id: str) -> HistoryEntry | None:
    """What the history has of this decision."""
    return next((entry for entry in state.history if entry.facts.get("interactionId") == interaction_id), None)


def is_as_left(state: PipelineState, checkpoint: Checkpoint, action: Action, entry: HistoryEntry) -> bool:
    """Whether the pipeline still stands where this decision, of which `entry` tells, let it go on: nobody has taken it
    to another phase or story since."""
    phase = Phase.FIXING if action.action == FIX_ISSUES else entry.phase
    return (
        entry.event is _EVENTS[action.action]
        and state.current_story in (None, "", checkpoint.story_id)
        and (state.status, state.phase, state.checkpoint) == (_STATUSES[action.action], phase, None)
    )


def _pipeline(
    state: PipelineState, checkpoint: Checkpoint, action: Action, facts: Facts, *, stays: bool
) -> dict[str, Any]:
    status = Status.PAUSED if stays else _STATUSES[action.action]
    changes: dict[str, Any] = {"checkpoint": checkpoint.kind.value if stays else None, "status": status.value}
    if action.action == ABORT:
        changes["error"] = f"Aborted by user at {checkpoint.kind}"
    elif status is Status.RUNNING and "error" in state.pipeline:
        changes["error"] = None
    if action.action == FIX_ISSUES:
        changes["phase"] = Phase.FIXING.value
    if stays:
        changes["pausedAt"] = facts.at
    return changes


def _without_data(state: PipelineState) -> PipelineState:
    """Null wherever it stands: what is left in one place would be shown again."""
    if "checkpointData" in state.pipeline:
        state = state.with_pipeline(checkpointData=None)
    return state.with_members(checkpointData=None) if "checkpointData" in state.raw else state


def _entry(state: PipelineState, checkpoint: Checkpoint, action: str, event: Event, facts: Facts) -> dict[str, Any]:
    """People read `details`, programs `signoff`."""
    why = f": {facts.rationale}" if facts.rationale else ""
    known = {
        "checkpoint": checkpoint.kind.value,
        "action": action,
        "by": facts.who,
        "rationale": facts.rationale,
        "workflowID": facts.workflow_id,
        "gateKey": facts.gate_key,
        "promptDigest": facts.prompt_digest,
        "interactionId": facts.interaction_id,
        "commit": facts.commit,
    }
    return {
        "timestamp": facts.at,
        "storyId": checkpoint.story_id,
        "event": event.value,
        "phase": state.pipeline.get("phase"),
        "details": f"{action} at {checkpoint.kind} by {facts.who}{why}",
        "signoff": {name: value for name, value in known.items() if value is not None},
    }
