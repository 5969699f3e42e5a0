"""What a mission of an older tool lacks to be carried to its merge, made of what it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.missions.branch import make_mission_branch, make_worktree_name
from signoff.missions.files import TASKS_FOLDER
from signoff.missions.lanes_file import LanesFile, WorkLane
from signoff.missions.meta import MissionMeta
from signoff.missions.plan_text import PlannedPackage
from signoff.missions.scaffold import plan_lanes
from signoff.missions.work_package import WorkPackage

FIRST_LANE = "lane-a"


def begin_lanes(meta: MissionMeta, target_branch: str) -> LanesFile:
    """Of a mission without any."""
    return LanesFile(
        mission_slug=meta.mission_slug,
        mission_id=meta.mission_id,
        mission_branch=make_mission_branch(meta.mission_slug),
        target_branch=target_branch,
    )


def lanes_of_packages(packages: Sequence[WorkPackage], lanes: LanesFile) -> LanesFile:
    """The lanes with every package in one, as a plan would have them.

    Raises:
        MissionError: lanes would wait for each other.
    """
    known = {one.work_package_id for one in packages}
    return plan_lanes([_to_planned(one, known) for one in packages], lanes, path=TASKS_FOLDER)


def one_lane(packages: Sequence[WorkPackage], lanes: LanesFile, branch: str) -> LanesFile:
    """All packages in one lane, whose work is on this branch already."""
    lane = WorkLane(
        FIRST_LANE,
        tuple(one.work_package_id for one in packages),
        write_scope=tuple(dict.fromkeys(glob for one in packages for glob in one.owned_files)),
        branch=branch,
        worktree=make_worktree_name(lanes.mission_branch, FIRST_LANE),
    )
    return replace(lanes, lanes=(lane,))


def _to_planned(package: WorkPackage, known: set[str]) -> PlannedPackage:
    """What it waits for that has no file cannot be waited for."""
    return PlannedPackage(
        work_package_id=package.work_package_id,
        title=package.title,
        line=1,
        owned_files=package.owned_files,
        dependencies=tuple(one for one in package.dependencies if one in known),
        execution_mode=package.execution_mode,
    )
