"""What the record of a pipeline cannot show: an audit of its state file, whoever wrote it.

Nothing here says that something was done wrong. It says where the file does not prove that it was done right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from signoff.stories.course import PHASES, course_of
from signoff.stories.gap import Gap, missing_files, unknown_stories, unknown_words, wrong_times
from signoff.stories.state import Event, HistoryEntry, Kind, PipelineState, Stage, StoryState

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

Events = Sequence[tuple[int, HistoryEntry]]


def gaps_in(state: PipelineState, *, exists: Callable[[str], bool]) -> list[Gap]:
    """Everything that the file cannot show; `exists` says whether there is a file at a path that it names."""
    return [
        *unknown_words(state),
        *wrong_times(state),
        *missing_files(state, exists),
        *unknown_stories(state),
        *(gap for story_id in _named(state) for gap in _life(state, story_id)),
    ]


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
    course = course_of(entry for _, entry in newest)
    for phase in PHASES if is_complete else PHASES[: course.furthest]:
        if phase not in course.seen:
            yield Gap("phase-skipped", f"Story {story_id} went on, and nothing shows it {phase.value}.", story_id)
    for kind in Kind if is_complete else ():
        if kind not in course.approved:
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
