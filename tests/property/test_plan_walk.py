"""What must hold of every plan, and of every way out of a gate."""

from __future__ import annotations

import hashlib
from itertools import product
from typing import Any

from hostile_text import hostile
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from signoff.errors import InvalidInputError
from signoff.gates.deadline import Rung
from signoff.gates.digest import canonical_json, parse_json
from signoff.gates.gate import Gate, State
from signoff.gates.keys import check_gate_key
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Need, Requirement
from signoff.plans.plan import GateNode, Plan, StepNode, from_wire, make_plan, plan_digest, to_wire
from signoff.plans.recipe import compile_default, plan_prompt
from signoff.plans.walk import Go, Refuse, Wait, Way, gate_keys, way_on

unhurried = settings(deadline=None)
PROMPT = build_prompt(
    {
        "title": "Ship it?",
        "choices": [
            {"key": "ship", "label": "Ship", "effect": "approve"},
            {"key": "sail", "label": "Ship, too", "effect": "approve"},
            {"key": "drop", "label": "Drop", "effect": "reject"},
            {"key": "mend", "label": "Mend", "effect": "fix"},
        ],
    },
    requirement=ANYONE_ONCE,
    ttl_s=60,
    now=0,
)
EFFECTS = {"ship": "approve", "sail": "approve", "drop": "reject", "mend": "fix"}
FATES = [*EFFECTS, "pending", "timed out", "cancelled"]


def a_gate(fate: str) -> Gate:
    states = {"pending": State.PENDING, "timed out": State.TIMED_OUT, "cancelled": State.CANCELLED}
    decision = fate if fate in EFFECTS else None
    state = states.get(fate, State.RECEIVED)
    return Gate("w", "g", "w", "human:g", PROMPT, ANYONE_ONCE, 0, 60_000, state=state, decision=decision)


def a_node(count: int, ways: dict[str, str]) -> GateNode:
    return GateNode("gate", "gate", "Review", ways, 60, count=count)


def expected(count: int, ways: dict[str, str], fates: list[str]) -> tuple[str, str | None]:
    """Said once more in words: the first gate that ended otherwise than by an approval says where; then all must have
    been opened and none may wait."""
    ended_otherwise = [fate for fate in fates if fate != "pending" and EFFECTS.get(fate) != "approve"]
    if ended_otherwise:
        fate = ended_otherwise[0]
        back = ways.get(EFFECTS.get(fate, ""))
        return ("refuse", f"Review failed: {fate}") if back is None else ("go", back)
    if len(fates) < count or "pending" in fates:
        return ("wait", None)
    return ("go", ways.get("approve"))


def plainly(way: Way) -> tuple[str, str | None]:
    match way:
        case Wait():
            return ("wait", None)
        case Go(node):
            return ("go", node)
        case Refuse(because, _):
            return ("refuse", because)


ALL_WAYS = [
    {
        effect: target
        for effect, target, is_there in zip(("approve", "reject", "fix"), "nme", kept, strict=True)
        if is_there
    }
    for kept in product([True, False], repeat=3)
]


def test_up_to_three_gates_go_the_right_way_in_every_combination() -> None:
    for ways, count in product(ALL_WAYS, [1, 2, 3]):
        for opened in range(count + 1):
            for fates in product(FATES, repeat=opened):
                way = way_on(a_node(count, ways), [a_gate(fate) for fate in fates])
                assert plainly(way) == expected(count, ways, list(fates)), (ways, count, fates)


@unhurried
@given(st.lists(st.sampled_from(FATES), min_size=1, max_size=20), st.sampled_from(ALL_WAYS))
def test_any_number_of_gates_lets_a_run_on_only_when_all_approved(fates: list[str], ways: dict[str, str]) -> None:
    way = way_on(a_node(len(fates), ways), [a_gate(fate) for fate in fates])
    assert plainly(way) == expected(len(fates), ways, fates)
    is_past = isinstance(way, Go) and way.node == ways.get("approve")
    assert is_past is all(EFFECTS.get(fate) == "approve" for fate in fates)
    if isinstance(way, Refuse):
        assert way.gate.state in (State.TIMED_OUT, State.CANCELLED) or way.gate.decision in ("drop", "mend")


@unhurried
@given(st.lists(st.sampled_from(FATES), min_size=1, max_size=6), st.integers(0, 5), st.sampled_from(FATES[:4]))
def test_what_has_ended_the_run_is_not_undone_by_a_later_answer(fates: list[str], at: int, later: str) -> None:
    before = way_on(a_node(len(fates), {"approve": "next"}), [a_gate(fate) for fate in fates])
    at %= len(fates)
    if isinstance(before, Refuse) and fates[at] == "pending":
        fates[at] = later
        assert isinstance(way_on(a_node(len(fates), {"approve": "next"}), [a_gate(fate) for fate in fates]), Refuse)


IDS = [f"n{n}" for n in range(6)]
targets = st.sampled_from(IDS)
requirements = st.builds(
    Requirement,
    st.lists(st.builds(Need, st.just(("lead", "ops")), st.integers(1, 3)), min_size=1, max_size=2).map(tuple),
    st.booleans(),
    st.booleans(),
)
gate_nodes = st.builds(
    GateNode,
    id=st.just(""),
    purpose=st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
    label=st.text(max_size=10),
    ways=st.dictionaries(st.sampled_from(["approve", "reject", "fix"]), targets),
    ttl_s=st.integers(1, 2_592_000),
    count=st.integers(1, 20),
    next_action=st.sampled_from(["APPROVE_PLAN", "ANSWER_QUESTION"]),
    prompt=st.none() | st.just({"title": "T"}),
    prompt_from=st.none() | targets,
    requirement=requirements,
    ladder=st.lists(st.builds(Rung, st.integers(1, 9), st.just(("boss",)) | st.just(())), max_size=2).map(tuple),
    undo=st.lists(targets, max_size=2).map(tuple),
)
step_nodes = st.builds(StepNode, st.just(""), st.text(max_size=5), st.none() | targets, st.none() | targets)
plans = st.builds(
    lambda recipe, nodes, workload: make_plan(
        recipe, [type(node)(**{**vars(node), "id": name}) for name, node in zip(IDS, nodes, strict=True)], workload
    ),
    st.text(max_size=10),
    st.lists(step_nodes | gate_nodes, min_size=6, max_size=6),
    st.dictionaries(st.sampled_from(["concurrency", "steps"]), st.integers(1, 100)),
)


@unhurried
@given(plans)
def test_wire_and_reading_it_are_inverse_even_through_storage(plan: Plan) -> None:
    wire = to_wire(plan)
    assert from_wire(wire) == plan
    stored = from_wire(parse_json(canonical_json(storable(wire))))
    assert plan_digest(stored) == plan_digest(from_wire(storable(wire)))


def storable(wire: Any) -> Any:
    """The same with names that a database can keep."""
    if isinstance(wire, dict):
        return {key: storable(member) for key, member in wire.items()}
    if isinstance(wire, list):
        return [storable(member) for member in wire]
    return wire.replace("\x00", "") if isinstance(wire, str) else wire


@unhurried
@given(plans, st.data())
def test_a_plan_with_a_member_replaced_is_read_or_refused_and_nothing_else(plan: Plan, data: st.DataObject) -> None:
    wire = to_wire(plan)
    part = data.draw(st.sampled_from([wire, *wire["nodes"]]))
    strange = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=2)
    member = data.draw(st.sampled_from(sorted(part)))
    part[member] = data.draw(strange | st.dictionaries(st.text(max_size=3), st.none(), max_size=2))
    code = None
    try:
        from_wire(wire)
    except InvalidInputError as error:
        code = error.code
    assert code in {None, "invalid-plan", "invalid-ttl", "invalid-requirement"}


@unhurried
@given(st.from_regex(r"it_[0-9A-Z]{26}", fullmatch=True), st.integers(1, 20), st.integers(1, 9))
def test_gate_keys_are_the_hash_of_what_they_stand_for(run_id: str, count: int, attempt: int) -> None:
    plan = compile_default("Tidy up", {"parallelApprovals": count}, approval_ttl_s=60)
    purposes = ["approve-plan"] if count == 1 else [f"approve-plan-{n + 1}" for n in range(count)]
    keys = gate_keys(plan.gate("approve-plan"), run_id, attempt)
    assert keys == [
        f"{purpose}-{hashlib.sha256(f'{run_id}:approve-plan:{purpose}:{attempt}'.encode()).hexdigest()[:16]}"
        for purpose in purposes
    ]
    assert [check_gate_key(key) for key in keys] == keys
    assert len(set(keys)) == count


@unhurried
@given(st.booleans(), st.integers(1, 20), st.none() | st.integers(1, 2_592_000), st.sampled_from(["yes", "no"]))
def test_every_compiled_plan_comes_to_an_end(asks: bool, count: int, ttl_s: int | None, choice: str) -> None:
    timeout = {} if ttl_s is None else {"planApprovalTimeoutS": ttl_s}
    plan = compile_default("Tidy up", {"askUser": asks, "parallelApprovals": count, **timeout}, approval_ttl_s=60)
    gate = a_gate({"yes": "ship", "no": "drop"}[choice])
    node_id: str | None = plan.start
    passed: list[str] = []
    while node_id is not None:
        assert node_id not in passed
        passed.append(node_id)
        node = plan.node(node_id)
        if isinstance(node, StepNode):
            node_id = node.next
        else:
            way = way_on(node, [gate] * node.count)
            node_id = way.node if isinstance(way, Go) else None
    assert ("ExecuteST" in passed) is (choice == "yes")
    assert ("ApplyPatchST" in passed) is (choice == "yes" or not asks)


spoken = hostile.filter(lambda text: text.strip() != "")


@settings(deadline=None)
@given(spoken, spoken, st.lists(spoken, max_size=3), hostile)
def test_nothing_an_agent_writes_breaks_out_of_its_place(
    goal: str, summary: str, titles: list[str], patch: str
) -> None:
    """A reader of Markdown finds goal, quoted summary, tasks and patch, each whole, and nothing beside them."""
    body = plan_prompt(goal, {"summary": summary, "patch": patch, "tasks": [{"title": title} for title in titles]})[
        "body"
    ]
    blocks = [token for token in MarkdownIt("commonmark").parse(body) if token.level == 0 and token.nesting >= 0]
    tasks = ["heading_open", "ordered_list_open"] if titles else []
    fenced = ["heading_open", "fence"] if patch else []
    assert [block.type for block in blocks] == ["paragraph_open", "blockquote_open", *tasks, *fenced]
    if patch:
        assert (blocks[-1].info, blocks[-1].content) == ("diff", f"{patch}\n")
