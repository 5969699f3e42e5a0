"""Packages that change no code: they are worked on in the primary checkout, on whatever branch is checked out there.

Where such work begins is noted when it is started. What came of it is the newest commit that touches the package's own
files: what else is committed there, such as the mission's log, makes no other work of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import InvalidInputError, MissionError, NotFoundError
from signoff.missions.lane import LANES, Lane
from signoff.missions.ownership import owns
from signoff.missions.work_package import WorkPackage
from signoff.runners.git import run_git
from signoff.runners.mission.acting_git import act_git
from signoff.runners.mission.branches import (
    EMPTY_TREE,
    commit_named,
    commit_of,
    is_ancestor,
    names_in,
    own_commits,
    said,
)
from signoff.runners.mission.mission_state import MissionState

#: Under this key the event that begins the work notes the commit that was there.
BASE_KEY = "base_commit"


@dataclass(frozen=True)
class PlanningWork:
    """`commit` is `base_commit` where nothing was committed yet."""

    branch: str
    base_commit: str
    commit: str


def planning_work(state: MissionState, package: WorkPackage) -> PlanningWork:
    root = state.place.checkout.root
    branch = said(run_git(root, "symbolic-ref", "--quiet", "--short", "HEAD")) or "HEAD"
    base = _base(state, package.work_package_id)
    newest = said(run_git(root, "rev-list", "--max-count=1", "HEAD", "--", *_paths(package.globs)))
    is_begun = newest and (base == EMPTY_TREE or not is_ancestor(root, newest, base))
    return PlanningWork(branch, base, newest if is_begun else base)


def planning_commits(state: MissionState) -> set[str]:
    """The commits of the mission's own branch, merged or not, that change nothing but its folder and what its packages
    own that change no code. These are judged where that branch is."""
    root, lanes = state.place.checkout.root, state.lanes
    branch = lanes.mission_branch
    head = commit_of(root, branch)
    if head is None or any(lanes.branch_of(lane) == branch for lane in lanes.lanes):
        return set()
    packages = planning_packages(state)
    found = own_commits(root, head, target=lanes.target_branch)
    return {commit for commit in found if is_planning(state, names_in(root, [commit]), packages)}


def is_planning(state: MissionState, names: Collection[str], packages: Sequence[WorkPackage] = ()) -> bool:
    """Whether these paths are all in the mission's folder, or owned by one of the packages."""
    folder = f"{state.place.shown(state.place.folder)}/"
    return all(name.startswith(folder) or any(owns(package, name) for package in packages) for name in names)


def planning_packages(state: MissionState, lanes: Collection[Lane] = LANES) -> list[WorkPackage]:
    """The packages that change no code and are in one of these lanes."""
    wp_ids = [wp_id for wp_id, one in state.reduced.work_packages.items() if one.lane in lanes]
    packages = [package for wp_id in wp_ids if (package := package_or_none(state, wp_id)) is not None]
    return [package for package in packages if not package.changes_code]


def package_or_none(state: MissionState, wp_id: str) -> WorkPackage | None:
    """None where nothing says what it owns: what is wrong with its file is told by `validate`."""
    try:
        package = state.package(wp_id)
    except (MissionError, NotFoundError):
        return None
    return package if package.owns_anything else None


def check_committed(root: Path, package: WorkPackage) -> None:
    """
    Raises:
        InvalidInputError: (`uncommitted-changes`) a review would not see all of the package's files.
    """
    if not package.owns_anything:
        return
    words = ("status", "--porcelain", "-z", "--untracked-files=all", "--", *_paths(package.globs))
    changed = [line for line in act_git(root, *words).split("\0") if line]
    if changed:
        raise uncommitted(root, len(changed))


def uncommitted(folder: Path, count: int) -> InvalidInputError:
    return InvalidInputError(
        f"{count} changed file{'' if count == 1 else 's'} in {folder} not committed. Commit or discard what is there, "
        "then submit again.",
        code="uncommitted-changes",
        details={"workspace": str(folder), "count": count},
    )


def _base(state: MissionState, wp_id: str) -> str:
    """What was noted when it was started; else the last commit before that."""
    root = state.place.checkout.root
    begun = [one for one in state.reduced.events if one.wp_id == wp_id and one.to_lane is Lane.IN_PROGRESS]
    for event in begun:
        noted = (event.policy_metadata or {}).get(BASE_KEY)
        if isinstance(noted, str) and (commit := commit_named(root, noted)) is not None:
            return commit
    before = [f"--before={begun[0].at}"] if begun else []
    return said(run_git(root, "rev-list", "--max-count=1", "--first-parent", *before, "HEAD")) or EMPTY_TREE


def _paths(globs: Sequence[str]) -> list[str]:
    """As git reads the globs of packages."""
    return [f":(top,glob){one}" for one in globs]
