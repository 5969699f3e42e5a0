"""Going past an open gate: who may, what it leaves behind, and what it cannot do."""

from __future__ import annotations

from typing import Any

import pytest
from use_case_worlds import ADA, Clock, make_world, notices, refusing

from signoff.app.open_gate import open_gate
from signoff.app.override_gate import override_gate
from signoff.app.reply import reply
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import ConflictError, GateDecidedError, GateTimedOutError, NotEntitledError, RequirementError
from signoff.gates.gate import Gate
from signoff.gates.requirement import Actor, Need, Requirement
from signoff.ledger.database import Database
from signoff.ledger.rows import from_json

STRICT = Requirement((Need(("cto",), 2),), not_requester=True, justification=True, all_items=True, all_evidence=True)
ORA = Actor("ora", frozenset({"override"}), is_authenticated=True)
PROMPT = {
    "title": "Ship it?",
    "checklist": [{"category": "Tests", "items": [{"id": "green", "text": "Green", "checked": False}]}],
    "evidence": [{"title": "report.md", "uri": "report.md"}],
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return make_world(database, clock)


def opened(world: World, **more: Any) -> Gate:
    prompt = {**PROMPT, **more}
    gate, _ = open_gate(
        world, workflow_id="wf-1", gate_key="ship", prompt=prompt, ttl_s=60, actor="robot", requirement=STRICT
    )
    return gate


def test_an_override_decides_whatever_the_gate_requires_and_is_on_record_as_that(
    world: World, database: Database
) -> None:
    gate = opened(world)
    receipt = override_gate(
        world, workflow_id="wf-1", gate_key="ship", actor=ORA, reason="pager", prompt_digest=gate.prompt.digest
    )
    assert (receipt.state, receipt.decision, receipt.actor, receipt.role) == ("RECEIVED", "yes", "ora", "override")
    with world.ledger.read() as tx:
        [entry] = [
            one for one in tx.audit.entries(workflow_id="wf-1", after=0, limit=9) if one.event == "gate.overridden"
        ]
    body = from_json(entry.body)
    assert (body["rationale"], body["itemsTicked"], body["role"]) == ("pager", [], "override")
    assert "gate.overridden" in notices(database)
    assert verify_audit(world).is_clean


@pytest.mark.parametrize("role", ["cto", "lead"])
def test_no_other_role_goes_past_a_gate_and_the_attempt_is_on_record(
    world: World, database: Database, role: str
) -> None:
    opened(world)
    with refusing(database, NotEntitledError, "not-entitled"):
        actor = Actor("eve", frozenset({role}), is_authenticated=True)
        override_gate(world, workflow_id="wf-1", gate_key="ship", actor=actor, reason="because")
    with world.ledger.read() as tx:
        refused = [
            one for one in tx.audit.entries(workflow_id="wf-1", after=0, limit=9) if one.event == "access.refused"
        ]
    assert [(one.actor, from_json(one.body)["doing"]) for one in refused] == [("eve", "override")]


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nobody_goes_past(world: World, database: Database, reason: str) -> None:
    opened(world)
    with refusing(database, RequirementError, "justification-required"):
        override_gate(world, workflow_id="wf-1", gate_key="ship", actor=ORA, reason=reason)


def test_what_has_ended_or_changed_is_not_overridden(world: World, database: Database, clock: Clock) -> None:
    opened(world)
    with refusing(database, ConflictError, "prompt-changed"):
        override_gate(world, workflow_id="wf-1", gate_key="ship", actor=ORA, reason="why", prompt_digest="0" * 64)
    override_gate(world, workflow_id="wf-1", gate_key="ship", actor=ORA, reason="why")
    with refusing(database, GateDecidedError, "gate-decided"):
        override_gate(world, workflow_id="wf-1", gate_key="ship", actor=ORA, reason="why")
    open_gate(world, workflow_id="wf-2", gate_key="ship", prompt=PROMPT, ttl_s=60, actor="robot")
    clock.advance_s(61)
    with pytest.raises(GateTimedOutError):
        override_gate(world, workflow_id="wf-2", gate_key="ship", actor=ORA, reason="why")


def test_putting_a_gate_off_takes_no_role(world: World) -> None:
    choices = [
        {"key": "yes", "label": "Yes", "effect": "approve"},
        {"key": "later", "label": "Later", "effect": "hold"},
    ]
    opened(world, choices=choices)
    nobody = Actor("nick", frozenset(), is_authenticated=True)
    answered = reply(
        world, workflow_id="wf-1", gate_key="ship", payload={"choice": "later"}, dedupe_key="n", actor=nobody
    )
    assert answered.receipt.state == "PENDING"
    with pytest.raises(NotEntitledError):
        reply(world, workflow_id="wf-1", gate_key="ship", payload={"choice": "yes"}, dedupe_key="y", actor=nobody)
    assert ADA.roles is None
