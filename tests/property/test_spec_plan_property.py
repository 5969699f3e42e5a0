"""Whatever a spec says: its plan meets every step once, in order, and nothing runs past a gate that is not passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from spec_strategies import compiled, specs

from signoff.gates.digest import canonical_json, parse_json
from signoff.gates.gate import Gate, State
from signoff.gates.prompt import build_prompt
from signoff.plans.plan import GateNode, Node, Plan, StepNode, from_wire, to_wire
from signoff.plans.spec.gate_names import ADVISORY, AUTOMATIC, MODES
from signoff.plans.spec.model import Spec
from signoff.plans.spec.plan import (
    ASK,
    OUTPUTS,
    codes_of,
    first_node_of,
    gates_before,
    number_of,
    plan_of,
    steps_of,
)
from signoff.plans.spec.policies import GatePolicy
from signoff.plans.spec.prompt import Output, StepFacts, gate_prompt
from signoff.plans.walk import Go, Refuse, way_on

unhurried = settings(deadline=None)
ABOUT = {"spec": "plan.md", "specSha256": "0" * 64, "tier": "B", "title": "T", "owner": "ada", "root": "/repository"}

long_specs = specs(steps_max=6)
modes = st.fixed_dictionaries({code: st.sampled_from(MODES) for code in ("G0", "G1", "G2", "G3", "G4")})


def a_policy(code: str, mode: str) -> GatePolicy:
    return GatePolicy(
        code, mode, "peer", ("developer",), 8, all_items=False, justification=True, owner_may_approve=False
    )


def planned(spec: Spec, by_code: Mapping[str, str]) -> Plan:
    return plan_of(compiled(spec), {code: a_policy(code, mode) for code, mode in by_code.items()}, ABOUT)


def asked(plan: Plan, gate: GateNode) -> Gate:
    """The gate as it would be opened, with the prompt that its step builds."""
    params = plan.step(str(gate.prompt_from)).params
    outputs = tuple(Output(path, None, None) for path in params.get("outputs", ()))
    draft = gate_prompt(params, plan.about, facts=StepFacts(outputs, "main", "c0ffee"))
    prompt = build_prompt(draft, requirement=gate.requirement, ttl_s=gate.ttl_s, now=0)
    return Gate("w", "g", "w", "human:g", prompt, gate.requirement, 0, 60_000)


def answered(plan: Plan, gate: GateNode, choice: str) -> Any:
    decided = {**vars(asked(plan, gate)), "state": State.RECEIVED, "decision": choice}
    return way_on(gate, [Gate(**decided)])


def walked(plan: Plan) -> Iterator[Node]:
    """Every node that a run comes to when each gate is approved."""
    node_id: str | None = plan.start
    while node_id is not None:
        node = plan.node(node_id)
        yield node
        if isinstance(node, StepNode):
            node_id = node.next
        else:
            way = answered(plan, node, "approve")
            assert isinstance(way, Go)
            node_id = way.node


@unhurried
@given(long_specs, modes)
def test_every_step_is_met_once_and_in_order(spec: Spec, by_code: dict[str, str]) -> None:
    plan = planned(spec, by_code)
    met = list(walked(plan))
    assert [node.id for node in met] == list(plan.nodes)
    expected: list[Any] = []
    for step in spec.steps:
        expected += ["prompt"] if step.prompt else []
        expected += [command.script for command in step.commands]
        expected += [list(step.outputs)]
    done = [node for node in met if isinstance(node, StepNode) and node.action != ASK]
    assert [_what(node) for node in done] == expected
    assert steps_of(plan) == [step.number for step in spec.steps]


def _what(node: StepNode) -> Any:
    if node.action == OUTPUTS:
        return node.params["outputs"]
    return node.params.get("script", "prompt")


@unhurried
@given(long_specs, modes)
def test_no_step_of_a_gate_runs_before_an_approval_of_it(spec: Spec, by_code: dict[str, str]) -> None:
    """A step with a review is what its own gate is about; any other step that names a gate comes after that gate."""
    passed: list[str] = []
    by_number = {step.number: step for step in spec.steps}
    for node in walked(planned(spec, by_code)):
        step = by_number[number_of(node.id.partition(":")[0])]
        if isinstance(node, GateNode):
            assert node.label == str(step.gate)
            passed.append(node.label.partition(":")[0])
        elif node.action != ASK and step.gate is not None and step.review is None:
            assert step.gate.code in passed


@unhurried
@given(long_specs, modes)
def test_nothing_runs_between_a_review_and_its_gate_and_nothing_after_a_refusal(
    spec: Spec, by_code: dict[str, str]
) -> None:
    plan = planned(spec, by_code)
    met = list(walked(plan))
    reviewed = {f"step-{step.number:03}" for step in spec.steps if step.review is not None}
    for node, later in zip(met, [*met[1:], None], strict=True):
        if node.id in reviewed:
            assert isinstance(later, GateNode)
            assert later.prompt_from == node.id
        if isinstance(node, GateNode):
            assert isinstance(answered(plan, node, "reject"), Refuse)


@unhurried
@given(long_specs, modes)
def test_an_approval_says_all_that_it_lets_run_and_no_more(spec: Spec, by_code: dict[str, str]) -> None:
    """`then` of a gate names exactly the steps that follow, up to the next gate and the one whose review that is."""
    plan = planned(spec, by_code)
    met = list(walked(plan))
    for at, node in enumerate(met):
        if not isinstance(node, GateNode):
            continue
        after = [later.id for later in met[at + 1 :]]
        ends = next((n for n, later in enumerate(met[at + 1 :]) if isinstance(later, GateNode)), len(after))
        runs = dict.fromkeys(name.partition(":")[0] for name in after[:ends] if not name.endswith(":ask"))
        told = plan.step(str(node.prompt_from)).params["gate"]["then"]
        assert [step["step"] for step in told] == list(runs)


@unhurried
@given(long_specs, modes)
def test_a_plan_of_a_spec_is_read_as_it_was_written_even_through_storage(spec: Spec, by_code: dict[str, str]) -> None:
    plan = planned(spec, by_code)
    assert from_wire(to_wire(plan)) == plan
    assert from_wire(parse_json(canonical_json(to_wire(plan)))) == plan


@unhurried
@given(long_specs, modes)
def test_what_lies_before_a_step_are_the_gates_that_a_run_passes_on_its_way_there(
    spec: Spec, by_code: dict[str, str]
) -> None:
    plan = planned(spec, by_code)
    met = list(walked(plan))
    for step in spec.steps:
        first = str(first_node_of(plan, step.number))
        assert first.partition(":")[0] == f"step-{step.number:03}"
        at = [node.id for node in met].index(first)
        assert gates_before(plan, first) == [node for node in met[:at] if isinstance(node, GateNode)]
    assert first_node_of(plan, len(spec.steps) + 1) is None


@unhurried
@given(long_specs, modes)
def test_who_is_asked_follows_from_the_mode_of_the_gate(spec: Spec, by_code: dict[str, str]) -> None:
    plan = planned(spec, by_code)
    gates = [node for node in plan.nodes.values() if isinstance(node, GateNode)]
    assert codes_of(plan) == list(dict.fromkeys(gate.label.partition(":")[0] for gate in gates))
    for gate in gates:
        mode = by_code[gate.label.partition(":")[0]]
        assert (gate.automatic is not None) is (mode in (AUTOMATIC, ADVISORY))
        assert gate.requested_by == spec.front.owner
        roles = [need.any_of for need in gate.requirement.needs]
        assert roles == ([("policy",)] if gate.automatic else [("developer",)])
