from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from signoff.errors import InvalidInputError
from signoff.gates.deadline import Rung
from signoff.gates.requirement import Need, Requirement
from signoff.plans.plan import GateNode, Node, Plan, StepNode, from_wire, make_plan, plan_digest, to_wire
from signoff.plans.run import Run, Status

NODES: list[Node] = [
    StepNode("build", "compile", "review"),
    GateNode(
        id="review",
        purpose="review",
        label="Review",
        ways={"approve": "ship", "fix": "build"},
        ttl_s=60,
        count=2,
        next_action="APPROVE_PLAN",
        prompt_from="build",
        requirement=Requirement((Need(("lead", "ops"), 2),), not_requester=True),
        ladder=(Rung(30, ("boss",)),),
        undo=("build",),
    ),
    GateNode(id="ask", purpose="ask", label="Question", ways={}, ttl_s=5, prompt={"title": "Sure?"}),
    StepNode("ship", "execute", None, fan_out="build"),
]
PLAN = make_plan("two-stage", NODES, {"concurrency": 2})


def refused(wire: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        from_wire(wire)
    return caught.value


def without(members: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name != key}


def test_a_plan_is_read_as_it_was_written() -> None:
    assert from_wire(to_wire(PLAN)) == PLAN
    assert to_wire(from_wire(to_wire(PLAN))) == to_wire(PLAN)


def test_a_plan_may_start_elsewhere_than_at_its_first_node() -> None:
    plan = from_wire({**to_wire(PLAN), "start": "ask"})
    assert (plan.start, plan.nodes, plan.workload) == ("ask", PLAN.nodes, PLAN.workload)


def test_the_digest_of_a_plan_can_be_computed_by_hand() -> None:
    assert plan_digest(PLAN) == hashlib.sha256(rfc8785.dumps(to_wire(PLAN))).hexdigest()
    assert plan_digest(make_plan("two-stage", NODES, {"concurrency": 3})) != plan_digest(PLAN)


def test_members_of_a_later_version_are_passed_over() -> None:
    wire = to_wire(PLAN)
    later = {**wire, "colour": "red", "nodes": [{**node, "colour": "red"} for node in wire["nodes"]]}
    assert from_wire(later) == PLAN


def test_nodes_are_found_by_id_and_kind() -> None:
    assert PLAN.start == "build"
    assert PLAN.node("build") is PLAN.step("build") is NODES[0]
    assert PLAN.gate("review") is NODES[1]


@pytest.mark.parametrize(("lookup", "node_id"), [("node", "x"), ("step", "review"), ("gate", "ship"), ("gate", "x")])
def test_a_node_that_is_not_there_or_of_another_kind_is_an_error(lookup: str, node_id: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        getattr(PLAN, lookup)(node_id)
    assert caught.value.code == "invalid-plan"


STRAY: list[list[Node]] = [
    [StepNode("a", "x", None), StepNode("a", "y", None)],
    [StepNode("a", "x", "b")],
    [StepNode("a", "x", None, fan_out="b")],
    [GateNode("a", "a", "A", {"approve": "b"}, 1)],
    [GateNode("a", "a", "A", {"fix": "b"}, 1)],
    [GateNode("a", "a", "A", {}, 1, prompt_from="b")],
    [GateNode("a", "a", "A", {}, 1, undo=("b",))],
]


@pytest.mark.parametrize("nodes", STRAY)
def test_every_way_leads_somewhere_and_every_node_has_its_own_id(nodes: list[Node]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make_plan("r", nodes)
    assert caught.value.code == "invalid-plan"
    wire = to_wire(Plan("r", "a", {str(n): node for n, node in enumerate(nodes)}))
    assert refused(wire).code == "invalid-plan"


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_a_plan_of_another_version_is_refused(version: Any) -> None:
    assert "schema version" in refused({**to_wire(PLAN), "schemaVersion": version}).message
    assert refused({}).code == "invalid-plan"


@pytest.mark.parametrize("member", ["recipe", "start", "workload", "nodes"])
def test_a_plan_lacking_a_member_is_refused(member: str) -> None:
    assert refused(without(to_wire(PLAN), member)).code == "invalid-plan"


#: What plans have had since their first version of the wire form; one that was stored before lacks them.
ADDED = {"params", "requestedBy", "automatic", "again"}


@pytest.mark.parametrize("at", [0, 1])
def test_a_node_lacking_a_member_is_refused(at: int) -> None:
    wire = to_wire(PLAN)
    for member in set(wire["nodes"][at]) - ADDED:
        nodes = [without(node, member) if n == at else node for n, node in enumerate(wire["nodes"])]
        assert refused({**wire, "nodes": nodes}).code == "invalid-plan"


def test_a_plan_that_was_stored_before_a_member_came_is_read_with_its_default() -> None:
    wire = without(to_wire(PLAN), "about")
    wire["nodes"] = [{name: node[name] for name in node if name not in ADDED} for node in wire["nodes"]]
    assert from_wire(wire) == PLAN
    assert from_wire(wire).about == {}
    assert from_wire(wire).step("build").params == {}
    assert (from_wire(wire).gate("ask").requested_by, from_wire(wire).gate("ask").automatic) == (None, None)


def test_what_a_plan_is_of_and_what_its_nodes_are_given_is_kept() -> None:
    step = StepNode("build", "compile", "ask", params={"number": 1, "commands": [{"lang": "bash"}]})
    gate = GateNode("ask", "ask", "Question", {}, 5, requested_by="ada", automatic="policy:tier-C")
    plan = make_plan("r", [step, gate], about={"door": "spec", "spec": "plan.md"})
    assert from_wire(to_wire(plan)) == plan
    for changed in (
        make_plan("r", [replace(step, params={"number": 2}), gate], about=plan.about),
        make_plan("r", [step, replace(gate, requested_by="bob")], about=plan.about),
        make_plan("r", [step, replace(gate, automatic=None)], about=plan.about),
        make_plan("r", [step, gate], about={**plan.about, "spec": "other.md"}),
    ):
        assert plan_digest(changed) != plan_digest(plan)


@pytest.mark.parametrize("member", ["start", "nodes"])
@pytest.mark.parametrize("value", [None, [], {}, 7, "x", ["x"], [[]], [{"kind": []}]])
def test_a_plan_of_another_shape_is_refused(member: str, value: Any) -> None:
    assert refused({**to_wire(PLAN), member: value}).code == "invalid-plan"


@pytest.mark.parametrize(
    ("at", "members"),
    [
        (0, {"kind": "loop"}),
        (0, {"id": ["a"]}),
        (0, {"next": "nowhere"}),
        (0, {"next": []}),
        (1, {"ways": {"approve": "nowhere"}}),
        (1, {"ways": {"hold": "ship"}}),
        (1, {"ways": {"later": "ship"}}),
        (1, {"ways": ["approve"]}),
        (1, {"ways": None}),
        (1, {"ways": {"approve": []}}),
        (1, {"promptFrom": "nowhere"}),
        (1, {"undo": ["nowhere"]}),
        (1, {"undo": None}),
        (1, {"ladder": [{"ttlS": 1}]}),
        (1, {"ladder": None}),
    ],
)
def test_a_node_that_leads_nobody_knows_where_is_refused(at: int, members: dict[str, Any]) -> None:
    wire = to_wire(PLAN)
    nodes = [{**node, **members} if n == at else node for n, node in enumerate(wire["nodes"])]
    assert refused({**wire, "nodes": nodes}).code == "invalid-plan"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"ttlS": 0}, "invalid-ttl"),
        ({"requirement": {"needs": []}}, "invalid-requirement"),
        ({"requirement": None}, "invalid-requirement"),
    ],
)
def test_a_gate_of_a_plan_keeps_to_the_rules_of_gates(members: dict[str, Any], code: str) -> None:
    wire = to_wire(PLAN)
    nodes = [{**node, **members} if n == 1 else node for n, node in enumerate(wire["nodes"])]
    assert refused({**wire, "nodes": nodes}).code == code


def a_run(**columns: Any) -> Run:
    given = {"door": "intent", "recipe": "r", "plan": {}, "plan_digest": "0" * 64, "created_at": 1, "updated_at": 1}
    return Run(id="it_1", workflow_id="it_1", intent_id="it_1", **{**given, **columns})


def test_a_run_begins_enqueued_in_its_first_attempt_with_nothing_to_do_for_people() -> None:
    run = a_run()
    assert (run.status, run.attempt, run.next_action, run.is_finished) == (Status.ENQUEUED, 1, "NONE", False)
    assert a_run(retry_count=2).attempt == 3


def test_a_run_is_finished_in_three_of_its_six_states() -> None:
    assert {status.value: a_run(status=status).is_finished for status in Status} == {
        "ENQUEUED": False,
        "PENDING": False,
        "WAITING_INPUT": False,
        "SUCCESS": True,
        "ERROR": True,
        "CANCELLED": True,
    }
