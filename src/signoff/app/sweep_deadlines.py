"""Sweep the deadlines that have passed. Any number of workers may do so at once."""

from __future__ import annotations

from signoff.app.expire import expire
from signoff.app.world import World

BATCH = 200


def sweep_deadlines(world: World) -> int:
    """How many gates climbed or ended. Call again at once when it is BATCH."""
    with world.ledger.read() as tx:
        due = [(gate.workflow_id, gate.gate_key) for gate in tx.due_gates(now=world.clock(), limit=BATCH)]
    return sum(expire(world, workflow_id, gate_key) for workflow_id, gate_key in due)
