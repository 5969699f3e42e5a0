"""Where a mission stands, read once: its files as values, and what git has of its lanes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from signoff.errors import MissionError, NotFoundError
from signoff.missions.approval import reviewed_commit
from signoff.missions.event import WORKTREE
from signoff.missions.files import LANES_FILE, TASKS_FOLDER, MissionFiles
from signoff.missions.lane import Lane
from signoff.missions.lanes_file import LanesFile, WorkLane, read_lanes
from signoff.missions.meta import MissionMeta
from signoff.missions.reduce import Reduced
from signoff.missions.work_package import WorkPackage, read_work_package
from signoff.runners.mission.files import read_mission
from signoff.runners.mission.log import meta_of, reduced_of
from signoff.runners.mission.place import MissionPlace


@dataclass(frozen=True)
class MissionState:
    """Everything about the mission at `place` that was in its `files` when they were read."""

    place: MissionPlace
    files: MissionFiles

    @cached_property
    def meta(self) -> MissionMeta:
        return meta_of(self.place)

    @cached_property
    def reduced(self) -> Reduced:
        return reduced_of(self.files.events or b"")

    @cached_property
    def lanes(self) -> LanesFile:
        """
        Raises:
            MissionError: `lanes.json` is not there, or cannot be taken.
        """
        path = self.place.shown(self.place.lanes)
        if self.files.lanes is None:
            raise MissionError(
                "it is not there; make it of a plan with signoff mission tasks, or of packages that are there already "
                "with signoff mission adopt.",
                path=path,
            )
        return read_lanes(self.files.lanes, path=path)

    @property
    def mission_id(self) -> str:
        """Old missions have none; then their name stands for it."""
        return self.meta.mission_id or self.place.slug

    def identity(self, wp_id: str) -> dict[str, str]:
        """By what the reviews of a package are found in the ledger."""
        return {**identity_of(self.place, self.meta), "work_package_id": wp_id}

    @property
    def target_branch(self) -> str:
        return self.lanes.target_branch

    def package(self, wp_id: str) -> WorkPackage:
        """
        Raises:
            NotFoundError: (`work-package-not-found`) it has no file. MissionError: that cannot be taken.
        """
        name = self.files.work_package_file(wp_id)
        if name is None:
            known = sorted({one.partition("-")[0].removesuffix(".md") for one in self.files.work_packages})
            raise NotFoundError(
                f"{self.place.slug} has no work package {wp_id[:80]!r}; it has: {', '.join(known) or 'none'}.",
                code="work-package-not-found",
                details={"work_packages": known},
            )
        return read_work_package(self.files.work_packages[name], path=f"{TASKS_FOLDER}/{name}")

    def lane_of(self, wp_id: str) -> WorkLane:
        """
        Raises:
            MissionError: no lane has the package.
        """
        lane = self.lanes.lane_of(wp_id)
        if lane is None:
            raise MissionError(f"no lane has {wp_id}.", path=self.place.shown(self.place.folder / LANES_FILE))
        return lane

    def implementers(self, wp_id: str) -> tuple[str, ...]:
        """Who had a part in the work on the package, whoever took it up last as the last; whom its file names where the
        log does not say."""
        state = self.reduced.work_packages.get(wp_id)
        if state is not None and state.implementers:
            return state.implementers
        package = self.package(wp_id)
        return (package.assignee or package.agent or "unknown",)

    def lane_mates(self, wp_id: str) -> tuple[str, ...]:
        """The packages that are worked on in the same worktree; none where it has no lane of its own."""
        lane = None if self.files.lanes is None else self.lanes.lane_of(wp_id)
        if lane is None or not self.package(wp_id).changes_code:
            return ()
        return tuple(one for one in lane.wp_ids if one != wp_id and self._is_worked_on_in_lane(one))

    def reviewed_commits(self, lane: WorkLane) -> list[tuple[str, str]]:
        """The packages of a lane and the commits of its branch at which they were approved, in that order of time."""
        return [(event.wp_id, commit) for event in self.reduced.events
                if event.wp_id in lane.wp_ids and event.to_lane is Lane.APPROVED and event.execution_mode == WORKTREE
                and (commit := reviewed_commit(event))]  # fmt: skip

    def _is_worked_on_in_lane(self, wp_id: str) -> bool:
        state = self.reduced.work_packages.get(wp_id)
        return state is not None and state.event.execution_mode == WORKTREE


def identity_of(place: MissionPlace, meta: MissionMeta) -> dict[str, str]:
    """By what the reviews of a mission are found in the ledger."""
    return {
        "repo_root": str(place.checkout.root),
        "mission_id": meta.mission_id or place.slug,
        "mission_slug": place.slug,
    }


def read_state(place: MissionPlace) -> MissionState:
    return MissionState(place, read_mission(place.folder))
