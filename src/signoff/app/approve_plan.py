"""Approve a run's plan by the run alone: the older form of a reply `yes` to its plan gate."""

from __future__ import annotations

from signoff.app.find import the_run
from signoff.app.reply import Answered, reply
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import NotFoundError
from signoff.gates.digest import digest_of
from signoff.gates.gate import Gate, State
from signoff.gates.keys import check_workflow_id
from signoff.gates.requirement import Actor
from signoff.plans import plan as plans
from signoff.plans.plan import GateNode
from signoff.plans.walk import gate_keys


@use_case
def approve_plan(world: World, *, workflow_id: str, actor: Actor, notes: str | None) -> Answered:
    """
    Raises:
        NotFoundError: (`gate-not-found`) no plan waits here. ConflictError: it was decided otherwise.
    """
    check_workflow_id(workflow_id)
    gate = _plan_gate(world, workflow_id)
    payload = {"choice": "yes"} if notes is None else {"choice": "yes", "rationale": notes}
    return reply(
        world,
        workflow_id=workflow_id,
        gate_key=gate.gate_key,
        payload=payload,
        dedupe_key=f"approve-plan:{digest_of([actor.name, notes])}",
        actor=actor,
        origin="compat",
    )


def _plan_gate(world: World, workflow_id: str) -> Gate:
    """The open plan gate, else the last one, whose end the reply will tell."""
    with world.ledger.read() as tx:
        run = the_run(tx, workflow_id)
        nodes = plans.from_wire(run.plan).nodes.values()
        keys = [
            key
            for node in nodes
            if isinstance(node, GateNode) and node.purpose == "approve-plan"
            for attempt in range(1, run.attempt + 1)
            for key in gate_keys(node, run.id, attempt)
        ]
        gates = [gate for key in keys if (gate := tx.gate(workflow_id, key)) is not None]
    if not gates:
        raise NotFoundError(f"Run {workflow_id} has no plan to approve yet.", code="gate-not-found")
    return next((gate for gate in gates if gate.state is State.PENDING), gates[-1])
