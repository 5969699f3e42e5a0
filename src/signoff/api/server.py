"""The app: routes, what stands before them, and the watcher that wakes those who wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from signoff.api import (
    routes_audit,
    routes_gates,
    routes_health,
    routes_metrics,
    routes_policy,
    routes_runs,
    routes_stream,
    routes_workflows,
)
from signoff.api.changes import Changes
from signoff.api.docs_page import CONTENT_SECURITY_POLICY, render_docs
from signoff.api.guard import AnswerHeaders, BodyLimit, HostGuard, check_binding
from signoff.api.ingress import Ingress
from signoff.api.openapi import DESCRIPTION, describe
from signoff.api.problems import answer_problems
from signoff.api.request_spans import RequestSpans
from signoff.api.surface import DatabaseName, Surface
from signoff.app.world import World
from signoff.errors import LedgerUnavailableError
from signoff.telemetry.metrics import API, Metrics

#: Requests that are worked on at once. More threads than a ledger has connections would only wait for each other.
THREADS_MAX = 12

_ROUTES = (
    routes_health,
    routes_metrics,
    routes_runs,
    routes_stream,
    routes_gates,
    routes_workflows,
    routes_policy,
    routes_audit,
)


def create_app(
    world: World,
    *,
    version: str,
    database: DatabaseName,
    host: str,
    ingress: Ingress | None = None,
    public_url: str | None = None,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The API over one world. `host` is the name or address that the server is told to bind: while it is open it may be
    asked for by that name and by those of loopback only. With an `ingress`, events have to be signed. `public_url` is
    where people reach it, `metrics` are those of this process.

    Raises:
        InvalidInputError: (`host-not-loopback`) others could reach it, and nobody signs in.
    """
    metrics = metrics or Metrics(world, version=version, tellers=API)
    surface = Surface(world, Changes(world), version, database, metrics, ingress)
    app = FastAPI(
        title="signoff",
        version=version,
        description=DESCRIPTION,
        lifespan=_watch_while_open,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.surface = surface
    for routes in _ROUTES:
        # Included, each router would be asked by itself whether a path is one of its own.
        app.router.routes.extend(routes.router.routes)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.openapi = describe(app)  # type: ignore[method-assign]  # FastAPI's own way of extending it
    answer_problems(app)
    # The last added stands first.
    app.add_middleware(BodyLimit)
    app.add_middleware(HostGuard, world=world, host=check_binding(world, host), public_url=public_url)
    app.add_middleware(AnswerHeaders, world=world)
    app.add_middleware(RequestSpans, routes=app.router.routes)
    return app


@asynccontextmanager
async def _watch_while_open(app: FastAPI) -> AsyncIterator[None]:
    surface: Surface = app.state.surface
    to_thread.current_default_thread_limiter().total_tokens = THREADS_MAX
    with suppress(LedgerUnavailableError):
        await run_in_threadpool(surface.metrics.begin)
    surface.changes.start()
    try:
        yield
    finally:
        await surface.changes.stop()


def _docs(request: Request) -> HTMLResponse:
    page = render_docs(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})
