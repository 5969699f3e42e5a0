"""Override a gate: past whatever it requires, by somebody in the role for it, who says why.

It is a decision of its own kind in the trail, and everybody is told who is ever told of a gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from signoff.app.expire import expire_if_due
from signoff.app.find import the_gate
from signoff.app.record_answer import OVERRIDDEN, given, record_answer
from signoff.app.record_refusal import record_refusal
from signoff.app.settle_gate import settle_gate
from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.errors import NotEntitledError
from signoff.gates import gate as gates
from signoff.gates.decision import Receipt
from signoff.gates.gate import Gate
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.reply import read_reply
from signoff.gates.requirement import Actor

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer


@use_case
def override_gate(
    world: World,
    *,
    workflow_id: str,
    gate_key: str,
    actor: Actor,
    reason: str,
    fields: Mapping[str, Any] | None = None,
    prompt_digest: str | None = None,
    origin: str = "manual",
) -> Receipt:
    """Decide an open gate as approved. `fields` are those that its form asks for.

    Raises:
        NotFoundError. GateFinalError: it has ended before, with the receipt. ConflictError: (`prompt-changed`).
        NotEntitledError, RequirementError, InvalidInputError: the override cannot be taken. Nothing is decided.
    """
    check_workflow_id(workflow_id)
    check_gate_key(gate_key)
    expire_if_due(world, workflow_id, gate_key)
    try:
        with world.ledger.write(workflow_id, "override_gate") as tx:
            gate = the_gate(tx, workflow_id, gate_key)
            gates.check_open(gate)
            gates.check_digest(gate, prompt_digest)
            now = world.clock()
            decided = take_override(world, tx, gate, actor=actor, reason=reason, fields=fields, origin=origin, now=now)
            settle_gate(tx, decided, now=now)
    except NotEntitledError as error:
        record_refusal(world, error, actor=actor, doing="override", workflow_id=workflow_id, gate_key=gate_key)
        raise
    receipt = decided.receipt()
    assert receipt is not None  # noqa: S101 - it was decided just now
    return receipt


def take_override(
    world: World,
    tx: Writer,
    gate: Gate,
    *,
    actor: Actor,
    reason: str,
    now: int,
    fields: Mapping[str, Any] | None = None,
    origin: str = "manual",
) -> Gate:
    """The gate, decided; what its end sets going is left to the caller."""
    payload = {"approved": True, "rationale": reason, **(fields or {})}
    came = given(payload, dedupe_key=f"override:{gate.gate_key}", actor=actor, origin=origin)
    said = read_reply(payload, gate.prompt)
    answer = gates.override(gate, said, actor, now=now)
    decided, _ = record_answer(world, tx, gate, came, said, answer, now=now, event=OVERRIDDEN)
    return decided
