"""Create a token, by which a principal signs in."""

from __future__ import annotations

import secrets

from signoff.app.find_principals import the_principal
from signoff.app.world import World
from signoff.errors import InvalidInputError
from signoff.gates.deadline import deadline_after
from signoff.gates.principal import IDENTITY
from signoff.gates.token import SECRET_BYTES, Token, token_hash, token_text

EXPIRES_S_MAX = 10 * 366 * 86_400


def create_token(world: World, *, name: str, actor: str, expires_s: int | None = None) -> tuple[Token, str]:
    """The token as it is stored, and its text, which is known to nobody but the caller and never again.

    Raises:
        NotFoundError: (`principal-not-found`). InvalidInputError: (`invalid-token-request`).
    """
    if expires_s is not None and not 1 <= expires_s <= EXPIRES_S_MAX:
        raise _invalid(f"it expires after 1 second to {EXPIRES_S_MAX // 86_400} days")
    text = token_text(secrets.token_bytes(SECRET_BYTES))
    with world.ledger.write(IDENTITY, "create_token") as tx:
        principal = the_principal(tx, name)
        if principal.disabled_at is not None:
            raise _invalid(f"{name} is disabled")
        now = world.clock()
        token = Token(
            id=f"tk_{world.new_id()}",
            principal_id=principal.id,
            hash=token_hash(text),
            created_at=now,
            expires_at=None if expires_s is None else deadline_after(now, expires_s),
        )
        tx.insert_token(token)
        body = {"tokenId": token.id, "name": name, "expiresAt": token.expires_at}
        tx.append_entry(at=now, actor=actor, event="token.created", body=body)
    return token, text


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This token cannot be made: {why}.", code="invalid-token-request")
