"""Move a work package to another lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from signoff.app.mission_log import Appended, MissionLog, instant_after
from signoff.missions.event import TransitionEvent
from signoff.missions.move import MoveWish, check_move, make_event
from signoff.missions.reduce import Snapshot

if TYPE_CHECKING:
    from signoff.app.ports import NewId  # with all that a ledger keeps, of which a move needs nothing

#: A wish that depends on where things stand, such as a claim that is taken over.
Revise = Callable[[Snapshot], MoveWish]


def move_work_package(
    log: MissionLog, wish: MoveWish, *, now_us: int, new_id: NewId, revise: Revise | None = None
) -> Appended:
    """Move it as `wish` says, or as `revise` makes of where things stand when nobody else can move it any more.

    Raises:
        MoveRefusedError: which edge or guard is in the way. DiagnosticError: the log could not be written. Nothing
        moved then. And whatever `revise` raises.
    """

    def decide(snapshot: Snapshot) -> TransitionEvent:
        state = snapshot.work_packages.get(wish.wp_id)
        final = wish if revise is None else revise(snapshot)
        check_move(snapshot.work_packages, final)
        at = instant_after(state, now_us)
        return make_event(final, state, meta=snapshot.meta, event_id=new_id(), at=at)

    return log.append(wish.wp_id, wish.to_lane, decide)
