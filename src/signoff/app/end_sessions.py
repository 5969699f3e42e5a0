"""End sessions: sign out, here or everywhere."""

from __future__ import annotations

from signoff.app.sign_in import SignedIn
from signoff.app.world import World
from signoff.gates.principal import IDENTITY


def end_sessions(world: World, signed_in: SignedIn, *, everywhere: bool = False) -> int:
    """How many were ended; ending them again changes nothing."""
    session, name = signed_in.session, signed_in.actor.name
    with world.ledger.write(IDENTITY, "end_sessions") as tx:
        now = world.clock()
        count = tx.end_sessions(session.principal_id, now=now) if everywhere else tx.end_session(session.id, now=now)
        if count:
            body = {"sessionId": session.id, "name": name, "sessions": count}
            tx.append_entry(at=now, actor=name, event="session.ended", body=body)
    return count
