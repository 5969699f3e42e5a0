"""The state file of a pipeline, as a value.

The file belongs to whoever runs the pipeline: what is not known here is kept as it is. What is known is read exactly in
its shape, and its words are recognised by their letters, since real files carry icons beside them, often broken ones.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, NoReturn, TypeVar

from signoff.errors import DocumentError
from signoff.stories.state_text import legible

DIGITS_MAX = 1_000


class Status(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    CHECKPOINT = "checkpoint"
    COMPLETED = "completed"
    FAILED = "failed"


class Phase(StrEnum):
    DRAFTING = "drafting"
    VALIDATING = "validating"
    IMPLEMENTING = "implementing"
    QA_REVIEW = "qa_review"
    FIXING = "fixing"
    COMMITTING = "committing"


class Kind(StrEnum):
    """The three checkpoints."""

    PO = "po_approval"
    QA = "qa_approval"
    COMMIT = "commit_approval"


class Stage(StrEnum):
    """How far a story is: what the file calls its state."""

    BACKLOG = "backlog"
    DRAFTING = "drafting"
    VALIDATING = "validating"
    APPROVED = "approved"
    IMPLEMENTING = "implementing"
    QA_REVIEW = "qa_review"
    FIXING = "fixing"
    AWAITING_COMMIT = "awaiting_commit"
    COMPLETE = "complete"


class Event(StrEnum):
    PIPELINE_STARTED = "pipeline_started"
    PHASE_CHANGED = "phase_changed"
    CHECKPOINT_REACHED = "checkpoint_reached"
    USER_APPROVED = "user_approved"
    USER_REJECTED = "user_rejected"
    USER_DEFERRED = "user_deferred"
    AGENT_STARTED = "agent_started"
    AGENT_COMPLETED = "agent_completed"
    ERROR = "error"
    COMPLETED = "completed"


W = TypeVar("W", bound=StrEnum)

_NO_LETTERS = re.compile(r":[a-z0-9_+-]+:|[^a-z]+", re.ASCII)
#: What is said for `complete` and `completed`, of stories, pipelines and events alike.
_ENDS = frozenset({"complete", "completed", "done"})


def letters_of(text: str) -> str:
    """The letters of a word or two, small and together: `QA Review`, `qa_review` and `qaReview` are one. Icons are
    passed over: as they are, as a wrong code page made them, and by name (`:white_check_mark:`)."""
    return _NO_LETTERS.sub("", text.lower())


def word(vocabulary: type[W], text: object) -> W | None:
    """The word of the vocabulary that a text says, whatever its case, its spaces and the icons beside it."""
    if not isinstance(text, str):
        return None
    said = letters_of(text)
    meant = _ENDS if said in _ENDS else {said}
    return next((one for one in vocabulary if letters_of(one) in meant), None)


@dataclass(frozen=True)
class StoryState:
    """A story as the file tells it. `stage` is None where the word is not known; `raw` has everything."""

    id: str
    raw: Mapping[str, Any]

    @property
    def title(self) -> str | None:
        return _text(self.raw.get("title"))

    @property
    def stage(self) -> Stage | None:
        return word(Stage, self.raw.get("state"))

    @property
    def story_file(self) -> str | None:
        return _text(self.raw.get("storyFile"))


@dataclass(frozen=True)
class HistoryEntry:
    """`facts` are those that signoff adds to what it records: checkpoint, action, who, digest, gate."""

    raw: Mapping[str, Any]

    @property
    def timestamp(self) -> str | None:
        return _text(self.raw.get("timestamp"))

    @property
    def story_id(self) -> str | None:
        return _text(self.raw.get("storyId"))

    @property
    def event(self) -> Event | None:
        return word(Event, self.raw.get("event"))

    @property
    def phase(self) -> Phase | None:
        return word(Phase, self.raw.get("phase"))

    @property
    def facts(self) -> Mapping[str, Any]:
        found = self.raw.get("signoff")
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class PipelineState:
    """A view on `raw`, the whole document in the order of its keys. The `with_` functions give another state."""

    raw: Mapping[str, Any]

    @property
    def pipeline(self) -> Mapping[str, Any]:
        return self.raw.get("pipeline") or {}

    @property
    def current_story(self) -> str | None:
        return _text(self.raw.get("currentStory"))

    @property
    def status(self) -> Status | None:
        return word(Status, self.pipeline.get("status"))

    @property
    def phase(self) -> Phase | None:
        return word(Phase, self.pipeline.get("phase"))

    @property
    def checkpoint(self) -> Kind | None:
        return word(Kind, self.pipeline.get("checkpoint"))

    @property
    def stories(self) -> dict[str, StoryState]:
        return {id_: StoryState(id_, raw) for id_, raw in (self.raw.get("stories") or {}).items()}

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        return tuple(HistoryEntry(raw) for raw in self.raw.get("history") or ())

    def with_members(self, **changes: Any) -> PipelineState:
        return PipelineState({**self.raw, **changes})

    def with_pipeline(self, **changes: Any) -> PipelineState:
        return self.with_members(pipeline={**self.pipeline, **changes})

    def with_story(self, story_id: str, **changes: Any) -> PipelineState:
        """Unchanged where the file tells nothing of the story."""
        stories = self.raw.get("stories") or {}
        if story_id not in stories:
            return self
        return self.with_members(stories={**stories, story_id: {**stories[story_id], **changes}})

    def with_entry(self, entry: Mapping[str, Any]) -> PipelineState:
        """With one more entry at the end of the history."""
        return self.with_members(history=[*(self.raw.get("history") or ()), dict(entry)])


def read_state(text: str, *, path: str) -> PipelineState:
    """Read a state file.

    Args:
        text: the whole file. CRLF and a byte order mark are fine; texts are taken as `legible` has them, so that no
            lone surrogate is ever in a state.
        path: what the file is called in messages.

    Raises:
        DocumentError: (`invalid-pipeline-state`) not JSON, no object, or something known that has another shape.
    """
    try:
        raw = json.loads(
            legible(text.removeprefix("\ufeff")),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise _invalid(f"not JSON: {error.msg}, column {error.colno}", path, error.lineno) from None
    except RecursionError:
        raise _invalid("not JSON that can be taken: it is nested too deeply", path) from None
    except _RefusedError as error:
        raise _invalid(f"not JSON that can be taken: {error}", path) from None
    if not isinstance(raw, dict):
        raise _invalid("a pipeline's state is an object", path, 1)
    # The first is told; the members of what has another shape are not looked at.
    for why in chain(_wrong_shapes(raw), _wrong_members(raw)):
        raise _invalid(why, path)
    return PipelineState(raw)


def to_text(state: PipelineState) -> str:
    """The state as JSON, ended by a line end. Where there is a file already, `state_text.rewrite` keeps what it can."""
    return legible(json.dumps(state.raw, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


class _RefusedError(Exception):
    """JSON that some reader would read otherwise. It never leaves this module."""


def _wrong_shapes(raw: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in (("pipeline", dict), ("stories", dict), ("history", list)):
        if not isinstance(raw.get(name), kind | None):
            yield f"`{name}` must be {'an object' if kind is dict else 'a list'}"


def _wrong_members(raw: Mapping[str, Any]) -> Iterator[str]:
    """Ids are looked at closely: written as a number 4.10 is 4.1."""
    yield from _wrong_id("currentStory", raw.get("currentStory"))
    for id_, story in (raw.get("stories") or {}).items():
        if not isinstance(story, dict):
            yield f"`stories.{id_}` must be an object"
        else:
            yield from _wrong_id(f"stories.{id_}.id", story.get("id"))
    for at, entry in enumerate(raw.get("history") or ()):
        if not isinstance(entry, dict):
            yield f"`history[{at}]` must be an object"
        else:
            yield from _wrong_id(f"history[{at}].storyId", entry.get("storyId"))


def _wrong_id(name: str, value: object) -> Iterator[str]:
    if (why := id_problem(value)) is not None:
        yield f"`{name}` {why}"


def id_problem(value: object) -> str | None:
    """Why a value is no story's id; None where it is one, or nothing."""
    if value is None or isinstance(value, str):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 'is a number, and a story\'s id is a text (4.10 is not 4.1): write it in quotes, as in "4.10"'
    return "is not a text, as a story's id is"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RefusedError(f"the key {next(one for one in names if names.count(one) > 1)[:80]!r} stands twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"{name} is no number of JSON")


def _integer(digits: str) -> int:
    # Python refuses to convert thousands of digits, with an error of its own.
    if len(digits) > DIGITS_MAX:
        raise _RefusedError("a number has too many digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _RefusedError("a number is too large")
    return value


def _invalid(why: str, path: str, line: int | None = None) -> DocumentError:
    return DocumentError(f"Invalid pipeline state: {why}.", path=path, line=line, code="invalid-pipeline-state")
