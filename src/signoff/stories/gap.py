"""What a state file cannot show, and what of it is seen in a single word, time or name of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signoff.stories.checkpoint_data import paths_with_status
from signoff.stories.instant import instant_of
from signoff.stories.qa_gate import GATES
from signoff.stories.state import Kind, Phase, PipelineState, Status, id_problem, letters_of, word

_VALIDATED = ("GO", "NO-GO")
_FILES = ("storyFile", "qaGateFile")
_DELETED = frozenset({"deleted", "delete", "removed", "d"})
#: How the first and the last time of a story or a pipeline are called, and one that may come after the last.
_FIRST, _LAST, _LATER = frozenset({"started", "created"}), frozenset({"completed", "finished", "done"}), "updated"


@dataclass(frozen=True)
class Gap:
    """`story` is whose record it is in, `at` the place in the history from 0; None where neither can be named."""

    code: str
    message: str
    story: str | None = None
    at: int | None = None


def unknown_words(state: PipelineState) -> Iterator[Gap]:
    for name, vocabulary in (("status", Status), ("phase", Phase), ("checkpoint", Kind)):
        if _is_unknown(vocabulary, said := state.pipeline.get(name)):
            yield _unknown(f"pipeline.{name}", said)
    for data in _data(state):
        yield from _unknown_in_data(data)
    for story in state.stories.values():
        if story.raw.get("state") is not None and story.stage is None:
            yield _unknown(f"the state of story {story.id}", story.raw["state"], story=story.id)
        if _is_none_of(GATES, said := story.raw.get("qaGate")):
            yield _unknown(f"the qaGate of story {story.id}", said, story=story.id)
    for at, entry in enumerate(state.history):
        if entry.event is None:
            yield _unknown(f"the event of history[{at}]", entry.raw.get("event"), story=entry.story_id, at=at)
        if entry.raw.get("phase") is not None and entry.phase is None:
            yield _unknown(f"the phase of history[{at}]", entry.raw["phase"], story=entry.story_id, at=at)


def wrong_times(state: PipelineState) -> Iterator[Gap]:
    yield from _span("pipeline", _times_in(state.pipeline), None)
    for data in _data(state):
        yield from _span("checkpointData", _times_in(data), _story_of(data))
    for story in state.stories.values():
        yield from _span(f"story {story.id}", _times_in(story.raw), story.id)
        yield from _span(f"the timestamps of story {story.id}", _all_in(story.raw.get("timestamps")), story.id)
        agents = story.raw.get("agents")
        for name, agent in agents.items() if isinstance(agents, dict) else ():
            yield from _span(f"the agent {name} of story {story.id}", _times_in(agent), story.id)
    yield from _order_of_history(state)


def missing_files(state: PipelineState, exists: Callable[[str], bool]) -> Iterator[Gap]:
    """A file that a commit is to delete need not exist."""
    named: list[tuple[str | None, object]] = []
    for story in state.stories.values():
        named += [(story.id, story.raw.get(key)) for key in _FILES]
    for data in _data(state):
        listed = paths_with_status(data.get("changesForCommit"))
        paths = [path for path, status in listed if status and letters_of(status) not in _DELETED]
        named += [(_story_of(data), path) for path in (*(data.get(key) for key in _FILES), *paths)]
    for story_id, path in dict.fromkeys((story, path) for story, path in named if isinstance(path, str) and path):
        if not exists(path):
            of = "The checkpointData" if story_id is None else f"Story {story_id}"
            yield Gap("missing-file", f"{of} names {path}, and there is no such file.", story_id)


def unknown_stories(state: PipelineState) -> Iterator[Gap]:
    """Beside those of the history."""
    named = [("currentStory", state.current_story), *(("checkpointData", _story_of(data)) for data in _data(state))]
    for name, story_id in named:
        if story_id and story_id not in state.stories:
            yield Gap("unknown-story", f"The {name} is of story {story_id}, of which the file says nothing.", story_id)


def _unknown_in_data(data: Mapping[str, Any]) -> Iterator[Gap]:
    story_id, found = _story_of(data), data.get("qaFindings")
    if _is_unknown(Kind, said := data.get("checkpoint")):
        yield _unknown("checkpointData.checkpoint", said, story=story_id)
    if _is_none_of(_VALIDATED, said := data.get("validationStatus")):
        yield _unknown("checkpointData.validationStatus", said, story=story_id)
    if isinstance(found, dict) and _is_none_of(GATES, said := found.get("gate")):
        yield _unknown("checkpointData.qaFindings.gate", said, story=story_id)


def _order_of_history(state: PipelineState) -> Iterator[Gap]:
    last: int | None = None
    for at, entry in enumerate(state.history):
        said = entry.raw.get("timestamp")
        instant = instant_of(said)
        if instant is None:
            yield _unreadable(f"history[{at}]", said, entry.story_id, at)
            continue
        if last is not None and instant < last:
            message = f"history[{at}] is of {said}, before the entry that it follows."
            yield Gap("times-out-of-order", message, entry.story_id, at)
        last = max(instant, last or instant)
    said = state.raw.get("lastUpdated")
    updated = instant_of(said)
    if said is not None and updated is None:
        yield _unreadable("lastUpdated", said, None)
    if updated is not None and last is not None and updated < last:
        yield Gap("times-out-of-order", "lastUpdated is before the last entry of the history.")


def _span(name: str, times: Mapping[str, Any], story: str | None) -> Iterator[Gap]:
    """That each can be read, that none comes before the first and none after the last."""
    instants: dict[str, int] = {}
    for key, value in times.items():
        instant = instant_of(value)
        if instant is None:
            yield _unreadable(f"{key} of {name}", value, story)
        else:
            instants[key] = instant
    first = next((key for key in instants if _stem(key) in _FIRST), None)
    last = next((key for key in instants if _stem(key) in _LAST), None)
    for key, instant in instants.items():
        if first is not None and instant < instants[first]:
            yield Gap("times-out-of-order", f"{key} of {name} is before its {first}.", story)
        elif last is not None and instant > instants[last] and key != first and _stem(key) != _LATER:
            yield Gap("times-out-of-order", f"{key} of {name} is after its {last}.", story)


def _times_in(raw: object) -> dict[str, Any]:
    """Those that are named so, as `startedAt` or `started_at`."""
    members = raw.items() if isinstance(raw, dict) else ()
    return {key: value for key, value in members if key.endswith(("At", "_at")) and value is not None}


def _all_in(timestamps: object, of: str = "") -> dict[str, Any]:
    """Every one, also those in a phase of their own."""
    found: dict[str, Any] = {}
    for key, value in timestamps.items() if isinstance(timestamps, dict) else ():
        if isinstance(value, dict) and not of:
            found |= _all_in(value, f"{key}.")
        elif value is not None:
            found[f"{of}{key}"] = value
    return found


def _stem(key: str) -> str:
    return letters_of(key).removesuffix("at")


def _data(state: PipelineState) -> list[Mapping[str, Any]]:
    found = (holder.get("checkpointData") for holder in (state.raw, state.pipeline))
    return [data for data in found if isinstance(data, dict)]


def _story_of(data: Mapping[str, Any]) -> str | None:
    story_id = data.get("storyId")
    return story_id if isinstance(story_id, str) and id_problem(story_id) is None else None


def _is_unknown(vocabulary: type[StrEnum], said: object) -> bool:
    return said is not None and word(vocabulary, said) is None


def _is_none_of(words: tuple[str, ...], said: object) -> bool:
    return said is not None and letters_of(str(said)) not in map(letters_of, words)


def _unknown(what: str, said: object, *, story: str | None = None, at: int | None = None) -> Gap:
    return Gap("unknown-state", f"{what[:1].upper()}{what[1:]} is {str(said)[:80]!r}, which is not known.", story, at)


def _unreadable(what: str, said: object, story: str | None, at: int | None = None) -> Gap:
    message = f"{what[:1].upper()}{what[1:]} has no time that can be read: {str(said)[:80]!r}."
    return Gap("unreadable-time", message, story, at)
