"""Widen a gate that nobody could let through: as soon as it is open it climbs its ladder, and the record says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.expire import climb_gate
from signoff.app.notify_gate import UNSATISFIABLE, notify_gate
from signoff.gates import gate as gates
from signoff.gates import requirement as requirements
from signoff.gates.deadline import After, deadline_after
from signoff.gates.gate import Gate
from signoff.gates.principal import actors_of
from signoff.gates.requirement import Actor, is_satisfiable

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader
    from signoff.app.ports.writer import Writer

ACTOR = "signoff"
REASON = "nobody who is known could ever meet what this gate requires"


def widen_gate(tx: Writer, gate: Gate, *, now: int, after: After = deadline_after) -> Gate:
    """The gate as it is then. With no rung left it stays as it is: who is added later may still answer it."""
    while not _is_satisfiable(tx, gate, now):
        expiry = gates.climb(gate, after)
        if expiry is None:
            body = {
                "state": gate.state.value,
                "reason": REASON,
                "promptDigest": gate.prompt.digest,
                "requirement": requirements.to_wire(gate.requirement),
            }
            tx.append_entry(at=now, actor=ACTOR, event="gate.unsatisfiable", body=body, gate_key=gate.gate_key)
            notify_gate(tx, gate, UNSATISFIABLE, now=now)
            break
        gate = climb_gate(tx, gate, expiry, actor=ACTOR, reason=REASON, now=now)
    return gate


def _is_satisfiable(tx: Reader, gate: Gate, now: int) -> bool:
    if not tx.people.has_principals():
        return True
    people = actors_of(tx.people.principals(), tx.people.delegations(now=now))
    if not tx.people.has_tokens():
        # Anybody may then answer under a name of their own, in no role.
        places = sum(need.count for need in gate.requirement.needs)
        people += [Actor(f"anybody {n}", frozenset()) for n in range(places)]
    return is_satisfiable(gate.requirement, people, gate.requested_by)
