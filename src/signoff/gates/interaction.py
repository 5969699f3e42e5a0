"""One answer as it was given and recorded, whether it decided the gate or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
