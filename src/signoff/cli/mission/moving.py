"""What the commands share that move a work package: how the mission stands, the wish, what is said in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.mission.decided import give_up_left, healed_state
from signoff.cli.mission.options import MissionChoice
from signoff.cli.output import note, say
from signoff.cli.terminal import one_line
from signoff.missions.lane import Lane
from signoff.missions.move import MoveWish

if TYPE_CHECKING:
    from signoff.app.mission_log import Appended
    from signoff.missions.work_package import WorkPackage
    from signoff.runners.mission.mission_state import MissionState

#: What is kept of a move's reason where it ends a review.
REASON_CHARS_MAX = 2_000

WP = click.argument("wp_id", metavar="WP")
PID = click.option("--pid", type=click.IntRange(1), help="The process that holds the claim; whoever calls without it.")
REASON = click.option("--reason", metavar="TEXT", help="Why.")
FORCE = click.option("--force", "is_forced", is_flag=True, help="Past edge and guard; needs --reason, and is counted.")


def readable_state(mission: MissionChoice) -> MissionState:
    """
    Raises:
        DiagnosticError: a line of the log cannot be read: where packages are would be a guess.
    """
    from signoff.runners.mission.log import check_readable

    state = healed_state(mission.call, mission.place)
    check_readable(mission.place)
    return state


def wish_for(mission: MissionChoice, package: WorkPackage, to_lane: Lane) -> MoveWish:
    """That the package goes there, as far as every such wish is the same."""
    return MoveWish(
        wp_id=package.work_package_id,
        to_lane=to_lane,
        actor=mission.actor,
        execution_mode=package.worked_on_in,
    )


def end_review(call: Call, state: MissionState, appended: Appended) -> None:
    """A package that was moved out of its review is no longer asked about."""
    event = appended.event
    if event.from_lane is Lane.IN_REVIEW:
        reason = f"{event.wp_id} was moved to {event.to_lane}: {event.reason}"[:REASON_CHARS_MAX]
        for workflow_id in give_up_left(call, state, event.wp_id, actor=event.actor_name, reason=reason):
            note(f"Its review is given up: {workflow_id}.")


def move_document(state: MissionState, event_id: str, wp_id: str, from_lane: Lane, to_lane: Lane) -> dict[str, Any]:
    return {
        "result": "success",
        "event_id": event_id,
        "work_package_id": wp_id,
        "from_lane": from_lane.value,
        "to_lane": to_lane.value,
        "status_events_path": str(state.place.log),
    }


def show_moved(
    mission: MissionChoice,
    state: MissionState,
    appended: Appended,
    more: Mapping[str, Any] | None = None,
    draw: Callable[[], object] = lambda: None,
) -> None:
    """The move as a document, with `more` members; for people `draw` goes on behind it."""
    event = appended.event
    document = {**move_document(state, event.event_id, event.wp_id, event.from_lane, event.to_lane), **(more or {})}
    if appended.torn is not None:
        document["torn_line_kept_in"] = str(state.place.torn)

    def draw_all() -> None:
        say(f"{event.wp_id}: {event.from_lane} -> {event.to_lane}, by {one_line(event.actor_name)}", fg="green")
        if appended.torn is not None:
            kept = state.place.shown(state.place.torn)
            say(f"The log's last line had been cut off in a crash; it is kept in {kept}.")
        draw()

    mission.show_done(state.place, document, draw_all)
