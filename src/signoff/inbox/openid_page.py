"""Sign in at a provider of OpenID Connect: sent there, and come back."""

from __future__ import annotations

import logging
from functools import partial

from starlette.responses import Response

from signoff.app.open_session import open_session_by_provider
from signoff.errors import NotSignedInError, OperationError
from signoff.gates.session import Vouched
from signoff.inbox.openid.departure import AWAY_S_MAX, Departure, depart, read_departure
from signoff.inbox.openid.id_token import unbelieved
from signoff.inbox.openid.provider import CODE_CHARS_MAX, Provider
from signoff.inbox.sign_in_page import address_of, attempts_of, keep_session, provider_of, show_form, tell_to_wait
from signoff.inbox.visit import Visit, own_path
from signoff.settings.kind import is_loopback

AWAY_PATH, BACK_PATH = "/sign-in/openid", "/sign-in/openid/callback"
AWAY_COOKIE = "signoff-openid"
UNAVAILABLE_S = 60

#: What providers answer instead of a code, in words; what they write beside it is not shown, since anybody could have.
_ANSWERS = {
    "access_denied": "The provider did not let you in, or you stopped there.",
    "login_required": "The provider did not sign you in.",
    "interaction_required": "The provider did not sign you in.",
    "consent_required": "The provider asks for a consent that was not given.",
    "server_error": "The provider cannot sign anybody in at the moment.",
    "temporarily_unavailable": "The provider cannot sign anybody in at the moment.",
}

_log = logging.getLogger("signoff.inbox")


def leave(visit: Visit) -> Response:
    """Off to the provider. A GET, since the content security policy lets no form lead elsewhere; nothing is written."""
    next_path = own_path(visit.query.get("next"))
    if visit.is_open:
        return visit.go("/")
    if wait_s := attempts_of(visit).wait_s(address_of(visit), visit.world.clock()):
        return tell_to_wait(visit, wait_s, next_path)
    departure = depart(next_path, visit.world.clock())
    try:
        url = _provider(visit).sign_in_url(departure, _redirect_uri(visit))
    except OperationError as error:
        return _unavailable(visit, error, next_path)
    visit.keep(AWAY_COOKIE, departure.cookie, AWAY_S_MAX)
    return visit.go(url)


def come_back(visit: Visit) -> Response:
    """Whoever was not sent off from this browser is nobody's attempt: neither counted nor recorded, since any page can
    make a browser ask for this address."""
    now = visit.world.clock()
    departure = read_departure(visit.cookie(AWAY_COOKIE), now)
    if wait_s := attempts_of(visit).wait_s(address_of(visit), now):
        return tell_to_wait(visit, wait_s, own_path(None if departure is None else departure.next_path))
    if departure is None or not departure.is_of(visit.query.get("state")):
        error = f"This sign-in was not begun in this browser, or more than {AWAY_S_MAX // 60} minutes ago. Begin again."
        return show_form(visit, next_path="/", error=error, status=401)
    visit.forget(AWAY_COOKIE)
    try:
        session, secret = open_session_by_provider(visit.world, vouch=partial(_vouch, visit, departure))
    except NotSignedInError as refusal:
        attempts_of(visit).failed(address_of(visit), now)
        return show_form(visit, next_path=own_path(departure.next_path), error=refusal.message, status=401)
    except OperationError as failure:
        return _unavailable(visit, failure, own_path(departure.next_path))
    keep_session(visit, session, secret)
    return visit.go(own_path(departure.next_path))


def _vouch(visit: Visit, departure: Departure) -> Vouched:
    code = visit.query.get("code", "")
    if answer := visit.query.get("error"):
        _log.warning("sign-in with OpenID Connect: the provider answered %r", answer[:60])
        words = _ANSWERS.get(answer, "The provider refused; the log of this server says how.")
        raise NotSignedInError(f"{words} Begin again.", code="openid-refused", details={"reason": "provider"})
    if not code or len(code) > CODE_CHARS_MAX or not (code.isascii() and code.isprintable()):
        raise unbelieved("there is no code")
    return _provider(visit).vouch(
        departure, code=code, issuer=visit.query.get("iss"), redirect_uri=_redirect_uri(visit)
    )


def _provider(visit: Visit) -> Provider:
    provider = provider_of(visit)
    assert provider is not None  # noqa: S101 - without one these pages are not there
    return provider


def _redirect_uri(visit: Visit) -> str:
    """Where the provider sends people back to: it knows this address, and takes no other.

    Raises:
        OperationError: (`openid-unavailable`) nobody has said where people reach this server.
    """
    if (public_url := visit.request.app.state.public_url) is not None:
        return f"{public_url.rstrip('/')}{BACK_PATH}"
    here = visit.request.url
    if not is_loopback(here.hostname or ""):
        raise OperationError("public_url is not set, to which people are sent back", code="openid-unavailable")
    return f"{here.scheme}://{here.netloc}{BACK_PATH}"


def _unavailable(visit: Visit, error: OperationError, next_path: str) -> Response:
    _log.error("sign-in with OpenID Connect: %s", error.message)
    told = (
        f"{_provider(visit).host} does not answer as it should. Try again in a minute, or sign in with a token; if it "
        "stays so, tell whoever runs this server."
    )
    response = show_form(visit, next_path=next_path, error=told, status=503)
    response.headers["Retry-After"] = str(UNAVAILABLE_S)
    return response
