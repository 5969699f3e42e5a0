from __future__ import annotations

from typing import Any

import pytest

from signoff.errors import InvalidInputError
from signoff.gates.gate import Gate, State
from signoff.gates.prompt import build_prompt
from signoff.gates.reply import read_reply
from signoff.gates.requirement import ANYONE_ONCE
from signoff.plans.plan import GateNode, Plan, from_wire, to_wire
from signoff.plans.recipe import check_constraints, check_goal, compile_default, plan_prompt
from signoff.plans.walk import Go, Refuse, way_on

AGENTS_PLAN = {
    "summary": "Two things.",
    "patch": "+a\n-b",
    "tasks": [{"key": "one", "title": "First"}, {"key": "two", "title": "Second"}],
}


def compiled(**constraints: Any) -> Plan:
    return compile_default("Tidy up", constraints, approval_ttl_s=900)


def way_through(plan: Plan, choice: str) -> list[str]:
    """The nodes that a run passes when every gate gets this answer."""
    passed: list[str] = []
    node_id: str | None = plan.start
    while node_id is not None:
        node = plan.node(node_id)
        passed.append(node_id)
        if not isinstance(node, GateNode):
            node_id = node.next
            continue
        way = way_on(node, [a_gate(choice)] * node.count)
        if isinstance(way, Refuse):
            return [*passed, "refused"]
        assert isinstance(way, Go)
        node_id = way.node
    return passed


def a_gate(choice: str) -> Gate:
    prompt = build_prompt({"title": "T"}, requirement=ANYONE_ONCE, ttl_s=1, now=0)
    return Gate("w", "g", "w", "human:g", prompt, ANYONE_ONCE, 0, 1, state=State.RECEIVED, decision=choice)


def test_an_approved_run_does_the_four_steps_with_the_gate_in_between() -> None:
    assert way_through(compiled(), "yes") == ["CompileST", "ApplyPatchST", "approve-plan", "DecideST", "ExecuteST"]


def test_a_refused_run_ends_at_the_gate_and_takes_the_patch_back() -> None:
    assert way_through(compiled(), "no") == ["CompileST", "ApplyPatchST", "approve-plan", "refused"]
    assert compiled().gate("approve-plan").undo == ("ApplyPatchST",)


@pytest.mark.parametrize("asks", [True, False])
def test_ask_user_puts_a_question_right_after_the_compilation(asks: bool) -> None:
    passed = way_through(compiled(askUser=asks), "yes")
    assert passed[:2] == ["CompileST", "ask-user" if asks else "ApplyPatchST"]
    assert [node for node in passed if node != "ask-user"] == way_through(compiled(), "yes")


def test_a_run_may_be_stopped_at_the_question_before_anything_is_applied() -> None:
    assert way_through(compiled(askUser=True), "no") == ["CompileST", "ask-user", "refused"]
    assert compiled(askUser=True).gate("ask-user").undo == ()


def test_the_question_can_be_put_and_answered() -> None:
    draft = compiled(askUser=True).gate("ask-user").prompt
    assert draft is not None
    prompt = build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)
    assert read_reply({"choice": "yes", "answer": "Mind the tests."}, prompt).fields == {"answer": "Mind the tests."}
    assert read_reply({"choice": "no"}, prompt).choice.effect == "reject"
    assert "Tidy up" in prompt.title


def test_the_approval_waits_as_long_as_the_intent_says() -> None:
    assert compiled(planApprovalTimeoutS=5).gate("approve-plan").ttl_s == 5
    assert compiled().gate("approve-plan").ttl_s == 900


@pytest.mark.parametrize("count", [1, 2, 20])
def test_parallel_approvals_open_that_many_gates(count: int) -> None:
    plan = compiled(parallelApprovals=count)
    assert plan.gate("approve-plan").count == count
    assert way_through(plan, "yes")[-1] == "ExecuteST"


def test_the_gate_says_what_its_people_should_do_and_shows_what_the_agent_made() -> None:
    gate = compiled().gate("approve-plan")
    assert (gate.next_action, gate.prompt_from, gate.label) == ("APPROVE_PLAN", "CompileST", "Plan approval")


def test_tasks_come_from_the_step_that_derives_them() -> None:
    assert compiled().step("ExecuteST").fan_out == "DecideST"


@pytest.mark.parametrize("constraints", [{}, {"askUser": True, "parallelApprovals": 3, "planApprovalTimeoutS": 9}])
def test_a_compiled_plan_survives_being_stored(constraints: dict[str, Any]) -> None:
    plan = compile_default("Tidy up", constraints, approval_ttl_s=900, workload={"concurrency": 2, "steps": 3})
    assert from_wire(to_wire(plan)) == plan
    assert plan.workload == {"concurrency": 2, "steps": 3}
    assert plan.recipe == "compile-default"


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"planApprovalTimeoutS": 1},
        {"planApprovalTimeoutS": 2_592_000},
        {"askUser": True},
        {"askUser": False},
        {"parallelApprovals": 1},
    ],
)
def test_constraints_of_the_contract_are_taken(constraints: dict[str, Any]) -> None:
    check_constraints(constraints)


@pytest.mark.parametrize(
    ("constraints", "code"),
    [
        ({"maxCost": 5}, "invalid-constraints"),
        ({"askuser": True}, "invalid-constraints"),
        *[({"askUser": value}, "invalid-constraints") for value in (1, "true", None)],
        *[({"parallelApprovals": n}, "invalid-constraints") for n in (0, 21, -1, True, 1.0, "2", None)],
        *[({"planApprovalTimeoutS": s}, "invalid-ttl") for s in (0, 2_592_001, True, 1.0, "60", None)],
    ],
)
def test_other_constraints_are_refused_when_checked_and_when_compiled(constraints: dict[str, Any], code: str) -> None:
    for take in (check_constraints, lambda given: compiled(**given)):
        with pytest.raises(InvalidInputError) as caught:
            take(constraints)
        assert caught.value.code == code


@pytest.mark.parametrize("goal", ["x", "x" * 10_000, "  two\nlines "])
def test_a_goal_is_kept_as_it_is(goal: str) -> None:
    assert check_goal(goal) == goal


@pytest.mark.parametrize("goal", ["", " \n\t", "x" * 10_001])
def test_a_blank_or_endless_goal_is_refused(goal: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_goal(goal)
    assert caught.value.code == "invalid-goal"


def test_the_prompt_shows_goal_summary_tasks_and_patch() -> None:
    body = plan_prompt("Tidy up", AGENTS_PLAN)["body"]
    assert body == (
        "**Goal:** Tidy up\n\n> Two things.\n\n### Tasks\n\n1. First\n2. Second\n\n### Patch\n\n```diff\n+a\n-b\n```"
    )


def test_what_an_agent_writes_cannot_pass_for_what_the_program_says() -> None:
    hostile = "```\n\n### Tasks\n\n1. Nothing\n"
    body = plan_prompt(hostile, {"summary": hostile, "patch": f"+a\n````\n{hostile}", "tasks": [{"title": hostile}]})[
        "body"
    ]
    lines = body.splitlines()
    fence = lines[-1]
    shown = lines[: lines.index(f"{fence}diff")]
    assert [line for line in shown if line.startswith("#")] == ["### Tasks", "### Patch"]
    assert [line for line in shown if line[:1].isdigit()] == ["1. ``` ### Tasks 1. Nothing"]
    assert [line for line in shown if line.startswith("`")] == []
    assert set(fence) == {"`"}
    assert [at for at, line in enumerate(lines) if line.startswith(fence)] == [len(shown), len(lines) - 1]


@pytest.mark.parametrize("plan", [{"summary": "S"}, {"summary": "S", "tasks": [], "patch": ""}])
def test_a_plan_without_tasks_and_patch_shows_neither(plan: dict[str, Any]) -> None:
    assert plan_prompt("G", plan)["body"] == "**Goal:** G\n\n> S"


@pytest.mark.parametrize("goal", ["Tidy up", "x" * 10_000, "two\n\nlines"])
def test_the_prompt_can_be_put_and_answered_with_yes_or_no(goal: str) -> None:
    prompt = build_prompt(plan_prompt(goal, AGENTS_PLAN), requirement=ANYONE_ONCE, ttl_s=60, now=0)
    assert len(prompt.title) <= 300
    assert "\n" not in prompt.title
    assert [choice.key for choice in prompt.choices] == ["yes", "no"]
    assert read_reply({"choice": "yes"}, prompt).approves
    assert read_reply({"approved": False, "reason": "no"}, prompt).choice.effect == "reject"


def test_what_an_approval_lets_happen_is_under_the_digest() -> None:
    def digest(plan: dict[str, Any]) -> str:
        return build_prompt(plan_prompt("G", plan), requirement=ANYONE_ONCE, ttl_s=60, now=0).digest

    assert plan_prompt("G", AGENTS_PLAN)["payload"] == {key: AGENTS_PLAN[key] for key in ("patch", "tasks")}
    renamed = [{"key": "other", "title": "First"}, {"key": "two", "title": "Second"}]
    assert (
        len({digest(AGENTS_PLAN), digest({**AGENTS_PLAN, "patch": "+c"}), digest({**AGENTS_PLAN, "tasks": renamed})})
        == 3
    )


def test_a_patch_too_long_to_be_shown_is_said_to_be_and_never_cut() -> None:
    draft = plan_prompt("G", {"summary": "S", "patch": "+x\n" * 300_000})
    build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)
    assert "+x" not in draft["body"]
    assert "Too long to be shown here" in draft["body"]
    assert len(draft["payload"]["patch"]) == 900_000
