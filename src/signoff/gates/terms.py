"""What a risk policy says of a gate beside whose approval it needs: how its time runs, and whether people are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.gates.prompt import APPROVE, REJECT


@dataclass(frozen=True)
class Terms:
    """`on_timeout` is `reject`, or `approve` where the policy has it written out; `schedule` says when the gate's clock
    goes, in its policy's own words, and is None where it always does; of a gate that `is_quiet` nobody is told."""

    on_timeout: str = REJECT
    schedule: Mapping[str, Any] | None = None
    is_quiet: bool = False

    @property
    def approves_by_silence(self) -> bool:
        return self.on_timeout == APPROVE


PLAIN = Terms()


def terms_to_wire(terms: Terms) -> dict[str, Any]:
    """Without what is as it is for every gate that no policy speaks of."""
    wire: dict[str, Any] = {}
    if terms.on_timeout != PLAIN.on_timeout:
        wire["onTimeout"] = terms.on_timeout
    if terms.schedule is not None:
        wire["schedule"] = dict(terms.schedule)
    return {**wire, "isQuiet": True} if terms.is_quiet else wire


def terms_from_wire(wire: Mapping[str, Any]) -> Terms:
    return Terms(wire.get("onTimeout", PLAIN.on_timeout), wire.get("schedule"), wire.get("isQuiet", False))
