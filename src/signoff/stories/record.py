"""What the record of a pipeline cannot show: an audit of its state file, whoever wrote it.

Nothing here says that something was done wrong. It says where the file does not prove that it was done right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.stories.instant import instant_of
from signoff.stories.state import Event, HistoryEntry, Kind, Phase, PipelineState, Stage, Status, StoryState, word

CODES = frozenset(
    {
        "completed-without-approval",
        "event-after-completion",
        "missing-file",
        "phase-skipped",
        "times-out-of-order",
        "unknown-state",
        "unknown-story",
        "unreadable-time",
    }
)

#: Through which each story goes, in their order; fixing is done by those only of whom it is asked.
PHASES = (Phase.DRAFTING, Phase.VALIDATING, Phase.IMPLEMENTING, Phase.QA_REVIEW, Phase.COMMITTING)
_PHASE_OF = {Kind.PO: Phase.VALIDATING, Kind.QA: Phase.QA_REVIEW, Kind.COMMIT: Phase.COMMITTING}
_KIND_OF = {phase: kind for kind, phase in _PHASE_OF.items()}
_KIND = re.compile(r"(po|qa|commit)[ _-]?approval", re.IGNORECASE)
_FILES = ("storyFile", "qaGateFile")


@dataclass(frozen=True)
class Gap:
    """`story` is whose record it is in, `at` the place in the history from 0; None where neither can be named."""

    code: str
    message: str
    story: str | None = None
    at: int | None = None


Events = Sequence[tuple[int, HistoryEntry]]


def gaps_in(state: PipelineState, *, exists: Callable[[str], bool]) -> list[Gap]:
    """Everything that the file cannot show; `exists` says whether there is a file at a path that it names."""
    return [
        *_unknown_words(state),
        *_times(state),
        *_files(state, exists),
        *(gap for story_id in _named(state) for gap in _life(state, story_id)),
    ]


def _unknown_words(state: PipelineState) -> Iterator[Gap]:
    for name, vocabulary in (("status", Status), ("phase", Phase), ("checkpoint", Kind)):
        said = state.pipeline.get(name)
        if said is not None and word(vocabulary, said) is None:
            yield _unknown(f"pipeline.{name}", said)
    for story in state.stories.values():
        if story.raw.get("state") is not None and story.stage is None:
            yield _unknown(f"the state of story {story.id}", story.raw["state"], story=story.id)
    for at, entry in enumerate(state.history):
        if entry.event is None:
            yield _unknown(f"the event of history[{at}]", entry.raw.get("event"), story=entry.story_id, at=at)
        if entry.raw.get("phase") is not None and entry.phase is None:
            yield _unknown(f"the phase of history[{at}]", entry.raw["phase"], story=entry.story_id, at=at)


def _times(state: PipelineState) -> Iterator[Gap]:
    yield from _span("pipeline", state.pipeline, ("startedAt", "completedAt"), None)
    for story in state.stories.values():
        timestamps = story.raw.get("timestamps")
        if isinstance(timestamps, dict):
            yield from _span(f"the timestamps of story {story.id}", timestamps, ("startedAt", "completedAt"), story.id)
    last: int | None = None
    for at, entry in enumerate(state.history):
        instant = instant_of(entry.timestamp)
        if instant is None:
            yield _unreadable(f"history[{at}]", entry.raw.get("timestamp"), entry.story_id, at)
            continue
        if last is not None and instant < last:
            message = f"history[{at}] is of {entry.timestamp}, before the entry that it follows."
            yield Gap("times-out-of-order", message, entry.story_id, at)
        last = max(instant, last or instant)
    updated = instant_of(state.raw.get("lastUpdated"))
    if state.raw.get("lastUpdated") is not None and updated is None:
        yield _unreadable("lastUpdated", state.raw["lastUpdated"], None)
    if updated is not None and last is not None and updated < last:
        yield Gap("times-out-of-order", "lastUpdated is before the last entry of the history.")


def _span(name: str, times: Mapping[str, Any], ends: tuple[str, str], story: str | None) -> Iterator[Gap]:
    """That each can be read, and that the first does not come after the second."""
    for key, value in times.items():
        if key.endswith("At") and value is not None and instant_of(value) is None:
            yield _unreadable(f"{key} of {name}", value, story)
    first, second = (instant_of(times.get(key)) for key in ends)
    if first is not None and second is not None and second < first:
        yield Gap("times-out-of-order", f"{ends[1]} of {name} is before its {ends[0]}.", story)


def _files(state: PipelineState, exists: Callable[[str], bool]) -> Iterator[Gap]:
    named = [(story.id, story.raw.get(key)) for story in state.stories.values() for key in _FILES]
    for story_id, path in named:
        if isinstance(path, str) and path and not exists(path):
            yield Gap("missing-file", f"Story {story_id} names {path}, and there is no such file.", story_id)


def _named(state: PipelineState) -> list[str]:
    told = [entry.story_id for entry in state.history if entry.story_id is not None]
    return list(dict.fromkeys([*state.stories, *told]))


def _life(state: PipelineState, story_id: str) -> Iterator[Gap]:
    story = state.stories.get(story_id)
    events = [(at, entry) for at, entry in enumerate(state.history) if entry.story_id == story_id]
    if story is None:
        yield Gap("unknown-story", f"The history tells of story {story_id}, of which the file says nothing.", story_id)
    yield from _after_completion(story_id, events)
    newest = _newest(events)
    is_complete = _is_complete(story, newest)
    yield from _skipped(story_id, newest, is_complete=is_complete)
    if is_complete:
        approved = set(_approved(newest))
        for kind in Kind:
            if kind not in approved:
                message = f"Story {story_id} is complete, and nothing shows an approval at {kind.value}."
                yield Gap("completed-without-approval", message, story_id)


def _is_complete(story: StoryState | None, events: Events) -> bool:
    has_ended = any(entry.event is Event.COMPLETED for _, entry in events)
    return has_ended or (story is not None and story.stage is Stage.COMPLETE)


def _after_completion(story_id: str, events: Events) -> Iterator[Gap]:
    is_over = False
    for at, entry in events:
        if entry.event is Event.PIPELINE_STARTED:
            is_over = False
        if is_over:
            message = f"history[{at}] tells of story {story_id} after it was complete."
            yield Gap("event-after-completion", message, story_id, at)
        is_over = is_over or entry.event is Event.COMPLETED


def _newest(events: Events) -> Events:
    """Since the pipeline was last started for the story."""
    starts = [place for place, (_, entry) in enumerate(events) if entry.event is Event.PIPELINE_STARTED]
    return events[starts[-1] :] if starts else events


def _skipped(story_id: str, events: Events, *, is_complete: bool) -> Iterator[Gap]:
    """A phase counts as seen if an entry is of it, or is of the checkpoint at its end."""
    seen = {entry.phase for _, entry in events} | {_PHASE_OF[kind] for _, entry in events if (kind := _kind(entry))}
    reached = [place for place, phase in enumerate(PHASES) if phase in seen]
    furthest = len(PHASES) if is_complete else max(reached, default=0)
    for phase in PHASES[:furthest]:
        if phase not in seen:
            yield Gap("phase-skipped", f"Story {story_id} went on, and nothing shows it {phase.value}.", story_id)


def _approved(events: Events) -> Iterator[Kind]:
    reached: Kind | None = None
    for _, entry in events:
        kind = _kind(entry) or (None if entry.phase is None else _KIND_OF.get(entry.phase))
        if entry.event is Event.CHECKPOINT_REACHED:
            reached = kind
        approved = kind or reached
        if entry.event is Event.USER_APPROVED and approved is not None:
            yield approved


def _kind(entry: HistoryEntry) -> Kind | None:
    """The checkpoint that an entry names."""
    named = word(Kind, entry.facts.get("checkpoint"))
    found = _KIND.search(str(entry.raw.get("details")))
    return named or (None if found is None else Kind(f"{found[1].lower()}_approval"))


def _unknown(what: str, said: object, *, story: str | None = None, at: int | None = None) -> Gap:
    return Gap("unknown-state", f"{what[:1].upper()}{what[1:]} is {str(said)[:80]!r}, which is not known.", story, at)


def _unreadable(what: str, said: object, story: str | None, at: int | None = None) -> Gap:
    message = f"{what[:1].upper()}{what[1:]} has no time that can be read: {str(said)[:80]!r}."
    return Gap("unreadable-time", message, story, at)
