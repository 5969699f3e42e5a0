"""The plan of a story: through three people's hands to one commit, and back where one of them says so."""

from __future__ import annotations

from signoff.gates.prompt import APPROVE, FIX
from signoff.plans.plan import GateNode, StepNode, from_wire, to_wire
from signoff.plans.story import ACTIONS, COMMIT, COMMIT_GATE, DOOR, GATE_NODES, PO_GATE, QA_GATE, plan_of_story

PLAN = plan_of_story({"storyId": "4.10", "title": "Coverage"}, ttl_s=60)


def way(effects: dict[str, str]) -> list[str]:
    """The nodes that are passed where each gate is answered so; a fix once."""
    passed: list[str] = []
    node_id: str | None = PLAN.start
    while node_id is not None:
        node = PLAN.node(node_id)
        effect = effects.get(node_id, APPROVE) if node_id not in passed else APPROVE
        passed.append(node_id)
        node_id = node.ways[effect] if isinstance(node, GateNode) else node.next
    return passed


def test_every_way_to_the_commit_leads_through_three_gates() -> None:
    passed = way({})
    assert [node for node in passed if node in GATE_NODES] == [PO_GATE, QA_GATE, COMMIT_GATE]
    assert passed[-1] == "commit"
    fixed = way({QA_GATE: FIX})
    assert fixed.count("implement") == fixed.count(QA_GATE) == 2
    assert fixed[-1] == "commit"


def test_a_gate_cannot_be_passed_without_an_approval_and_waits_as_long_as_it_is_told() -> None:
    gates = [PLAN.node(one) for one in GATE_NODES]
    assert all(isinstance(one, GateNode) and one.ttl_s == 60 for one in gates)
    into_commit = [node.id for node in PLAN.nodes.values() if isinstance(node, StepNode) and node.next == "commit"]
    assert into_commit == []


def test_each_action_is_done_somewhere_and_the_plan_survives_its_storage() -> None:
    actions = {node.action for node in PLAN.nodes.values() if isinstance(node, StepNode)}
    assert actions == set(ACTIONS)
    assert COMMIT in actions
    assert from_wire(to_wire(PLAN)) == PLAN
    assert (PLAN.recipe, PLAN.about["storyId"]) == (DOOR, "4.10")
