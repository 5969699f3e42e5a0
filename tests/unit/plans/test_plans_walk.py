from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from signoff.gates.gate import Gate, State
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.plans.plan import GateNode, StepNode, make_plan
from signoff.plans.walk import Go, Refuse, Wait, gate_keys, leads_back, way_on

PROMPT = build_prompt(
    {
        "title": "Ship it?",
        "choices": [
            {"key": "ship", "label": "Ship", "effect": "approve"},
            {"key": "drop", "label": "Drop", "effect": "reject"},
            {"key": "mend", "label": "Mend", "effect": "fix"},
            {"key": "later", "label": "Later", "effect": "hold"},
        ],
    },
    requirement=ANYONE_ONCE,
    ttl_s=60,
    now=0,
)
PENDING = Gate("w", "g", "w", "human:g", PROMPT, ANYONE_ONCE, 0, 60_000)
TIMED_OUT = Gate("w", "g", "w", "human:g", PROMPT, ANYONE_ONCE, 0, 60_000, state=State.TIMED_OUT)
CANCELLED = Gate("w", "g", "w", "human:g", PROMPT, ANYONE_ONCE, 0, 60_000, state=State.CANCELLED)


def decided(choice: str | None) -> Gate:
    return Gate("w", "g", "w", "human:g", PROMPT, ANYONE_ONCE, 0, 60_000, state=State.RECEIVED, decision=choice)


def node(count: int = 1, **ways: str) -> GateNode:
    return GateNode("approve-plan", "approve-plan", "Plan approval", {"approve": "next", **ways}, 60, count=count)


def hand_made_key(purpose: str, run_id: str, attempt: int) -> str:
    told = f"{run_id}:approve-plan:{purpose}:{attempt}".encode()
    return f"{purpose}-{hashlib.sha256(told).hexdigest()[:16]}"


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_single_gate_has_the_key_of_the_contract(attempt: int) -> None:
    keys = gate_keys(node(), "it_01ARZ", attempt)
    assert keys == [hand_made_key("approve-plan", "it_01ARZ", attempt)]
    assert re.fullmatch(r"approve-plan-[0-9a-f]{16}", keys[0])


def test_gates_side_by_side_have_keys_of_their_own_in_every_attempt() -> None:
    keys = gate_keys(node(3), "it_01ARZ", 1)
    assert keys == [hand_made_key(f"approve-plan-{n}", "it_01ARZ", 1) for n in (1, 2, 3)]
    assert len({*keys, *gate_keys(node(3), "it_01ARZ", 2), *gate_keys(node(3), "it_02", 1)}) == 9


@pytest.mark.parametrize(
    ("gate", "because"),
    [
        (TIMED_OUT, "Plan approval failed: timed out"),
        (CANCELLED, "Plan approval failed: cancelled"),
        (decided("drop"), "Plan approval failed: drop"),
        (decided("mend"), "Plan approval failed: mend"),
        (decided("later"), "Plan approval failed: later"),
    ],
)
def test_a_gate_that_did_not_approve_ends_the_run_and_says_why(gate: Gate, because: str) -> None:
    assert way_on(node(), [gate]) == Refuse(because, gate)


@pytest.mark.parametrize("choice", [None, "", "yes", "approve"])
def test_a_decision_that_the_prompt_does_not_know_lets_nothing_happen(choice: str | None) -> None:
    assert isinstance(way_on(node(), [decided(choice)]), Refuse)
    assert isinstance(way_on(node(2), [decided("ship"), decided(choice)]), Refuse)


@pytest.mark.parametrize(("choice", "way"), [("ship", "next"), ("mend", "earlier"), ("drop", "aside")])
def test_a_choice_goes_the_way_of_its_effect(choice: str, way: str) -> None:
    assert way_on(node(fix="earlier", reject="aside"), [decided(choice)]) == Go(way)


@pytest.mark.parametrize("gate", [TIMED_OUT, CANCELLED])
def test_a_gate_that_nobody_answered_takes_no_way_of_a_choice(gate: Gate) -> None:
    assert isinstance(way_on(node(fix="earlier", reject="aside"), [gate]), Refuse)


def test_an_approval_without_a_way_ends_the_run_well() -> None:
    assert way_on(GateNode("g", "g", "G", {}, 60), [decided("ship")]) == Go(None)


@pytest.mark.parametrize("gates", [[], [PENDING], [decided("ship")], [decided("ship"), PENDING], [PENDING, PENDING]])
def test_a_node_waits_until_every_gate_is_open_and_approved(gates: list[Gate]) -> None:
    assert way_on(node(2), gates) == Wait()


@pytest.mark.parametrize("refusal", [TIMED_OUT, CANCELLED, decided("drop")])
@pytest.mark.parametrize("rest", [[], [PENDING], [decided("ship")]])
def test_one_refusal_is_enough_whatever_the_others_are(refusal: Gate, rest: list[Gate]) -> None:
    for gates in ([refusal, *rest], [*rest, refusal]):
        way: Any = way_on(node(2), gates)
        assert isinstance(way, Refuse)
        assert way.gate is refusal


@pytest.mark.parametrize(("target", "is_back"), [("first", True), ("approve-plan", True), ("next", False)])
def test_a_way_to_what_comes_no_later_in_the_plan_leads_back(target: str, is_back: bool) -> None:
    plan = make_plan("any", [StepNode("first", "a", "approve-plan"), node(), StepNode("next", "b", None)])
    assert leads_back(plan, "approve-plan", target) is is_back
