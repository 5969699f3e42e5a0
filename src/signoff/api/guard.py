"""What stands before the app, as plain ASGI: the Host header, the size of a body, headers on every answer.

While the API is open, whoever reaches it may decide. A page on the internet reaches a server on loopback through its
reader's browser: by a name that it has made point there (DNS rebinding; the Host header gives it away), or by posting
across sites (the Origin header does). Once callers need a token such a page has none, and the server may be asked for
by any name: that of a proxy before it, or whichever leads to the address that it listens on.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.api.codes import CODES
from signoff.api.problems import SECURITY_HEADERS, problem
from signoff.app.sign_in import is_open
from signoff.app.world import World
from signoff.errors import InvalidInputError, LedgerUnavailableError

BODY_BYTES_MAX = 1024 * 1024
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})

#: As ASGI has them: names in lower case.
RawHeaders = list[tuple[bytes, bytes]]
_SECURITY_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def check_binding(world: World, host: str) -> str:
    """While nobody signs in, the API is for this machine alone.

    Raises:
        InvalidInputError: (`host-not-loopback`).
    """
    try:
        is_loopback = host.lower() in LOOPBACK_HOSTS or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and is_open(world):
        raise InvalidInputError(
            f"The API is open and may listen on loopback only (127.0.0.1, localhost, ::1), not on {host}. Issue a "
            "token first: signoff principal add NAME, then signoff token create NAME.",
            code="host-not-loopback",
            details={"host": host},
        )
    return host


class AnswerHeaders:
    """`signoff-now` is what the ledger's clock shows: callers reckon with it how long a gate is still open."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_of_api = scope["path"].startswith(("/api", "/workflows"))
                message["headers"] = self._completed(list(message["headers"]), is_of_api=is_of_api)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _completed(self, headers: RawHeaders, *, is_of_api: bool) -> RawHeaders:
        if is_of_api:
            headers = [one for one in headers if one[0] not in (b"cache-control", b"signoff-now")]
            headers += [(b"cache-control", b"no-store"), (b"signoff-now", b"%d" % self._world.clock())]
        given = {name for name, _ in headers}
        return headers + [one for one in _SECURITY_HEADERS if one[0] not in given]


class HostGuard:
    """Lets in only what was sent to this server by its own name, or needs a token, and writes only what its own pages
    send. `public_url` is where people reach it: a proxy there may speak TLS, of which nothing is seen here."""

    def __init__(self, app: ASGIApp, world: World, host: str, public_url: str | None = None) -> None:
        self._app = app
        self._world = world
        self._hosts = LOOPBACK_HOSTS | {host.lower().strip("[]")}
        public = urlsplit(public_url or "")
        self._public_origin = f"{public.scheme}://{public.netloc}".lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        code = await self._refusal(scope) if scope["type"] == "http" else None
        if code is None:
            await self._app(scope, receive, send)
        else:
            await problem(code, CODES[code].sentence)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or (name not in self._hosts and await run_in_threadpool(self._is_open)):
            return "host-refused"
        own_origin = f"{scope['scheme']}://{hosts[0]}".lower()
        is_own = headers.get("origin", own_origin).lower() in (own_origin, self._public_origin)
        return None if scope["method"] == "GET" or is_own else "origin-refused"

    def _is_open(self) -> bool:
        try:
            return is_open(self._world)
        except LedgerUnavailableError:
            # Nobody can tell: as if it were.
            return True


class BodyLimit:
    """Refuses a body over the limit: by its announced length, or by counting while it arrives."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and (len(length) > 15 or int(length) > self._bytes_max):
            await self._refuse(scope, receive, send)
            return
        seen, answered = 0, False

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._bytes_max:
                raise BodyTooLargeError
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except BodyTooLargeError:
            if not answered:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem("body-too-large", f"A body has at most {self._bytes_max} bytes.")
        await response(scope, receive, send)


class BodyTooLargeError(Exception):
    """Unwinds the app out of its reading of a body that is too large."""


@lru_cache(maxsize=64)
def _host_name(host: str) -> str | None:
    """The name in a Host header: without the port and the brackets of IPv6."""
    try:
        parts = urlsplit(f"//{host}")
        has_valid_port = parts.port is None or parts.port >= 0
    except ValueError:
        return None
    is_plain = has_valid_port and not parts.path and not parts.query and not parts.fragment and "@" not in host
    return parts.hostname if is_plain else None
