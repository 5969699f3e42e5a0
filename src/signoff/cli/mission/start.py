"""`signoff mission start`: work begins on a package, in its lane's worktree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.mission.moving import PID, WP, move_document, readable_state, show_moved, wish_for
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import say
from signoff.cli.settings_flags import DATABASE
from signoff.missions.claim import claim_metadata
from signoff.missions.lane import Lane
from signoff.missions.move import check_lane_free, check_move

if TYPE_CHECKING:
    from signoff.missions.work_package import WorkPackage
    from signoff.runners.mission.mission_state import MissionState

_EPILOG = """\b
Examples:
  signoff mission start WP01
  cd "$(signoff mission start WP01 --json | jq -r .workspace)"

Packages of one lane share the worktree, one at a time. Starting again what is in progress opens its worktree again.
"""


@click.command(epilog=_EPILOG)
@WP
@PID
@takes_mission(*DATABASE)
def start(call: Call, mission: MissionChoice, wp_id: str, *, pid: int | None) -> None:
    """Begin work on WP, which was claimed, in its lane's worktree. That is made where it is not there, from the
    mission's branch, with the work of the lanes that it depends on."""
    from signoff.cli.mission.workspace import open_workspace
    from signoff.runners.mission.holder import calling_holder

    with mission.moving(wp_id, Lane.IN_PROGRESS):
        state = readable_state(mission)
        package = state.package(wp_id.upper())
        packages = state.reduced.work_packages
        wish = replace(
            wish_for(mission, package, Lane.IN_PROGRESS),
            workspace=str(state.place.checkout.root),
            lane_mates=state.lane_mates(package.work_package_id),
        )
        found = packages.get(wish.wp_id)
        is_again = found is not None and found.lane is Lane.IN_PROGRESS
        # Before a worktree is made for what cannot be started.
        (check_lane_free if is_again else check_move)(packages, wish)
        workspace = open_workspace(state, package)
        if found is not None and is_again:
            document = move_document(state, found.event.event_id, wish.wp_id, Lane.IN_PROGRESS, Lane.IN_PROGRESS)
            call.show({**document, **workspace}, lambda: _draw_workspace(workspace))
            return
        about = {**claim_metadata(calling_holder(pid)), **_begun(state, package, workspace)}
        appended = mission.move(replace(wish, workspace=workspace["workspace"], policy_metadata=about))
    show_moved(mission, state, appended, workspace, lambda: _draw_workspace(workspace))


def _begun(state: MissionState, package: WorkPackage, workspace: Mapping[str, Any]) -> dict[str, Any]:
    """What the event that begins the work notes of where it does."""
    from signoff.runners.mission.branches import commit_named
    from signoff.runners.mission.planning import BASE_KEY

    noted: dict[str, Any] = {"workspace": workspace["workspace"]}
    return noted if package.changes_code else {**noted, BASE_KEY: commit_named(state.place.checkout.root, "HEAD")}


def _draw_workspace(workspace: Mapping[str, Any]) -> None:
    say(f"Work in {workspace['workspace']}" + (f", on {workspace['branch']}" if workspace.get("branch") else ""))
