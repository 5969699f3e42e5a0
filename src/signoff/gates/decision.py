"""What is told of a gate afterwards: receipt, decision and result, in their wire forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Receipt:
    """Who decided what, when, having seen what. `remaining` counts the places that approvals have yet to fill.

    A gate that nobody decided has a receipt too: `decision` and `interaction_id` are then None, `actor` is the rule
    that ended it (`deadline`, or who cancelled its run).
    """

    workflow_id: str
    gate_key: str
    state: str
    decision: str | None
    actor: str | None
    at: int
    prompt_digest: str
    payload_hash: str | None = None
    interaction_id: str | None = None
    role: str | None = None
    remaining: Mapping[str, int] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "workflowID": self.workflow_id,
            "gateKey": self.gate_key,
            "state": self.state,
            "decision": self.decision,
            "actor": self.actor,
            "at": self.at,
            "promptDigest": self.prompt_digest,
            "payloadHash": self.payload_hash,
            "interactionId": self.interaction_id,
        }
        if self.role is not None:
            wire["role"] = self.role
        if self.remaining:
            wire["remaining"] = dict(self.remaining)
        return wire


def result_to_wire(
    state: str, at: int, payload: Mapping[str, Any] | None = None, payload_hash: str | None = None
) -> dict[str, Any]:
    """What became of the gate: the event `ui:<g>:result`."""
    wire: dict[str, Any] = {"schemaVersion": 1, "state": state, "at": at}
    if payload is not None:
        wire["payload"] = dict(payload)
        wire["payloadHash"] = payload_hash
    return wire


def decision_to_wire(choice: str, at: int, rationale: str | None, conditions: tuple[str, ...]) -> dict[str, Any]:
    """What was decided: the event `decision:<g>`."""
    wire: dict[str, Any] = {"schemaVersion": 1, "decision": choice, "at": at}
    payload: dict[str, Any] = {}
    if rationale is not None:
        payload["rationale"] = rationale
    if conditions:
        payload["conditions"] = list(conditions)
    if payload:
        wire["payload"] = payload
    return wire


def audit_to_wire(event: str, at: int, actor: str | None = None, reason: str | None = None) -> dict[str, Any]:
    """Who did what to the gate last: the event `ui:<g>:audit`."""
    wire: dict[str, Any] = {"schemaVersion": 1, "event": event, "at": at}
    if actor is not None:
        wire["actor"] = actor
    if reason is not None:
        wire["reason"] = reason
    return wire
