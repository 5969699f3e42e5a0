"""Where a work package is worked on, and what has come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signoff.cli.files import write_file
from signoff.errors import InvalidInputError
from signoff.missions.files import TASKS_FILE
from signoff.missions.tick import tick
from signoff.missions.work_package import WorkPackage
from signoff.runners.mission.acting_git import act_git
from signoff.runners.mission.branches import fork_point, heads_of, worktree_of
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.planning import check_committed, planning_work, uncommitted
from signoff.runners.mission.worktree import LaneContext, open_worktree, write_context


def open_workspace(state: MissionState, package: WorkPackage) -> dict[str, Any]:
    """`{workspace, branch, lane_id}` of the lane's worktree, which is prepared for the package; of the primary checkout
    for a package that changes no code, without branch and lane.

    Raises:
        As `open_worktree`.
    """
    checkout = state.place.checkout
    if not package.changes_code:
        return {"workspace": str(checkout.root)}
    wp_id = package.work_package_id
    lanes, lane = state.lanes, state.lane_of(wp_id)
    worktree = open_worktree(checkout, lanes, lane)
    context = LaneContext(
        mission_slug=state.place.slug,
        mission_id=state.meta.mission_id,
        lane_id=lane.lane_id,
        work_package_id=wp_id,
        mission_branch=lanes.mission_branch,
        lane_branch=worktree.branch,
        base_ref=worktree.head,
    )
    write_context(worktree.path, context)
    return {"workspace": str(worktree.path), "branch": worktree.branch, "lane_id": lane.lane_id}


def workspace_of(state: MissionState, package: WorkPackage) -> str | None:
    """Where it is worked on, if there is such a place already."""
    if not package.changes_code:
        return str(state.place.checkout.root)
    if state.files.lanes is None or (lane := state.lanes.lane_of(package.work_package_id)) is None:
        return None
    found = worktree_of(state.place.checkout.root, state.lanes.branch_of(lane))
    return None if found is None else str(found)


def work_done(state: MissionState, package: WorkPackage) -> dict[str, Any]:
    """`{repos: [{lane_branch, base_commit, lane_commit}]}` where the lane's branch has anything that the mission's has
    not, or anything was committed of a package that changes no code; empty otherwise.

    Raises:
        InvalidInputError: (`uncommitted-changes`) a review would not see all of it.
    """
    root = state.place.checkout.root
    if not package.changes_code:
        check_committed(root, package)
        work = planning_work(state, package)
        return _repos(work.branch, work.base_commit, work.commit) if work.commit != work.base_commit else {}
    if state.files.lanes is None:
        return {}
    lanes, lane = state.lanes, state.lane_of(package.work_package_id)
    branch = lanes.branch_of(lane)
    _check_committed(root, branch)
    heads = heads_of(root)
    head, mission = heads.get(branch), heads.get(lanes.mission_branch)
    base = fork_point(root, head, mission) if head and mission else None
    if head is None or head == base:
        return {}
    return _repos(branch, base, head)


def _repos(branch: str, base: str | None, head: str) -> dict[str, Any]:
    return {"repos": [{"lane_branch": branch, "base_commit": base, "lane_commit": head}]}


def tick_subtasks(state: MissionState, wp_id: str, done: Sequence[str], *, is_all: bool) -> MissionState:
    """The state with these subtasks ticked, which is written to the files where they have their boxes.

    Raises:
        InvalidInputError: (`no-such-subtask`) the package has no subtask of this id.
    """
    package, name = state.package(wp_id), state.files.work_package_file(wp_id)
    tasks_md = state.files.tasks_md or ""
    open_ones = package.open_subtasks(tasks_md)
    wanted = set(open_ones) if is_all else set(done)
    unknown = sorted(wanted - {*package.subtasks, *open_ones})
    if unknown:
        known = ", ".join(package.subtasks) or "none"
        raise InvalidInputError(
            f"{wp_id} has no subtask {', '.join(unknown)}; it has: {known}.",
            code="no-such-subtask",
            details={"subtasks": list(package.subtasks)},
        )
    assert name is not None  # noqa: S101 - `package` has found its file
    text = state.files.work_packages[name]
    ticked, tasks_ticked = tick(text, wanted), tick(tasks_md, wanted)
    if ticked != text:
        write_file(state.place.tasks / name, ticked)
    if tasks_ticked != tasks_md:
        write_file(state.place.folder / TASKS_FILE, tasks_ticked)
    files = replace(
        state.files,
        work_packages={**state.files.work_packages, name: ticked},
        tasks_md=tasks_ticked if state.files.tasks_md is not None else None,
    )
    return replace(state, files=files)


def _check_committed(root: Path, branch: str) -> None:
    worktree = worktree_of(root, branch)
    if worktree is None or not worktree.is_dir():
        return
    changed = act_git(worktree, "status", "--porcelain", "-z", "--untracked-files=no").rstrip("\0")
    if changed:
        raise uncommitted(worktree, len(changed.split("\0")))
