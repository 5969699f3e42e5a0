"""What the runs of missions are called. Most commands of missions look for such runs, and know no more of plans."""

from __future__ import annotations

from collections.abc import Mapping

RECIPE = DOOR = "mission"
#: The nodes of the gates.
REVIEW, SIGN_OFF = "review", "sign-off"
#: Where a mission is: one ledger may be that of several repositories, and of several missions of one name.
PLACE = ("repo_root", "mission_id", "mission_slug")


def is_review_at(about: Mapping[str, str], place: Mapping[str, str]) -> bool:
    """Whether a plan that says this of itself is of a review in the mission at this place."""
    return about.get("kind") == REVIEW and all(about.get(key) == place[key] for key in PLACE)
