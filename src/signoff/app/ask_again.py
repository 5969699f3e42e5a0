"""Ask at a gate of a run again, since what it was asked about has changed: the gate is withdrawn, and the run goes back
to the step that makes its prompt. What was shown before can no longer be approved."""

from __future__ import annotations

from signoff.app.find import the_gate, the_run
from signoff.app.legs import order_gate_leg
from signoff.app.run_record import LED_BACK, begin_again
from signoff.app.settle_gate import cancel_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import ConflictError
from signoff.gates.gate import State
from signoff.plans import plan as plans
from signoff.plans.run import Run


@use_case
def ask_again(world: World, *, workflow_id: str, gate_key: str, actor: str, reason: str) -> Run:
    """The run, on its way to ask again.

    Raises:
        NotFoundError. ConflictError: (`gate-not-waiting`) the gate has ended, or the run does not wait at it.
    """
    with world.ledger.write(workflow_id, "ask_again") as tx:
        run = the_run(tx, workflow_id)
        gate = the_gate(tx, workflow_id, gate_key)
        if run.is_finished or gate.state is not State.PENDING or gate.on_decision.get("attempt") != run.attempt:
            receipt = gate.receipt()
            raise ConflictError(
                f"The run {workflow_id} does not wait at the gate {gate_key} any more.",
                code="gate-not-waiting",
                receipt=None if receipt is None else receipt.to_wire(),
            )
        node = plans.from_wire(run.plan).gate(gate.on_decision["node"])
        now = world.clock()
        cancel_gate(tx, gate, actor=actor, reason=reason, now=now)
        order_gate_leg(tx, run, gate_key, attempt=run.attempt, is_way_on=False, now=now)
        return begin_again(tx, run, str(node.prompt_from), event=LED_BACK, actor=actor, now=now)
