"""Use a link up: it opens a session that is good for its gate alone, and never another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.open_session import begin_session
from signoff.app.record_refusal import record_refusal
from signoff.app.world import World
from signoff.errors import NotSignedInError
from signoff.gates.principal import ANONYMOUS, IDENTITY
from signoff.gates.requirement import Actor
from signoff.gates.session import LINK_PREFIX, Link, Session
from signoff.gates.token import VALID, is_token, token_hash

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

_SENTENCES = {
    "unknown": "This link was not made here.",
    "used": "This link has been used.",
    "expired": "This link is no longer good.",
    "disabled": "Whom this link was made for is disabled.",
}


def use_link(world: World, *, secret: str) -> tuple[Session, str, Link]:
    """The session, its secret, and the link that says for which gate.

    Raises:
        NotSignedInError: (`link-refused`) it is unknown, used or no longer good; nothing is written but that.
    """
    try:
        with world.ledger.write(IDENTITY, "use_link") as tx:
            link = _take(world, tx, secret)
            session, text = begin_session(world, tx, tx.people.holder(link), link=link)
    except NotSignedInError as error:
        record_refusal(world, error, actor=Actor(ANONYMOUS), doing="use a link")
        raise
    return session, text, link


def find_link(world: World, *, secret: str) -> Link | None:
    """The link, good or not, for somebody who may see its gate without it; None where it was not made here."""
    with world.ledger.read() as tx:
        return tx.people.link_with_hash(token_hash(secret)) if is_token(secret, LINK_PREFIX) else None


def _take(world: World, tx: Writer, secret: str) -> Link:
    link = tx.people.link_with_hash(token_hash(secret)) if is_token(secret, LINK_PREFIX) else None
    if link is None:
        raise _refused("unknown")
    now = world.clock()
    if tx.people.holder(link).disabled_at is not None:
        raise _refused("disabled")
    if (state := link.state(now)) != VALID or not tx.use_link(link.id, now=now):
        raise _refused(state)
    return link


def _refused(reason: str) -> NotSignedInError:
    return NotSignedInError(_SENTENCES[reason], code="link-refused", details={"reason": reason})
