"""A mission at one look: its packages by lane, who holds them, and what their newest reviews said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from signoff.errors import MissionError
from signoff.missions.claim import HELD, Holder, holder_of
from signoff.missions.event import TransitionEvent
from signoff.missions.files import MissionFiles, work_package_in
from signoff.missions.instant import parse_instant
from signoff.missions.lane import ACCEPTED, LANES, Lane
from signoff.missions.reduce import PackageState, Snapshot
from signoff.missions.review_cycle import REJECTED, ReviewCycle
from signoff.missions.reviews import newest_review
from signoff.missions.work_package import read_work_package

#: What a verdict is, in the light of where the package is now.
CURRENT, STALE, CONFLICTING = "current", "stale", "conflicting"


@dataclass(frozen=True)
class Card:
    """One package. `holder_gone`: whether the process that holds it has ended, None where nobody holds it or that
    cannot be told. `verdict` is the newest review's; `verdict_state` `current`, `stale` (the package was handed in
    again since) or `conflicting` (it is approved or done all the same)."""

    work_package_id: str
    title: str
    lane: Lane
    actor: str
    since: str
    work_lane: str | None = None
    holder: Mapping[str, Any] | None = None
    holder_gone: bool | None = None
    verdict: str | None = None
    verdict_state: str | None = None
    is_forced: bool = False

    def to_wire(self) -> dict[str, Any]:
        return {**asdict(self), "lane": self.lane.value}


@dataclass(frozen=True)
class Board:
    """`cards` in the order of their ids; `untracked` are packages that have a file, and of which nothing was said."""

    snapshot: Snapshot
    cards: Sequence[Card]
    untracked: Sequence[str] = ()

    def in_lane(self, lane: Lane) -> list[Card]:
        return [card for card in self.cards if card.lane is lane]

    def to_wire(self) -> dict[str, Any]:
        return {
            **self.snapshot.overview(),
            "untracked": list(self.untracked),
            "lanes": {lane.value: [card.to_wire() for card in self.in_lane(lane)] for lane in LANES},
        }


def lay_out(
    files: MissionFiles,
    snapshot: Snapshot,
    is_gone: Callable[[Holder], bool | None],
    *,
    work_lanes: Mapping[str, str] | None = None,
) -> Board:
    """
    Args:
        is_gone: whether a holder's process has ended; None where that cannot be told.
        work_lanes: the worktree's lane of each package.
    """
    history: dict[str, list[TransitionEvent]] = {wp_id: [] for wp_id in snapshot.work_packages}
    for event in snapshot.reduced.events:
        history.setdefault(event.wp_id, []).append(event)
    cards = [
        _card(files, state, history[wp_id], is_gone, (work_lanes or {}).get(wp_id))
        for wp_id, state in snapshot.work_packages.items()
    ]
    known = {found for name in files.work_packages if (found := work_package_in(name))}
    return Board(snapshot, cards, sorted(known - snapshot.work_packages.keys()))


def _card(
    files: MissionFiles,
    state: PackageState,
    events: Sequence[TransitionEvent],
    is_gone: Callable[[Holder], bool | None],
    work_lane: str | None,
) -> Card:
    wp_id = state.event.wp_id
    holder = holder_of(events, wp_id) if state.lane in HELD else None
    review = _newest(files, wp_id)
    return Card(
        work_package_id=wp_id,
        title=_title(files, wp_id),
        lane=state.lane,
        actor=state.actor,
        since=state.last_transition_at,
        work_lane=work_lane,
        holder=None if holder is None else holder.to_wire(),
        holder_gone=None if holder is None else is_gone(holder),
        verdict=None if review is None else review.verdict,
        verdict_state=None if review is None else _verdict_state(review, state, events),
        is_forced=state.event.force,
    )


def _newest(files: MissionFiles, wp_id: str) -> ReviewCycle | None:
    try:
        found = newest_review(files, wp_id)
    except MissionError:
        # `validate` says what is wrong with it.
        return None
    return None if found is None else found[1]


def _title(files: MissionFiles, wp_id: str) -> str:
    name = files.work_package_file(wp_id)
    try:
        return "" if name is None else read_work_package(files.work_packages[name], path=name).title
    except MissionError:
        return ""


def _verdict_state(review: ReviewCycle, state: PackageState, events: Sequence[TransitionEvent]) -> str:
    if state.lane in ACCEPTED:
        return CONFLICTING if review.verdict == REJECTED and not review.is_overridden else CURRENT
    submitted = [parse_instant(event.at) or 0 for event in events if event.to_lane is Lane.FOR_REVIEW]
    return STALE if max(submitted, default=0) > (parse_instant(review.reviewed_at) or 0) else CURRENT
