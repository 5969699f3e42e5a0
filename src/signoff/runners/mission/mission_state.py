"""Where a mission stands, read once: its files as values, and what git has of its lanes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from signoff.errors import MissionError, NotFoundError
from signoff.missions.event import TransitionEvent
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
            raise MissionError("it is not there; make it with: signoff mission tasks.", path=path)
        return read_lanes(self.files.lanes, path=path)

    @property
    def mission_id(self) -> str:
        """Old missions have none; then their name stands for it."""
        return self.meta.mission_id or self.place.slug

    def identity(self, wp_id: str) -> dict[str, str]:
        """By what the reviews of a package are found in the ledger."""
        return {
            "repo_root": str(self.place.checkout.root),
            "mission_id": self.mission_id,
            "mission_slug": self.place.slug,
            "work_package_id": wp_id,
        }

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

    def implementer(self, wp_id: str) -> str:
        """Who worked on the package: whoever took it up last, not counting reviewers who sent it back."""
        took_up = [event for event in self._events_of(wp_id) if event.to_lane is Lane.IN_PROGRESS]
        own = [event.actor_name for event in took_up if not event.is_step_back]
        package = self.package(wp_id)
        return next(reversed(own), "") or package.assignee or package.agent or "unknown"

    def reviewed_commits(self, lane: WorkLane) -> list[tuple[str, str]]:
        """The packages of a lane and the commits at which they were approved, in that order of time."""
        return [(event.wp_id, commit) for event in self.reduced.events
                if event.wp_id in lane.wp_ids and event.to_lane is Lane.APPROVED
                and (commit := reviewed_commit(event))]  # fmt: skip

    def _events_of(self, wp_id: str) -> Iterator[TransitionEvent]:
        return (event for event in self.reduced.events if event.wp_id == wp_id)


def read_state(place: MissionPlace) -> MissionState:
    return MissionState(place, read_mission(place.folder))


def reviewed_commit(event: TransitionEvent) -> str | None:
    """The commit that a review looked at, as its event has it."""
    repos = (event.evidence or {}).get("repos")
    named = (one.get("lane_commit") for one in repos if isinstance(one, dict)) if isinstance(repos, list) else ()
    return next((commit for commit in named if isinstance(commit, str)), None)
