"""Orders for legs: the outbox rows from which the relay starts them.

A leg walks a run from one node to its next gate or its end. Its id is deterministic, so that an order which is relayed
twice starts one leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from signoff.gates.keys import leg_id, retry_leg_id
from signoff.plans.run import Run

if TYPE_CHECKING:
    from signoff.app.ports.writer import Writer

CONTINUE = "continue"


class LegInterrupted(BaseException):
    """Unwinds a leg whose worker ends, past everything that would record an end of it."""


@dataclass(frozen=True)
class Leg:
    """`node` is where it starts; for the leg of a gate it is None, and the gate's end says where, if `is_way_on`."""

    id: str
    workflow_id: str
    attempt: int
    partition_key: str | None
    node: str | None = None
    gate_key: str | None = None
    is_way_on: bool = True

    def to_wire(self) -> dict[str, Any]:
        return asdict(self)


def leg_from_wire(wire: Mapping[str, Any]) -> Leg:
    return Leg(**wire)


def order_leg(tx: Writer, run: Run, *, node: str, now: int) -> None:
    """The first leg of a run, or of a retry."""
    first = run.attempt == 1
    leg = Leg(
        id=leg_id(run.workflow_id) if first else retry_leg_id(run.workflow_id, run.attempt),
        workflow_id=run.workflow_id,
        attempt=run.attempt,
        partition_key=run.queue_partition_key,
        node=node,
    )
    tx.insert_outbox(kind=CONTINUE, dedupe_key=f"{CONTINUE}:{leg.id}", payload=leg.to_wire(), now=now)


def order_gate_leg(tx: Writer, run: Run, gate_key: str, *, attempt: int, is_way_on: bool, now: int) -> None:
    """The leg that the end of a gate sets going: it publishes what became of the gate, and goes on if it may."""
    leg = Leg(
        id=leg_id(run.workflow_id, gate_key),
        workflow_id=run.workflow_id,
        attempt=attempt,
        partition_key=run.queue_partition_key,
        gate_key=gate_key,
        is_way_on=is_way_on,
    )
    tx.insert_outbox(kind=CONTINUE, dedupe_key=f"{CONTINUE}:{leg.id}", payload=leg.to_wire(), now=now)
