"""Receivers of callbacks on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import until


@dataclass(frozen=True)
class Call:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers the n-th call with the n-th of `statuses`, and every later one with 204."""

    statuses: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def await_calls(self, count: int) -> list[Call]:
        return until(lambda: self.calls if len(self.calls) >= count else None, f"{count} calls")


@contextmanager
def receive(*statuses: int, port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(list(statuses))

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.end_headers()
            receiver.calls.append(Call(self.path, headers, body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """The tests look at `calls`."""

    with ThreadingHTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield receiver
        server.shutdown()
        thread.join()
