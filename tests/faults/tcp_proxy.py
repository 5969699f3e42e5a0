"""A network between a process and its database, which a test breaks.

Everything passes until it is told otherwise: `silence` takes what is sent and passes nothing on, in either direction,
on connections old and new; `cut` resets all connections; `refuse` lets nobody connect. `lose` breaks one conversation
at its commit: a client that has said a marker, and then commits, is reset either before its COMMIT has arrived or
after the server has carried it out, but before it can say so.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

#: In a request the statement, in an answer its tag.
COMMIT = b"COMMIT\0"
CHUNK_BYTES = 65_536

Side = Literal["request", "answer"]


class TcpProxy:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._upstream = (str(parts.hostname), int(parts.port or 5432))
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        self.delay_s = 0.0
        self.lost = threading.Event()
        self._marker: tuple[bytes, Side] | None = None
        self._is_open = threading.Event()
        self._is_open.set()
        self._is_refusing = False
        self._lines: list[_Line] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()
        self._is_open.set()
        self.cut()

    def cut(self) -> None:
        while self._lines:
            self._lines.pop().reset()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """What was sent meanwhile never arrives."""
        self._is_open.clear()
        try:
            yield
        finally:
            self.cut()
            self._is_open.set()

    @contextmanager
    def refuse(self) -> Iterator[None]:
        self._is_refusing = True
        self.cut()
        try:
            yield
        finally:
            self._is_refusing = False

    def lose(self, marker: str, side: Side) -> None:
        """Once. New connections only, since a statement's text is sent the first times alone."""
        self.cut()
        self.lost.clear()
        self._marker = (marker.encode(), side)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self._is_refusing:
                    _reset(client)
                    continue
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        line = _Line(client, socket.create_connection(self._upstream))
        self._lines.append(line)
        for side in ("request", "answer"):
            threading.Thread(target=self._pump, args=(line, side), daemon=True).start()

    def _pump(self, line: _Line, side: Side) -> None:
        source, sink = (line.client, line.server) if side == "request" else (line.server, line.client)
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._is_open.wait()
                time.sleep(self.delay_s)
                if self._is_to_be_lost(line, data, side):
                    break
                sink.sendall(data)
        line.reset()

    def _is_to_be_lost(self, line: _Line, data: bytes, side: Side) -> bool:
        if self._marker is None:
            return False
        marker, where = self._marker
        line.is_marked = line.is_marked or (side == "request" and marker in data)
        if not (line.is_marked and side == where and COMMIT in data):
            return False
        self._marker = None
        self.lost.set()
        return True


@dataclass
class _Line:
    client: socket.socket
    server: socket.socket
    is_marked: bool = field(default=False)

    def reset(self) -> None:
        _reset(self.client)
        _reset(self.server)


def _reset(end: socket.socket) -> None:
    """Both ends hear of it at once, whatever is still under way."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()
