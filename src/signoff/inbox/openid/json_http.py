"""Ask the provider, and read JSON: bounded in time and in length."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from signoff.errors import OperationError
from signoff.http_exchange import exchange

ANSWER_BYTES_MAX = 256 * 1024


@dataclass(frozen=True)
class JsonAnswer:
    status: int
    document: Mapping[str, Any]


def ask(
    method: str, url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None, content: str = ""
) -> JsonAnswer:
    """
    Raises:
        OperationError: (`openid-unavailable`) no JSON object came in time. It quotes nothing that was sent or read.
    """
    sent = {"accept": "application/json", **(headers or {})}
    ends_at = time.monotonic() + timeout_s
    try:
        with exchange(method, url, content=content.encode(), headers=sent, timeout_s=timeout_s) as answer:
            return JsonAnswer(answer.status_code, _read(answer, url, ends_at))
    except httpx.TimeoutException:
        raise unavailable(url, f"no answer within {timeout_s:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        raise unavailable(url, str(error) or type(error).__name__) from None


def unavailable(url: str, why: str) -> OperationError:
    where = url.partition("?")[0]
    return OperationError(f"{where}: {why}", code="openid-unavailable", details={"url": where})


def _read(answer: httpx.Response, url: str, ends_at: float) -> Mapping[str, Any]:
    body = b""
    for piece in answer.iter_raw():
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise unavailable(url, f"an answer of more than {ANSWER_BYTES_MAX} bytes")
        if time.monotonic() > ends_at:
            raise unavailable(url, "an answer that comes too slowly")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise unavailable(url, f"status {answer.status_code}, and no JSON") from None
    if not isinstance(document, dict):
        raise unavailable(url, f"status {answer.status_code}, and no JSON object")
    return document
