"""List the reviews of a mission in short: what they are of, and whether they still wait. Nearly every command of a
mission asks that first, and is nearly always told that nothing was decided meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from signoff.plans.mission_kind import DOOR, is_review_at

REVIEWS_MAX = 10_000


class RunList(Protocol):
    """What listing needs of a ledger, which is little: lists are asked for often, by processes that do nothing else."""

    def runs(self, door: str, beginning: str, *, now: int, limit: int) -> list[Mapping[str, Any]]:
        """Those about subjects that begin so, newest first.

        Rows: `{workflow_id, status, about, waits}`; `about` is what the plan says of itself, None where that is
        nothing, and `waits` is false where a gate of the run is final or due, or there is none."""
        ...


def list_reviews(runs: RunList, place: Mapping[str, str], *, now: int) -> list[Mapping[str, Any]]:
    """The newest reviews of the mission at this place, rows as in `RunList`, newest first.

    Args:
        place: `{repo_root, mission_id, mission_slug}` at least.
    """
    found = runs.runs(DOOR, f"{place['mission_slug']}/", now=now, limit=REVIEWS_MAX)
    return [row for row in found if is_review_at(row["about"] or {}, place)]
