"""What every use case is given: the ledger, the clock, ids, and the few settings that are rules.

`is_open`: nobody has to sign in, since no token was ever issued. `is_stopping`: this process is about to end, and
begins nothing that lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signoff.app.ports import Clock, Ledger, NewId


@dataclass(frozen=True)
class World:
    ledger: Ledger
    clock: Clock
    new_id: NewId
    is_partitioned: bool = True
    approval_ttl_s: int = 86_400
    callbacks_allow: tuple[str, ...] = ()
    is_open: bool = True
    is_stopping: Callable[[], bool] = lambda: False
