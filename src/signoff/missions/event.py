"""A line of the log: a work package went from one lane to another.

The log has one JSON object a line. Lines of other kinds share it (what else happened in a mission, and notes on its
packages); they are counted and otherwise left alone. Whatever bytes a log holds, reading it ends in a value: a line
that cannot be taken is a problem of the log, and the others are read all the same.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from signoff.documents.problem import shown
from signoff.missions.finding import EVENT_LINE_MALFORMED
from signoff.missions.instant import parse_instant
from signoff.missions.json_text import DEPTH_MAX, is_deep
from signoff.missions.lane import Lane, parse_lane

LINE_BYTES_MAX = 1_048_576
NAME_CHARS_MAX = 200
#: Of a log that is something else altogether, the first lines say that well enough.
PROBLEMS_MAX = 100

WORKTREE, DIRECT_REPO = "worktree", "direct_repo"

_GENESIS = Lane.GENESIS
#: What JSON takes for blanks, of which a line end is none here.
_BLANKS = b" \t\r"
#: Escapes can spell them.
_LONE_SURROGATE = "[\ud800-\udfff]"
_BOM = b"\xef\xbb\xbf"
#: By which lines of other kinds say what they are.
_KIND_KEYS = ("kind", "event_type", "type", "event_name")
_MEMBERS = frozenset({
    *("event_id", "at", "actor", "mission_id", "mission_slug", "feature_slug", "wp_id", "from_lane", "to_lane"),
    *("force", "reason", "execution_mode", "evidence", "review_ref", "policy_metadata"),
})  # fmt: skip
#: What a member may be that can be missing or null as well.
_TYPES: Sequence[tuple[str, type | tuple[type, ...]]] = (
    ("actor", (str, dict)),
    ("mission_id", str),
    ("force", bool),
    ("reason", str),
    ("execution_mode", str),
    ("evidence", dict),
    ("review_ref", str),
    ("policy_metadata", dict),
)

_TEXT, _ID = r'"([^"\\\x00-\x1f]*)"', rf'"([^"\\\x00-\x1f]{{1,{NAME_CHARS_MAX}}})"'
_TEXT_OR_NULL = f"(?:{_TEXT}|null)"
#: A line as `to_line` writes most of them: texts without escapes, and nothing within anything. What it says can be read
#: off, and JSON need not be asked.
_ORDINARY = re.compile(
    rf'\{{"actor": {_TEXT}, "at": {_ID}, "event_id": {_ID}, "evidence": null, "execution_mode": {_TEXT}, '
    rf'"force": (true|false), "from_lane": {_ID}, "mission_id": {_TEXT_OR_NULL}, "mission_slug": {_TEXT}, '
    rf'"policy_metadata": null, "reason": {_TEXT_OR_NULL}, "review_ref": {_TEXT_OR_NULL}, "to_lane": {_ID}, '
    rf'"wp_id": {_ID}\}}'
)

Actor = str | Mapping[str, Any]


@dataclass(frozen=True)
class TransitionEvent:
    """All members of the wire; `at` as it was written, `extra` what else the line held. An `actor` is a name, or what
    is known of a program. `line` (from 1) is where it stood, None for one that was not read."""

    event_id: str
    at: str
    actor: Actor
    mission_id: str | None
    mission_slug: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    force: bool = False
    reason: str | None = None
    execution_mode: str = WORKTREE
    evidence: Mapping[str, Any] | None = None
    review_ref: str | None = None
    policy_metadata: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = field(default=None, compare=False)

    @cached_property
    def order(self) -> tuple[int, str]:
        """Events happened in the order of this: their instant, then their id."""
        return parse_instant(self.at) or 0, self.event_id

    @property
    def actor_name(self) -> str:
        return name_of(self.actor)

    @property
    def is_step_back(self) -> bool:
        """A review sent the package back; older logs have it without the lane of the review."""
        if self.to_lane is not Lane.IN_PROGRESS:
            return False
        return self.from_lane is Lane.IN_REVIEW or (self.from_lane is Lane.FOR_REVIEW and self.review_ref is not None)

    def to_wire(self) -> dict[str, Any]:
        return {
            **self.extra,
            "event_id": self.event_id,
            "at": self.at,
            "actor": self.actor,
            "mission_id": self.mission_id,
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "from_lane": self.from_lane.value,
            "to_lane": self.to_lane.value,
            "force": self.force,
            "reason": self.reason,
            "execution_mode": self.execution_mode,
            "evidence": self.evidence,
            "review_ref": self.review_ref,
            "policy_metadata": self.policy_metadata,
        }


@dataclass(frozen=True)
class LineProblem:
    """What is wrong with a line (from 1) of the log, and under which code of a finding."""

    line: int
    diagnostic_code: str
    message: str


@dataclass(frozen=True)
class Log:
    """What a log holds: `events` in the order of their lines; of `others` how many there are of each kind.

    `torn` is a last line that was not written to its end, None where there is none; it is among the problems. A last
    line that lacks only its line end is whole (`lacks_line_end`).
    """

    events: list[TransitionEvent]
    others: Mapping[str, int]
    problems: list[LineProblem]
    torn: bytes | None = None
    lacks_line_end: bool = False


class _LineError(Exception):
    """Why a line is no event."""


def to_line(event: TransitionEvent) -> str:
    """One line without its end, keys sorted."""
    return json.dumps(event.to_wire(), sort_keys=True)


def name_of(actor: Actor) -> str:
    """In one text: a program is called by the tool that it is, or by what it plays."""
    if isinstance(actor, str):
        return actor
    named = (actor.get(key) for key in ("tool", "name", "id", "profile", "role"))
    return next((name for name in named if isinstance(name, str) and name), json.dumps(actor, sort_keys=True))


def read_log(data: bytes) -> Log:
    """Whatever the bytes are."""
    return _Reader().read(data.removeprefix(_BOM))


def read_on(log: Log, before: bytes, data: bytes) -> Log:
    """What `data` holds, where `before` was read already, as `log`: of one that has grown only what is new is read."""
    has_grown = before.endswith(b"\n") and data.startswith(before) and not log.problems
    return _Reader(log, before.count(b"\n")).read(data[len(before) :]) if has_grown else read_log(data)


class _Reader:
    """Goes on behind a log of so many lines, which has no problems."""

    def __init__(self, before: Log | None = None, lines: int = 0) -> None:
        self._events = [] if before is None else [*before.events]
        self._others = {} if before is None else {**before.others}
        self._problems: list[LineProblem] = []
        self._untold = 0
        self._lines = lines

    def read(self, data: bytes) -> Log:
        *whole, last = data.split(b"\n")
        for number, line in enumerate(whole, start=self._lines + 1):
            self._take(number, line)
        if not last.strip():
            return self._log()
        is_whole = self._take(self._lines + len(whole) + 1, last, torn=True)
        return self._log(torn=None if is_whole else last, lacks_line_end=True)

    def _take(self, number: int, line: bytes, *, torn: bool = False) -> bool:
        """Whether it could be read. A blank line says nothing."""
        if not line.strip():
            return True
        if (event := _read_off(line, number)) is not None:
            self._events.append(event)
            return True
        try:
            wire = _object_in(line)
            kind = _kind_of(wire)
            if kind is not None:
                self._others[kind] = self._others.get(kind, 0) + 1
            else:
                self._events.append(_event(wire, number))
        except _LineError as error:
            self._refuse(number, f"the last line was not written to its end: {error}" if torn else str(error))
            return False
        return True

    def _log(self, *, torn: bytes | None = None, lacks_line_end: bool = False) -> Log:
        if self._untold:
            line = self._problems[-1].line
            self._problems.append(LineProblem(line, EVENT_LINE_MALFORMED, f"{self._untold} more lines are no events"))
        return Log(self._events, self._others, self._problems, torn, lacks_line_end)

    def _refuse(self, line: int, message: str) -> None:
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(LineProblem(line, EVENT_LINE_MALFORMED, message))
        else:
            self._untold += 1


def _read_off(line: bytes, number: int) -> TransitionEvent | None:
    """None for a line that is not ordinary, whatever is wrong with it, if anything."""
    if len(line) > LINE_BYTES_MAX or not line.isascii() or (said := _ORDINARY.fullmatch(line.decode())) is None:
        return None
    actor, at, event_id, mode, force, from_name, mission_id, slug, reason, review_ref, to_name, wp_id = said.groups()
    at_us, from_lane, to_lane = parse_instant(at), parse_lane(from_name), parse_lane(to_name)
    if at_us is None or from_lane is None or to_lane is None or to_lane is _GENESIS:
        return None
    return _with_members({
        "event_id": event_id,
        "at": at,
        "actor": actor,
        "mission_id": mission_id,
        "mission_slug": slug,
        "wp_id": wp_id,
        "from_lane": from_lane,
        "to_lane": to_lane,
        "force": force == "true",
        "reason": reason,
        "execution_mode": mode,
        "evidence": None,
        "review_ref": review_ref,
        "policy_metadata": None,
        "extra": {},
        "line": number,
        "order": (at_us, event_id),
    })  # fmt: skip


def _object_in(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_BYTES_MAX:
        raise _LineError(f"it has {len(line)} bytes; an event has at most {LINE_BYTES_MAX}")
    try:
        text = line.strip(_BLANKS).decode()
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            _DECODER.decode(text)  # says what is wrong with the rest
    except UnicodeDecodeError:
        raise _LineError("it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise _LineError(f"it is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise _LineError("it is no JSON object")
    if line.count(b"[") + line.count(b"{") > DEPTH_MAX and is_deep(value):
        raise _LineError(f"it has more than {DEPTH_MAX} levels")
    if b"\\u" in line and re.search(_LONE_SURROGATE, json.dumps(value, ensure_ascii=False)):
        raise _LineError("it holds half a character, which no file can")
    return value


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _LineError("it names a member twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise _LineError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_members_once, parse_float=_finite, parse_constant=_refuse_constant)


def _kind_of(wire: Mapping[str, Any]) -> str | None:
    """Of a line that is no transition; None for one that is, or should be one."""
    if "to_lane" in wire:
        return None
    return next((shown_kind for key in _KIND_KEYS if (shown_kind := _name(wire.get(key)))), None)


def _event(wire: Mapping[str, Any], line: int) -> TransitionEvent:
    said = wire.get
    at_us = _check_members(wire)
    from_lane, to_lane = _lanes(wire)
    actor, mode = said("actor"), said("execution_mode")
    slug = wire.get("mission_slug", wire.get("feature_slug"))
    return _with_members({
        "event_id": wire["event_id"],
        "at": wire["at"],
        "actor": "" if actor is None else actor,
        "mission_id": said("mission_id"),
        "mission_slug": slug if isinstance(slug, str) else "",
        "wp_id": wire["wp_id"],
        "from_lane": from_lane,
        "to_lane": to_lane,
        "force": said("force") is True,
        "reason": said("reason"),
        "execution_mode": WORKTREE if mode is None else mode,
        "evidence": said("evidence"),
        "review_ref": said("review_ref"),
        "policy_metadata": said("policy_metadata"),
        "extra": {} if wire.keys() <= _MEMBERS else {key: wire[key] for key in wire if key not in _MEMBERS},
        "line": line,
        "order": (at_us, wire["event_id"]),
    })  # fmt: skip


def _with_members(members: dict[str, Any]) -> TransitionEvent:
    """A log has thousands, and to hand them to a frozen class one by one takes as long as to read a line."""
    event = object.__new__(TransitionEvent)
    object.__setattr__(event, "__dict__", members)
    return event


def _check_members(wire: Mapping[str, Any]) -> int:
    """Its instant. What cannot be taken is looked for in a fixed order, so that of several the same one is named."""
    for name in ("event_id", "wp_id"):
        if _name(wire.get(name)) is None:
            raise _LineError(f"its {name} is no text of 1 to {NAME_CHARS_MAX} characters")
    at_us = parse_instant(wire.get("at"))
    if at_us is None:
        raise _LineError(f"its at is no instant: {shown(str(wire.get('at')))}")
    for name, types in _TYPES:
        value = wire.get(name)
        if value is not None and not isinstance(value, types):
            raise _LineError(f"its {name} cannot be {shown(json.dumps(value))}")
    return at_us


def _lanes(wire: Mapping[str, Any]) -> tuple[Lane, Lane]:
    from_lane, to_lane = parse_lane(wire.get("from_lane")), parse_lane(wire.get("to_lane"))
    if from_lane is None or to_lane is None or to_lane is _GENESIS:
        name = "from_lane" if from_lane is None else "to_lane"
        raise _LineError(f"its {name} is no lane: {shown(str(wire.get(name)))}")
    return from_lane, to_lane


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= NAME_CHARS_MAX else None
