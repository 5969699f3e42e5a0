"""What the events of a mission add up to.

Events happened in the order of their instants, and of their ids within one instant, wherever their lines stand in the
log: logs are merged. Of two with one id the first line counts. The last event of a package says where it is, with one
exception: where two people acted at the same instant, a review that sent it back beats a step forward.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from signoff.missions.event import TransitionEvent
from signoff.missions.lane import ACCEPTED, LANES, Lane
from signoff.missions.meta import MissionMeta

# Each is asked for every event, and a short tuple answers sooner than a set of what hashes slowly.
_ACCEPTED = tuple(ACCEPTED)
#: Who brings a package there works on it, or did.
_WORKED_ON = (Lane.IN_PROGRESS, Lane.FOR_REVIEW)
#: But for those who bring it back from here: they looked at it.
_HANDED_IN = (Lane.FOR_REVIEW, Lane.IN_REVIEW, *ACCEPTED)

_order = attrgetter("order")


@dataclass(frozen=True)
class PackageState:
    """Where a work package is: `event` brought it there, `force_count` moves of it were forced.

    `implementers` are all who took it up or handed it in since its first event, whoever took it over last; the last of
    them stands last. `acceptance` is the event by which an accepted package came past its review: the one that brought
    it there, or a later one by which somebody forced that.
    """

    event: TransitionEvent
    force_count: int
    implementers: tuple[str, ...] = ()
    acceptance: TransitionEvent | None = None

    @property
    def lane(self) -> Lane:
        return self.event.to_lane

    @property
    def actor(self) -> str:
        return self.event.actor_name

    @property
    def last_transition_at(self) -> str:
        return self.event.at

    @property
    def last_event_id(self) -> str:
        return self.event.event_id

    def to_wire(self) -> dict[str, Any]:
        return {
            "lane": self.lane.value,
            "actor": self.actor,
            "last_transition_at": self.last_transition_at,
            "last_event_id": self.last_event_id,
            "force_count": self.force_count,
        }


@dataclass(frozen=True)
class Reduced:
    """`events` each once, in the order in which they happened; packages by their id, in its order."""

    events: Sequence[TransitionEvent]
    work_packages: Mapping[str, PackageState]

    @property
    def last_event(self) -> TransitionEvent | None:
        return self.events[-1] if self.events else None

    def lane_of(self, wp_id: str) -> Lane:
        """Genesis for a package of which nothing was said yet."""
        state = self.work_packages.get(wp_id)
        return Lane.GENESIS if state is None else state.lane


@dataclass(frozen=True)
class Snapshot:
    """`status.json`: everything in it is from the events and `meta.json`, its instant that of the last event."""

    meta: MissionMeta
    reduced: Reduced

    @property
    def work_packages(self) -> Mapping[str, PackageState]:
        return self.reduced.work_packages

    @property
    def summary(self) -> dict[str, int]:
        """How many packages each lane has."""
        lanes = [state.lane for state in self.work_packages.values()]
        return {lane.value: lanes.count(lane) for lane in LANES}

    @property
    def accepted(self) -> int:
        return sum(state.lane in ACCEPTED for state in self.work_packages.values())

    @property
    def total(self) -> int:
        """The packages that are to be done: the canceled ones are not."""
        return sum(state.lane is not Lane.CANCELED for state in self.work_packages.values())

    def overview(self) -> dict[str, Any]:
        """How far the mission is, as programs are told."""
        meta, last = self.meta, self.reduced.last_event
        return {
            "mission_slug": meta.mission_slug,
            "mission_id": meta.mission_id,
            "mission_number": None if meta.mission_number is None else str(meta.mission_number),
            "target_branch": meta.target_branch,
            "event_count": len(self.reduced.events),
            "last_event_at": None if last is None else last.at,
            "progress": {"accepted": self.accepted, "total": self.total},
            "summary": self.summary,
        }

    def to_wire(self) -> dict[str, Any]:
        last, number = self.reduced.last_event, self.meta.mission_number
        return {
            "event_count": len(self.reduced.events),
            "last_event_id": None if last is None else last.event_id,
            "materialized_at": "" if last is None else last.at,
            "mission_number": None if number is None else str(number),
            "mission_slug": self.meta.mission_slug,
            "mission_type": self.meta.mission_type,
            "summary": self.summary,
            "work_packages": {wp_id: state.to_wire() for wp_id, state in self.work_packages.items()},
        }

    def to_text(self) -> str:
        """The file's text: keys sorted, two spaces, a line end."""
        return json.dumps(self.to_wire(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def reduce(events: Iterable[TransitionEvent]) -> Reduced:
    """
    Args:
        events: in the order of their lines.
    """
    once = in_order(events)
    courses: dict[str, _Course] = {}
    for event in once:
        _course_of(courses, event).take(event)
    return Reduced(once, {wp_id: courses[wp_id].state() for wp_id in sorted(courses)})


def add(reduced: Reduced, event: TransitionEvent) -> Reduced:
    """What they add up to with one event more, which need not be the last; no other has its id."""
    events = sorted([*reduced.events, event], key=_order)
    course = _Course()
    for one in events:
        if one.wp_id == event.wp_id:
            course.take(one)
    return Reduced(events, dict(sorted({**reduced.work_packages, event.wp_id: course.state()}.items())))


def snapshot(events: Iterable[TransitionEvent], meta: MissionMeta) -> Snapshot:
    """
    Args:
        events: in the order of their lines.
    """
    return Snapshot(meta, reduce(events))


def in_order(events: Iterable[TransitionEvent]) -> list[TransitionEvent]:
    """Each once, as they happened."""
    first: dict[str, TransitionEvent] = {}
    for event in events:
        first.setdefault(event.event_id, event)
    return sorted(first.values(), key=_order)


def walk(events: Iterable[TransitionEvent]) -> Iterator[tuple[TransitionEvent, Lane | None]]:
    """Each event with the lane in which its package was before it; None for its first.

    Args:
        events: each once, as they happened.
    """
    last: dict[str, TransitionEvent] = {}
    for event in events:
        before = last.get(event.wp_id)
        yield event, None if before is None else before.to_lane
        if before is None or not _is_beaten(event, before):
            last[event.wp_id] = event


class _Course:
    """What has become of a package so far, event by event; `PackageState` says what each member is."""

    def __init__(self) -> None:
        self._event: TransitionEvent | None = None
        self._force_count = 0
        self._implementers: tuple[str, ...] = ()
        self._acceptance: TransitionEvent | None = None

    def state(self) -> PackageState:
        assert self._event is not None  # noqa: S101 - nobody asks before the first event
        return PackageState(self._event, self._force_count, self._implementers, self._acceptance)

    def take(self, event: TransitionEvent) -> None:
        before = self._event
        if event.to_lane in _WORKED_ON and (before is None or before.to_lane not in _HANDED_IN):
            self._note_work(event.actor_name)
        if before is not None and _is_beaten(event, before):
            return
        self._event = event
        self._force_count += event.force
        if event.to_lane not in _ACCEPTED:
            self._acceptance = None
        elif self._acceptance is None or event.force:
            self._acceptance = event

    def _note_work(self, name: str) -> None:
        if name.strip():
            self._implementers = (*(one for one in self._implementers if one != name), name)


def _course_of(courses: dict[str, _Course], event: TransitionEvent) -> _Course:
    course = courses.get(event.wp_id)
    if course is None:
        course = courses[event.wp_id] = _Course()
    return course


def _is_beaten(event: TransitionEvent, by: TransitionEvent) -> bool:
    return by.is_step_back and not event.is_step_back and event.order[0] == by.order[0]
