"""One request at the inbox: who looks, what they sent, and how they are answered.

Two things have to be true of whatever changes something: it was sent by one of our own pages (the browser says so in
Origin and Sec-Fetch-Site, and the form carries a token that only a page of ours could read), and somebody is signed in,
unless the server is open.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from signoff.app.extend_session import extend_session
from signoff.app.find import find_newest_seq
from signoff.app.sign_in import SignedIn, is_open, sign_in, sign_in_by_session
from signoff.errors import InvalidInputError, NotEntitledError
from signoff.gates.digest import sha256_hex
from signoff.gates.name import check_actor_name
from signoff.gates.requirement import Actor
from signoff.inbox.form import Form
from signoff.inbox.render import render

if TYPE_CHECKING:
    from signoff.api.surface import Surface
    from signoff.app.world import World

SESSION_COOKIE, VISIT_COOKIE, NAME_COOKIE = "signoff-session", "signoff-visit", "signoff-name"
NAME_AGE_S = 30 * 86_400

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Without an origin, as `no-referrer` has it, a browser would not say where a form comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Visit:
    """`actor` is None where nobody is signed in on a page that needs nobody. `seen` is the newest seq of the trail
    before anything was looked at: what comes after it, the page asks to be told of. `set_cookies` are sent with the
    answer: the text, and for how many seconds (None until the browser is closed, 0 to forget it). `refused_name` says
    why a name that was typed cannot be one: `actor` is then who was known before."""

    request: Request
    surface: Surface
    form: Form
    is_secure: bool
    is_open: bool
    seen: int
    actor: Actor | None = None
    signed_in: SignedIn | None = None
    visit_secret: str = ""
    refused_name: InvalidInputError | None = None
    set_cookies: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.surface.world

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def query(self) -> Mapping[str, str]:
        """Without what was left blank: a form sends every field that it has."""
        return {name: text for name, text in self.request.query_params.items() if text}

    @property
    def csrf(self) -> str:
        secret = self.cookie(SESSION_COOKIE) if self.signed_in is not None else None
        return sha256_hex(f"csrf:{secret or self.visit_secret}".encode())

    @property
    def is_limited(self) -> bool:
        """Signed in by a link, for one gate."""
        return self.signed_in is not None and self.signed_in.link is not None

    def person(self) -> Actor:
        assert self.actor is not None  # noqa: S101 - pages that need nobody do not ask
        return self.actor

    def parameter(self, name: str) -> str:
        return str(self.request.path_params[name])

    def cookie(self, name: str) -> str | None:
        return self.request.cookies.get(self._cookie_name(name))

    def keep(self, name: str, text: str, age_s: int | None = None) -> None:
        self.set_cookies[name] = (text, age_s)

    def forget(self, name: str) -> None:
        self.set_cookies[name] = ("", 0)

    def page(self, template: str, *, status: int = 200, **facts: Any) -> Response:
        html = render(template, visit=self, now=self.world.clock(), **facts)
        return self._with_cookies(HTMLResponse(html, status_code=status, headers=HEADERS))

    def go(self, path: str) -> Response:
        """After a POST, so that to load the page again sends nothing again."""
        return self._with_cookies(RedirectResponse(path, status_code=303, headers=HEADERS))

    def _with_cookies(self, response: Response) -> Response:
        for name, (text, age_s) in self.set_cookies.items():
            response.set_cookie(
                self._cookie_name(name),
                text,
                max_age=age_s,
                path="/",
                secure=self.is_secure,
                httponly=True,
                samesite="lax",
            )
        return response

    def _cookie_name(self, name: str) -> str:
        # A browser takes a name that begins so from this very host alone: no neighbour of it can plant one.
        return f"__Host-{name}" if self.is_secure else name


def begin_visit(request: Request, form: Form, public_url: str | None) -> Visit:
    surface: Surface = request.app.state.surface
    visit = Visit(
        request=request,
        surface=surface,
        form=form,
        is_secure=_is_secure(request, public_url),
        is_open=is_open(surface.world),
        seen=find_newest_seq(surface.world),
    )
    visit.visit_secret = visit.cookie(VISIT_COOKIE) or ""
    if not visit.visit_secret:
        visit.visit_secret = secrets.token_urlsafe(32)
        visit.keep(VISIT_COOKIE, visit.visit_secret)
    return visit


def recognise(visit: Visit, *, doing: str | None = None, is_used: bool = True) -> None:
    """Who looks. While the server is open that is who they say. `doing` is what they are about to do, for the record of
    a refusal. A session `is_used` by people, not by pages that look by themselves.

    Raises:
        NotSignedInError.
    """
    if visit.is_open:
        visit.actor = sign_in(visit.world, token=None, name=_name(visit), doing=doing)
        return
    signed_in = sign_in_by_session(visit.world, secret=visit.cookie(SESSION_COOKIE), doing=doing)
    visit.signed_in, visit.actor = signed_in, signed_in.actor
    if is_used and not visit.request.headers.get("hx-request"):
        extend_session(visit.world, signed_in.session)


def check_own(visit: Visit) -> None:
    """Whether one of our own pages has sent this.

    Raises:
        NotEntitledError: `origin-refused`, `csrf-refused`.
    """
    if not is_from_here(visit):
        raise NotEntitledError("This was sent by a page of another site.", code="origin-refused")
    given = visit.form.one("csrf") or ""
    if not hmac.compare_digest(given.encode(), visit.csrf.encode()):
        raise NotEntitledError(
            "This form is no longer good: it was made for another session. Load the page again, then send it.",
            code="csrf-refused",
        )


def is_from_here(visit: Visit) -> bool:
    """Whether the browser says that no page of another site has sent it; one that says nothing has a token to show."""
    return visit.request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def own_path(path: str | None) -> str:
    """Where to go after the sign-in: a path of this server and nothing else, whatever was asked for."""
    is_plain = path is not None and path.isascii() and path.isprintable() and "\\" not in path
    if not is_plain or path is None or not path.startswith("/") or path.startswith("//"):
        return "/"
    return path


def _name(visit: Visit) -> str | None:
    """While the server is open: what was typed with the form, else what was typed before."""
    typed = visit.form.one("actor")
    if typed is not None:
        try:
            name = check_actor_name(typed)
        except InvalidInputError as error:
            visit.refused_name = error
        else:
            visit.keep(NAME_COOKIE, quote(name, safe=""), NAME_AGE_S)
            return name
    kept = visit.cookie(NAME_COOKIE)
    try:
        return None if kept is None else check_actor_name(unquote(kept, errors="strict"))
    except (InvalidInputError, UnicodeDecodeError):
        return None


def _is_secure(request: Request, public_url: str | None) -> bool:
    """Whether the browser speaks TLS: with this process, or with a proxy under the public name."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(public_url or "")
    return public.scheme == "https" and request.headers.get("host", "").lower() == public.netloc.lower()
