"""The built-in recipe `compile-default`: CompileST -> ApplyPatchST -> gate approve-plan -> DecideST -> ExecuteST.

An agent turns the goal into a plan; its patch is applied to a scratch work tree; people approve; tasks are derived and
each runs as a child in a sandbox. A refusal takes the patch back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.deadline import check_ttl
from signoff.gates.prompt import APPROVE, TITLE_CHARS_MAX
from signoff.plans.markdown import fenced, line, paragraphs, quoted
from signoff.plans.plan import GateNode, Node, Plan, StepNode, make_plan

RECIPE = "compile-default"
GOAL_CHARS_MAX = 10_000
#: What is left of a body beside the longest goal, summary and tasks that an agent may give.
PATCH_CHARS_SHOWN_MAX = 400_000
PARALLEL_APPROVALS_MAX = 20
STEPS = ("CompileST", "ApplyPatchST", "DecideST", "ExecuteST")


def check_goal(goal: str) -> str:
    if not goal.strip() or len(goal) > GOAL_CHARS_MAX:
        raise InvalidInputError(f"A goal has 1 to {GOAL_CHARS_MAX} characters and is not blank.", code="invalid-goal")
    return goal


def check_constraints(constraints: Mapping[str, Any]) -> None:
    """What an intent may ask of the recipe: `planApprovalTimeoutS`, `askUser`, `parallelApprovals`.

    Raises:
        InvalidInputError: (`invalid-constraints`) also for a constraint that is not known, as it would not be kept to.
    """
    known = {"planApprovalTimeoutS", "askUser", "parallelApprovals"}
    unknown = sorted(set(constraints) - known)
    if unknown:
        raise _invalid(f"{unknown[0]!r} is not known; known are {', '.join(sorted(known))}")
    if "planApprovalTimeoutS" in constraints:
        check_ttl(constraints["planApprovalTimeoutS"])
    if not isinstance(constraints.get("askUser", False), bool):
        raise _invalid("askUser must be true or false")
    count = constraints.get("parallelApprovals", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= PARALLEL_APPROVALS_MAX:
        raise _invalid(f"parallelApprovals must be an integer from 1 to {PARALLEL_APPROVALS_MAX}")


def compile_default(
    goal: str, constraints: Mapping[str, Any], *, approval_ttl_s: int, workload: Mapping[str, int] | None = None
) -> Plan:
    """The plan for one intent. `approval_ttl_s` holds unless the intent or the agent's own plan names a time."""
    check_constraints(constraints)
    asks = constraints.get("askUser", False)
    question: list[Node] = [_question(goal, approval_ttl_s)] if asks else []
    return make_plan(
        RECIPE,
        [
            StepNode("CompileST", "compile", "ask-user" if asks else "ApplyPatchST"),
            *question,
            StepNode("ApplyPatchST", "apply-patch", "approve-plan"),
            GateNode(
                id="approve-plan",
                purpose="approve-plan",
                label="Plan approval",
                ways={APPROVE: "DecideST"},
                ttl_s=constraints.get("planApprovalTimeoutS", approval_ttl_s),
                count=constraints.get("parallelApprovals", 1),
                next_action="APPROVE_PLAN",
                prompt_from="CompileST",
                undo=("ApplyPatchST",),
            ),
            StepNode("DecideST", "decide", "ExecuteST"),
            StepNode("ExecuteST", "execute", None, fan_out="DecideST"),
        ],
        workload,
    )


def plan_prompt(goal: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """The draft of the prompt that asks for a plan's approval; its payload is what an approval lets happen."""
    title = f"Approve the plan: {line(goal)}"[:TITLE_CHARS_MAX]
    return {
        "title": title,
        "body": _body(goal, plan),
        "formSchema": {
            "v": 1,
            "title": title,
            "fields": [
                {"k": "choice", "t": "enum", "vs": ["yes", "no"], "title": "Decision"},
                {"k": "rationale", "t": "text", "opt": True, "title": "Rationale"},
            ],
        },
        "choices": [
            {"key": "yes", "label": "Approve the plan", "effect": "approve"},
            {"key": "no", "label": "Reject it and roll the patch back", "effect": "reject"},
        ],
        "payload": {"patch": plan.get("patch"), "tasks": plan.get("tasks", [])},
    }


def _body(goal: str, plan: Mapping[str, Any]) -> str:
    """Goal, summary, tasks and patch as Markdown."""
    tasks = "\n".join(f"{n}. {line(task['title'])}" for n, task in enumerate(plan.get("tasks", []), start=1))
    patch = plan.get("patch")
    return paragraphs(
        f"**Goal:** {line(goal)}",
        quoted(str(plan["summary"])),
        f"### Tasks\n\n{tasks}" if tasks else "",
        _patch_part(fenced(patch, "diff")) if patch else "",
    )


def _patch_part(patch: str) -> str:
    """A patch is shown whole or not at all: a part would pass for the whole."""
    if len(patch) > PATCH_CHARS_SHOWN_MAX:
        return "### Patch\n\nToo long to be shown here; the payload holds it whole."
    return f"### Patch\n\n{patch}"


def _question(goal: str, ttl_s: int) -> GateNode:
    title = f"Before the plan is applied: {line(goal)}"[:TITLE_CHARS_MAX]
    return GateNode(
        id="ask-user",
        purpose="ask-user",
        label="Question",
        ways={APPROVE: "ApplyPatchST"},
        ttl_s=ttl_s,
        prompt={
            "title": title,
            "body": "Is there anything that the plan should take into account?",
            "formSchema": {
                "v": 1,
                "title": title,
                "fields": [{"k": "answer", "t": "text", "opt": True, "title": "Answer"}],
            },
            "choices": [
                {"key": "yes", "label": "Go on", "effect": "approve"},
                {"key": "no", "label": "Stop the run", "effect": "reject"},
            ],
        },
    )


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"These constraints cannot be taken: {why}.", code="invalid-constraints")
