"""What is refused before a page is reached (an address that is none, a form of another site, a body that is too large)
as a page too, for whoever looks with a browser. Programs are answered with problems, as ever."""

from __future__ import annotations

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.api.problems import PROBLEM_MEDIA_TYPE
from signoff.inbox import words
from signoff.inbox.render import render
from signoff.inbox.visit import HEADERS

#: Where programs ask, whatever they say that they accept.
OF_PROGRAMS = ("/api", "/workflows", "/healthz", "/openapi.json")


class RefusalPages:
    """Plain ASGI, before everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_for_browser(scope):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    await _send_as_page(start, body, send)

        await self._app(scope, receive, send_page)


def _is_for_browser(scope: Scope) -> bool:
    is_page = scope["type"] == "http" and not scope["path"].startswith(OF_PROGRAMS)
    return is_page and "text/html" in Headers(scope=scope).get("accept", "")


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(PROBLEM_MEDIA_TYPE)


async def _send_as_page(start: Message, body: bytes, send: Send) -> None:
    problem = json.loads(body)
    title = words.REFUSALS.get(start["status"], words.NOT_UNDERSTOOD)
    page = render("plain.html", title=title, text=problem["error"], code=problem["code"]).encode()
    headers = MutableHeaders(scope=start)
    headers.update({**HEADERS, "Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))})
    await send(start)
    await send({"type": "http.response.body", "body": page})
