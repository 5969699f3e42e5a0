"""What was merged is done: the events of its packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.app.move_work_package import move_work_package
from signoff.app.ports import NewId
from signoff.errors import MissionError
from signoff.missions.event import TransitionEvent
from signoff.missions.lane import Lane
from signoff.missions.move import MoveWish, is_implementer, review_in
from signoff.missions.review_cycle import APPROVED
from signoff.missions.reviews import newest_review
from signoff.runners.mission.log import MissionLogFile
from signoff.runners.mission.mission_state import MissionState, read_state


@dataclass(frozen=True)
class Finished:
    """`left` are packages that were approved by nobody who is known, or by whoever did the work; they stay approved."""

    events: tuple[TransitionEvent, ...]
    left: tuple[str, ...]


def finish_packages(state: MissionState, merged_commit: str, *, actor: str, now_us: int, new_id: NewId) -> Finished:
    """Move every approved package to done, with the review that approved it and the commit that has its work.

    Raises:
        DiagnosticError: an event could not be written; those before it stand, and are not written again.
    """
    log, now = MissionLogFile(state.place), read_state(state.place)
    approved = [wp_id for wp_id, one in now.reduced.work_packages.items() if one.lane is Lane.APPROVED]
    reviews = {wp_id: review for wp_id in approved if (review := _others_review(now, wp_id)) is not None}
    merged = {"target_branch": state.target_branch, "merged_commit": merged_commit}
    wishes = [
        MoveWish(
            wp_id,
            Lane.DONE,
            actor,
            reason=f"merged into {state.target_branch}",
            evidence={"review": dict(review), "repos": [merged]},
            review_ref=review["reference"],
            execution_mode=now.reduced.work_packages[wp_id].event.execution_mode,
        )
        for wp_id, review in reviews.items()
    ]
    events = tuple(move_work_package(log, wish, now_us=now_us, new_id=new_id).event for wish in wishes)
    return Finished(events, tuple(wp_id for wp_id in approved if wp_id not in reviews))


def _others_review(state: MissionState, wp_id: str) -> Mapping[str, Any] | None:
    review = _review(state, wp_id)
    is_own = review is not None and is_implementer(state.reduced.work_packages[wp_id], review["reviewer"])
    return None if is_own else review


def _review(state: MissionState, wp_id: str) -> Mapping[str, Any] | None:
    """Of the event that approved the package; of logs without, its newest review cycle."""
    told = review_in(state.reduced.work_packages[wp_id].event.evidence)
    if told is not None and told["verdict"] == APPROVED:
        return told
    try:
        found = newest_review(state.files, wp_id)
    except MissionError:
        return None
    if found is None or not (found[1].verdict == APPROVED or found[1].is_overridden):
        return None
    path, cycle = found
    return {"reviewer": cycle.override_actor or cycle.reviewer_agent, "verdict": APPROVED, "reference": path}
