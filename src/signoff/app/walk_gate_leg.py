"""Walk the leg that a decided gate sets going, in this process and without an engine.

It is for commands that should not wait for a worker, nor start one that would take up everybody's work. Legs may be
walked again: a worker that comes to the same one, now or later, finds what is recorded and publishes it.
"""

from __future__ import annotations

from typing import Any

from signoff.app.advance_run import walk
from signoff.app.asked import Asked
from signoff.app.legs import Leg
from signoff.app.steps import Steps
from signoff.app.world import World
from signoff.gates.keys import leg_id


def walk_gate_leg(world: World, steps: Steps, asked: Asked) -> None:
    """To the next gate, or the end of the run. A step that fails ends the run, as it does with a worker."""
    run, gate = asked.run, asked.gate
    leg = Leg(
        id=leg_id(run.workflow_id, gate.gate_key),
        workflow_id=run.workflow_id,
        attempt=gate.on_decision["attempt"],
        partition_key=run.queue_partition_key,
        gate_key=gate.gate_key,
    )
    walk(world, steps, leg, publish=_later)


def _later(key: str, value: Any) -> None:
    """Events are the engine's, which publishes them when it walks the same leg."""
