"""What somebody was asked at the gate of a run that has but that one to wait at."""

from __future__ import annotations

from dataclasses import dataclass

from signoff.gates.gate import Gate
from signoff.plans import plan as plans
from signoff.plans.run import Run, Status
from signoff.plans.walk import Refuse, way_on


@dataclass(frozen=True)
class Asked:
    """A run and the gate that it waits, or waited, at. `is_new`: it was begun just now."""

    run: Run
    gate: Gate
    is_new: bool = False

    @property
    def is_spent(self) -> bool:
        """Whether nothing follows from it any more: it was refused, ran out of time or was cancelled."""
        node = plans.from_wire(self.run.plan).gate(self.gate.on_decision["node"])
        return self.run.status is Status.CANCELLED or isinstance(way_on(node, [self.gate]), Refuse)
