"""One POST: bounded in time and in what is read of the answer. Its library is loaded by the first."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signoff.errors import DeliveryError
from signoff.http_exchange import exchange

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
ANSWER_S_MAX = 20.0
ANSWER_BYTES_MAX = 256 * 1024


@dataclass(frozen=True)
class HttpAnswer:
    """`body` is None where it was too long, or took too long. `retry_after_s`: how long to leave the receiver alone."""

    status: int
    body: bytes | None
    retry_after_s: int | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> dict[str, Any]:
        """The JSON object that it is; empty where it is none."""
        try:
            said = json.loads(self.body or b"")
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}


def post(url: str, *, content: bytes, headers: Mapping[str, str]) -> HttpAnswer:
    """
    Raises:
        DeliveryError: nobody answered in time.
    """
    import httpx

    try:
        with exchange("POST", url, content=content, headers=headers, timeout_s=TIMEOUT_S) as answer:
            wait = answer.headers.get("retry-after", "")
            retry_after_s = int(wait[:6]) if wait.isascii() and wait.isdigit() else None
            return HttpAnswer(answer.status_code, _read(answer), retry_after_s)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        raise DeliveryError(f"{str(error) or type(error).__name__}") from error


def _read(answer: httpx.Response) -> bytes | None:
    body, ends_at = b"", time.monotonic() + ANSWER_S_MAX
    for piece in answer.iter_raw():
        body += piece
        if len(body) > ANSWER_BYTES_MAX or time.monotonic() > ends_at:
            return None
    return body
