from __future__ import annotations

from typing import Any

import pytest

from signoff.gates.decision import Receipt, audit_to_wire, decision_to_wire, result_to_wire

RECEIPT: dict[str, Any] = {
    "workflow_id": "it_01",
    "gate_key": "ship",
    "state": "PENDING",
    "decision": "yes",
    "actor": "ann",
    "at": 5,
    "prompt_digest": "d" * 64,
}
WIRE = {
    "workflowID": "it_01",
    "gateKey": "ship",
    "state": "PENDING",
    "decision": "yes",
    "actor": "ann",
    "at": 5,
    "promptDigest": "d" * 64,
    "payloadHash": None,
    "interactionId": None,
}


@pytest.mark.parametrize(
    ("members", "wire"),
    [
        ({}, {}),
        ({"role": "lead"}, {"role": "lead"}),
        ({"remaining": {"lead": 1}}, {"remaining": {"lead": 1}}),
        ({"payload_hash": "a" * 64, "interaction_id": "hi_1"}, {"payloadHash": "a" * 64, "interactionId": "hi_1"}),
        ({"decision": None, "actor": None}, {"decision": None, "actor": None}),
    ],
)
def test_a_receipt_has_the_shape_of_the_contract(members: dict[str, Any], wire: dict[str, Any]) -> None:
    assert Receipt(**{**RECEIPT, **members}).to_wire() == {**WIRE, **wire}


def test_a_result_carries_the_payload_with_its_hash_or_neither() -> None:
    assert result_to_wire("TIMED_OUT", 5) == {"schemaVersion": 1, "state": "TIMED_OUT", "at": 5}
    assert result_to_wire("RECEIVED", 5, {"choice": "yes"}, "a" * 64) == {
        "schemaVersion": 1,
        "state": "RECEIVED",
        "at": 5,
        "payload": {"choice": "yes"},
        "payloadHash": "a" * 64,
    }


@pytest.mark.parametrize(
    ("rationale", "conditions", "payload"),
    [
        (None, (), None),
        ("why", (), {"rationale": "why"}),
        (None, ("on Monday",), {"conditions": ["on Monday"]}),
        ("why", ("a", "b"), {"rationale": "why", "conditions": ["a", "b"]}),
    ],
)
def test_a_decision_says_why_and_on_what_terms(
    rationale: str | None, conditions: tuple[str, ...], payload: Any
) -> None:
    wire = {"schemaVersion": 1, "decision": "yes", "at": 5}
    assert decision_to_wire("yes", 5, rationale, conditions) == (
        wire if payload is None else {**wire, "payload": payload}
    )


@pytest.mark.parametrize("members", [{}, {"actor": "ann"}, {"reason": "late"}, {"actor": "ann", "reason": "late"}])
def test_an_audit_event_names_actor_and_reason_where_there_are_any(members: dict[str, str]) -> None:
    assert audit_to_wire("gate.decided", 5, **members) == {
        "schemaVersion": 1,
        "event": "gate.decided",
        "at": 5,
        **members,
    }
