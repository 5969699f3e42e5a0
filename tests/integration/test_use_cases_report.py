"""What a report says of gates, whatever became of them."""

from __future__ import annotations

from typing import Any

import pytest
from spec_run_samples import a_spec_gate, a_spec_run
from use_case_worlds import ADA, BOB, Clock, open_one, say

from signoff.app.cancel_run import cancel_run
from signoff.app.expire import expire
from signoff.app.report_gates import DECISIONS, gate_code, report_gates
from signoff.app.views import gate_view, interaction_view
from signoff.app.world import World
from signoff.gates.requirement import ANYONE, Actor, Need, Requirement

TWO = Requirement(needs=(Need(("lead",), 1), Need((ANYONE,), 1)))


def report(world: World) -> dict[str, Any]:
    with world.ledger.read() as tx:
        gates = tx.newest_gates(before=None, limit=99)
        told = [
            (gate_view(gate), [interaction_view(one) for one in tx.interactions_at(gate.workflow_id, gate.gate_key)])
            for gate in gates
        ]
    return report_gates(told, now=world.clock())


def only(world: World) -> dict[str, Any]:
    (item,) = report(world)["items"]
    return dict(item)


@pytest.fixture
def run_id(world: World) -> str:
    return a_spec_run(world, "sp_1").workflow_id


def at_gate(world: World, run_id: str, choice: str, **options: Any) -> None:
    payload = {"choice": choice, **options.pop("said", {})}
    say(world, workflow_id=run_id, gate_key=f"g0-of-{run_id}", payload=payload, **options)


def test_an_approval_is_told_with_all_that_was_said(world: World, clock: Clock, run_id: str) -> None:
    gate = a_spec_gate(world, run_id)
    clock.advance_s(90)
    at_gate(
        world, run_id, "approve", said={"rationale": "read it", "checklist": {"i2": True, "i3": False}}, origin="inbox"
    )
    clock.advance_s(1000)
    item = only(world)
    assert (item["spec"], item["step"], item["code"], item["name"]) == ("plan.md", "step-001", "G0", "Plan Approval")
    assert (item["state"], item["decision"], item["choice"]) == ("RECEIVED", "approved", "approve")
    assert item["by"] == [{"actor": "ada", "role": None}]
    assert (item["waitedMs"], item["decidedAt"] - item["openedAt"]) == (90_000, 90_000)
    assert (item["itemsTicked"], item["items"], item["rationale"]) == (1, 3, "read it")
    assert (item["origin"], item["conditions"], item["waitsFor"]) == ("inbox", [], {})
    assert (item["isAutomatic"], item["isOverridden"], item["deadlineAt"]) == (False, False, gate.deadline_at)


def test_conditions_make_it_an_approval_with_conditions(world: World, run_id: str) -> None:
    a_spec_gate(world, run_id)
    at_gate(world, run_id, "approve", said={"conditions": ["staging only", "by noon"]})
    item = only(world)
    assert (item["decision"], item["conditions"]) == ("approved with conditions", ["staging only", "by noon"])


def test_conditions_of_a_rejection_do_not_make_it_an_approval(world: World, run_id: str) -> None:
    a_spec_gate(world, run_id)
    at_gate(world, run_id, "reject", said={"conditions": ["never"]})
    assert only(world)["decision"] == "rejected"


def test_everybody_whose_approval_was_needed_is_named_with_what_they_said(world: World, run_id: str) -> None:
    a_spec_gate(world, run_id, requirement=TWO)
    at_gate(world, run_id, "defer", actor=ADA, dedupe_key="k-0", said={"rationale": "not yet"})
    said = {"rationale": "fine", "conditions": ["slowly"], "checklist": {"i1": True}}
    at_gate(world, run_id, "approve", actor=Actor("ada", frozenset({"lead"})), dedupe_key="k-1", said=said)
    at_gate(world, run_id, "approve", actor=BOB, dedupe_key="k-2", said={"checklist": {"i1": True, "i3": True}})
    item = only(world)
    assert item["by"] == [{"actor": "ada", "role": "lead"}, {"actor": "bob", "role": None}]
    assert (item["decision"], item["conditions"]) == ("approved with conditions", ["slowly"])
    assert (item["rationale"], item["itemsTicked"]) == ("ada: fine", 2)
    assert [(one["actor"], one["choice"], one["itemsTicked"]) for one in item["answers"]] == [
        ("ada", "defer", []),
        ("ada", "approve", ["i1"]),
        ("bob", "approve", ["i1", "i3"]),
    ]


def test_an_approval_before_a_rejection_is_no_part_of_the_decision(world: World, run_id: str) -> None:
    a_spec_gate(world, run_id, requirement=TWO)
    at_gate(world, run_id, "approve", actor=ADA, said={"rationale": "fine"})
    at_gate(world, run_id, "reject", actor=BOB, dedupe_key="k-2", said={"rationale": "no"})
    item = only(world)
    assert (item["decision"], item["by"], item["rationale"]) == ("rejected", [{"actor": "bob", "role": None}], "no")
    assert len(item["answers"]) == 2


def test_an_open_gate_says_what_it_waits_for_and_how_long_it_has(world: World, clock: Clock, run_id: str) -> None:
    a_spec_gate(world, run_id, requirement=TWO)
    clock.advance_s(5)
    assert only(world)["waitsFor"] == {"lead": 1, "*": 1}
    at_gate(world, run_id, "approve", actor=Actor("ada", frozenset({"lead"})))
    item = only(world)
    assert (item["decision"], item["waitsFor"], item["waitedMs"]) == ("waiting", {"*": 1}, 5_000)
    assert (item["decidedAt"], item["choice"], item["by"]) == (None, None, [{"actor": "ada", "role": "lead"}])


def test_a_deferred_gate_is_told_apart_until_somebody_answers_otherwise(world: World, run_id: str) -> None:
    a_spec_gate(world, run_id, requirement=TWO)
    at_gate(world, run_id, "defer", said={"rationale": "after the freeze"})
    item = only(world)
    assert (item["decision"], item["rationale"], item["state"]) == ("deferred", "after the freeze", "PENDING")
    at_gate(world, run_id, "approve", dedupe_key="k-2")
    assert only(world)["decision"] == "waiting"


def test_ends_that_nobody_answered_name_what_ended_them(world: World, clock: Clock, run_id: str) -> None:
    a_spec_gate(world, run_id, "G0", ttl_s=10)
    a_spec_gate(world, run_id, "G1")
    clock.advance_s(10)
    expire(world, run_id, f"g0-of-{run_id}")
    cancel_run(world, workflow_id=run_id, actor="eve", reason=None)
    found = {item["code"]: item for item in report(world)["items"]}
    assert (found["G0"]["decision"], found["G0"]["by"]) == ("timed out", [{"actor": "deadline", "role": None}])
    assert (found["G1"]["decision"], found["G1"]["by"]) == ("cancelled", [{"actor": "eve", "role": None}])
    assert found["G0"]["waitsFor"] == found["G1"]["waitsFor"] == {}


def test_policies_and_overrides_are_counted(world: World, run_id: str) -> None:
    for code, actor in (("G0", Actor("policy:tier-C")), ("G1", Actor("grace", frozenset({"override"}))), ("G2", ADA)):
        a_spec_gate(world, run_id, code, requirement=Requirement(needs=(Need(("override", "lead"), 1),)))
        say(world, "approve", workflow_id=run_id, gate_key=f"{code.lower()}-of-{run_id}", actor=actor)
    open_one(world)
    totals = report(world)["totals"]
    counts = {decision: count for decision, count in totals["decisions"].items() if count}
    assert (totals["gates"], counts) == (4, {"approved": 3, "waiting": 1})
    assert (totals["automatic"], totals["overridden"]) == (1, 1)
    assert sum(totals["decisions"].values()) == totals["gates"]
    assert set(totals["decisions"]) == set(DECISIONS)


def test_a_gate_of_no_spec_has_its_key_and_title(world: World) -> None:
    gate = open_one(world, title="Ship it?", prompt={"payload": {"subject": "a text"}})
    item = only(world)
    assert (item["spec"], item["step"], item["code"], item["name"]) == (None, None, None, None)
    assert (item["gateKey"], item["title"], item["items"]) == ("go-live", "Ship it?", 0)
    assert gate_code(gate_view(gate)) is None


def test_a_gate_that_goes_back_is_told_as_such(world: World) -> None:
    back = [{"key": "ok", "label": "Ok", "effect": "approve"}, {"key": "redo", "label": "Redo", "effect": "fix"}]
    open_one(world, prompt={"choices": back})
    say(world, "redo")
    item = only(world)
    assert (item["decision"], item["choice"]) == ("sent back", "redo")
