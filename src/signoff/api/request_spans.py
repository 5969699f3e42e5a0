"""Each request as a span: by its method, the template of its route and its status, never by its path."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.app.spans import span

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "none"


class RequestSpans:
    """Stands before all else, so that what is refused on the way is told too. `routes` are all that there are."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "other"
        with span("request", parent=Headers(scope=scope).get("traceparent"), method=method) as facts:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    facts["route"], facts["status"] = self._route(scope), message["status"]
                await send(message)

            await self._app(scope, receive, send_noted)

    def _route(self, scope: Scope) -> str:
        """Its template. Only FastAPI's own routes leave themselves with the request."""
        route = scope.get("route")
        if isinstance(route, Route):
            return route.path
        endpoint = scope.get("endpoint")
        found = (one.path for one in self._routes if isinstance(one, Route) and one.endpoint is endpoint)
        return next(found, NO_ROUTE) if endpoint is not None else NO_ROUTE
