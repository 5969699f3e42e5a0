"""Cancel a run: its open gates end with it, its legs and tasks are stopped."""

from __future__ import annotations

from dataclasses import replace

from signoff.app.find import the_run
from signoff.app.settle_gate import cancel_gate, settle_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError
from signoff.gates.digest import check_storable
from signoff.gates.gate import State
from signoff.gates.keys import check_workflow_id
from signoff.plans.run import NOTHING, Run, Status

CANCEL = "cancel"
REASON_CHARS_MAX = 2_000


@use_case
def cancel_run(world: World, *, workflow_id: str, actor: str, reason: str | None = None) -> Run:
    """The cancelled run; cancelling it again changes nothing.

    Raises:
        NotFoundError. ConflictError: (`run-finished`) it has succeeded or failed.
    """
    check_workflow_id(workflow_id)
    if reason is not None and len(reason) > REASON_CHARS_MAX:
        raise InvalidInputError(f"A reason has at most {REASON_CHARS_MAX} characters.", code="invalid-reason")
    check_storable(reason)
    with world.ledger.write(workflow_id, "cancel_run") as tx:
        run = the_run(tx, workflow_id)
        if run.status is Status.CANCELLED:
            return run
        if run.is_finished:
            raise ConflictError(f"Run {workflow_id} has ended before: {run.status.value}.", code="run-finished")
        now = world.clock()
        why = reason or f"cancelled by {actor}"
        cancelled = replace(
            run, status=Status.CANCELLED, next_action=NOTHING, error=why, updated_at=now, finished_at=now
        )
        tx.update_run(cancelled)
        body = {"status": cancelled.status.value, "reason": reason}
        tx.append_entry(at=now, actor=actor, event="run.cancelled", body=body)
        payload = {"workflowId": workflow_id}
        tx.insert_outbox(kind=CANCEL, dedupe_key=f"{CANCEL}:{workflow_id}", payload=payload, now=now)
        for gate in tx.gates_of(workflow_id):
            if gate.state is State.PENDING:
                settle_gate(tx, cancel_gate(tx, gate, actor=actor, reason=why, now=now), now=now)
    return cancelled
