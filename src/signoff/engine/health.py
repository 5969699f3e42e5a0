"""A worker's health on its own port, for whoever supervises it: GET /healthz, 200 or 503."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from signoff.errors import OperationError


class HealthServer:
    def __init__(self, host: str, port: int, health: Callable[[], Mapping[str, Any]]) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = health() if self.path == "/healthz" else None
                self.send_response(404 if told is None else 200 if told["ok"] else 503)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(told or {"ok": False, "error": "only /healthz is here"}).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Probes come every few seconds; they are not news."""

        try:
            self._server = ThreadingHTTPServer((host, port), Answer)
        except OSError as error:
            raise OperationError(
                f"The health endpoint cannot listen on {host}:{port}: {error.strerror}.", code="cannot-listen"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="signoff-health", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
