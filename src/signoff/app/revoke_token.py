"""Revoke a token: the next call that it signs is refused."""

from __future__ import annotations

from dataclasses import replace

from signoff.app.world import World
from signoff.errors import NotFoundError
from signoff.gates.digest import check_storable
from signoff.gates.principal import IDENTITY
from signoff.gates.token import Token


def revoke_token(world: World, *, token_id: str, actor: str) -> Token:
    """The revoked token; revoking it again changes nothing.

    Raises:
        NotFoundError: (`token-not-found`).
    """
    check_storable(token_id)
    with world.ledger.write(IDENTITY, "revoke_token") as tx:
        token = tx.people.token(token_id)
        if token is None:
            raise NotFoundError("There is no token with this id; signoff token list shows ids.", code="token-not-found")
        if token.revoked_at is not None:
            return token
        now = world.clock()
        tx.revoke_token(token.id, now=now)
        body = {"tokenId": token.id, "name": tx.people.holder(token).name}
        tx.append_entry(at=now, actor=actor, event="token.revoked", body=body)
    return replace(token, revoked_at=now)
