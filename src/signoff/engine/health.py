"""A worker's health and metrics on its own port, for whoever supervises it: GET /healthz, 200 or 503, and /metrics.

Whoever asks for metrics signs in as they would at the API; who looks whether the process lives need not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from signoff.errors import LedgerUnavailableError, NotSignedInError, OperationError

NOWHERE = {"ok": False, "error": "only /healthz and /metrics are here"}


class TellMetrics(Protocol):
    """The metrics of this process, and their media type.

    Raises:
        NotSignedInError, LedgerUnavailableError:
    """

    def __call__(self, *, token: str | None, accept: str) -> tuple[bytes, str]: ...


class HealthServer:
    def __init__(
        self, host: str, port: int, health: Callable[[], Mapping[str, Any]], tell_metrics: TellMetrics
    ) -> None:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/healthz":
                    told = health()
                    self._answer(200 if told["ok"] else 503, told)
                elif self.path == "/metrics":
                    self._tell_metrics()
                else:
                    self._answer(404, NOWHERE)

            def _tell_metrics(self) -> None:
                scheme, _, token = self.headers.get("authorization", "").partition(" ")
                bearer = token.strip() if scheme.lower() == "bearer" else None
                try:
                    body, media_type = tell_metrics(token=bearer, accept=self.headers.get("accept", ""))
                except NotSignedInError as error:
                    self._answer(401, {"ok": False, "error": error.message})
                except LedgerUnavailableError:
                    self._answer(503, {"ok": False, "error": "the ledger cannot be used at the moment"})
                else:
                    self._send(200, media_type, body)

            def _answer(self, status: int, document: Mapping[str, Any]) -> None:
                self._send(status, "application/json", json.dumps(document).encode())

            def _send(self, status: int, media_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", media_type)
                self.end_headers()
                self.wfile.write(body)

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
