"""Sign in: who is asking. The one place in which an actor is made.

While no token was ever issued, nobody has to prove anything and the name is what was said. From the first token on
every caller of the server shows one, whoever and wherever they are. Nothing is kept between two calls, so that what was
revoked, disabled or delegated counts with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from signoff.app.record_refusal import record_refusal
from signoff.app.world import World
from signoff.errors import NotEntitledError, NotSignedInError
from signoff.gates.principal import ANONYMOUS, PERSON, Principal, actor_of
from signoff.gates.requirement import Actor
from signoff.gates.session import ENDED, SESSION_PREFIX, Link, Session, Vouched
from signoff.gates.token import VALID, is_token, token_hash

if TYPE_CHECKING:
    from signoff.app.ports import Bearer
    from signoff.app.ports.reader import Reader

_SENTENCES = {
    "missing": "This call needs a token.",
    "unknown": "This token was not issued here.",
    "revoked": "This token was revoked.",
    "expired": "This token has expired.",
    "disabled": "{name} is disabled and may not act.",
    "no-session": "Nobody is signed in.",
    "session-ended": "This session has ended; sign in again.",
    "not-a-principal": "{name} is nobody here. Ask whoever runs this server to add a principal of this name.",
    "not-a-person": "{name} is a service, and services sign in with a token.",
}


def is_open(world: World) -> bool:
    """Whether nobody has to sign in: no token was ever issued."""
    with world.ledger.read() as tx:
        return not tx.people.has_tokens()


def sign_in(world: World, *, token: str | None, name: str | None = None, doing: str | None = None) -> Actor:
    """Who calls the server: by their token; while it is open, by the name they give (`anonymous` without one).

    `doing` says what the caller is about to do, for the record of a refusal; reads leave it out and are not recorded.

    Raises:
        NotSignedInError: (`not-signed-in`). NotEntitledError: (`not-you`) the token is of somebody else than `name`.
    """
    if token is None and world.ledger.knows_nobody():
        return Actor(name or ANONYMOUS)
    with world.ledger.read() as tx:
        caller = _caller(tx, token, name or ANONYMOUS, world.clock())
    error = _refusal(caller, name)
    if error is not None:
        record_refusal(world, error, actor=caller.actor, doing=doing)
        raise error
    return caller.actor


@dataclass(frozen=True)
class SignedIn:
    """Whose session it is; `link` is what it was opened with, where that was a link: it is good for that gate alone."""

    actor: Actor
    session: Session
    link: Link | None = None


def sign_in_by_session(world: World, *, secret: str | None, doing: str | None = None) -> SignedIn:
    """Who holds a session: as long as what it was opened with is worth something, and its principal may act.

    Raises:
        NotSignedInError: (`not-signed-in`).
    """
    with world.ledger.read() as tx:
        now = world.clock()
        session = (
            tx.people.session_with_hash(token_hash(secret)) if secret and is_token(secret, SESSION_PREFIX) else None
        )
        caller = _Caller(Actor(ANONYMOUS), "no-session") if session is None else _by_session(tx, session, now)
        link = None if session is None or session.link_id is None else tx.people.link(session.link_id)
    error = _refusal(caller, None)
    if error is not None:
        record_refusal(world, error, actor=caller.actor, doing=doing)
        raise error
    assert session is not None  # noqa: S101 - without one there was an error
    return SignedIn(caller.actor, session, link)


def sign_in_by_signature(
    world: World, *, service: str, why_not: str | None, name: str | None = None, doing: str | None = None
) -> Actor:
    """Who sends a signed event: the service that signs with the secret, in its roles. `why_not` says what is wrong with
    the signature.

    Raises:
        NotSignedInError: `bad-signature`, or (`not-signed-in`) the service is disabled. NotEntitledError: (`not-you`)
        the event says that it is from somebody else.
    """
    if why_not is not None:
        unsigned = NotSignedInError(f"This event is not signed as it has to be: {why_not}.", code="bad-signature")
        record_refusal(world, unsigned, actor=Actor(ANONYMOUS), doing=doing)
        raise unsigned
    with world.ledger.read() as tx:
        caller = _by_name(tx, service, world.clock())
    error = _refusal(caller, name)
    if error is not None:
        record_refusal(world, error, actor=caller.actor, doing=doing)
        raise error
    return replace(caller.actor, is_authenticated=True)


def sign_in_by_provider(world: World, *, vouch: Callable[[], Vouched], doing: str) -> Vouched:
    """Whom a provider of OpenID Connect vouches for: a person who is known here by that name. `vouch` asks it.

    Raises:
        NotSignedInError: `openid-refused`, or (`not-signed-in`) that is nobody who may sign in so. Whatever else
        `vouch` raises.
    """
    try:
        vouched = vouch()
    except NotSignedInError as unbelieved:
        record_refusal(world, unbelieved, actor=Actor(ANONYMOUS), doing=doing)
        raise
    with world.ledger.read() as tx:
        caller = _by_provider(tx, vouched, world.clock())
    error = _refusal(caller, None)
    if error is not None:
        record_refusal(world, error, actor=caller.actor, doing=doing)
        raise error
    return vouched


def act_as(world: World, name: str) -> Actor:
    """Who works on the ledger itself, by the name they give: with the roles of the principal of that name. A name that
    is no principal's has no role where there are principals, and every role where there are none.

    Raises:
        NotSignedInError: the principal is disabled.
    """
    with world.ledger.read() as tx:
        caller = _by_name(tx, name, world.clock())
    error = _refusal(caller, name)
    if error is not None:
        record_refusal(world, error, actor=caller.actor, doing="act on the ledger")
        raise error
    return caller.actor


@dataclass(frozen=True)
class _Caller:
    """Somebody who wants in, and why they may not."""

    actor: Actor
    why_not: str | None = None


def _caller(tx: Reader, text: str | None, name: str, now: int) -> _Caller:
    bearer = tx.people.bearer(token_hash(text), now=now) if text is not None and is_token(text) else None
    if text is not None and bearer is not None and bearer.token.is_of(text):
        return _by_token(bearer, now)
    if tx.people.has_tokens():
        return _Caller(Actor(ANONYMOUS), "missing" if text is None else "unknown")
    return _by_name(tx, name, now)


def _by_token(bearer: Bearer, now: int) -> _Caller:
    if (state := bearer.token.state(now)) != VALID:
        return _Caller(Actor(bearer.holder.name), state)
    return _enabled(bearer.holder, bearer.lenders, is_authenticated=True)


def _by_session(tx: Reader, session: Session, now: int) -> _Caller:
    principal = tx.people.holder(session)
    token = None if session.token_id is None else tx.people.token(session.token_id)
    if token is not None and (state := token.state(now)) != VALID:
        return _Caller(Actor(principal.name), state)
    if session.state(now) != VALID:
        return _Caller(Actor(principal.name), f"session-{ENDED}")
    return _enabled(principal, tx.people.lenders(principal.id, now=now), is_authenticated=True)


def _by_provider(tx: Reader, vouched: Vouched, now: int) -> _Caller:
    principal = tx.people.principal(vouched.name)
    if principal is None:
        return _Caller(Actor(vouched.name), "not-a-principal")
    if principal.kind != PERSON:
        return _Caller(Actor(vouched.name), "not-a-person")
    return _enabled(principal, tx.people.lenders(principal.id, now=now), is_authenticated=True)


def _by_name(tx: Reader, name: str, now: int) -> _Caller:
    principal = tx.people.principal(name)
    if principal is None:
        return _Caller(Actor(name, frozenset() if tx.people.has_principals() else None))
    return _enabled(principal, tx.people.lenders(principal.id, now=now), is_authenticated=False)


def _enabled(principal: Principal, lenders: Sequence[Principal], *, is_authenticated: bool) -> _Caller:
    if principal.disabled_at is not None:
        return _Caller(Actor(principal.name), "disabled")
    return _Caller(actor_of(principal, lenders, is_authenticated=is_authenticated))


def _refusal(caller: _Caller, name: str | None) -> NotSignedInError | NotEntitledError | None:
    who = caller.actor.name
    if caller.why_not is not None:
        return NotSignedInError(_SENTENCES[caller.why_not].format(name=who), details={"reason": caller.why_not})
    if name in (None, who):
        return None
    return NotEntitledError(
        f"You are signed in as {who} and cannot act as {name}.", code="not-you", details={"actor": who}
    )
