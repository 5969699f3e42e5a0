"""How a gate's clock goes: always, or in the business hours of the policy that asked for it."""

from __future__ import annotations

from signoff.app.world import World
from signoff.gates.deadline import After, deadline_after
from signoff.gates.terms import Terms

#: The code of the error that `World.business_hours` raises where it does not know a schedule's zone.
UNKNOWN_TIMEZONE = "unknown-timezone"


def after_of(world: World, terms: Terms) -> After:
    if terms.schedule is None:
        return deadline_after
    from signoff.policy.schedule import deadline_within, schedule_from_wire  # of few gates

    schedule = schedule_from_wire(terms.schedule)
    return lambda now, ttl_s: deadline_within(world.business_hours(schedule, now), now, ttl_s)
