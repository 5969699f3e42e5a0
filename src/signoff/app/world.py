"""What every use case is given: the ledger, the clock, ids, and the few settings that are rules.

`is_stopping`: this process is about to end, and begins nothing that lasts. `tool` is this program and its version, as
the audit trail names it. `policy` reads the risk policy when it is first asked for. `business_hours` tells the spans in
which a schedule's clock goes that end after an instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.errors import OperationError

if TYPE_CHECKING:
    from signoff.app.ports import Clock, NewId
    from signoff.app.ports.ledger import Ledger
    from signoff.policy.level import Schedule
    from signoff.policy.risk import RiskPolicy
    from signoff.policy.schedule import Span


def _no_policy() -> RiskPolicy:
    raise OperationError("This process was given no risk policy.", code="no-policy")


def _no_business_hours(_schedule: Schedule, _now: int) -> Iterator[Span]:
    raise OperationError("This process was given no time zones.", code="unknown-timezone")


@dataclass(frozen=True)
class World:
    ledger: Ledger
    clock: Clock
    new_id: NewId
    is_partitioned: bool = True
    approval_ttl_s: int = 86_400
    callbacks_allow: tuple[str, ...] = ()
    is_stopping: Callable[[], bool] = lambda: False
    tool: Callable[[], str] = lambda: "signoff"
    policy: Callable[[], RiskPolicy] = _no_policy
    business_hours: Callable[[Schedule, int], Iterator[Span]] = _no_business_hours
