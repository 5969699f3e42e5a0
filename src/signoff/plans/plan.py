"""A plan is data: nodes, each a step (one way on) or a gate (one way on per effect of the choices).

The plan is compiled once and stored with the run, so that a run which waited for weeks goes on under the plan that its
people saw, whatever the code has become since. That is why the wire form is versioned and read leniently about members
that a later version may add, and strictly about those that say where the run goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.deadline import Ladder, check_ttl, ladder_from_wire, ladder_to_wire
from signoff.gates.digest import digest_of
from signoff.gates.prompt import APPROVE, FIX, REJECT
from signoff.gates.requirement import ANYONE_ONCE, Requirement

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class StepNode:
    """Something to do. `action` names it to the runners, which are given `params` (JSON values); `fan_out` names the
    step whose output's `tasks` are run, each as a child of its own. `again` is where the run goes back to when the step
    finds that what was let through no longer holds."""

    id: str
    action: str
    next: str | None
    fan_out: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    again: str | None = None


@dataclass(frozen=True)
class GateNode:
    """Somewhere to stop. `count` gates are opened at once and all must pass.

    The prompt is `prompt`, or the member `prompt` of the output of the step `prompt_from`. `ways` leads from the effect
    of the choice to the next node, which may be an earlier one. Without a way an approval ends the run well, and any
    other effect ends it as refused; then the steps in `undo` are taken back.

    `requested_by` is whoever the gate is asked for, where that is not whoever started the run. `automatic` names the
    policy that approves it as soon as it is open. `again` is where a retry begins after its refusal, the plan's start
    without it.
    """

    id: str
    purpose: str
    label: str
    ways: Mapping[str, str]
    ttl_s: int
    count: int = 1
    next_action: str = "ANSWER_QUESTION"
    prompt: Mapping[str, Any] | None = None
    prompt_from: str | None = None
    requirement: Requirement = ANYONE_ONCE
    ladder: Ladder = ()
    undo: tuple[str, ...] = ()
    requested_by: str | None = None
    automatic: str | None = None
    again: str | None = None


Node = StepNode | GateNode


@dataclass(frozen=True)
class Plan:
    """`about` says what the plan is of, as texts: the spec's path and digest, the story's id."""

    recipe: str
    start: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    workload: Mapping[str, int] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def node(self, node_id: str) -> Node:
        if node_id not in self.nodes:
            raise _invalid(f"it has no node {node_id!r}")
        return self.nodes[node_id]

    def step(self, node_id: str) -> StepNode:
        node = self.node(node_id)
        if not isinstance(node, StepNode):
            raise _invalid(f"{node_id!r} is not a step")
        return node

    def gate(self, node_id: str) -> GateNode:
        node = self.node(node_id)
        if not isinstance(node, GateNode):
            raise _invalid(f"{node_id!r} is not a gate")
        return node


def make_plan(
    recipe: str,
    nodes: list[Node],
    workload: Mapping[str, int] | None = None,
    about: Mapping[str, str] | None = None,
) -> Plan:
    """A plan that starts at its first node, with every way leading somewhere.

    `workload` is `{concurrency, steps, sandboxMinutes}`, what whoever started the run said of its tasks.
    """
    plan = Plan(recipe, nodes[0].id, {node.id: node for node in nodes}, workload or {}, about or {})
    if len(plan.nodes) != len(nodes):
        raise _invalid("two nodes have the same id")
    for node in nodes:
        for target in _targets(node):
            plan.node(target)
    return plan


def plan_digest(plan: Plan) -> str:
    return digest_of(to_wire(plan))


def to_wire(plan: Plan) -> dict[str, Any]:
    return {
        "schemaVersion": SCHEMA_VERSION,
        "recipe": plan.recipe,
        "start": plan.start,
        "workload": dict(plan.workload),
        "about": dict(plan.about),
        "nodes": [_node_to_wire(node) for node in plan.nodes.values()],
    }


def from_wire(wire: Mapping[str, Any]) -> Plan:
    """Read a stored plan.

    Raises:
        InvalidInputError: (`invalid-plan`).
    """
    if wire.get("schemaVersion") != SCHEMA_VERSION:
        raise _invalid(f"its schema version is {wire.get('schemaVersion')!r}; this program reads {SCHEMA_VERSION}")
    try:
        nodes = [_node_from_wire(node) for node in wire["nodes"]]
        plan = make_plan(wire["recipe"], nodes, wire["workload"], wire.get("about"))
        return replace(plan, start=plan.node(wire["start"]).id)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise _invalid(f"it lacks or misspells something: {error}") from None


def _targets(node: Node) -> list[str]:
    if isinstance(node, GateNode):
        named = [target for target in (node.prompt_from, node.again) if target is not None]
        return [*node.ways.values(), *node.undo, *named]
    return [target for target in (node.next, node.fan_out, node.again) if target is not None]


def _node_to_wire(node: Node) -> dict[str, Any]:
    if isinstance(node, StepNode):
        return {
            "kind": "step",
            "id": node.id,
            "action": node.action,
            "next": node.next,
            "fanOut": node.fan_out,
            "params": dict(node.params),
            "again": node.again,
        }
    return {
        "kind": "gate",
        "id": node.id,
        "purpose": node.purpose,
        "label": node.label,
        "ways": dict(node.ways),
        "ttlS": node.ttl_s,
        "count": node.count,
        "nextAction": node.next_action,
        "prompt": None if node.prompt is None else dict(node.prompt),
        "promptFrom": node.prompt_from,
        "requirement": requirements.to_wire(node.requirement),
        "ladder": ladder_to_wire(node.ladder),
        "undo": list(node.undo),
        "requestedBy": node.requested_by,
        "automatic": node.automatic,
        "again": node.again,
    }


def _node_from_wire(wire: Mapping[str, Any]) -> Node:
    if wire["kind"] == "step":
        return StepNode(
            wire["id"], wire["action"], wire["next"], wire["fanOut"], wire.get("params", {}), wire.get("again")
        )
    if wire["kind"] != "gate":
        raise _invalid(f"a node of kind {wire['kind']!r} is not known")
    unknown = sorted(set(wire["ways"]) - {APPROVE, REJECT, FIX})
    if unknown:
        raise _invalid(f"a way for {unknown[0]!r} is not known")
    return GateNode(
        id=wire["id"],
        purpose=wire["purpose"],
        label=wire["label"],
        ways=wire["ways"],
        ttl_s=check_ttl(wire["ttlS"]),
        count=wire["count"],
        next_action=wire["nextAction"],
        prompt=wire["prompt"],
        prompt_from=wire["promptFrom"],
        requirement=requirements.from_wire(wire["requirement"]),
        ladder=ladder_from_wire(wire["ladder"]),
        undo=tuple(wire["undo"]),
        requested_by=wire.get("requestedBy"),
        automatic=wire.get("automatic"),
        again=wire.get("again"),
    )


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This plan cannot be walked: {why}.", code="invalid-plan")
