"""What the steps and gates of a spec are as nodes of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from spec_samples import DEFAULTS, LEDGER_MOVE, compiled, parsed, review, with_plan

from signoff.gates.requirement import Need, Requirement
from signoff.plans.plan import GateNode, Plan, StepNode, from_wire, to_wire
from signoff.plans.spec.plan import codes_of, first_node_of, gates_before, plan_of, steps_of
from signoff.plans.spec.policies import GatePolicy, policies_in_force

ABOUT = {
    "spec": "docs/plan.md",
    "specSha256": "5" * 64,
    "tier": "B",
    "title": "Move the ledger to Postgres",
    "owner": "ada",
    "root": "/repository",
}
REVIEW = review("Plan", "It is complete", "It is short")


def planned(text: str, **modes: str) -> Plan:
    document = compiled(parsed(text))
    return plan_of(document, policies_in_force(document, modes, DEFAULTS), ABOUT)


def of_steps(*steps: str) -> Plan:
    return planned(with_plan("\n".join(steps)))


def step(number: int, gate: str = "", body: str = "**Prompt:**\n\nDo it.\n", reviewed: bool = False) -> str:
    name = f" [{gate}]" if gate else ""
    return f"### Step {number}: Do {number}{name}\n\n{body}\n{REVIEW if reviewed else ''}"


def told(plan: Plan, node_id: str) -> list[str]:
    """The steps that an approval of this gate lets run, as its prompt says."""
    gate = plan.gate(node_id)
    return [step["step"] for step in plan.step(str(gate.prompt_from)).params["gate"]["then"]]


def test_a_spec_of_five_steps_and_four_reviews_is_one_chain() -> None:
    plan = planned(LEDGER_MOVE)
    actions = [node.action if isinstance(node, StepNode) else node.label for node in plan.nodes.values()]
    assert dict(zip(plan.nodes, actions, strict=True)) == {
        "step-001:prompt": "spec-prompt",
        "step-001": "spec-outputs",
        "step-001:G0": "G0: Plan Approval",
        "step-002:prompt": "spec-prompt",
        "step-002": "spec-outputs",
        "step-003:prompt": "spec-prompt",
        "step-003:command-1": "spec-command",
        "step-003": "spec-outputs",
        "step-003:G1": "G1: Code Readiness",
        "step-004:prompt": "spec-prompt",
        "step-004:command-1": "spec-command",
        "step-004": "spec-outputs",
        "step-004:G2": "G2: Pre-Release",
        "step-005:prompt": "spec-prompt",
        "step-005": "spec-outputs",
        "step-005:G3": "G3: Deployment Approval",
    }
    assert list(plan.nodes) == list(dict.fromkeys(plan.nodes))
    ways = [node.next if isinstance(node, StepNode) else node.ways.get("approve") for node in plan.nodes.values()]
    assert ways == [*list(plan.nodes)[1:], None]
    assert (plan.recipe, plan.start, plan.about) == ("spec", "step-001:prompt", ABOUT)
    assert (steps_of(plan), codes_of(plan)) == ([1, 2, 3, 4, 5], ["G0", "G1", "G2", "G3"])


def test_a_gate_has_one_way_and_anything_but_an_approval_ends_the_run() -> None:
    plan = planned(LEDGER_MOVE)
    gates = [node for node in plan.nodes.values() if isinstance(node, GateNode)]
    assert [dict(gate.ways) for gate in gates] == [
        {"approve": "step-002:prompt"},
        {"approve": "step-004:prompt"},
        {"approve": "step-005:prompt"},
        {},
    ]
    assert [gate.prompt_from for gate in gates] == ["step-001", "step-003", "step-004", "step-005"]
    assert {(gate.count, gate.next_action, gate.undo) for gate in gates} == {(1, "REVIEW_GATE", ())}


def test_each_node_is_given_what_it_has_to_do() -> None:
    plan = planned(LEDGER_MOVE)
    assert plan.step("step-002:prompt").params == {
        "number": 2,
        "title": "Rehearsal",
        "prompt": "Rehearse on a copy.",
        "outputs": ["artifacts/rehearsal/report.md"],
    }
    command = plan.step("step-003:command-1").params
    assert (command["number"], command["lang"], command["script"]) == (3, "bash", "ruff check .\npytest -q\n")
    assert plan.step("step-004:command-1").params["lang"] == "python"
    looked_at = plan.step("step-001").params
    assert looked_at["outputs"] == ["artifacts/plan/tables.md", "artifacts/plan/order.yaml"]
    assert looked_at["gate"]["ref"] == "G0: Plan Approval"
    assert plan.step("step-002").params["gate"] is None


def test_an_approval_lets_everything_run_up_to_the_next_gate() -> None:
    plan = planned(LEDGER_MOVE)
    assert told(plan, "step-001:G0") == ["step-002", "step-003"]
    assert told(plan, "step-003:G1") == ["step-004"]
    assert told(plan, "step-004:G2") == ["step-005"]
    assert told(plan, "step-005:G3") == []
    [rehearsal, copy] = plan.step("step-001").params["gate"]["then"]
    assert rehearsal["outputs"] == ["artifacts/rehearsal/report.md"]
    assert copy["commands"] == [{"lang": "bash", "script": "ruff check .\npytest -q\n"}]


def test_a_step_without_review_opens_its_gate_before_it_runs() -> None:
    plan = of_steps(step(1), step(2, "G1"), step(3), step(4, "G2", reviewed=True))
    assert list(plan.nodes) == [
        *("step-001:prompt", "step-001"),
        *("step-002:ask", "step-002:G1", "step-002:prompt", "step-002"),
        *("step-003:prompt", "step-003"),
        *("step-004:prompt", "step-004", "step-004:G2"),
    ]
    assert plan.step("step-002:ask").action == "spec-ask"
    assert plan.gate("step-002:G1").prompt_from == "step-002:ask"
    assert told(plan, "step-002:G1") == ["step-002", "step-003", "step-004"]


def test_the_gate_of_a_step_without_review_is_opened_once() -> None:
    plan = of_steps(step(1, "G1"), step(2, "G1"), step(3, "G1", reviewed=True), step(4, "G1"))
    gates = [node.id for node in plan.nodes.values() if isinstance(node, GateNode)]
    assert gates == ["step-001:G1", "step-003:G1"]
    assert told(plan, "step-001:G1") == ["step-001", "step-002", "step-003"]
    assert told(plan, "step-003:G1") == ["step-004"]


def test_what_an_approval_lets_run_ends_where_another_gate_is_opened_first() -> None:
    plan = of_steps(step(1, "G0", reviewed=True), step(2), step(3, "G1"), step(4))
    assert told(plan, "step-001:G0") == ["step-002"]
    assert told(plan, "step-003:G1") == ["step-003", "step-004"]


def test_a_step_that_asks_nothing_and_runs_nothing_is_still_looked_at() -> None:
    plan = of_steps(step(1, body="**Outputs:**\n\n- `a.txt`\n"))
    assert list(plan.nodes) == ["step-001"]
    assert plan.step("step-001").next is None


def test_every_block_of_commands_is_a_node_of_its_own() -> None:
    blocks = "**Commands:**\n\n" + "".join(f"```bash\necho {n}\n```\n\n" for n in (1, 2, 3))
    plan = of_steps(step(1, body=blocks))
    assert list(plan.nodes) == [*(f"step-001:command-{n}" for n in (1, 2, 3)), "step-001"]
    assert [plan.step(f"step-001:command-{n}").params["script"] for n in (1, 2, 3)] == [
        "echo 1\n",
        "echo 2\n",
        "echo 3\n",
    ]


def test_categories_keep_their_order_though_objects_that_are_stored_may_lose_theirs() -> None:
    ordered = REVIEW.replace("##### Plan\n", "##### Zebra\n- [ ] z\n\n##### Ape\n- [ ] a\n\n##### Plan\n")
    plan = planned(with_plan(step(1, "G0") + ordered))
    checklist = plan.step("step-001").params["gate"]["review"]["checklist"]
    assert [category["category"] for category in checklist] == ["Zebra", "Ape", "Plan"]


# Whose gate it is


def a_policy(**members: Any) -> GatePolicy:
    asks = {"all_items": False, "justification": False, "owner_may_approve": True}
    given = {"code": "G0", "mode": "blocking", "review": "peer", "roles": ("cto",), "hours": 3}
    return GatePolicy(**{**given, **asks, **members})


def gate_under(policy: GatePolicy, tier: str = "B") -> GateNode:
    document = {**compiled(parsed(with_plan(step(1, "G0", reviewed=True)))), "tier": tier}
    return plan_of(document, {"G0": policy}, ABOUT).gate("step-001:G0")


def test_a_gate_waits_as_long_as_its_policy_says_for_those_whom_it_names() -> None:
    gate = gate_under(a_policy(roles=("cto", "tech_lead"), all_items=True, all_evidence=True, owner_may_approve=False))
    assert (gate.ttl_s, gate.requested_by, gate.automatic, gate.purpose) == (3 * 3600, "ada", None, "g0")
    assert gate.requirement == Requirement(
        (Need(("cto", "tech_lead"), 1),), not_requester=True, all_items=True, all_evidence=True
    )


@pytest.mark.parametrize(
    ("mode", "tier", "name"),
    [
        ("automatic", "C", "policy:tier-C"),
        ("advisory", "B", "policy:advisory"),
        ("advisory", "C", "policy:advisory"),
        ("blocking", "C", None),
        ("required-items", "B", None),
    ],
)
def test_what_blocks_nobody_is_approved_under_the_name_of_a_policy(mode: str, tier: str, name: str | None) -> None:
    """Such a gate asks for nothing of people: neither items nor words nor somebody else than the owner."""
    policy = a_policy(mode=mode, all_items=True, justification=True, owner_may_approve=False, all_evidence=True)
    gate = gate_under(policy, tier)
    assert gate.automatic == name
    if name is not None:
        assert gate.requirement == Requirement((Need(("policy",), 1),))


def test_settings_of_a_gate_reach_its_node() -> None:
    plan = planned(LEDGER_MOVE, G0="advisory", G1="required-items")
    assert [plan.gate(node).automatic for node in ("step-001:G0", "step-003:G1")] == ["policy:advisory", None]
    assert plan.gate("step-003:G1").requirement.all_items
    assert not plan.gate("step-004:G2").requirement.all_items


# Where to start


def test_a_step_begins_behind_the_gate_that_is_opened_before_it() -> None:
    plan = of_steps(step(1, "G0", reviewed=True), step(2, "G1"))
    assert first_node_of(plan, 1) == "step-001:prompt"
    assert first_node_of(plan, 2) == "step-002:prompt"
    assert [gate.id for gate in gates_before(plan, "step-001:prompt")] == []
    assert [gate.id for gate in gates_before(plan, "step-002:prompt")] == ["step-001:G0", "step-002:G1"]
    assert first_node_of(plan, 3) is None


def test_a_plan_of_a_spec_is_read_as_it_was_written() -> None:
    plan = planned(LEDGER_MOVE, G0="advisory")
    assert from_wire(to_wire(plan)) == plan
