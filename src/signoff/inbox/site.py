"""The pages, and what every request for one goes through: who is asking, whether our own page sent it, then the page.

A refusal is a page too, with the status that the API would answer with.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from signoff.api.intake import check_query
from signoff.api.problems import RETRY_AFTER, problem, status_of
from signoff.errors import (
    LedgerUnavailableError,
    NotEntitledError,
    NotSignedInError,
    OutcomeUnknownError,
    SignoffError,
)
from signoff.inbox import audit_page, gate_page, list_page, run_page, sign_in_page, stats_page, words
from signoff.inbox.answer import written
from signoff.inbox.assets import CACHE, PREFIX, asset_at, assets
from signoff.inbox.attempts import Attempts
from signoff.inbox.form import MEDIA_TYPE, Form, read_form
from signoff.inbox.live import tell_changes
from signoff.inbox.refusals import RefusalPages
from signoff.inbox.render import gate_path, render, run_path
from signoff.inbox.visit import HEADERS, Visit, begin_visit, check_own, is_from_here, recognise

if TYPE_CHECKING:
    from signoff.inbox.openid.provider import Provider

_log = logging.getLogger("signoff.inbox")

Show = Callable[[Visit], Response]


@dataclass(frozen=True)
class Page:
    """`is_public`: nobody has to be signed in. `is_for_links`: somebody who was signed in by a link may see it, where
    it is about that link's gate. `takes_names`: it says itself what is wrong with a name that was typed."""

    method: str
    path: str
    show: Show
    is_public: bool = False
    is_for_links: bool = False
    takes_names: bool = False


_GATE = "/gates/{workflowID}/{gateKey}"
_RUN = "/runs/{workflowID}"

PAGES = (
    Page("GET", "/", list_page.show_list),
    Page("POST", "/name", sign_in_page.take_name),
    Page("GET", _GATE, gate_page.show, is_for_links=True),
    Page("GET", f"{_GATE}/payload", gate_page.show_payload, is_for_links=True),
    Page("GET", f"{_GATE}/body", gate_page.show_body, is_for_links=True),
    Page("GET", f"{_GATE}/evidence/{{number:int}}", gate_page.show_evidence, is_for_links=True),
    Page("POST", f"{_GATE}/confirm", gate_page.confirm, is_for_links=True, takes_names=True),
    Page("POST", f"{_GATE}/reply", gate_page.answer, is_for_links=True, takes_names=True),
    Page("GET", _RUN, run_page.show),
    Page("POST", f"{_RUN}/cancel", run_page.cancel),
    Page("POST", f"{_RUN}/retry", run_page.retry),
    Page("GET", "/audit", audit_page.show_trail),
    Page("POST", "/audit/verify", audit_page.verify_trail),
    Page("GET", "/audit/export", audit_page.export_trail),
    Page("GET", "/audit/{seq:int}", audit_page.show_proof),
    Page("GET", "/stats", stats_page.show),
    Page("GET", "/sign-in", sign_in_page.show, is_public=True),
    Page("POST", "/sign-in", sign_in_page.take_token, is_public=True),
    Page("GET", "/sign-out", sign_in_page.show_sign_out, is_for_links=True),
    Page("POST", "/sign-out", sign_in_page.sign_out, is_for_links=True),
    Page("GET", "/links/{secret}", sign_in_page.show_link, is_public=True),
    Page("POST", "/links/{secret}", sign_in_page.take_link, is_public=True),
)


def add_inbox(app: FastAPI, *, public_url: str | None = None, provider: Provider | None = None) -> None:
    """Put the pages beside the API. `public_url` is where people reach them, which may be a proxy that speaks TLS. With
    a `provider` people can sign in there too.

    Raises:
        OperationError: (`missing-assets`).
    """
    assets()
    app.state.attempts, app.state.public_url, app.state.provider = Attempts(), public_url, provider
    for page in (*PAGES, *(() if provider is None else _provider_pages())):
        route = Route(page.path, _endpoint(page, public_url), methods=[page.method], include_in_schema=False)
        app.router.routes.append(route)
    app.router.routes.append(Route(f"{PREFIX}/{{name}}", _asset, methods=["GET"], include_in_schema=False))
    app.add_middleware(RefusalPages)
    app.router.routes.append(Route("/live", _live(public_url), methods=["GET"], include_in_schema=False))


def _provider_pages() -> tuple[Page, ...]:
    # Imported here, with what only its extra installs.
    from signoff.inbox import openid_page

    return (
        Page("GET", openid_page.AWAY_PATH, openid_page.leave, is_public=True),
        Page("GET", openid_page.BACK_PATH, openid_page.come_back, is_public=True),
    )


def _endpoint(page: Page, public_url: str | None) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = b""
        if page.method == "POST":
            media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            body = await request.body()
            if media_type != MEDIA_TYPE:
                return problem("unsupported-media-type", f"A form is {MEDIA_TYPE}.")
        return await run_in_threadpool(_answer, page, request, body, public_url)

    return endpoint


def _answer(page: Page, request: Request, body: bytes, public_url: str | None) -> Response:
    try:
        visit = begin_visit(request, Form(), public_url)
    except LedgerUnavailableError as error:
        return _unavailable(error)
    try:
        _admit(page, visit, body)
        return page.show(visit)
    except NotSignedInError as error:
        return _sign_in_first(visit, error)
    except LedgerUnavailableError as error:
        return _unavailable(error)
    except SignoffError as error:
        return _refused(visit, error)


def _admit(page: Page, visit: Visit, body: bytes) -> None:
    check_query(visit.request)
    visit.form = read_form(body)
    if page.is_public:
        _recognise_if_known(visit)
    else:
        recognise(visit, doing=f"POST {visit.path}" if page.method == "POST" else None)
    if page.method == "POST":
        check_own(visit)
    if visit.refused_name is not None and not page.takes_names:
        raise visit.refused_name
    _check_limit(page, visit)


def _recognise_if_known(visit: Visit) -> None:
    """On a page that needs nobody, a session that has ended is none."""
    try:
        recognise(visit)
    except NotSignedInError:
        visit.signed_in = visit.actor = None


def _check_limit(page: Page, visit: Visit) -> None:
    link = None if visit.signed_in is None else visit.signed_in.link
    if link is None or page.is_public:
        return
    there = visit.request.path_params
    is_gate = (there.get("workflowID"), there.get("gateKey")) == (link.workflow_id, link.gate_key)
    if not page.is_for_links or (there and not is_gate):
        raise NotEntitledError(
            "The link that signed you in is good for one gate alone; sign in to see more.",
            code="link-limited",
            details={"gate": gate_path(link.workflow_id, link.gate_key)},
        )


def _sign_in_first(visit: Visit, error: NotSignedInError) -> Response:
    if visit.request.headers.get("hx-request"):
        if visit.request.headers.get("hx-target") == "standing":
            # Somebody may be writing there: they are told, and lose nothing.
            return visit.page("session_ended.html", status=401, next_path=_came_from(visit))
        # Another part of a page was asked for: the whole of it has to be loaded again, to end at the sign-in.
        return Response(status_code=401, headers={**HEADERS, "HX-Refresh": "true"})
    if visit.request.method == "GET" and not visit.path.startswith("/links/"):
        there = visit.path if not visit.request.url.query else f"{visit.path}?{visit.request.url.query}"
        return RedirectResponse(f"/sign-in?next={quote(there, safe='')}", status_code=303, headers=HEADERS)
    return _refused(visit, error)


def _refused(visit: Visit, error: SignoffError) -> Response:
    status = status_of(error)
    if status == 500:
        _log.error("page failed: %s: %s", error.code, error.message)
    return visit.page(
        "error.html",
        status=status,
        error=error,
        status_code=status,
        title=words.REFUSALS.get(status, words.NOT_UNDERSTOOD),
        came_from=_came_from(visit),
        written=written(visit.form) if is_from_here(visit) else [],
    )


def _came_from(visit: Visit) -> str:
    """The page that a form of ours stands on."""
    there = visit.request.path_params
    if "gateKey" in there:
        return gate_path(there["workflowID"], there["gateKey"])
    return run_path(there["workflowID"]) if "workflowID" in there else "/"


def _unavailable(error: LedgerUnavailableError) -> Response:
    """Without the ledger nobody can be recognised: the page says that and no more."""
    _log.error("%s: %s", error.code, error.message)
    title = "The ledger cannot be used at the moment"
    text = "Nothing was written, and nothing is lost. Try again in a few seconds."
    if isinstance(error, OutcomeUnknownError):
        text = "It was lost while this was written, which may be done or not. Look again in a few seconds."
    page = render("plain.html", title=title, text=text, code=None)
    return Response(page, status_code=503, headers={**HEADERS, **RETRY_AFTER}, media_type="text/html")


async def _asset(request: Request) -> Response:
    asset = asset_at(request.url.path)
    if asset is None:
        return problem("no-such-route", "There is no such file.")
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": CACHE})


def _live(public_url: str | None) -> Callable[[Request], Awaitable[Response]]:
    async def live(request: Request) -> Response:
        return await tell_changes(request, public_url)

    return live
