"""What the use cases of missions need of a mission's log, as a Protocol; `runners.mission.log` provides it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from signoff.errors import DiagnosticError
from signoff.missions.event import TransitionEvent
from signoff.missions.finding import STATUS_LANE_NOT_REACHED
from signoff.missions.instant import parse_instant
from signoff.missions.lane import Lane
from signoff.missions.reduce import PackageState, Snapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The last instant that can be written: with the year 9999 the four digits of a year are used up.
LAST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Appended:
    """`event` is in the log, and `snapshot` what the log adds up to with it. `torn` is what a crash had left of a line,
    which is kept aside; None where there was nothing. `is_new` is False for an event that was there already."""

    event: TransitionEvent
    snapshot: Snapshot
    torn: bytes | None = None
    is_new: bool = True


class MissionLog(Protocol):
    """The one log of a mission."""

    def append(self, wp_id: str, to_lane: Lane, decide: Callable[[Snapshot], TransitionEvent]) -> Appended:
        """Add the event that `decide` makes of where things stand; nobody else adds one meanwhile.

        Whatever `decide` raises is passed on, and nothing was written. An event whose id the log has already is not
        written again.

        Raises:
            DiagnosticError: the event could not be written, or not be read back; nothing moved. What `decide` and this
                raise of that kind has in its details whose move it was, where to, and the log.
        """
        ...


def instant_of(at_us: int) -> str:
    """An instant in a mission's files: ISO 8601, UTC, microseconds.

    Args:
        at_us: microseconds since 1970 began, at most `LAST_US`.
    """
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds")


def instant_after(state: PackageState | None, now_us: int) -> str:
    """Now, or right after what happened to the package last: another machine's clock may be ahead of this one's, and
    events count in the order of their instants.

    Raises:
        DiagnosticError: (`STATUS_LANE_NOT_REACHED`) what happened last did so when the calendar of the files ends.
    """
    last_us = None if state is None else parse_instant(state.last_transition_at)
    if state is not None and last_us is not None and last_us >= LAST_US:
        raise _nothing_after(state)
    return instant_of(now_us if last_us is None else max(now_us, last_us + 1))


def _nothing_after(state: PackageState) -> DiagnosticError:
    wp_id, at = state.event.wp_id, state.last_transition_at
    return DiagnosticError(
        f"The last event of {wp_id} is from {at}, and no event can be later than that.",
        diagnostic_code=STATUS_LANE_NOT_REACHED,
        remediation=f"Put right the instant of the event {state.last_event_id} in the log; then do it again.",
        details={"violated_invariant": "STA-006", "event_id": state.last_event_id, "at": at},
    )
