"""What every use case is given: the ledger, the clock, ids, and the few settings that are rules."""

from __future__ import annotations

from dataclasses import dataclass

from signoff.app.ports import Clock, Ledger, NewId


@dataclass(frozen=True)
class World:
    ledger: Ledger
    clock: Clock
    new_id: NewId
    is_partitioned: bool = True
    approval_ttl_s: int = 86_400
    callbacks_allow: tuple[str, ...] = ()
