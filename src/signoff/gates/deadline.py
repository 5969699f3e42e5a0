"""When a gate ends, and the ladder it climbs before that.

A deadline that passes either climbs one rung (the gate stays PENDING with a later deadline and a wider audience) or,
with no rung left, ends the gate as TIMED_OUT. Instants are epoch milliseconds, durations seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.requirement import Requirement

TTL_S_MIN = 1
TTL_S_MAX = 2_592_000


@dataclass(frozen=True)
class Rung:
    """One step of a ladder: `add_roles` may answer from then on, for another `ttl_s` seconds."""

    ttl_s: int
    add_roles: tuple[str, ...] = ()


Ladder = tuple[Rung, ...]

#: The instant at which, from another one on, so many seconds of a gate's clock have gone.
After = Callable[[int, int], int]


def check_ttl(ttl_s: Any) -> int:
    if isinstance(ttl_s, bool) or not isinstance(ttl_s, int) or not TTL_S_MIN <= ttl_s <= TTL_S_MAX:
        raise InvalidInputError(
            f"A time to live must be a whole number of seconds from {TTL_S_MIN} to {TTL_S_MAX}, not {ttl_s!r}.",
            code="invalid-ttl",
            details={"min": TTL_S_MIN, "max": TTL_S_MAX},
        )
    return ttl_s


def deadline_after(now: int, ttl_s: int) -> int:
    return now + ttl_s * 1000


def rung_at(ladder: Ladder, level: int) -> Rung | None:
    """The rung that a gate at this escalation level climbs next, if one is left."""
    return ladder[level] if level < len(ladder) else None


def end_of(deadline_at: int, ladder: Ladder, level: int, after: After = deadline_after) -> int:
    """When a gate ends whose next deadline is this one, if it climbs what is left of its ladder on time."""
    left_s = sum(rung.ttl_s for rung in ladder[level:])
    return after(deadline_at, left_s) if left_s else deadline_at


def widen(requirement: Requirement, rung: Rung) -> Requirement:
    """The same places, open to more people."""
    added = rung.add_roles
    return replace(
        requirement,
        needs=tuple(
            replace(need, any_of=need.any_of + tuple(role for role in added if role not in need.any_of))
            for need in requirement.needs
        ),
    )


def ladder_to_wire(ladder: Ladder) -> list[dict[str, Any]]:
    return [{"ttlS": rung.ttl_s, "addRoles": list(rung.add_roles)} for rung in ladder]


def ladder_from_wire(wire: Sequence[Any]) -> Ladder:
    return tuple(Rung(check_ttl(rung["ttlS"]), tuple(rung["addRoles"])) for rung in wire)
