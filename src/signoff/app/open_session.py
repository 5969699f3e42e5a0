"""Open a session: sign in once, with a token or at a provider, and be known by a cookie for a while."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from signoff.app.find_principals import the_principal
from signoff.app.sign_in import sign_in, sign_in_by_provider
from signoff.app.world import World
from signoff.gates.principal import IDENTITY, Principal
from signoff.gates.session import SESSION_PREFIX, Link, Session, Vouched, ends_of_session
from signoff.gates.token import SECRET_BYTES, Token, token_hash, token_text

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer


def open_session(world: World, *, token: str) -> tuple[Session, str]:
    """The session, and its secret, which is known to nobody but the caller and never again.

    Raises:
        NotSignedInError: the token is worth nothing.
    """
    sign_in(world, token=token, doing="sign in")
    with world.ledger.write(IDENTITY, "open_session") as tx:
        found = tx.people.token_with_hash(token_hash(token))
        assert found is not None  # noqa: S101 - rows stay when tokens end
        return begin_session(world, tx, tx.people.holder(found), token=found)


def open_session_by_provider(world: World, *, vouch: Callable[[], Vouched]) -> tuple[Session, str]:
    """The same for whom a provider of OpenID Connect vouches for; `vouch` asks it.

    Raises:
        NotSignedInError: what the provider says is not to be believed, or of nobody who may sign in.
        OperationError: (`openid-unavailable`) it says nothing.
    """
    vouched = sign_in_by_provider(world, vouch=vouch, doing="sign in")
    with world.ledger.write(IDENTITY, "open_session") as tx:
        return begin_session(world, tx, the_principal(tx, vouched.name), vouched=vouched)


def begin_session(
    world: World,
    tx: Writer,
    principal: Principal,
    *,
    token: Token | None = None,
    link: Link | None = None,
    vouched: Vouched | None = None,
) -> tuple[Session, str]:
    """Record a session that is opened with a token, with a link, or by whom a provider vouches for."""
    now, text = world.clock(), token_text(secrets.token_bytes(SECRET_BYTES), SESSION_PREFIX)
    token_expires_at = None if token is None else token.expires_at
    expires_at, ends_at = ends_of_session(now, is_by_link=link is not None, token_expires_at=token_expires_at)
    session = Session(
        id=f"ss_{world.new_id()}",
        hash=token_hash(text),
        principal_id=principal.id,
        token_id=None if token is None else token.id,
        link_id=None if link is None else link.id,
        created_at=now,
        expires_at=expires_at,
        ends_at=ends_at,
        issuer=None if vouched is None else vouched.issuer,
        subject=None if vouched is None else vouched.subject,
    )
    tx.insert_session(session)
    body = {
        "sessionId": session.id,
        "name": principal.name,
        "tokenId": session.token_id,
        "linkId": session.link_id,
        "issuer": session.issuer,
        "subject": session.subject,
        "endsAt": ends_at,
    }
    tx.append_entry(at=now, actor=principal.name, event="session.opened", body=body)
    return session, text
