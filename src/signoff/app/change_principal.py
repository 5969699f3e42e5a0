"""Change a principal: their roles, or let somebody in again who was disabled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.app.find_principals import the_principal
from signoff.app.world import World
from signoff.gates.principal import IDENTITY, Principal, check_roles


def change_principal(
    world: World, *, name: str, actor: str, roles: Sequence[str] | None = None, enables: bool = False
) -> Principal:
    """The principal as they are now. `roles` takes the place of all that they held; None leaves those. Where nothing is
    to be changed nothing is written.

    Raises:
        NotFoundError: (`principal-not-found`). InvalidInputError: (`invalid-role`).
    """
    held = None if roles is None else check_roles(roles)
    with world.ledger.write(IDENTITY, "change_principal") as tx:
        before = the_principal(tx, name)
        changed = replace(
            before,
            roles=before.roles if held is None else held,
            disabled_at=None if enables else before.disabled_at,
        )
        if changed == before:
            return before
        tx.update_principal(changed)
        body = {
            "principalId": changed.id,
            "name": name,
            "roles": sorted(changed.roles),
            "rolesBefore": sorted(before.roles),
            "isEnabled": changed.disabled_at is None,
        }
        tx.append_entry(at=world.clock(), actor=actor, event="principal.changed", body=body)
    return changed
