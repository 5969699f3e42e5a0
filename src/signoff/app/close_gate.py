"""Close a gate: whoever opened it is done with it.

One that is open is withdrawn, as nobody needs the answer any more. Of one that was decided it is recorded that its
decision was taken up, so that whoever looks at it later knows that it must not take effect once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signoff.app.cancel_run import REASON_CHARS_MAX
from signoff.app.expire import expire_if_due
from signoff.app.find import the_gate
from signoff.app.search_audit import SEQ_MAX
from signoff.app.settle_gate import cancel_gate, settle_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import ConflictError, InvalidInputError, NotFoundError
from signoff.gates import gate as gates
from signoff.gates.digest import check_storable
from signoff.gates.gate import Gate, State
from signoff.gates.keys import check_gate_key, check_workflow_id

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

CLOSED = "gate.closed"


@use_case
def close_gate(
    world: World, *, workflow_id: str, gate_key: str, actor: str, reason: str, interaction_id: str | None = None
) -> Gate:
    """The gate as it is then. Closing it again changes nothing.

    Args:
        interaction_id: the answer that decided it and was taken up; without it the gate is withdrawn.

    Raises:
        NotFoundError: also (`interaction-not-found`) where no such answer has decided it. ConflictError:
        (`run-has-own-gates`). GateDecidedError: it was to be withdrawn, and was decided before, with the receipt.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    check_storable(reason)
    if len(reason) > REASON_CHARS_MAX:
        raise InvalidInputError(f"A reason has at most {REASON_CHARS_MAX} characters.", code="invalid-reason")
    expire_if_due(world, workflow_id, gate_key)
    with world.ledger.write(workflow_id, "close_gate") as tx:
        if tx.run(workflow_id) is not None:
            raise ConflictError(f"{workflow_id} is a run, which closes its gates itself.", code="run-has-own-gates")
        gate = the_gate(tx, workflow_id, gate_key)
        now = world.clock()
        if interaction_id is not None:
            _record_taken_up(tx, gate, interaction_id, actor=actor, reason=reason, now=now)
            return gate
        return _withdrawn(tx, gate, actor=actor, reason=reason, now=now)


def _record_taken_up(tx: Writer, gate: Gate, interaction_id: str, *, actor: str, reason: str, now: int) -> None:
    if gate.interaction_id != interaction_id:
        raise NotFoundError(
            f"No answer {interaction_id[:80]!r} has decided the gate {gate.gate_key}.", code="interaction-not-found"
        )
    if _is_taken_up(tx, gate):
        return
    body = {"interactionId": interaction_id, "promptDigest": gate.prompt.digest, "reason": reason}
    tx.append_entry(at=now, actor=actor, event=CLOSED, body=body, gate_key=gate.gate_key)


def _is_taken_up(tx: Writer, gate: Gate) -> bool:
    found = tx.audit.search_entries(
        workflow_id=gate.workflow_id, gate_key=gate.gate_key, actor=None, event=CLOSED, before=SEQ_MAX, limit=1
    )
    return bool(found)


def _withdrawn(tx: Writer, gate: Gate, *, actor: str, reason: str, now: int) -> Gate:
    if gate.state in (State.CANCELLED, State.TIMED_OUT):
        return gate
    gates.check_open(gate)
    gate = cancel_gate(tx, gate, actor=actor, reason=reason, now=now)
    settle_gate(tx, gate, now=now)
    return gate
