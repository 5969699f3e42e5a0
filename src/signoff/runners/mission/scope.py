"""What a lane's commits changed, against what its packages own.

The guard judges a commit before it is made. Whoever goes past it (`--no-verify`, a fast-forward, a branch moved by
hand) is found here, before a merge: every commit that a review has let through is looked at once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from signoff.missions.approval import repo_in, reviewed_commit
from signoff.missions.event import WORKTREE, TransitionEvent
from signoff.missions.files import TASKS_FOLDER
from signoff.missions.finding import ERROR, MISSION_FILES_CHANGED_BY_HAND, Finding
from signoff.missions.lane import Lane
from signoff.missions.lanes_file import WorkLane
from signoff.missions.ownership import judge_changes
from signoff.runners.mission.branches import (
    commit_named,
    commit_of,
    fork_point,
    is_ancestor,
    names_between,
    names_edited_by_merge,
    names_in,
    own_commits,
    tracking_of,
)
from signoff.runners.mission.committed import STATE_FILES
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.planning import package_or_none, planning_commits

FILES_SHOWN = 10


def judge_lane(state: MissionState, lane: WorkLane, head: str) -> Iterator[Finding]:
    """What the commits of a lane changed that was nobody's to change.

    Commits are a package's from where its review found that its work begins. Of lanes without such reviews, as older
    tools left them, only what none of its packages owns is told.
    """
    approvals = [event for event in state.reduced.events if _is_approval_in(lane, event)]
    # What was approved and is not in the lane any more is not merged either.
    reviewed = [one for one in approvals if is_ancestor(state.place.checkout.root, reviewed_commit(one) or "", head)]
    ranges = [([event.wp_id], reviewed_commit(event) or head, repo_in(event).get("base_commit")) for event in reviewed]
    for wp_ids, commit, base in ranges or [(list(lane.wp_ids), head, None)]:
        changed = _changed(state, lane, commit, base)
        yield from judge_record(state, changed)
        packages = [package for wp_id in wp_ids if (package := package_or_none(state, wp_id)) is not None]
        if len(packages) == len(wp_ids):
            yield from judge_changes(packages, changed, lane_id=lane.lane_id, commit=commit)


def judge_record(state: MissionState, paths: Sequence[str]) -> Iterator[Finding]:
    """The mission's own files are written by commands, in the primary checkout: a lane's copies of them would meet
    those there when the lane is merged."""
    folder = state.place.shown(state.place.folder)
    own = [path for path in paths if path.startswith(f"{folder}/") and _is_state(path.removeprefix(f"{folder}/"))]
    if own:
        yield Finding(
            MISSION_FILES_CHANGED_BY_HAND,
            ERROR,
            f"{', '.join(own[:FILES_SHOWN])} belong to the mission's own record, which only `signoff mission` writes.",
            None,
            {"files": own, "mission_slug": state.place.slug},
        )


def known_commits(state: MissionState, lane: WorkLane) -> list[str]:
    """Those of the branches that a lane builds on: the mission's, its target here and at the remote, and the lanes that
    it depends on."""
    root, tracking = state.place.checkout.root, tracking_of(state.place.checkout.root, state.target_branch)
    branches = [state.lanes.mission_branch, state.target_branch, *_needed(state, lane)]
    found = [*(commit_of(root, branch) for branch in branches), tracking.commit if tracking else None]
    return [commit for commit in found if commit is not None]


def changed_on_both_sides(root: Path, one: str, other: str) -> set[str]:
    """Where a merge of the two may need somebody's hand."""
    base = fork_point(root, one, other)
    return set() if base is None else names_between(root, base, one) & names_between(root, base, other)


def _changed(state: MissionState, lane: WorkLane, head: str, base: str | None) -> list[str]:
    """The paths that the lane's own commits up to `head` changed, each once."""
    root = state.place.checkout.root
    if commit_named(root, head) is None or commit_of(root, state.target_branch) is None:
        return []
    begins = commit_named(root, base) if base else None
    ends = [begins, *(commit_of(root, one) for one in _needed(state, lane)), *_merged_before(state, lane)]
    without = [one for one in ends if one is not None]
    own = own_commits(root, head, target=state.target_branch, without=without)
    planned = planning_commits(state)
    merges = own_commits(root, head, target=state.target_branch, without=without, merges=True)
    # What both sides changed somebody had to bring together: that is the merge's, whoever owns the file.
    edited = [
        path
        for merge in merges
        for path in names_edited_by_merge(root, merge) - changed_on_both_sides(root, f"{merge}^1", f"{merge}^2")
    ]
    return sorted({*names_in(root, [one for one in own if one not in planned]), *edited})


def _needed(state: MissionState, lane: WorkLane) -> list[str]:
    """The branches of the lanes that this one depends on."""
    lanes = (state.lanes.lane(name) for name in lane.depends_on_lanes)
    return [state.lanes.branch_of(other) for other in lanes if other is not None]


def _merged_before(state: MissionState, lane: WorkLane) -> list[str | None]:
    """How far the mission's branch has taken in the lanes that come before this one: what they did is judged there."""
    root = state.place.checkout.root
    own = commit_of(root, state.lanes.mission_branch)
    earlier = takewhile(lambda one: one != lane, state.lanes.in_merge_order())
    heads = [commit_of(root, state.lanes.branch_of(one)) for one in earlier]
    return [fork_point(root, own, head) for head in heads if own is not None and head is not None]


def _is_approval_in(lane: WorkLane, event: TransitionEvent) -> bool:
    is_in_lane = event.wp_id in lane.wp_ids and event.execution_mode == WORKTREE
    return is_in_lane and event.to_lane is Lane.APPROVED and reviewed_commit(event) is not None


def _is_state(path: str) -> bool:
    return path in STATE_FILES or path.startswith(f"{TASKS_FOLDER}/")
