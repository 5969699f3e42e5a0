"""Add a principal: a person or service that signoff knows by name from then on."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.app.world import World
from signoff.errors import ConflictError
from signoff.gates.principal import IDENTITY, PERSON, SERVICE, Principal, check_principal_name, check_roles


def add_principal(
    world: World, *, name: str, actor: str, roles: Sequence[str] = (), is_service: bool = False
) -> Principal:
    """
    Raises:
        InvalidInputError: `invalid-actor`, `invalid-role`. ConflictError: (`principal-exists`).
    """
    principal = Principal(
        id=f"pr_{world.new_id()}",
        name=check_principal_name(name),
        kind=SERVICE if is_service else PERSON,
        roles=check_roles(roles),
    )
    with world.ledger.write(IDENTITY, "add_principal") as tx:
        if tx.principal(name) is not None:
            raise ConflictError(f"There is a principal {name} already.", code="principal-exists")
        tx.insert_principal(principal)
        body = {
            "principalId": principal.id,
            "name": name,
            "kind": principal.kind,
            "roles": sorted(principal.roles),
        }
        tx.append_entry(at=world.clock(), actor=actor, event="principal.added", body=body)
    return principal
