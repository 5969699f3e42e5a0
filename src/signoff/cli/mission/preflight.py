"""`signoff mission preflight`: what stands against a merge or a release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import counted, note, say
from signoff.cli.settings_flags import DATABASE

if TYPE_CHECKING:
    from signoff.missions.finding import Finding
    from signoff.missions.preflight import TargetSync
    from signoff.runners.mission.mission_state import MissionState

_EPILOG = """\b
Examples:
  signoff mission preflight                      the mission of this branch, or the only one
  signoff mission preflight release-3-2 --fetch  ask the remote first what its branch is now
  signoff mission preflight --for ship           and that everything is merged
  signoff mission preflight --json | jq '.findings[].diagnostic_code'

Exit codes: 0 nothing or warnings only, 1 something stands against it, 2 bad input.
"""


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@click.option("--for", "doing", type=click.Choice(["merge", "ship"]), default="merge", show_default=True,
              help="What it is looked at for.")  # fmt: skip
@click.option("--fetch", "is_fetched", is_flag=True, help="Ask the remote what its branch is now.")
@takes_mission(*DATABASE)
def preflight(call: Call, mission: MissionChoice, slug: str | None, *, doing: str, is_fetched: bool) -> int:
    """Say what stands against merging a mission, or shipping it: the target branch against the one that it tracks, the
    lanes of its packages, and the newest review of each."""
    from signoff.cli.mission.decided import decisions_of, healed_state
    from signoff.runners.mission.preflight import look_before_merge, look_before_ship, target_sync

    state = healed_state(call, mission.place_of(slug))
    if is_fetched:
        fetch(state)
    look = look_before_merge if doing == "merge" else look_before_ship
    sync = target_sync(state)
    findings = look(state, decisions_of(call, state), guard=mission.settings.mission_guard, sync=sync)
    call.show(_document(state, sync, findings), lambda: _draw(state, sync, findings, doing))
    return FAILED if any(one.is_error for one in findings) else DONE


def fetch(state: MissionState) -> None:
    """What the remote has is told as it was last seen where it cannot be asked; that is said."""
    from signoff.runners.mission.preflight import fetch_target

    why_not = fetch_target(state)
    if why_not is not None:
        note(f"The remote cannot be asked, so that its branch is as it was last seen: {why_not}")


def sync_document(sync: TargetSync) -> dict[str, Any]:
    return {
        "target_branch": sync.target_branch,
        "sync_state": sync.state.value,
        "tracking_branch": sync.tracking_branch,
        "ahead_count": sync.ahead_count,
        "behind_count": sync.behind_count,
    }


def _document(state: MissionState, sync: TargetSync, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "mission_slug": state.place.slug,
        **sync_document(sync),
        "ready": not any(one.is_error for one in findings),
        "findings": [one.to_wire() for one in findings],
    }


def _draw(state: MissionState, sync: TargetSync, findings: Sequence[Finding], doing: str) -> None:
    from signoff.cli.mission.findings import draw_findings

    tracked = f" with {sync.tracking_branch}" if sync.tracking_branch else ""
    counts = f" ({sync.ahead_count} ahead, {sync.behind_count} behind)" if sync.ahead_count or sync.behind_count else ""
    say(f"{sync.target_branch}: {sync.state.value.replace('_', ' ')}{tracked}{counts}")
    draw_findings(findings)
    errors = sum(one.is_error for one in findings)
    if errors:
        say(f"{counted(errors, 'thing')} in the way of the {doing} of {state.place.slug}.", fg="red")
    else:
        say(f"Nothing stands against the {doing} of {state.place.slug}.", fg="green")
