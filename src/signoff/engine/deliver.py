"""Deliver callbacks: one signed POST a try, by the Standard Webhooks specification.

A try that fails leaves its outbox row to be claimed again later, with back-off: what waits for a receiver is a row, not
a thread. The message id is the same at every try, so that a receiver can drop repeats.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from signoff.errors import OperationError
from signoff.gates.digest import sha256_hex

TIMEOUT_S = 10.0


def deliver(payload: Mapping[str, Any], *, secret: bytes, now: int) -> None:
    """
    Raises:
        OperationError: (`callback-failed`) nobody answered, or not with a 2xx.
    """
    told = payload["message"]
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    message_id = "msg_" + sha256_hex(f"{told['workflowID']}:{told['gateKey']}".encode())[:32]
    at = datetime.fromtimestamp(now / 1000, UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(base64.b64encode(secret).decode()).sign(message_id, at, body),
    }
    try:
        answer = httpx.post(payload["url"], content=body.encode(), headers=headers, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OperationError(f"The callback could not be delivered: {error}.", code="callback-failed") from error
    if not answer.is_success:
        raise OperationError(f"The callback was answered with {answer.status_code}.", code="callback-failed")
