"""Clients that ask as little of the machine as can be: what is measured is the server, not they.

Each thread has a connection of its own, which is kept. What is answered is read as the SDK reads it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from signoff.errors import LedgerUnavailableError, OperationError
from signoff.sdk.refusal import error_of
from signoff.settings import mask_url

ANSWER_TIMEOUT_S = 60.0


class Wire:
    """The API of one server. Safe to use from several threads."""

    def __init__(self, base: str, token: str | None) -> None:
        parts = urlsplit(base)
        self.base = base.rstrip("/")
        self._place = (parts.hostname or "", parts.port)
        self._is_secure = parts.scheme == "https"
        self._path = parts.path.rstrip("/")
        self._headers = {"content-type": "application/json", "accept": "application/json"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._own = threading.local()

    def get(self, path: str) -> Any:
        return self._checked(*self._ask("GET", path, None))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._checked(*self._ask("POST", path, body))

    def try_post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """The status and the document, whatever they are.

        Raises:
            LedgerUnavailableError: nothing was answered.
        """
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        text = None if body is None else json.dumps(body).encode()
        connection = self._connection()
        try:
            connection.request(method, f"{self._path}{path}", text, self._headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            connection.close()
            raise LedgerUnavailableError(
                f"{mask_url(self.base)} did not answer: {error or type(error).__name__}."
            ) from None
        try:
            return answer.status, json.loads(content)
        except ValueError:
            raise OperationError(
                f"{mask_url(self.base)} answered {answer.status}, and not as a signoff server does; check the URL.",
                code="not-a-signoff-server",
            ) from None

    def _checked(self, status: int, document: Any) -> Any:
        if status < 300:
            return document
        if isinstance(document, dict) and "code" in document and "error" in document:
            raise error_of(status, document)
        raise OperationError(f"{mask_url(self.base)} answered {status}.", code="not-a-signoff-server")

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            kind = HTTPSConnection if self._is_secure else HTTPConnection
            connection = self._own.connection = kind(*self._place, timeout=ANSWER_TIMEOUT_S)
        return connection
