"""Record a refusal: that somebody who was not signed in, or not entitled, tried to do something.

It is written beside what was refused, which itself writes nothing. Whoever proves no identity could fill the trail with
refusals; of theirs, a chain has one entry a second at most. Somebody who is known by name has a second of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.world import World
from signoff.errors import NotEntitledError, NotSignedInError
from signoff.gates.principal import IDENTITY
from signoff.gates.requirement import Actor

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader

EVENT = "access.refused"
INTERVAL_MS = 1_000


def record_refusal(
    world: World,
    error: NotSignedInError | NotEntitledError,
    *,
    actor: Actor,
    doing: str | None,
    workflow_id: str = IDENTITY,
    gate_key: str | None = None,
) -> None:
    """`doing` is what was tried; without it there is nothing to record."""
    if doing is None:
        return
    with world.ledger.read() as tx:
        if _is_one_too_many(tx, actor, workflow_id, now=world.clock()):
            return
    body = {
        "code": error.code,
        "reason": error.message,
        "doing": doing,
        "gateKey": gate_key,
        "isAuthenticated": actor.is_authenticated,
    }
    with world.ledger.write(workflow_id, "record_refusal") as tx:
        now = world.clock()
        # Asked again, now that nobody else writes here: a flood comes from many sides at once.
        if not _is_one_too_many(tx, actor, workflow_id, now=now):
            tx.append_entry(at=now, actor=actor.name, event=EVENT, body=body)


def _is_one_too_many(tx: Reader, actor: Actor, workflow_id: str, *, now: int) -> bool:
    if actor.is_authenticated:
        return False
    named = None if tx.people.principal(actor.name) is None else actor.name
    newest_at = tx.audit.newest_of_event(workflow_id, EVENT, named)
    return newest_at is not None and now - newest_at < INTERVAL_MS
