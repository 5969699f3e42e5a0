"""The texts that a mission begins with, and what becomes of its plan: files of work packages, and lanes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from signoff.documents.problem import Problem, all_at_once
from signoff.errors import MissionError
from signoff.missions.branch import make_lane_branch, make_worktree_name
from signoff.missions.front_matter import write_front_matter
from signoff.missions.lanes_file import LanesFile, WorkLane
from signoff.missions.plan_text import PlannedPackage, waiting_in_circles

SPEC = """\
# {title}

## Why

What is wrong or missing today, and for whom.

## What

What shall be so when this mission is done, in sentences that can be checked.

## Requirements

- FR-001: ...

## Not in it

What this mission leaves alone.
"""

PLAN = """\
# Plan: {title}

## Approach

How it will be done, and why so.

## Risks

What may go wrong, and how one would notice.

## Work packages

Each package is a heading `### WP01: Title`, in the order in which they are to be read. Below it:

    - Owns: src/ledger/**, tests/ledger/**    the files it may change; ** crosses folders, * does not
    - Creates: docs/ledger.md                 files that it will make
    - Depends on: WP01, WP02                  packages that have to be approved first
    - Lane: lane-a                            packages of one lane share a worktree and a branch
    - Mode: planning_artifact                 for a package that changes no code (code_change otherwise)
    - Requirements: FR-001, FR-002            what it fulfils

Then what is to be done, in as many words as it takes, and subtasks, each a line `- [ ] T001 What`; one without a number
is given the next. Only `Owns` is needed. Packages whose files overlap share a lane unless it is said otherwise; every
other package has its own. `signoff mission tasks` makes files of them; run it again after adding packages.

### WP01: First package

- Owns: src/**, tests/**
- Requirements: FR-001

What this package does, and how one sees that it is done.

- [ ] T001 Write the tests
- [ ] T002 Make them pass
"""

_WILD = re.compile(r"[*?\[]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def fill(template: str, title: str) -> str:
    return template.replace("{title}", title)


def plan_lanes(packages: Sequence[PlannedPackage], lanes: LanesFile, *, path: str) -> LanesFile:
    """The lanes with every package in one; what was in a lane stays in it.

    Args:
        lanes: those of the mission so far.
        path: of the plan.

    Raises:
        MissionError: lanes would wait for each other.
    """
    fixed = {wp_id: lane.lane_id for lane in lanes.lanes for wp_id in lane.wp_ids}
    names = _lane_names(packages, fixed, {lane.lane_id for lane in lanes.lanes})
    planned = {lane.lane_id: lane for lane in lanes.lanes}
    for name in dict.fromkeys(names.values()):
        members = [one for one in packages if names[one.work_package_id] == name]
        planned[name] = _lane(planned.get(name), name, members, names, lanes.mission_branch)
    _check_order(planned, packages, names, path)
    return replace(lanes, lanes=tuple(planned.values()))


def work_package_text(package: PlannedPackage, *, target_branch: str, at: str, actor: str) -> str:
    """The file of a package that was planned at this instant (ISO 8601, UTC)."""
    front = {
        "work_package_id": package.work_package_id,
        "title": package.title,
        "dependencies": list(package.dependencies),
        "requirement_refs": list(package.requirement_refs),
        "planning_base_branch": target_branch,
        "merge_target_branch": target_branch,
        "subtasks": [name for name, _ in package.subtasks],
        "assignee": "",
        "agent": "",
        "history": [{"at": at, "actor": actor, "action": "planned"}],
        "execution_mode": package.execution_mode,
        "owned_files": list(package.owned_files),
        "create_intent": list(package.create_intent),
    }
    boxes = "".join(f"- [ ] {name} {text}\n" for name, text in package.subtasks)
    parts = [f"# {package.work_package_id}: {package.title}\n", f"{package.text}\n" if package.text else "", boxes]
    return write_front_matter(front, "\n" + "\n".join(part for part in parts if part))


def tasks_text(title: str, packages: Sequence[PlannedPackage], lanes: LanesFile) -> str:
    """`tasks.md`: what the packages are, on one page."""
    lines = [f"# Tasks: {title}", "", "Made of the work packages in plan.md by `signoff mission tasks`.", ""]
    lines += ["| package | title | lane | depends on |", "|---|---|---|---|"]
    for one in packages:
        lane = lanes.lane_of(one.work_package_id)
        needs = ", ".join(one.dependencies) or "-"
        cells = (f"[{one.work_package_id}](tasks/{one.file_name})", one.title, lane.lane_id if lane else "-", needs)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _lane_names(packages: Sequence[PlannedPackage], fixed: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """Of each package: the lane it is in, the one that the plan says, that of packages with the same files, its own."""
    names: dict[str, str] = {}
    said = {one.lane for one in packages if one.lane is not None}
    for one in packages:
        name = fixed.get(one.work_package_id) or one.lane or _shared_lane(one, packages, names)
        names[one.work_package_id] = name or _new_lane(taken | said | set(names.values()))
    return names


def _shared_lane(package: PlannedPackage, packages: Iterable[PlannedPackage], names: Mapping[str, str]) -> str | None:
    for earlier in packages:
        if earlier.work_package_id in names and _may_overlap(package.owned_files, earlier.owned_files):
            return names[earlier.work_package_id]
    return None


def _may_overlap(ones: Iterable[str], others: Sequence[str]) -> bool:
    """Whether one file could match both: what stands before the first wildcard of one begins the other's."""
    pairs = ((_WILD.split(one)[0], _WILD.split(other)[0]) for one in ones for other in others)
    return any(one.startswith(other) or other.startswith(one) for one, other in pairs)


def _new_lane(taken: set[str]) -> str:
    letters = (f"lane-{first}{second}" for first in ("", *_LETTERS) for second in _LETTERS)
    return next(name for name in letters if name not in taken)


def _lane(
    lane: WorkLane | None, name: str, members: Sequence[PlannedPackage], names: Mapping[str, str], mission_branch: str
) -> WorkLane:
    """As it is, with these packages in it. What is called once stays called so."""
    begun = lane or WorkLane(
        name, (), branch=make_lane_branch(mission_branch, name), worktree=make_worktree_name(mission_branch, name)
    )
    needed = [names[wp_id] for one in members for wp_id in one.dependencies]
    return replace(
        begun,
        wp_ids=tuple(dict.fromkeys([*begun.wp_ids, *(one.work_package_id for one in members)])),
        write_scope=tuple(dict.fromkeys([*begun.write_scope, *(glob for one in members for glob in one.owned_files)])),
        depends_on_lanes=tuple(dict.fromkeys([*begun.depends_on_lanes, *(one for one in needed if one != name)])),
    )


def _check_order(
    planned: Mapping[str, WorkLane], packages: Sequence[PlannedPackage], names: Mapping[str, str], path: str
) -> None:
    stuck = waiting_in_circles({name: set(lane.depends_on_lanes) - {name} for name, lane in planned.items()})
    if stuck:
        line = min((one.line for one in packages if names[one.work_package_id] in stuck), default=1)
        found = f"lanes that wait for each other: {', '.join(sorted(stuck))}"
        problem = Problem(line, "circle", found, "packages that depend on each other in one lane: '- Lane: NAME'")
        raise all_at_once(MissionError, {path: [problem]})
