"""The commit guard: which lane a worktree is, and what speaks against what is staged in it.

The lane is the one whose branch is checked out, as `lanes.json` of the primary checkout names it; what a worktree's own
copy of the mission says counts for nothing. The mission's own branch takes the mission's folder, what its packages own
that change no code, and merges of its lanes: it is merged too. Another branch is nobody's to guard, but for a lane's
worktree that has left its branch: what is committed there would come into the lane past the guard. What a merge brings
in from the branches that the lane builds on was judged where it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import InvalidInputError, MissionError
from signoff.missions import finding
from signoff.missions.finding import ERROR, Finding
from signoff.missions.lane import ACTIVE
from signoff.missions.lanes_file import LanesFile, WorkLane, read_lanes
from signoff.missions.ownership import CommitContext, judge_commit
from signoff.runners.mission.branches import commit_named, commit_of, is_ancestor, tracking_of
from signoff.runners.mission.hook import merged_commits, staged_files, staged_unlike
from signoff.runners.mission.mission_state import MissionState, read_state
from signoff.runners.mission.place import Checkout, MissionPlace, all_missions
from signoff.runners.mission.planning import is_planning, planning_packages
from signoff.runners.mission.scope import FILES_SHOWN, changed_on_both_sides, judge_record, known_commits
from signoff.runners.mission.worktree import FOLDER, LaneContext, read_context, rebased_branch


@dataclass(frozen=True)
class _LaneHere:
    """The lane that a worktree is for, and what was noted of it."""

    place: MissionPlace
    lane_id: str
    noted: LaneContext | None


def judge_staged(checkout: Checkout, root: Path, environ: Mapping[str, str]) -> list[Finding]:
    """What speaks against committing what is staged here; nothing outside the lanes of missions.

    Args:
        root: the folder of missions.
        environ: as git gives it to its hooks.

    Raises:
        OperationError: (`git-failed`) git cannot say what is staged.
    """
    staged = staged_files(checkout, environ)
    if not staged:
        return []
    branch = checkout.branch or rebased_branch(checkout.here)
    here = _lane_of_branch(checkout, root, branch)
    if here is not None:
        return _judge(checkout, here, staged, environ)
    place = _mission_of_branch(checkout, root, branch)
    if place is not None:
        return list(_judge_on_mission_branch(checkout, read_state(place), staged, environ))
    return [] if checkout.is_primary else list(_off_branch(checkout, root, branch))


def _lane_of_branch(checkout: Checkout, root: Path, branch: str | None) -> _LaneHere | None:
    noted = read_context(checkout.here)
    for place in all_missions(checkout, root) if branch is not None else []:
        is_noted = noted is not None and (noted.mission_slug, noted.lane_branch) == (place.slug, branch)
        lane = _lane_where(place, lambda lanes, one: lanes.branch_of(one) == branch)
        lane_id = lane.lane_id if lane is not None else noted.lane_id if noted is not None and is_noted else None
        if lane_id is not None:
            return _LaneHere(place, lane_id, noted)
    return None


def _mission_of_branch(checkout: Checkout, root: Path, branch: str | None) -> MissionPlace | None:
    """The mission whose own branch this is; what is committed on a branch that takes missions in is not theirs."""
    for place in all_missions(checkout, root) if branch is not None else []:
        lanes = _lanes_of(place)
        if lanes is not None and branch == lanes.mission_branch != lanes.target_branch:
            return place
    return None


def _judge_on_mission_branch(
    checkout: Checkout, state: MissionState, staged: Sequence[str], environ: Mapping[str, str]
) -> Iterator[Finding]:
    lanes = state.lanes
    branches = [lanes.target_branch, *(lanes.branch_of(lane) for lane in lanes.lanes)]
    tracking = tracking_of(checkout.root, lanes.target_branch)
    heads = [*(commit_of(checkout.root, branch) for branch in branches), tracking.commit if tracking else None]
    brought = _brought_in(checkout, [one for one in heads if one is not None], environ)
    packages = planning_packages(state, ACTIVE)
    files = [path for path in staged if path not in brought and not is_planning(state, [path], packages)]
    if files:
        yield Finding(
            finding.MISSION_BRANCH_NOT_REVIEWED,
            ERROR,
            f"{', '.join(files[:FILES_SHOWN])} would come into {lanes.mission_branch}, which no review looks at. Work "
            "belongs into the lane of a package: signoff mission start WP",
            None,
            {"files": files, "mission_slug": state.place.slug, "branch": lanes.mission_branch},
        )


def _off_branch(checkout: Checkout, root: Path, branch: str | None) -> Iterator[Finding]:
    """A lane's worktree in which something else is checked out than the lane's branch."""
    noted = read_context(checkout.here)
    lane_id, lane_branch = (noted.lane_id, noted.lane_branch) if noted is not None else _lane_of_folder(checkout, root)
    if lane_branch is None:
        return
    what = "no branch" if branch is None else branch
    yield Finding(
        finding.ACTIVE_WP_CONTEXT_STALE,
        ERROR,
        f"This worktree is for {lane_id}, and {what} is checked out in it. Go back to the lane's branch: "
        f"git switch {lane_branch}",
        None,
        {"lane_id": lane_id, "lane_branch": lane_branch, "branch": branch, "worktree": str(checkout.here)},
    )


def _lane_of_folder(checkout: Checkout, root: Path) -> tuple[str | None, str | None]:
    """Of a worktree in which nothing is noted: by the folder that it is in."""
    for place in all_missions(checkout, root):
        lane = _lane_where(place, lambda lanes, one: checkout.root / FOLDER / lanes.worktree_of(one) == checkout.here)
        if lane is not None:
            return lane.lane_id, read_state(place).lanes.branch_of(lane)
    return None, None


def _lane_where(place: MissionPlace, is_meant: Callable[[LanesFile, WorkLane], bool]) -> WorkLane | None:
    """None where there is none, or that cannot be told."""
    lanes = _lanes_of(place)
    try:
        return None if lanes is None else next((lane for lane in lanes.lanes if is_meant(lanes, lane)), None)
    except InvalidInputError:
        return None


def _lanes_of(place: MissionPlace) -> LanesFile | None:
    try:
        return read_lanes(place.lanes.read_text("utf-8", errors="replace"))
    except (OSError, MissionError):
        return None


def _judge(checkout: Checkout, here: _LaneHere, staged: Sequence[str], environ: Mapping[str, str]) -> list[Finding]:
    state = read_state(here.place)
    try:
        lanes = state.lanes
    except MissionError as error:
        return [Finding(finding.ACTIVE_WP_METADATA_INVALID, ERROR, error.message)]
    lane = lanes.lane(here.lane_id)
    brought = set[str]() if lane is None else _brought_in(checkout, known_commits(state, lane), environ)
    own = [path for path in staged if path not in brought]
    if not own:
        return []
    commit = CommitContext(here.lane_id, own, None if here.noted is None else here.noted.work_package_id)
    return [*judge_record(state, own), *judge_commit(state.files, lanes, state.reduced, commit)]


def _brought_in(checkout: Checkout, known: Sequence[str], environ: Mapping[str, str]) -> set[str]:
    """The staged paths that a merge brings in as one of the known commits has them, or one before it; and those that
    were changed there and here, so that somebody has to bring them together."""
    root, merged = checkout.root, merged_commits(checkout, environ)
    if not merged:
        return set()
    staged, head = staged_unlike(checkout, environ, "HEAD"), commit_named(checkout.here, "HEAD") or ""
    brought = set[str]()
    for commit in merged:
        if any(is_ancestor(root, commit, one) for one in known):
            unlike = staged_unlike(checkout, environ, commit)
            brought |= staged - unlike | changed_on_both_sides(root, head, commit)
    return brought
