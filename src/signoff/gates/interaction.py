"""One answer as it was given and recorded, whether it decided the gate or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.gates.gate import Gate
from signoff.gates.name import is_same
from signoff.gates.prompt import HOLD
from signoff.gates.requirement import Actor


@dataclass(frozen=True)
class Interaction:
    """`payload` is what was sent; `choice` what it was understood to mean; `origin` the surface it came through."""

    id: str
    workflow_id: str
    run_id: str | None
    gate_key: str
    topic: str
    dedupe_key: str
    payload: Mapping[str, Any]
    payload_hash: str
    origin: str
    actor: str
    role: str | None
    choice: str
    created_at: int

    @property
    def answerer(self) -> Actor:
        """Who answered, in the roles that were recorded; without one, while nobody had roles, they held every one."""
        return Actor(self.actor, None if self.role is None else frozenset(self.role.split(",")))


def is_superseded(one: Interaction, later: Sequence[Interaction], gate: Gate) -> bool:
    """Whether something that the same person said later at the gate has taken its place.

    An approval stands until the same choice is approved anew, whatever else is said: that is how approvals are counted.
    What puts the gate off stands until the same person says anything else, and what decided it stands for ever.
    """
    if one.id == gate.interaction_id:
        return False
    chosen = {other.choice for other in later if is_same(other.actor, one.actor)}
    choice = gate.prompt.choice(one.choice)
    return bool(chosen) if choice is not None and choice.effect == HOLD else one.choice in chosen
