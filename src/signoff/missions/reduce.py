"""What the events of a mission add up to.

Events happened in the order of their instants, and of their ids within one instant, wherever their lines stand in the
log: logs are merged. Of two with one id the first line counts. The last event of a package says where it is, with one
exception: where two people acted at the same instant, a review that sent it back beats a step forward.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.missions.event import TransitionEvent
from signoff.missions.lane import ACCEPTED, LANES, Lane
from signoff.missions.meta import MissionMeta

#: Who brings a package there works on it, or did.
_WORKED_ON = frozenset({Lane.IN_PROGRESS, Lane.FOR_REVIEW})
#: But for those who bring it back from here: they looked at it.
_HANDED_IN = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, *ACCEPTED})


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
    states = {event.wp_id: after for event, _, after in walk(once)}
    return Reduced(once, dict(sorted(states.items())))


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
    return sorted(first.values(), key=lambda event: event.order)


def walk(events: Iterable[TransitionEvent]) -> Iterator[tuple[TransitionEvent, PackageState | None, PackageState]]:
    """Each event with where its package was before it, and is after it.

    Args:
        events: each once, as they happened.
    """
    states: dict[str, PackageState] = {}
    for event in events:
        before = states.get(event.wp_id)
        states[event.wp_id] = _after(event, before)
        yield event, before, states[event.wp_id]


def _after(event: TransitionEvent, before: PackageState | None) -> PackageState:
    if before is None:
        return PackageState(event, int(event.force), _implementers(event, None), _acceptance(event, None))
    if _is_beaten(event, before.event):
        return replace(before, implementers=_implementers(event, before))
    forced = before.force_count + event.force
    return PackageState(event, forced, _implementers(event, before), _acceptance(event, before))


def _implementers(event: TransitionEvent, before: PackageState | None) -> tuple[str, ...]:
    known = () if before is None else before.implementers
    is_work = event.to_lane in _WORKED_ON and (before is None or before.lane not in _HANDED_IN)
    if not is_work or not event.actor_name.strip():
        return known
    return (*(one for one in known if one != event.actor_name), event.actor_name)


def _acceptance(event: TransitionEvent, before: PackageState | None) -> TransitionEvent | None:
    if event.to_lane not in ACCEPTED:
        return None
    earlier = None if before is None else before.acceptance
    return event if earlier is None or event.force else earlier


def _is_beaten(event: TransitionEvent, by: TransitionEvent) -> bool:
    return by.is_step_back and not event.is_step_back and event.order[0] == by.order[0]
