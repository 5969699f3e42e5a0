"""A signed webhook: the notice as JSON, for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from signoff.app.deliver_notice import Notice
from signoff.errors import DeliveryError
from signoff.gates import requirement as requirements
from signoff.notify.facts import link_to
from signoff.notify.signed_post import signed_post

if TYPE_CHECKING:
    from signoff.app.ports import Clock


class WebhookChannel:
    """`check_url` refuses what the worker is not to call."""

    def __init__(
        self, *, secret: bytes, check_url: Callable[[str], object], public_url: str | None, clock: Clock
    ) -> None:
        self._secret = secret
        self._check_url = check_url
        self._public_url = public_url
        self._clock = clock

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        self._check_url(target)
        answer = signed_post(
            target, self._document(notice), message_id=notice.delivery_id, secret=self._secret, now=self._clock()
        )
        if not answer.is_success:
            raise DeliveryError(f"The webhook answered {answer.status}.", retry_after_s=answer.retry_after_s)
        return None

    def _document(self, notice: Notice) -> dict[str, Any]:
        gate = notice.gate
        receipt = gate.receipt()
        data = {
            "workflowID": gate.workflow_id,
            "gateKey": gate.gate_key,
            "title": gate.prompt.title,
            "promptDigest": gate.prompt.digest,
            "state": gate.state.value,
            "riskLevel": gate.risk_level,
            "requestedBy": gate.requested_by,
            "requirement": requirements.to_wire(gate.requirement),
            "openedAt": gate.opened_at,
            "deadlineAt": gate.deadline_at,
            "escalationLevel": gate.escalation_level,
            "receipt": None if receipt is None else receipt.to_wire(),
            "link": link_to(gate, self._public_url) or None,
        }
        at = datetime.fromtimestamp(notice.at / 1000, UTC).isoformat(timespec="milliseconds")
        return {"type": notice.event, "timestamp": at.replace("+00:00", "Z"), "data": data}
