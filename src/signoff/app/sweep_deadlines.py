"""Sweep the deadlines that have passed. Any number of workers may do so at once."""

from __future__ import annotations

import logging

from signoff.app.expire import expire
from signoff.app.gate_clock import UNKNOWN_TIMEZONE
from signoff.app.world import World
from signoff.errors import OperationError

BATCH = 200

_log = logging.getLogger("signoff.sweep")


def sweep_deadlines(world: World) -> int:
    """How many gates climbed or ended. Call again at once when it is BATCH."""
    with world.ledger.read() as tx:
        due = [(gate.workflow_id, gate.gate_key) for gate in tx.due_gates(now=world.clock(), limit=BATCH)]
    return sum(_expire(world, workflow_id, gate_key) for workflow_id, gate_key in due)


def _expire(world: World, workflow_id: str, gate_key: str) -> bool:
    """A gate whose clock goes by a zone that only other machines know is left to them, and holds up no other."""
    try:
        return expire(world, workflow_id, gate_key)
    except OperationError as error:
        if error.code != UNKNOWN_TIMEZONE:
            raise
        _log.error("gate %s of %s: %s", gate_key, workflow_id, error.message)
        return False
