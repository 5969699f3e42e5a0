"""`signoff mission claim`: a work package becomes somebody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.mission.moving import FORCE, PID, REASON, WP, end_review, readable_state, show_moved, wish_for
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, say
from signoff.cli.settings_flags import DATABASE
from signoff.missions.claim import claim_metadata, take_over
from signoff.missions.lane import ACCEPTED, Lane

if TYPE_CHECKING:
    from signoff.app.mission_log import Appended
    from signoff.app.move_work_package import Revise

_EPILOG = """\b
Examples:
  signoff mission claim WP01
  signoff mission claim WP01 --actor codex --pid 4711   held by that process
  signoff mission claim WP01 --take-over                from a process that has ended

The claim notes host, number and start of the process that holds it. One whose process has ended is found by
signoff mission doctor.
"""


@click.command(epilog=_EPILOG)
@WP
@PID
@click.option("--take-over", "takes_over", is_flag=True, help="From whoever holds it, if their process has ended.")
@FORCE
@REASON
@takes_mission(*DATABASE)
def claim(
    call: Call,
    mission: MissionChoice,
    wp_id: str,
    *,
    pid: int | None,
    takes_over: bool,
    is_forced: bool,
    reason: str | None,
) -> None:
    """Take work package WP: from now on it is yours."""
    from signoff.runners.mission.holder import calling_holder, is_gone

    with mission.moving(wp_id, Lane.CLAIMED):
        state = readable_state(mission)
        package = state.package(wp_id.upper())
        wish = replace(
            wish_for(mission, package, Lane.CLAIMED),
            force=is_forced,
            reason=reason,
            policy_metadata=claim_metadata(calling_holder(pid)),
        )
        revise: Revise | None = (lambda now: take_over(now, wish, is_gone)) if takes_over else None
        appended = mission.move(wish, revise)
    end_review(call, state, appended)
    reduced = appended.snapshot.reduced
    early = [one for one in package.dependencies if reduced.lane_of(one) not in ACCEPTED]
    more = {"unfinished_dependencies": early} if early else {}
    show_moved(mission, state, appended, more, _draw_on(call, appended, early))


def _draw_on(call: Call, appended: Appended, early: Sequence[str]) -> Callable[[], None]:
    def draw() -> None:
        if early:
            say(f"It depends on {', '.join(early)}, not approved yet.", fg="yellow")
        if appended.event.to_lane is Lane.CLAIMED:
            hint(f"Begin with: {call.again('mission', 'start', appended.event.wp_id)}")

    return draw
