"""`lanes.json`: which work packages share a worktree and a branch, and what these are called."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import MissionError
from signoff.missions.branch import make_lane_branch, make_worktree_name
from signoff.missions.files import LANES_FILE
from signoff.missions.json_text import read_object

VERSION = 1

_TEXTS = ("mission_slug", "mission_id", "mission_branch", "target_branch")
_LISTS = ("wp_ids", "write_scope", "depends_on_lanes")
_LANE_TEXTS = ("branch", "worktree")


@dataclass(frozen=True)
class WorkLane:
    """A lane of work: packages that are done one after another on one branch, in one worktree. `branch` and `worktree`
    are those that were made for it."""

    lane_id: str
    wp_ids: tuple[str, ...]
    write_scope: tuple[str, ...] = ()
    depends_on_lanes: tuple[str, ...] = ()
    branch: str | None = None
    worktree: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LanesFile:
    """The whole file; `lanes` in its order."""

    mission_slug: str
    mission_id: str | None
    mission_branch: str
    target_branch: str
    lanes: tuple[WorkLane, ...] = ()
    version: int = VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)

    def lane_of(self, wp_id: str) -> WorkLane | None:
        return next((lane for lane in self.lanes if wp_id in lane.wp_ids), None)

    def lane(self, lane_id: str) -> WorkLane | None:
        return next((lane for lane in self.lanes if lane.lane_id == lane_id), None)

    def branch_of(self, lane: WorkLane) -> str:
        """As it was made; files of older tools name the mission's branch alone, from which theirs were made."""
        return lane.branch or make_lane_branch(self.mission_branch, lane.lane_id)

    def worktree_of(self, lane: WorkLane) -> str:
        """The name of its folder."""
        return lane.worktree or make_worktree_name(self.mission_branch, lane.lane_id)

    def in_merge_order(self) -> list[WorkLane]:
        """Each lane behind those that it depends on; otherwise as in the file.

        Raises:
            MissionError: some wait for each other.
        """
        left, done = list(self.lanes), list[WorkLane]()
        while left:
            names = {lane.lane_id for lane in left}
            ready = next((lane for lane in left if not names & set(lane.depends_on_lanes) - {lane.lane_id}), None)
            if ready is None:
                found = f"lanes that wait for each other: {', '.join(sorted(names))}"
                raise _error(LANES_FILE, [(found, "an order in which they can be merged")])
            left.remove(ready)
            done.append(ready)
        return done


def read_lanes(text: str, *, path: str = LANES_FILE) -> LanesFile:
    """
    Raises:
        MissionError: with everything that is wrong in the file, a package in two lanes too.
    """
    wire = read_object(text, path=path)
    if "mission_slug" not in wire and "feature_slug" in wire:
        wire["mission_slug"] = wire.pop("feature_slug")
    problems = list(_problems(wire))
    if problems:
        raise _error(path, problems)
    return LanesFile(
        mission_slug=wire.get("mission_slug") or "",
        mission_id=wire.get("mission_id"),
        mission_branch=wire["mission_branch"],
        target_branch=wire["target_branch"],
        lanes=tuple(_lane(lane) for lane in wire["lanes"]),
        version=wire.get("version", VERSION),
        extra={key: value for key, value in wire.items() if key not in {*_TEXTS, "lanes", "version"}},
    )


def write_lanes(lanes: LanesFile) -> str:
    """The file's text: two spaces, a line end."""
    wire = {
        "version": lanes.version,
        "mission_slug": lanes.mission_slug,
        "mission_id": lanes.mission_id,
        "mission_branch": lanes.mission_branch,
        "target_branch": lanes.target_branch,
        "lanes": [_lane_to_wire(lane) for lane in lanes.lanes],
        **lanes.extra,
    }
    return json.dumps(wire, indent=2, ensure_ascii=False) + "\n"


def _error(path: str, problems: Sequence[tuple[str, str]]) -> MissionError:
    """Of what was found and what was expected."""
    return all_at_once(MissionError, {path: [Problem(1, "invalid-lanes", *problem) for problem in problems]})


def _lane(wire: Mapping[str, Any]) -> WorkLane:
    said: dict[str, Any] = {key: tuple(wire.get(key) or ()) for key in _LISTS}
    said.update({key: wire.get(key) for key in _LANE_TEXTS})
    return WorkLane(
        lane_id=wire["lane_id"],
        **said,
        extra={key: value for key, value in wire.items() if key not in {"lane_id", *_LISTS, *_LANE_TEXTS}},
    )


def _lane_to_wire(lane: WorkLane) -> dict[str, Any]:
    named = {key: value for key in _LANE_TEXTS if (value := getattr(lane, key)) is not None}
    return {"lane_id": lane.lane_id, **{key: list(getattr(lane, key)) for key in _LISTS}, **named, **lane.extra}


def _problems(wire: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("mission_branch", "target_branch"):
        if not isinstance(wire.get(key), str) or not wire[key]:
            yield f"{key} {shown(json.dumps(wire.get(key)))}", "the name of a branch"
    for key in ("mission_slug", "mission_id"):
        if not isinstance(wire.get(key), str | None):
            yield f"{key} {shown(json.dumps(wire.get(key)))}", "a text"
    if type(wire.get("version", VERSION)) is not int:
        yield f"version {shown(json.dumps(wire.get('version')))}", "a whole number"
    lanes = wire.get("lanes")
    if not isinstance(lanes, list):
        yield f"lanes {shown(json.dumps(lanes))}", "a list"
        return
    found = [problem for at, lane in enumerate(lanes) for problem in _lane_problems(at, lane)]
    yield from found or _relations(lanes)


def _lane_problems(at: int, lane: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(lane, dict) or not isinstance(lane.get("lane_id"), str) or not lane["lane_id"]:
        yield f"lanes[{at}] {shown(json.dumps(lane))}", "an object with a lane_id"
        return
    for key in _LISTS:
        value = lane.get(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            yield f"{key} {shown(json.dumps(value))} of {lane['lane_id']}", "a list of texts"
    for key in _LANE_TEXTS:
        if not isinstance(lane.get(key), str | None):
            yield f"{key} {shown(json.dumps(lane[key]))} of {lane['lane_id']}", "a text"


def _relations(lanes: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    owners: dict[str, str] = {}
    for lane in lanes:
        for wp_id in lane.get("wp_ids") or ():
            owner = owners.setdefault(wp_id, lane["lane_id"])
            if owner != lane["lane_id"]:
                yield f"{wp_id} in {owner} and {lane['lane_id']}", "each package in one lane"
    names = [lane["lane_id"] for lane in lanes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the lane {shown(name)} again", "each lane once"
