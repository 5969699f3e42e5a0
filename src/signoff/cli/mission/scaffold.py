"""`signoff mission init|specify|plan|tasks`: the files that a mission begins with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.files import as_seen_from_here, make_folder, write_file
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import counted, hint, say
from signoff.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from signoff.missions.lanes_file import LanesFile
    from signoff.missions.meta import MissionMeta
    from signoff.missions.plan_text import PlannedPackage
    from signoff.runners.mission.place import MissionPlace

MISSION_TYPE = "software-dev"
SPEC_FILE, PLAN_FILE = "spec.md", "plan.md"

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")

_INIT_EPILOG = """\b
Examples:
  signoff mission init release-3-2
  signoff mission init release-3-2 --title "Release 3.2" --target release/3.2
"""


@click.command(epilog=_INIT_EPILOG)
@click.argument("slug")
@click.option("--title", metavar="TEXT", help="What it is called; made of SLUG without it.")
@click.option("--target", metavar="BRANCH", help="The branch that it is merged into; the one checked out without it.")
@click.option("--type", "mission_type", default=MISSION_TYPE, show_default=True, metavar="TEXT", help="Its kind.")
@takes_mission()
def init(
    call: Call, mission: MissionChoice, slug: str, *, title: str | None, target: str | None, mission_type: str
) -> None:
    """Begin the mission SLUG: its folder, its identity and its empty log.

    The folder is made in the primary checkout, in missions/ or wherever missions are there already.
    """
    from signoff.clock import new_ulid
    from signoff.missions.meta import MissionMeta
    from signoff.runners.mission.acting_git import check_branch_name
    from signoff.runners.mission.place import MissionPlace

    place = MissionPlace(mission.checkout, mission.root / _checked_slug(slug))
    target = check_branch_name(target or current_branch(mission))
    with mission.alone():
        if place.meta.exists():
            raise InvalidInputError(f"{place.folder} is a mission already.", code="mission-exists")
        meta = MissionMeta(
            mission_slug=slug,
            mission_id=new_ulid(),
            mission_number=next_number(mission),
            mission_type=mission_type,
            target_branch=target,
            extra={"title": title or _title(slug)},
        )
        _begin(place, meta)
    document = {
        "result": "success",
        "mission_slug": slug,
        "mission_id": meta.mission_id,
        "mission_number": meta.mission_number,
        "target_branch": meta.target_branch,
        "path": str(place.folder),
    }
    call.show(document, lambda: _draw_init(call, place, meta))


_SPECIFY_EPILOG = """\b
Examples:
  signoff mission specify
  signoff mission specify --mission release-3-2
"""


@click.command(epilog=_SPECIFY_EPILOG)
@takes_mission()
def specify(call: Call, mission: MissionChoice) -> None:
    """Write spec.md, to be filled in. One that is there already is left alone."""
    from signoff.missions.scaffold import SPEC

    _scaffold(call, mission.place, SPEC_FILE, SPEC, "plan")


_PLAN_EPILOG = """\b
Examples:
  signoff mission plan
  signoff mission plan --mission release-3-2
"""


@click.command(epilog=_PLAN_EPILOG)
@takes_mission()
def plan(call: Call, mission: MissionChoice) -> None:
    """Write plan.md, to be filled in; it says itself how its work packages are written. One that is there already is
    left alone."""
    from signoff.missions.scaffold import PLAN

    _scaffold(call, mission.place, PLAN_FILE, PLAN, "tasks")


_TASKS_EPILOG = """\b
Examples:
  signoff mission tasks
  signoff mission tasks --json | jq .lanes

Run it again after packages were added to the plan: what is there already is left alone.
"""


@click.command(epilog=_TASKS_EPILOG)
@takes_mission()
def tasks(call: Call, mission: MissionChoice) -> None:
    """Make a file of each work package in plan.md, and lanes of packages that share files."""
    from signoff.missions.lanes_file import write_lanes
    from signoff.missions.plan_text import read_plan
    from signoff.missions.scaffold import plan_lanes, tasks_text
    from signoff.runners.mission.log import meta_of

    place = mission.place
    path = place.folder / PLAN_FILE
    if not path.is_file():
        raise NotFoundError(f"{path} is not there. Write it with: signoff mission plan", code="plan-not-found")
    packages = read_plan(path.read_text("utf-8", errors="replace"), path=place.shown(path))
    with mission.alone():
        meta = meta_of(place)
        lanes = plan_lanes(packages, _lanes_so_far(place, meta), path=place.shown(path))
        new = _write_packages(mission, packages, lanes)
        _write_changed(place.lanes, write_lanes(lanes))
        _write_changed(place.folder / "tasks.md", tasks_text(_title_of(meta), packages, lanes))
        planned = plan_packages(mission, [one.work_package_id for one in packages])
    document = {
        "result": "success",
        "mission_slug": place.slug,
        "work_packages": [one.work_package_id for one in packages],
        "new_files": [place.shown(one) for one in new],
        "planned": planned,
        "lanes": {lane.lane_id: list(lane.wp_ids) for lane in lanes.lanes},
    }
    mission.show_done(place, document, lambda: _draw_tasks(call, packages, lanes, new))


def _checked_slug(slug: str) -> str:
    if _SLUG.fullmatch(slug) is None:
        raise InvalidInputError(
            f"{slug[:80]!r} is no name for a mission: it takes up to 80 letters, digits, '-' and '_', no mark first.",
            code="bad-mission-slug",
        )
    return slug


def _begin(place: MissionPlace, meta: MissionMeta) -> None:
    from signoff.missions.meta import write_meta
    from signoff.missions.reduce import snapshot

    make_folder(place.tasks)
    # Whatever somebody has put there: `status` says what is wrong with it.
    if not place.log.exists():
        write_file(place.log, "")
    write_file(place.snapshot, snapshot([], meta).to_text())
    # Last, as it makes a mission of the folder.
    write_file(place.meta, write_meta(meta))


def next_number(mission: MissionChoice) -> int:
    from signoff.runners.mission.log import meta_of
    from signoff.runners.mission.place import all_missions

    numbers = (str(meta_of(one).mission_number) for one in all_missions(mission.checkout, mission.root))
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0) + 1


def current_branch(mission: MissionChoice) -> str:
    from signoff.runners.repository import head_of

    branch = head_of(mission.checkout.root).branch
    if branch is None:
        raise click.UsageError("No branch is checked out. Say which one the mission is merged into: --target BRANCH.")
    return branch


def _title(slug: str) -> str:
    words = slug.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _title_of(meta: MissionMeta) -> str:
    title = meta.extra.get("title")
    return title if isinstance(title, str) and title.strip() else _title(meta.mission_slug)


def _scaffold(call: Call, place: MissionPlace, name: str, template: str, next_command: str) -> None:
    from signoff.missions.scaffold import fill
    from signoff.runners.mission.log import meta_of

    path = place.folder / name
    is_there = path.exists() or path.is_symlink()
    if not is_there:
        write_file(path, fill(template, _title_of(meta_of(place))))
    status = "unchanged" if is_there else "written"
    document = {"result": "success", "mission_slug": place.slug, "path": str(path), "status": status}

    def draw() -> None:
        shown = as_seen_from_here(path)
        say(f"{shown} is there already, and left alone." if is_there else f"{shown} is written. Fill it in.")
        hint(f"Then: {call.again('mission', next_command, f'--mission={place.slug}')}")

    call.show(document, draw)


def _lanes_so_far(place: MissionPlace, meta: MissionMeta) -> LanesFile:
    from signoff.missions.adopt import begin_lanes
    from signoff.missions.lanes_file import read_lanes

    if place.lanes.exists():
        return read_lanes(place.lanes.read_text("utf-8", errors="replace"), path=place.shown(place.lanes))
    if not meta.target_branch:
        raise InvalidInputError(
            f"{place.shown(place.meta)} names no target_branch. Name it with: signoff mission adopt --target BRANCH",
            code="no-target-branch",
        )
    return begin_lanes(meta, meta.target_branch)


def _write_packages(mission: MissionChoice, packages: Sequence[PlannedPackage], lanes: LanesFile) -> list[Path]:
    """The files that are written now."""
    from signoff.app.mission_log import instant_of
    from signoff.clock import now_us
    from signoff.missions.files import work_package_in
    from signoff.missions.scaffold import work_package_text

    place = mission.place
    make_folder(place.tasks)
    known = {work_package_in(path.name) for path in place.tasks.glob("*.md")}
    at, written = instant_of(now_us()), []
    for one in packages:
        if one.work_package_id not in known:
            path = place.tasks / one.file_name
            write_file(path, work_package_text(one, target_branch=lanes.target_branch, at=at, actor=mission.actor))
            written.append(path)
    return written


def _write_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8", errors="replace") != text:
        write_file(path, text)


def plan_packages(mission: MissionChoice, wp_ids: Sequence[str]) -> list[str]:
    """Those of the packages that are in a lane from now on."""
    from signoff.missions.lane import Lane
    from signoff.missions.move import MoveWish
    from signoff.runners.mission.log import heal

    known = heal(mission.place).work_packages
    new = [wp_id for wp_id in wp_ids if wp_id not in known]
    for wp_id in new:
        mission.move(MoveWish(wp_id=wp_id, to_lane=Lane.PLANNED, actor=mission.actor))
    return new


def _draw_init(call: Call, place: MissionPlace, meta: MissionMeta) -> None:
    say(f"Mission {meta.mission_number}, {meta.mission_slug}, begins in {as_seen_from_here(place.folder)}.")
    say(f"  {'target':<8}{meta.target_branch}")
    hint(f"Say what it is for: {call.again('mission', 'specify', f'--mission={place.slug}')}")


def _draw_tasks(call: Call, packages: Sequence[PlannedPackage], lanes: LanesFile, new: Sequence[Path]) -> None:
    made, files = counted(len(packages), "work package"), counted(len(new), "new file")
    say(f"{made} in {counted(len(lanes.lanes), 'lane')}; {files}.")
    for lane in lanes.lanes:
        needs = f", after {', '.join(lane.depends_on_lanes)}" if lane.depends_on_lanes else ""
        say(f"  {lane.lane_id}: {', '.join(lane.wp_ids)}{needs}")
    hint(f"Take one with: {call.again('mission', 'claim', packages[0].work_package_id)}")
