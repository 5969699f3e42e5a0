"""The lanes of a work package, and the ways between them.

A package is born into `planned` (or `canceled`) from `genesis`, in which nothing ever is, and ends in `done` or
`canceled`. `EDGES` is the whole truth about where it may go from where; what a way asks for besides stands with its
guards in `move`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Lane(StrEnum):
    GENESIS = "genesis"
    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    FOR_REVIEW = "for_review"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DONE = "done"
    BLOCKED = "blocked"
    CANCELED = "canceled"


_ASIDE = (Lane.BLOCKED, Lane.CANCELED)

EDGES: Mapping[Lane, tuple[Lane, ...]] = {
    Lane.GENESIS: (Lane.PLANNED, Lane.CANCELED),
    Lane.PLANNED: (Lane.CLAIMED, *_ASIDE),
    Lane.CLAIMED: (Lane.IN_PROGRESS, *_ASIDE),
    Lane.IN_PROGRESS: (Lane.FOR_REVIEW, Lane.APPROVED, Lane.PLANNED, *_ASIDE),
    Lane.FOR_REVIEW: (Lane.IN_REVIEW, *_ASIDE),
    Lane.IN_REVIEW: (Lane.APPROVED, Lane.DONE, Lane.IN_PROGRESS, Lane.PLANNED, *_ASIDE),
    Lane.APPROVED: (Lane.DONE, Lane.IN_PROGRESS, Lane.PLANNED, *_ASIDE),
    Lane.BLOCKED: (Lane.IN_PROGRESS, Lane.CANCELED),
    Lane.DONE: (),
    Lane.CANCELED: (),
}

#: Those in which a package can be, in the order of a board.
LANES = tuple(lane for lane in Lane if lane is not Lane.GENESIS)

FINAL = frozenset(lane for lane, onward in EDGES.items() if not onward)

#: Those in which somebody works on a package or looks at it.
ACTIVE = frozenset({Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW})

#: Those whose work may be merged and shipped.
ACCEPTED = frozenset({Lane.APPROVED, Lane.DONE})

_OLD_NAMES = {"doing": Lane.IN_PROGRESS}
_BY_NAME: Mapping[str, Lane] = {**{lane.value: lane for lane in Lane}, **_OLD_NAMES}


def parse_lane(name: object) -> Lane | None:
    """The lane of this name, old names too; None where there is none."""
    return _BY_NAME.get(name) if isinstance(name, str) else None


def has_edge(from_lane: Lane, to_lane: Lane) -> bool:
    return to_lane in EDGES[from_lane]
