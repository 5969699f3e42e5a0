"""The proof of an answer: who decided what, when, having seen what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.gates.gate import State
from signoff.gates.prompt import APPROVE


@dataclass(frozen=True)
class Receipt:
    """`decision` is the key of the choice, None where nobody chose; `effect` what that choice does (approve, reject,
    fix or hold). `at` is epoch milliseconds. An answer that does not decide yet has the state PENDING, and `remaining`
    says how many approvals of whom are still missing.
    """

    workflow_id: str
    gate_key: str
    state: str
    decision: str | None
    effect: str | None
    actor: str | None
    at: int
    prompt_digest: str
    payload_hash: str | None = None
    interaction_id: str | None = None
    role: str | None = None
    remaining: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_approved(self) -> bool:
        """Whether the gate has been decided, by a choice that lets it through."""
        return self.state == State.RECEIVED and self.effect == APPROVE


def read_receipt(wire: Mapping[str, Any], prompt: Mapping[str, Any]) -> Receipt:
    """A receipt in its wire form, with the effect that its choice has in this prompt."""
    effects = {choice["key"]: choice["effect"] for choice in prompt["choices"]}
    return Receipt(
        workflow_id=wire["workflowID"],
        gate_key=wire["gateKey"],
        state=wire["state"],
        decision=wire["decision"],
        effect=effects.get(wire["decision"]),
        actor=wire["actor"],
        at=wire["at"],
        prompt_digest=wire["promptDigest"],
        payload_hash=wire.get("payloadHash"),
        interaction_id=wire.get("interactionId"),
        role=wire.get("role"),
        remaining=dict(wire.get("remaining") or {}),
    )
