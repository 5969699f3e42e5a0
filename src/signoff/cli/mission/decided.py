"""Reviews that were decided while no worker ran: their files are written by the next command of the mission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.cli.call import Call
from signoff.cli.output import note
from signoff.errors import DiagnosticError, SignoffError
from signoff.missions.lane import Lane
from signoff.missions.reduce import Snapshot

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.runners.mission.mission_state import MissionState
    from signoff.runners.mission.place import MissionPlace


def healed_state(call: Call, place: MissionPlace) -> MissionState:
    """Where the mission stands, after what a crash or an absent worker left undone was done.

    Raises:
        MissionError: `meta.json` cannot be taken. DiagnosticError: the log cannot be read.
    """
    from signoff.runners.mission.log import heal
    from signoff.runners.mission.mission_state import read_state

    record_decided(call, place, heal(place))
    return read_state(place)


def record_decided(call: Call, place: MissionPlace, snapshot: Snapshot) -> bool:
    """Whether anything was recorded. Only where a package is in review is the ledger opened at all.

    What cannot be recorded is said, and stands in nobody's way: the decision is in the ledger, and the next command
    tries it again.
    """
    waiting = [wp_id for wp_id, state in snapshot.work_packages.items() if state.lane is Lane.IN_REVIEW]
    if not waiting or call.settings.url is not None:
        return False
    from signoff.bootstrap import open_world
    from signoff.runners.mission.mission_state import read_state

    state = read_state(place)
    try:
        with open_world(call.settings, creates=False) as world:
            recorded = [_record(world, state, wp_id) for wp_id in waiting]
            return any(recorded)
    except SignoffError as error:
        if error.code != "no-ledger":
            note(f"The reviews of {place.slug} cannot be looked up: {error.message}")
        return False


def _record(world: World, state: MissionState, wp_id: str) -> bool:
    from signoff.app.start_review import newest_review
    from signoff.app.walk_gate_leg import walk_gate_leg
    from signoff.bootstrap import make_mission_steps
    from signoff.clock import now_us
    from signoff.gates.gate import State
    from signoff.plans import plan as plans
    from signoff.runners.mission.record import record_review

    review = newest_review(world, state.identity(wp_id))
    if review is None or review.gate.state is not State.RECEIVED:
        return False
    told = plans.from_wire(review.run.plan).about
    if told["from_event"] != state.reduced.work_packages[wp_id].last_event_id:
        return False
    try:
        recorded = record_review(state.place, review.gate, told, now_us=now_us())
    except DiagnosticError as error:
        note(f"The review of {wp_id} was decided, and that cannot be recorded: {error.message}")
        return False
    walk_gate_leg(world, make_mission_steps(world), review)
    where = state.place.shown(recorded.cycle)
    note(f"{wp_id} was {recorded.verdict} by {review.gate.decided_by}; recorded now, in {where}.")
    return True
