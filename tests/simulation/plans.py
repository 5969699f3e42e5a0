"""What is run: the built-in recipe, and a plan with everything that a plan can have."""

from __future__ import annotations

from random import Random
from typing import Any

from signoff.gates.deadline import Rung
from signoff.gates.prompt import APPROVE, FIX
from signoff.gates.requirement import Need, Requirement
from signoff.plans.plan import GateNode, Node, Plan, StepNode, make_plan

CHOICES = [
    {"key": "ship", "label": "Ship it", "effect": "approve"},
    {"key": "drop", "label": "Drop it", "effect": "reject"},
    {"key": "mend", "label": "Mend it", "effect": "fix"},
    {"key": "later", "label": "Not now", "effect": "hold"},
]
#: Who there is, and in which roles.
PEOPLE = {
    "ada": ("lead", "security"),
    "bob": ("lead",),
    "cyd": ("security",),
    "dan": (),
    "eve": ("lead", "release"),
    "boss": ("boss", "override"),
}


def draw_requirement(dice: Random) -> Requirement:
    needs = [
        (Need(("*",), 1),),
        (Need(("lead",), 1),),
        (Need(("lead",), 2),),
        (Need(("lead", "security"), 1), Need(("lead",), 1)),
        (Need(("security",), 1), Need(("lead", "release"), 2)),
    ]
    return Requirement(needs=dice.choice(needs), distinct_people=dice.random() < 0.8, not_requester=dice.random() < 0.3)


def draw_ladder(dice: Random) -> tuple[Rung, ...]:
    rungs = [Rung(30, ("boss",)), Rung(60, ("release", "security")), Rung(5)]
    return tuple(dice.sample(rungs, dice.choice((0, 0, 1, 2))))


def draw_constraints(dice: Random) -> dict[str, Any]:
    constraints: dict[str, Any] = {"planApprovalTimeoutS": dice.choice((5, 60, 600))}
    if dice.random() < 0.4:
        constraints["parallelApprovals"] = dice.choice((2, 3))
    if dice.random() < 0.3:
        constraints["askUser"] = True
    return constraints


def draw_plan(dice: Random) -> Plan:
    """build -> review -> decide -> deploy (a fan-out) -> confirm -> deliver, which may find that it has to go back."""
    review = GateNode(
        id="review",
        purpose="review",
        label="Review",
        ways={APPROVE: "decide", FIX: "build"},
        ttl_s=dice.choice((20, 120, 900)),
        prompt={"title": "Ship it?", "choices": CHOICES},
        requirement=draw_requirement(dice),
        ladder=draw_ladder(dice),
        undo=("build",),
        again="build",
    )
    confirm = GateNode(
        id="confirm",
        purpose="confirm",
        label="Confirmation",
        ways={APPROVE: "deliver"},
        ttl_s=dice.choice((20, 900)),
        count=dice.choice((1, 2)),
        prompt={"title": "Deliver?"},
        automatic=dice.choice((None, None, "policy:low")),
    )
    nodes: list[Node] = [
        StepNode("build", "build", "review"),
        review,
        StepNode("decide", "decide", "deploy"),
        StepNode("deploy", "deploy", "confirm", fan_out="decide"),
        confirm,
        StepNode("deliver", "deliver", None, again="build"),
    ]
    return make_plan("simulated", nodes, {"concurrency": dice.choice((1, 2))})
