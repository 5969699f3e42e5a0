"""Who holds a work package: the process that claimed it, as its claim noted in the event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from signoff.errors import DiagnosticError
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import CLAIM_HELD
from signoff.missions.instant import parse_instant
from signoff.missions.lane import Lane

if TYPE_CHECKING:
    from signoff.missions.move import MoveWish
    from signoff.missions.reduce import PackageState, Snapshot

#: Those in which somebody holds a package.
HELD = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})

CLAIM_KEY = "claim"
TAKEN_OVER_KEY = "taken_over_from"


@dataclass(frozen=True)
class Holder:
    """A process on a machine; `started_at` (ISO 8601, UTC) tells it from a later one with its number, None where that
    cannot be known."""

    host: str
    pid: int
    started_at: str | None = None

    def to_wire(self) -> dict[str, Any]:
        return {"host": self.host, "pid": self.pid, "started_at": self.started_at}

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def claim_metadata(holder: Holder) -> dict[str, Any]:
    """What a claim's event says of its holder, in `policy_metadata`."""
    return {CLAIM_KEY: holder.to_wire()}


def holder_of(events: Iterable[TransitionEvent], wp_id: str) -> Holder | None:
    """Whoever the last event of the package that names anybody names.

    Args:
        events: in the order in which they happened.
    """
    found = None
    for event in events:
        if event.wp_id == wp_id and event.policy_metadata and CLAIM_KEY in event.policy_metadata:
            found = _holder(event.policy_metadata[CLAIM_KEY])
    return found


def take_over(snapshot: Snapshot, wish: MoveWish, is_gone: Callable[[Holder], bool | None]) -> MoveWish:
    """The wish to claim a package, for one that somebody else holds already: the package stays in its lane, and the
    event says from whom it was taken.

    Args:
        is_gone: whether a holder's process has ended; None where that cannot be told.

    Raises:
        DiagnosticError: (`CLAIM_HELD`) it has not, or that cannot be told, and the wish is not forced.
    """
    state = snapshot.work_packages.get(wish.wp_id)
    if state is None or state.lane not in HELD:
        return wish
    holder = holder_of(snapshot.reduced.events, wish.wp_id)
    if not wish.force and not (holder is not None and is_gone(holder)):
        raise _held(state, holder)
    told = {"actor": state.actor, **({} if holder is None else holder.to_wire())}
    return replace(
        wish,
        to_lane=state.lane,
        force=True,
        reason=wish.reason or f"Taken over from {state.actor}: {holder} has ended.",
        policy_metadata={**(wish.policy_metadata or {}), TAKEN_OVER_KEY: told},
    )


def _held(state: PackageState, holder: Holder | None) -> DiagnosticError:
    wp_id = state.event.wp_id
    by = "nobody noted for which process" if holder is None else f"for {holder}"
    return DiagnosticError(
        f"{state.actor} holds {wp_id} ({by}), and is not known to have ended.",
        diagnostic_code=CLAIM_HELD,
        remediation="Ask them. Who knows better takes it with: --take-over --force --reason TEXT",
        details={"violated_invariant": "STA-004", "held_by": state.actor},
    )


def _holder(wire: Any) -> Holder | None:
    if not isinstance(wire, Mapping):
        return None
    host, pid, started_at = (wire.get(key) for key in ("host", "pid", "started_at"))
    if not isinstance(host, str) or type(pid) is not int or pid < 1:
        return None
    return Holder(host, pid, started_at if parse_instant(started_at) is not None else None)
