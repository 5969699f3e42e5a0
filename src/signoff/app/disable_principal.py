"""Disable a principal: their tokens, their answers and what they delegated count no longer."""

from __future__ import annotations

from dataclasses import replace

from signoff.app.find_principals import the_principal
from signoff.app.world import World
from signoff.gates.principal import IDENTITY, Principal


def disable_principal(world: World, *, name: str, actor: str) -> Principal:
    """The disabled principal; disabling them again changes nothing.

    Raises:
        NotFoundError: (`principal-not-found`).
    """
    with world.ledger.write(IDENTITY, "disable_principal") as tx:
        principal = the_principal(tx, name)
        if principal.disabled_at is not None:
            return principal
        now = world.clock()
        disabled = replace(principal, disabled_at=now)
        tx.update_principal(disabled)
        body = {"principalId": principal.id, "name": name}
        tx.append_entry(at=now, actor=actor, event="principal.disabled", body=body)
    return disabled
