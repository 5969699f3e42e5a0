"""`signoff mission adopt`: what a mission of an older tool lacks, so that it can be carried to its merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import counted, hint, say
from signoff.cli.terminal import one_line
from signoff.errors import InvalidInputError

if TYPE_CHECKING:
    from signoff.missions.lanes_file import LanesFile
    from signoff.missions.meta import MissionMeta
    from signoff.missions.work_package import WorkPackage
    from signoff.runners.mission.place import MissionPlace

_EPILOG = """\b
Examples:
  signoff mission adopt 012-ledger
  signoff mission adopt 012-ledger --target main --branch 012-ledger   all of its work is on that branch
  signoff mission adopt 012-ledger --json | jq .made

What is there is left as it is; run it again at any time. See first what is wrong: signoff mission validate PATH
"""


@dataclass(frozen=True)
class _Adopted:
    """`made` are the files that were written, `planned` the packages that had no event, `unowned` those whose files do
    not say what they own."""

    meta: MissionMeta
    lanes: LanesFile
    made: Sequence[str]
    planned: Sequence[str]
    unowned: Sequence[str]


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@click.option("--target", metavar="BRANCH", help="The branch that it is merged into; the one checked out without it.")
@click.option("--branch", metavar="BRANCH", help="The branch that all of its work is on: its packages share one lane.")
@takes_mission()
def adopt(call: Call, mission: MissionChoice, slug: str | None, *, target: str | None, branch: str | None) -> None:
    """Make what a mission of an older tool lacks: meta.json with an identity and a target branch, lanes.json with lanes
    for its packages, and a first event for packages that have none."""
    place = mission.place_of(slug)
    mission = replace(mission, slug=place.slug)
    adopted = _adopt(mission, place, target, branch)
    document = {
        "result": "success",
        "mission_slug": place.slug,
        "mission_id": adopted.meta.mission_id,
        "mission_number": adopted.meta.mission_number,
        "target_branch": adopted.lanes.target_branch,
        "made": list(adopted.made),
        "planned": list(adopted.planned),
        "lanes": {lane.lane_id: list(lane.wp_ids) for lane in adopted.lanes.lanes},
        "without_owned_files": list(adopted.unowned),
    }
    mission.show_done(place, document, lambda: _draw(call, place, adopted))


def _adopt(mission: MissionChoice, place: MissionPlace, target: str | None, branch: str | None) -> _Adopted:
    """
    Raises:
        InvalidInputError: `no-work-packages`, `lanes-exist`, `no-target-branch`, `bad-branch-name`.
        MissionError: a file that is there cannot be taken.
    """
    from signoff.cli.files import write_file
    from signoff.cli.mission.scaffold import plan_packages
    from signoff.missions.lanes_file import write_lanes
    from signoff.missions.meta import write_meta
    from signoff.runners.mission.log import meta_of

    with mission.alone():
        packages, found = _packages(place), meta_of(place)
        meta = _completed(mission, found, target)
        before, lanes = _lanes(place, meta, packages, branch)
        texts = {}
        if meta != found or not place.meta.exists():
            texts[place.meta] = write_meta(meta)
        if lanes != before:
            texts[place.lanes] = write_lanes(lanes)
        for path, text in texts.items():
            write_file(path, text)
        planned = plan_packages(mission, [one.work_package_id for one in packages])
    unowned = [one.work_package_id for one in packages if not one.owns_anything]
    return _Adopted(meta, lanes, [place.shown(path) for path in texts], planned, unowned)


def _packages(place: MissionPlace) -> list[WorkPackage]:
    """In the order of their files."""
    from signoff.missions.files import TASKS_FOLDER
    from signoff.missions.work_package import read_work_package
    from signoff.runners.mission.files import read_mission

    files = read_mission(place.folder).work_packages
    if not files:
        raise InvalidInputError(
            f"{place.shown(place.tasks)} has no files of work packages, of which lanes could be made. Plan them: "
            "signoff mission plan",
            code="no-work-packages",
        )
    return [read_work_package(files[name], path=f"{TASKS_FOLDER}/{name}") for name in sorted(files)]


def _completed(mission: MissionChoice, meta: MissionMeta, target: str | None) -> MissionMeta:
    """What it says stays; what it does not say is given now."""
    from signoff.cli.mission.scaffold import MISSION_TYPE, current_branch, next_number
    from signoff.clock import new_ulid
    from signoff.runners.mission.acting_git import check_branch_name
    from signoff.runners.mission.branches import commit_of

    if target is not None and commit_of(mission.checkout.root, check_branch_name(target)) is None:
        raise InvalidInputError(f"There is no branch {target} here.", code="no-target-branch")
    return replace(
        meta,
        mission_id=meta.mission_id or new_ulid(),
        mission_number=next_number(mission) if meta.mission_number is None else meta.mission_number,
        mission_type=meta.mission_type or MISSION_TYPE,
        target_branch=target or meta.target_branch or check_branch_name(current_branch(mission)),
    )


def _lanes(
    place: MissionPlace, meta: MissionMeta, packages: Sequence[WorkPackage], branch: str | None
) -> tuple[LanesFile | None, LanesFile]:
    """As they are, and as they shall be."""
    from signoff.missions.adopt import begin_lanes, lanes_of_packages, one_lane
    from signoff.missions.lanes_file import read_lanes
    from signoff.runners.mission.acting_git import check_branch_name

    if place.lanes.exists():
        if branch is not None:
            message = f"{place.shown(place.lanes)} is there, and names the branches of its lanes itself."
            raise InvalidInputError(message, code="lanes-exist")
        before = read_lanes(place.lanes.read_text("utf-8", errors="replace"), path=place.shown(place.lanes))
        return before, lanes_of_packages(packages, before)
    lanes = begin_lanes(meta, str(meta.target_branch))
    if branch is not None:
        return None, one_lane(packages, lanes, check_branch_name(branch))
    return None, lanes_of_packages(packages, lanes)


def _draw(call: Call, place: MissionPlace, adopted: _Adopted) -> None:
    if not adopted.made and not adopted.planned:
        say(f"{place.slug} lacks nothing.")
    for path in adopted.made:
        say(f"{one_line(path)} is written.")
    if adopted.planned:
        say(f"Planned, as nothing was said of them: {', '.join(adopted.planned)}.")
    where = f"{counted(len(adopted.lanes.lanes), 'lane')} into {adopted.lanes.target_branch}"
    say(f"{place.slug} is mission {adopted.meta.mission_number}, with {where}.")
    if adopted.unowned:
        say(
            f"{', '.join(adopted.unowned)}: name what they own in owned_files, for the guard to judge commits.",
            fg="yellow",
        )
    hint(f"See what stands against its merge: {call.again('mission', 'preflight', place.slug)}")
