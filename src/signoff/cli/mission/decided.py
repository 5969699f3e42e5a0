"""What the ledger knows of a mission's reviews, where files have to follow or to agree.

Reviews that were decided while no worker ran: their files are written by the next command of the mission. Reviews of
packages that were moved on past them: they are given up. And before a release the log is held against the decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.cli.output import note
from signoff.errors import CallerError, DiagnosticError, NotFoundError, SignoffError
from signoff.missions.lane import Lane
from signoff.missions.reduce import Snapshot

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.missions.approval import Decision
    from signoff.missions.meta import MissionMeta
    from signoff.runners.mission.mission_state import MissionState
    from signoff.runners.mission.place import MissionPlace


def healed_state(call: Call, place: MissionPlace) -> MissionState:
    """Where the mission stands, after what a crash or an absent worker left undone was done.

    Raises:
        MissionError: `meta.json` cannot be taken. DiagnosticError: the log cannot be read.
    """
    from signoff.runners.mission.log import heal
    from signoff.runners.mission.mission_state import read_state

    record_decided(call, place, heal(place, note))
    return read_state(place)


def decisions_of(call: Call, state: MissionState) -> dict[str, Decision]:
    """What was decided at the gates that the log names for approvals, by their references.

    Raises:
        InvalidInputError: as `own_ledger`. OperationError: the ledger cannot be read. Where there is none nobody has
        decided anything.
    """
    from signoff.cli.own_ledger import own_ledger
    from signoff.missions.approval import references_in

    references = references_in(state.reduced)
    if not references:
        return {}
    try:
        with own_ledger(call, migrates=call.settings.database_url is None) as world:
            decided = [one for reference in references if (one := _decision(world, reference)) is not None]
    except NotFoundError as error:
        if error.code != "no-ledger":
            raise
        return {}
    return {one.reference: one for one in decided}


def give_up_left(call: Call, state: MissionState, wp_id: str, *, actor: str, reason: str) -> list[str]:
    """Cancel the review of a package that was moved on past it; the workflows that were. What cannot be cancelled is
    said, and answering it moves nothing."""
    if call.settings.url is not None:
        return []
    from signoff.app.start_review import give_up_reviews
    from signoff.bootstrap.world import open_world

    try:
        with open_world(call.settings, creates=False) as world:
            given_up = give_up_reviews(world, state.identity(wp_id), actor=actor, reason=reason)
    except SignoffError as error:
        if error.code != "no-ledger":
            note(f"The review of {wp_id} cannot be given up: {error.message}")
        return []
    return [run.workflow_id for run in given_up]


def reviews_left_open(call: Call, state: MissionState) -> dict[str, str]:
    """The workflows of reviews that are open and whose packages are elsewhere by now, by their packages.

    Raises:
        SignoffError: the ledger cannot be read.
    """
    try:
        reviews = _reviews_in_short(call, state.place, state.meta)
    except NotFoundError as error:
        if error.code != "no-ledger":
            raise
        return {}
    last = {wp_id: one.last_event_id for wp_id, one in state.reduced.work_packages.items()}
    waiting = [(review["about"], review) for review in reviews if review["status"] == "WAITING_INPUT"]
    return {
        about["work_package_id"]: review["workflow_id"]
        for about, review in waiting
        if about["work_package_id"] in last and about["from_event"] != last[about["work_package_id"]]
    }


def record_decided(call: Call, place: MissionPlace, snapshot: Snapshot) -> bool:
    """Whether anything was recorded. Only where a package is in review is the ledger opened at all.

    What cannot be recorded is said, and stands in nobody's way: the decision is in the ledger, and the next command
    tries it again.
    """
    waiting = [wp_id for wp_id, state in snapshot.work_packages.items() if state.lane is Lane.IN_REVIEW]
    if not waiting or call.settings.url is not None:
        return False
    try:
        if not _is_any_decided(_reviews_in_short(call, place, snapshot.meta), waiting):
            return False
        from signoff.bootstrap.world import open_world
        from signoff.runners.mission.mission_state import read_state

        state = read_state(place)
        with open_world(call.settings, creates=False) as world:
            recorded = [_record(world, state, wp_id) for wp_id in waiting]
            return any(recorded)
    except SignoffError as error:
        if error.code != "no-ledger":
            note(f"The reviews of {place.slug} cannot be looked up: {error.message}")
        return False


def _is_any_decided(reviews: Sequence[Mapping[str, Any]], wp_ids: Sequence[str]) -> bool:
    """Whether the newest review of one of them no longer waits: only then there may be anything to record."""
    newest: dict[str, bool] = {}
    for review in reviews:
        newest.setdefault(review["about"]["work_package_id"], review["waits"])
    return not all(newest.get(wp_id, True) for wp_id in wp_ids)


def _reviews_in_short(call: Call, place: MissionPlace, meta: MissionMeta) -> list[Mapping[str, Any]]:
    from signoff.app.list_reviews import list_reviews
    from signoff.bootstrap.world import open_lists
    from signoff.runners.mission.mission_state import identity_of

    with open_lists(call.settings) as (lists, clock):
        return list_reviews(lists, identity_of(place, meta), now=clock())


def _decision(world: World, reference: str) -> Decision | None:
    """None for what is no review's gate, or was decided by nobody."""
    from signoff.app.find import find_gate, find_run
    from signoff.gates.gate import State
    from signoff.missions.approval import gate_named_in
    from signoff.plans import plan as plans
    from signoff.plans.mission_kind import REVIEW
    from signoff.runners.mission.record import decision_of

    where = gate_named_in(reference)
    if where is None:
        return None
    try:
        run, gate = find_run(world, where[0]), find_gate(world, *where)
    except CallerError:
        return None
    about = plans.from_wire(run.plan).about
    is_decided = about.get("kind") == REVIEW and gate.state is State.RECEIVED
    return decision_of(gate, about) if is_decided else None


def _record(world: World, state: MissionState, wp_id: str) -> bool:
    from signoff.app.find_reviews import newest_review
    from signoff.gates.gate import State
    from signoff.plans import plan as plans

    review = newest_review(world, state.identity(wp_id))
    if review is None or review.gate.state is not State.RECEIVED:
        return False
    from signoff.app.walk_gate_leg import walk_gate_leg
    from signoff.bootstrap.steps import make_mission_steps
    from signoff.clock import now_us
    from signoff.runners.mission.record import record_review

    told = plans.from_wire(review.run.plan).about
    if told["from_event"] != state.reduced.work_packages[wp_id].last_event_id:
        return False  # It was of an earlier submission.
    try:
        recorded = record_review(state.place, review.gate, told, now_us=now_us())
    except DiagnosticError as error:
        note(f"The review of {wp_id} was decided, and that cannot be recorded: {error.message}")
        return False
    walk_gate_leg(world, make_mission_steps(world), review)
    where = state.place.shown(recorded.cycle)
    note(f"{wp_id} was {recorded.verdict} by {review.gate.decided_by}; recorded now, in {where}.")
    return True
