"""What a merge would bring into the target branch, and no review has looked at.

A review looks at what lies between two commits, which its decision names. Whatever else the branches of a mission have
that the target lacks came past it: it was committed on the mission's own branch, below the commit at which a review
begins, or in a lane in which nobody works. The mission's own folder, its plan and its record, is no such thing, and
neither is what somebody answers for who has forced an approval.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from signoff.missions import finding
from signoff.missions.approval import Decision, reference_in
from signoff.missions.event import WORKTREE
from signoff.missions.finding import ERROR, Finding
from signoff.missions.lane import ACCEPTED, Lane
from signoff.missions.lanes_file import WorkLane
from signoff.missions.review_cycle import APPROVED
from signoff.runners.mission.branches import (
    EMPTY_TREE,
    commit_named,
    commits_between,
    heads_of,
    names_edited_by_merge,
    names_in,
    parents_of,
)
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.planning import is_planning, package_or_none
from signoff.runners.mission.scope import FILES_SHOWN, changed_on_both_sides


def judge_mission_branch(state: MissionState, decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    """The mission's own branch is merged before its lanes."""
    branch, target = state.lanes.mission_branch, state.target_branch
    is_lane = any(state.lanes.branch_of(lane) == branch for lane in state.lanes.lanes)
    if is_lane:
        return
    left = _unreviewed(state, decisions, branch)
    if left:
        remediation = (
            "Work belongs into the lane of a package, whose review sees it. Bring it there, bring this branch back "
            f"with: git branch --force {branch} {target}, and have lanes that began from it reviewed again. See what "
            f"is in it: git log --stat {target}..{branch}"
        )
        yield _finding(state, finding.MISSION_BRANCH_NOT_REVIEWED, branch, left, remediation)


def judge_lane_reviews(state: MissionState, decisions: Mapping[str, Decision], lane: WorkLane) -> Iterator[Finding]:
    """A lane whose work is done."""
    branch = state.lanes.branch_of(lane)
    left = _unreviewed(state, decisions, branch)
    if left:
        remediation = (
            f"Have it reviewed again, or take it out of the lane: git log --stat {state.target_branch}..{branch}"
        )
        yield _finding(state, finding.LANE_CHANGED_SINCE_REVIEW, branch, left, remediation)


def _unreviewed(state: MissionState, decisions: Mapping[str, Decision], branch: str) -> list[str]:
    """The commits of a branch that the target lacks and no review has seen, newest first; none without a branch."""
    root, heads = state.place.checkout.root, heads_of(state.place.checkout.root)
    head, target = heads.get(branch), heads.get(state.target_branch)
    if head is None or target is None:
        return []
    judged_elsewhere = [
        commit
        for lane in state.lanes.lanes
        if _is_open(state, lane) or _is_told(state, decisions, lane)
        if (commit := heads.get(state.lanes.branch_of(lane))) is not None
    ]
    found = commits_between(root, head, [target, *judged_elsewhere])
    seen = _seen(state, decisions.values()) if found else set()
    return [one for one in found if one not in seen and not is_planning(state, _names(state, one))]


def _seen(state: MissionState, decisions: Collection[Decision]) -> set[str]:
    """The commits at which reviews have looked. Of a package that changes no code a review lets through what it owns:
    other work is committed in between, on whatever is checked out there."""
    seen = set[str]()
    for one in decisions:
        if one.mission_id == state.mission_id and one.verdict == APPROVED:
            commits = _commits_of(state, one)
            if one.execution_mode != WORKTREE:
                package = package_or_none(state, one.work_package_id)
                commits = [each for each in commits if package and is_planning(state, _names(state, each), [package])]
            seen |= set(commits)
    return seen


def _commits_of(state: MissionState, decision: Decision) -> Sequence[str]:
    root = state.place.checkout.root
    if commit_named(root, decision.lane_commit) is None:
        return []
    base = None if decision.base_commit == EMPTY_TREE else commit_named(root, decision.base_commit)
    return commits_between(root, decision.lane_commit, [] if base is None else [base])


def _names(state: MissionState, commit: str) -> set[str]:
    """The paths that a commit changes; of a merge those that neither side had changed so."""
    root = state.place.checkout.root
    parents = parents_of(root, commit)
    if len(parents) < 2:
        return names_in(root, [commit])
    return names_edited_by_merge(root, commit) - changed_on_both_sides(root, parents[0], parents[1])


def _is_open(state: MissionState, lane: WorkLane) -> bool:
    """What is done in it is not judged yet, and stops a merge by itself."""
    return any(state.reduced.lane_of(wp_id) not in ACCEPTED | {Lane.CANCELED} for wp_id in lane.wp_ids)


def _is_told(state: MissionState, decisions: Mapping[str, Decision], lane: WorkLane) -> bool:
    """Whether work in the lane's branch was let through by somebody who forced it, or by no decision at all: that is
    told of its package."""
    packages = (state.reduced.work_packages.get(wp_id) for wp_id in lane.wp_ids)
    accepted = [one.acceptance for one in packages if one is not None and one.acceptance is not None]
    in_branch = [event for event in accepted if event.execution_mode == WORKTREE]
    return any(event.force or reference_in(event) not in decisions for event in in_branch)


def _finding(state: MissionState, code: str, branch: str, commits: Sequence[str], remediation: str) -> Finding:
    files = sorted({name for commit in commits for name in _names(state, commit)})
    shown = ", ".join(files[:FILES_SHOWN]) + (", ..." if len(files) > FILES_SHOWN else "")
    count = f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"
    details = {
        "branch_or_work_package": branch,
        "commits": list(commits),
        "files": files,
        "remediation": remediation,
    }
    return Finding(
        code, ERROR, f"{branch} has {count} that no review has seen, with changes of {shown}.", None, details
    )
