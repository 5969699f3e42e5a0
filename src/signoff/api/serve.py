"""The process: listen, say so, and end cleanly on SIGTERM however many requests are waiting."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

import uvicorn
from fastapi import FastAPI

from signoff.api.changes import Changes
from signoff.api.surface import Surface
from signoff.errors import OperationError

#: Waiting requests end at once; this is for answers that are being made or read.
GRACE_S = 3
BACKLOG = 2048
#: Longer than clients keep idle connections: a server that closes first cuts off the request that is on its way.
KEEP_ALIVE_S = 75
_TICK_S = 0.05


def serve(
    app: FastAPI,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    ending: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or `ending`. `on_ready` gets the URL once requests are answered; port 0 is any.

    Raises:
        OperationError: (`cannot-listen`) the address is taken, or not one of this machine's.
    """
    ending = ending or threading.Event()
    config = _configured(app)
    with (
        _listen(host, port) as listening,
        _signals_set(ending),
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        surface: Surface = app.state.surface
        runner.run(_serve(config, surface.changes, listening, host, on_ready, ending))


def _configured(app: FastAPI) -> uvicorn.Config:
    """With uvloop and httptools where they are installed; both are, but where nobody has built them."""
    try:
        from signoff.api.http_protocol import BoundedHttpProtocol
    except ImportError:
        http: type[asyncio.Protocol] | Literal["h11"] = "h11"
    else:
        http = BoundedHttpProtocol
    return uvicorn.Config(
        app,
        http=http,
        loop="auto",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


async def _serve(
    config: uvicorn.Config,
    changes: Changes,
    listening: socket.socket,
    host: str,
    on_ready: Callable[[str], None],
    ending: threading.Event,
) -> None:
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(_TICK_S)
    if server.started:
        on_ready(_url(host, listening.getsockname()[1]))
    while not (server.should_exit or ending.is_set() or serving.done()):
        await asyncio.sleep(_TICK_S)
    changes.end()
    server.should_exit = True
    await serving


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, since asyncio turns Nagle's delay of 40 ms off only where it sees that this is TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OperationError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            code="cannot-listen",
            details={"host": host, "port": port},
        ) from error
    return listening


@contextmanager
def _signals_set(ending: threading.Event) -> Iterator[None]:
    """uvicorn raises the signal that ended it once more when it is done; here that only ends `serve`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_: int, __: FrameType | None) -> None:
        ending.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _url(host: str, port: int) -> str:
    return f"http://[{host.strip('[]')}]:{port}" if ":" in host else f"http://{host}:{port}"
