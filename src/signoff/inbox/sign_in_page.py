"""Sign in with a token or a link, sign out, and, while the server is open, say a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from signoff.app.end_sessions import end_sessions
from signoff.app.open_session import open_session
from signoff.app.use_link import find_link, use_link
from signoff.errors import NotSignedInError
from signoff.gates.session import LINK_PREFIX, Session
from signoff.gates.token import is_token
from signoff.inbox.attempts import Attempts
from signoff.inbox.render import gate_path
from signoff.inbox.visit import SESSION_COOKIE, Visit, own_path

if TYPE_CHECKING:
    from signoff.inbox.openid.provider import Provider


def show(visit: Visit) -> Response:
    if visit.is_open:
        return visit.go("/")
    return show_form(visit, next_path=own_path(visit.query.get("next")))


def take_token(visit: Visit) -> Response:
    next_path = own_path(visit.form.one("next"))
    address, attempts = address_of(visit), attempts_of(visit)
    now = visit.world.clock()
    if wait_s := attempts.wait_s(address, now):
        return tell_to_wait(visit, wait_s, next_path)
    if visit.is_open:
        return visit.go("/")
    try:
        session, secret = open_session(visit.world, token=visit.form.one("token") or "")
    except NotSignedInError as error:
        attempts.failed(address, now)
        return show_form(visit, next_path=next_path, error=error.message, status=401)
    keep_session(visit, session, secret)
    return visit.go(next_path)


def take_name(visit: Visit) -> Response:
    """While the server is open; it was read with the form, and kept, when the visitor was recognised."""
    return visit.go(own_path(visit.form.one("next")))


def show_sign_out(visit: Visit) -> Response:
    return visit.page("sign_out.html")


def sign_out(visit: Visit) -> Response:
    if visit.signed_in is not None:
        end_sessions(visit.world, visit.signed_in, everywhere=visit.form.one("everywhere") is not None)
    visit.forget(SESSION_COOKIE)
    return visit.go("/sign-in")


def show_link(visit: Visit) -> Response:
    """A page with a button. Programs look at links before people do: to look uses nothing up. Whoever is signed in
    already, by this link or for more than one gate, is shown its gate."""
    if not is_token(visit.parameter("secret"), LINK_PREFIX):
        raise NotSignedInError("This is not a link that was made here.", code="link-refused")
    if (gate := _gate_within_reach(visit)) is not None:
        return visit.go(gate)
    return visit.page("link.html", error=None)


def take_link(visit: Visit) -> Response:
    address, attempts = address_of(visit), attempts_of(visit)
    now = visit.world.clock()
    if wait_s := attempts.wait_s(address, now):
        return tell_to_wait(visit, wait_s, visit.path)
    if (gate := _gate_within_reach(visit)) is not None:
        return visit.go(gate)
    try:
        session, secret, link = use_link(visit.world, secret=visit.parameter("secret"))
    except NotSignedInError as error:
        attempts.failed(address, now)
        return visit.page("link.html", status=401, error=error.message)
    keep_session(visit, session, secret)
    return visit.go(gate_path(link.workflow_id, link.gate_key))


def _gate_within_reach(visit: Visit) -> str | None:
    """Where the link leads, for whoever is signed in there already; None for whom it has to sign in."""
    if visit.signed_in is None:
        return None
    link = find_link(visit.world, secret=visit.parameter("secret"))
    if visit.signed_in.link is None:
        return "/" if link is None else gate_path(link.workflow_id, link.gate_key)
    is_by_this = link is not None and link.id == visit.signed_in.link.id
    return gate_path(link.workflow_id, link.gate_key) if link is not None and is_by_this else None


def show_form(visit: Visit, *, next_path: str, error: str | None = None, status: int = 200) -> Response:
    return visit.page("sign_in.html", status=status, next_path=next_path, error=error, provider=provider_of(visit))


def tell_to_wait(visit: Visit, wait_s: int, next_path: str) -> Response:
    error = f"Too many attempts from here. Try again in {wait_s} s."
    response = show_form(visit, next_path=next_path, error=error, status=429)
    response.headers["Retry-After"] = str(wait_s)
    return response


def keep_session(visit: Visit, session: Session, secret: str) -> None:
    visit.keep(SESSION_COOKIE, secret, max(1, (session.ends_at - session.created_at) // 1000))


def address_of(visit: Visit) -> str:
    client = visit.request.client
    return "" if client is None else client.host


def attempts_of(visit: Visit) -> Attempts:
    attempts: Attempts = visit.request.app.state.attempts
    return attempts


def provider_of(visit: Visit) -> Provider | None:
    """None where people sign in with tokens alone."""
    provider: Provider | None = visit.request.app.state.provider
    return provider
