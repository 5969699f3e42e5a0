"""A POST signed by the Standard Webhooks specification, and the callbacks that gates ask for.

The message id is the same at every try, so that a receiver can drop repeats.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from signoff.errors import DeliveryError, OperationError
from signoff.gates.digest import sha256_hex
from signoff.notify.http_post import HttpAnswer, post


def signed_post(url: str, document: Any, *, message_id: str, secret: bytes, now: int) -> HttpAnswer:
    """
    Raises:
        DeliveryError: nobody answered in time.
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    at = datetime.fromtimestamp(now / 1000, UTC)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(base64.b64encode(secret).decode()).sign(message_id, at, body),
    }
    return post(url, content=body.encode(), headers=headers)


def call_back(payload: Mapping[str, Any], *, secret: bytes, now: int) -> None:
    """What the end of a gate calls: `{url, message}`.

    Raises:
        OperationError: (`callback-failed`) nobody answered, or not with a 2xx.
    """
    told = payload["message"]
    message_id = "msg_" + sha256_hex(f"{told['workflowID']}:{told['gateKey']}".encode())[:32]
    try:
        answer = signed_post(payload["url"], told, message_id=message_id, secret=secret, now=now)
    except DeliveryError as error:
        raise OperationError(
            f"The callback could not be delivered: {error.message}.", code="callback-failed"
        ) from error
    if not answer.is_success:
        raise OperationError(f"The callback was answered with {answer.status}.", code="callback-failed")
