"""The checkpoint that a pipeline has come to, and what is shown at each of the three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.stories.checkpoint_data import About, about_of, invalid_state, prose, said
from signoff.stories.choices import CHOICES, Action
from signoff.stories.state import HistoryEntry, Kind, PipelineState, Status, id_problem, word

ID_CHARS_MAX = 200


@dataclass(frozen=True)
class Checkpoint:
    """`raw` is the data as the file has it."""

    kind: Kind
    story_id: str
    title: str
    summary: str | None
    story_file: str | None
    about: About
    raw: Mapping[str, Any]

    @property
    def actions(self) -> tuple[Action, ...]:
        return CHOICES[self.kind]

    @property
    def shown(self) -> dict[str, Any]:
        """What is put before people: all of the data, but for what names a gate."""
        return {name: value for name, value in self.raw.items() if name != "signoff"}

    @property
    def own_gate(self) -> tuple[str, str] | None:
        """The workflow and the key of the gate of a run of signoff's own, where the data names it."""
        named = self.raw.get("signoff")
        if not isinstance(named, dict):
            return None
        workflow_id, gate_key = named.get("workflowID"), named.get("gateKey")
        if not isinstance(workflow_id, str) or not isinstance(gate_key, str):
            raise invalid_state("`checkpointData.signoff` names no gate")
        return workflow_id, gate_key


def find_checkpoint(state: PipelineState, expected: Kind | None = None) -> Checkpoint:
    """The checkpoint that the pipeline has come to.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) there is none, it is another than expected, or its data is not
        what is shown at such a checkpoint.
    """
    raw = _data(state)
    kind = word(Kind, raw.get("checkpoint"))
    if kind is None:
        named = _brief(raw.get("checkpoint"))
        raise invalid_state(f"`checkpointData.checkpoint` is one of {', '.join(Kind)}, not {named}")
    _check_arrived(state, kind)
    if expected not in (None, kind):
        raise invalid_state(f"expected {expected}, and the pipeline is at {kind}")
    story_id = _story_id(state, raw)
    story = state.stories.get(story_id)
    return Checkpoint(
        kind=kind,
        story_id=story_id,
        title=said(raw, "storyTitle") or (story and story.title) or "",
        summary=prose(raw, "summary"),
        story_file=said(raw, "storyFile") or (story and story.story_file) or None,
        about=about_of(kind, raw),
        raw=raw,
    )


def has_data(state: PipelineState) -> bool:
    """Whether there is something to be shown, at the root or under `pipeline`."""
    return state.raw.get("checkpointData") is not None or state.pipeline.get("checkpointData") is not None


def newest_decision(state: PipelineState) -> HistoryEntry | None:
    """The decision by signoff after which nobody has written anything into the history."""
    newest = state.history[-1] if state.history else None
    return newest if newest is not None and isinstance(newest.facts.get("interactionId"), str) else None


def _check_arrived(state: PipelineState, kind: Kind) -> None:
    """Data may be of another checkpoint than the one that the pipeline is at, or be left from one that it has passed:
    nobody is asked about that.

    A pipeline says by its `checkpoint` where it is. Without one it is at none, for a decision takes both the word and
    the data away, and data that stand beside a pipeline which runs or has ended were forgotten there. But where the
    newest entry of the history is a decision by signoff, the word was taken away by us and the data came after that:
    then the pipeline has come to a checkpoint and has only told it in fewer words.
    """
    named = state.pipeline.get("checkpoint")
    if named is not None and state.checkpoint is not kind:
        at = state.checkpoint or _brief(named)
        raise invalid_state(
            f"the pipeline is at {at}, and its checkpointData is of {kind}: write the same in `pipeline.checkpoint` "
            f"and `checkpointData.checkpoint`, one of {', '.join(Kind)}"
        )
    has_ended = state.status in (Status.IDLE, Status.COMPLETED, Status.FAILED)
    if named is None and (has_ended or (state.status is Status.RUNNING and newest_decision(state) is None)):
        raise invalid_state(f"the pipeline is {state.status} and at no checkpoint, and its checkpointData is of {kind}")


def _data(state: PipelineState) -> Mapping[str, Any]:
    """The data at the root or under `pipeline`; where both have some, those of the pipeline's checkpoint."""
    found: list[Mapping[str, Any]] = []
    for holder in (state.raw, state.pipeline):
        data = holder.get("checkpointData")
        if isinstance(data, dict):
            found.append(data)
        elif data is not None:
            raise invalid_state("`checkpointData` must be an object")
    if not found:
        raise invalid_state("there is no checkpointData, neither at the root nor under `pipeline`")
    matching = (one for one in found if state.checkpoint and word(Kind, one.get("checkpoint")) is state.checkpoint)
    return next(matching, found[0])


def _story_id(state: PipelineState, raw: Mapping[str, Any]) -> str:
    named = raw.get("storyId")
    if (why := id_problem(named)) is not None:
        raise invalid_state(f"`checkpointData.storyId` {why}")
    if named and state.current_story not in (None, "", named):
        raise invalid_state(
            f"it is of story {_brief(named)}, and the pipeline's currentStory is {_brief(state.current_story)}"
        )
    story_id = named or state.current_story
    if not story_id or not story_id.strip():
        raise invalid_state("`checkpointData.storyId` is missing")
    if not story_id.isprintable() or len(story_id) > ID_CHARS_MAX:
        raise invalid_state(f"a story's id has at most {ID_CHARS_MAX} printable characters")
    return str(story_id)


def _brief(value: object) -> str:
    return repr(value)[:80]
