"""The commit guard: which lane a worktree is, and what speaks against what is staged in it.

The lane is the one whose branch is checked out, as `lanes.json` of the primary checkout names it; what a worktree's own
copy of the mission says counts for nothing. A branch that is no lane's is nobody's to guard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from signoff.errors import MissionError
from signoff.missions import finding
from signoff.missions.files import EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, TASKS_FOLDER
from signoff.missions.finding import ERROR, Finding
from signoff.missions.lanes_file import read_lanes
from signoff.missions.meta import META_FILE
from signoff.missions.ownership import CommitContext, judge_commit
from signoff.runners.mission.mission_state import MissionState, read_state
from signoff.runners.mission.place import Checkout, MissionPlace, all_missions
from signoff.runners.mission.worktree import read_context

_STATE_FILES = frozenset({EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, META_FILE})


def judge_staged(checkout: Checkout, missions_root: Path, staged: Sequence[str]) -> list[Finding]:
    """What speaks against committing these paths here; nothing outside the lanes of missions."""
    if checkout.branch is None or not staged:
        return []
    noted = read_context(checkout.here)
    for place in all_missions(checkout, missions_root):
        is_noted = noted is not None and (noted.mission_slug, noted.lane_branch) == (place.slug, checkout.branch)
        lane_id = _lane_id(place, checkout.branch) or (noted.lane_id if noted is not None and is_noted else None)
        if lane_id is not None:
            commit = CommitContext(lane_id, staged, None if noted is None else noted.work_package_id)
            return _judge(read_state(place), commit)
    return []


def _lane_id(place: MissionPlace, branch: str) -> str | None:
    """The lane of this mission whose branch it is; None where there is none, or that cannot be told."""
    try:
        lanes = read_lanes(place.lanes.read_text("utf-8", errors="replace"))
    except (OSError, MissionError):
        return None
    return next((lane.lane_id for lane in lanes.lanes if lanes.branch_of(lane) == branch), None)


def _judge(state: MissionState, commit: CommitContext) -> list[Finding]:
    try:
        lanes = state.lanes
    except MissionError as error:
        return [Finding(finding.ACTIVE_WP_METADATA_INVALID, ERROR, error.message)]
    return [*_by_hand(state, commit.staged), *judge_commit(state.files, lanes, state.reduced, commit)]


def _by_hand(state: MissionState, staged: Sequence[str]) -> Iterator[Finding]:
    """The mission's own files are written by commands, in the primary checkout: a lane's copies of them would meet
    those there when the lane is merged."""
    folder = state.place.shown(state.place.folder)
    own = [path for path in staged if path.startswith(f"{folder}/") and _is_state(path.removeprefix(f"{folder}/"))]
    if own:
        yield Finding(
            finding.MISSION_FILES_CHANGED_BY_HAND,
            ERROR,
            f"{', '.join(own[:10])} belong to the mission's own record, which only `signoff mission` writes.",
            None,
            {"files": own, "mission_slug": state.place.slug},
        )


def _is_state(path: str) -> bool:
    return path in _STATE_FILES or path.startswith(f"{TASKS_FOLDER}/")
