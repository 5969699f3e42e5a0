"""A compiled spec as a plan.

Each step of the spec becomes several nodes, each recorded by itself, so that a run which stopped goes on at the very
command where it did:

    step-003:ask          builds the prompt of a gate that is opened before the step (the gate is a node `step-003:G1`)
    step-003:prompt       the prompt goes to the agent
    step-003:command-1    one block of commands
    step-003              the outputs are looked at; where a review follows, its prompt is built
    step-003:G1           the gate of the review

A step that names a gate and has no review runs when that gate has been passed, and opens it if no step before did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from signoff.gates.name import POLICY_PREFIX
from signoff.gates.prompt import APPROVE
from signoff.gates.requirement import POLICY_ROLE, Need, Requirement
from signoff.plans.plan import GateNode, Node, Plan, StepNode, make_plan
from signoff.plans.spec.gate_names import ADVISORY, AUTOMATIC
from signoff.plans.spec.policies import GatePolicy, to_requirement

RECIPE = DOOR = "spec"
ASK, PROMPT, COMMAND, OUTPUTS = "spec-ask", "spec-prompt", "spec-command", "spec-outputs"
#: Who approves what is shown for information only.
ADVISORY_POLICY = f"{POLICY_PREFIX}advisory"

#: What blocks of commands may be written in, and which program that means.
LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys(("bash", "shell"), "bash"),
    "sh": "sh",
    **dict.fromkeys(("python", "python3", "py"), "python3"),
}

_HOUR_S = 3_600


def plan_of(document: Mapping[str, Any], policies: Mapping[str, GatePolicy], about: Mapping[str, str]) -> Plan:
    """The plan of a compiled document.

    Args:
        document: as `read_compiled` and `compile_spec` give it.
        policies: what is asked at each gate, by its code.
        about: `{spec, specSha256, tier, title, owner, root}`.
    """
    nodes = [node for step in _Steps(document, policies) for node in step]
    chained = [_lead_on(node, later) for node, later in zip(nodes, [*nodes[1:], None], strict=True)]
    return make_plan(RECIPE, chained, about=about)


def first_node_of(plan: Plan, number: int) -> str | None:
    """Where step `number` begins; a gate that is opened before it is a part of what comes before."""
    step_id = f"step-{number:03}"
    own = [node.id for node in plan.nodes.values() if isinstance(node, StepNode) and _step_of(node.id) == step_id]
    return next((node_id for node_id in own if plan.step(node_id).action != ASK), None)


def steps_of(plan: Plan) -> list[int]:
    """The numbers of the spec's steps."""
    steps = [node for node in plan.nodes.values() if isinstance(node, StepNode) and node.action == OUTPUTS]
    return [number_of(step.id) for step in steps]


def codes_of(plan: Plan) -> list[str]:
    """The gates of the plan, each once: `G0`, `G1`."""
    gates = [node for node in plan.nodes.values() if isinstance(node, GateNode)]
    return list(dict.fromkeys(code_of(gate.label) for gate in gates))


def gates_before(plan: Plan, node_id: str) -> list[GateNode]:
    """The gates that a run passes on its way from the start to this node."""
    earlier = list(plan.nodes)[: list(plan.nodes).index(node_id)]
    return [node for node in map(plan.node, earlier) if isinstance(node, GateNode)]


class _Steps:
    """The nodes of each step."""

    def __init__(self, document: Mapping[str, Any], policies: Mapping[str, GatePolicy]) -> None:
        self._document = document
        self._policies = policies
        self._steps: Sequence[Mapping[str, Any]] = document["plan"]
        self._opens_first = _opening_first(self._steps)

    def __iter__(self) -> Iterator[list[Node]]:
        for at, step in enumerate(self._steps):
            yield list(self._nodes(at, step))

    def _nodes(self, at: int, step: Mapping[str, Any]) -> Iterator[Node]:
        step_id, ref = step["step_id"], step["gate_ref"]
        facts = {"number": number_of(step_id), "title": step["title"], "prompt": step["prompt"]}
        if self._opens_first[at]:
            asked = self._asked(ref, None, [step, *self._until_gate(at + 1)])
            yield StepNode(f"{step_id}:ask", ASK, None, params={**facts, "gate": asked})
            yield self._gate(step_id, ref, prompt_from=f"{step_id}:ask", again=f"{step_id}:ask")
        work = [*_work(step, facts), self._look(at, step, facts)]
        yield from work
        if step["gate_review"] is not None:
            yield self._gate(step_id, ref, prompt_from=step_id, again=work[0].id)

    def _look(self, at: int, step: Mapping[str, Any], facts: Mapping[str, Any]) -> StepNode:
        review = step["gate_review"]
        params = {
            **facts,
            "commands": [dict(command) for command in step["commands"]],
            "outputs": list(step["outputs"]),
            "since": self._unseen_before(at),
            "must_exist": not self._is_seen(at),
            "gate": None if review is None else self._asked(step["gate_ref"], review, self._until_gate(at + 1)),
        }
        return StepNode(step["step_id"], OUTPUTS, None, params=params)

    def _asked(self, ref: str, review: Mapping[str, Any] | None, then: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """What a gate asks, as far as it is known beforehand; `then` is what an approval lets run."""
        told = [_told(step) for step in then]
        return {"ref": ref, "review": None if review is None else _in_order(review), "then": told}

    def _is_seen(self, at: int) -> bool:
        """Whether somebody is shown the outputs of this step, at its own gate or at a later one."""
        if self._steps[at]["gate_review"] is not None:
            return True
        return self._steps[at]["gate_ref"] is not None and any(step["gate_review"] for step in self._steps[at + 1 :])

    def _unseen_before(self, at: int) -> list[str]:
        """The steps since the last review: their outputs are shown at the next one."""
        found: list[str] = []
        for step in reversed(self._steps[:at]):
            if step["gate_review"] is not None:
                break
            found.insert(0, step["step_id"])
        return found

    def _until_gate(self, first: int) -> Iterator[Mapping[str, Any]]:
        """The steps from this one on, up to the next gate."""
        for at, step in enumerate(self._steps[first:], start=first):
            if self._opens_first[at]:
                return
            yield step
            if step["gate_review"] is not None:
                return

    def _gate(self, step_id: str, ref: str, *, prompt_from: str, again: str) -> GateNode:
        policy = self._policies[code_of(ref)]
        names = {AUTOMATIC: f"{POLICY_PREFIX}tier-{self._document['tier']}", ADVISORY: ADVISORY_POLICY}
        return GateNode(
            id=f"{step_id}:{code_of(ref)}",
            purpose=code_of(ref).lower(),
            label=ref,
            ways={},
            ttl_s=policy.hours * _HOUR_S,
            next_action="REVIEW_GATE",
            prompt_from=prompt_from,
            requirement=_requirement(policy),
            requested_by=self._document["owner"],
            automatic=names.get(policy.mode),
            again=again,
        )


def _work(step: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[StepNode]:
    """The step's prompt, and each block of its commands."""
    step_id = step["step_id"]
    if step["prompt"]:
        yield StepNode(f"{step_id}:prompt", PROMPT, None, params={**facts, "outputs": list(step["outputs"])})
    for n, command in enumerate(step["commands"], start=1):
        yield StepNode(f"{step_id}:command-{n}", COMMAND, None, params={**facts, **command, "command": n})


def number_of(step_id: str) -> int:
    return int(step_id.removeprefix("step-"))


def code_of(ref: str) -> str:
    """`G0` of `G0: Plan Approval`."""
    return ref.partition(":")[0]


def _requirement(policy: GatePolicy) -> Requirement:
    """What a policy approves at once asks for nothing but that policy."""
    if policy.mode in (AUTOMATIC, ADVISORY):
        return Requirement((Need((POLICY_ROLE,), 1),))
    return to_requirement(policy)


def _opening_first(steps: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether each step opens its gate before it runs."""
    opened: set[str] = set()
    found = []
    for step in steps:
        ref = step["gate_ref"]
        found.append(ref is not None and step["gate_review"] is None and code_of(ref) not in opened)
        if ref is not None:
            opened.add(code_of(ref))
    return found


def _in_order(review: Mapping[str, Any]) -> dict[str, Any]:
    """The categories as a list: an object that is stored may lose the order of its members."""
    checklist = [{"category": name, "items": list(items)} for name, items in review["checklist"].items()]
    return {**review, "checklist": checklist}


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step": step["step_id"],
        "title": step["title"],
        "prompt": step["prompt"],
        "commands": [dict(command) for command in step["commands"]],
        "outputs": list(step["outputs"]),
    }


def _lead_on(node: Node, later: Node | None) -> Node:
    target = None if later is None else later.id
    if isinstance(node, StepNode):
        return replace(node, next=target)
    return replace(node, ways={} if target is None else {APPROVE: target})


def _step_of(node_id: str) -> str:
    return node_id.partition(":")[0]
