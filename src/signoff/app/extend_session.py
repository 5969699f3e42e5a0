"""Extend a session: it stays good while it is used, up to the end that it had from the beginning."""

from __future__ import annotations

from signoff.app.world import World
from signoff.gates.principal import IDENTITY
from signoff.gates.session import Session


def extend_session(world: World, session: Session) -> None:
    """Nothing is written while that was done a short time ago."""
    expires_at = session.extended(world.clock())
    if expires_at is None:
        return
    with world.ledger.write(IDENTITY, "extend_session") as tx:
        tx.extend_session(session.id, expires_at=expires_at)
