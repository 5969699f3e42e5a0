"""Find who is known, and which tokens were issued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.world import World
from signoff.errors import NotFoundError
from signoff.gates.digest import check_storable
from signoff.gates.principal import Delegation, Principal
from signoff.gates.token import Token

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader


def the_principal(tx: Reader, name: str) -> Principal:
    check_storable(name)
    principal = tx.people.principal(name)
    if principal is None:
        raise NotFoundError(f"There is no principal {name[:200]}.", code="principal-not-found")
    return principal


def find_principals(world: World) -> tuple[list[Principal], list[Delegation]]:
    """Everybody by name, and the delegations that hold now."""
    with world.ledger.read() as tx:
        return tx.people.principals(), tx.people.delegations(now=world.clock())


def find_tokens(world: World) -> list[tuple[Token, Principal]]:
    """Every token that was ever issued, oldest first, and whose it is."""
    with world.ledger.read() as tx:
        by_id = {principal.id: principal for principal in tx.people.principals()}
        return [(token, by_id[token.principal_id]) for token in tx.people.tokens()]
