"""What a risk level asks of people, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signoff.gates import requirement as requirements
from signoff.gates.deadline import Ladder, Rung, ladder_to_wire
from signoff.gates.requirement import Need, Requirement

APPROVE, REJECT = "approve", "reject"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Schedule:
    """When the clock of a gate goes: on `days` from `opens_at` to `closes_at`, minutes since midnight in `timezone`."""

    timezone: str
    days: tuple[str, ...]
    opens_at: int
    closes_at: int

    def to_wire(self) -> dict[str, Any]:
        hours = f"{_clock(self.opens_at)}-{_clock(self.closes_at)}"
        return {"timezone": self.timezone, "days": list(self.days), "hours": hours}


@dataclass(frozen=True)
class Level:
    """`second_approvers` is empty where one need is enough. `timeout_s` is from the opening of a gate to its end,
    whatever it climbs meanwhile; `on_timeout` is `reject`, or `approve` where the file says so."""

    name: str
    auto_approve: bool = False
    notify: bool = True
    approvers: tuple[str, ...] = ()
    required_approvals: int = 1
    second_approvers: tuple[str, ...] = ()
    requester_may_approve: bool = False
    require_justification: bool = False
    timeout_s: int = 86_400
    on_timeout: str = REJECT
    escalate_after_s: int | None = None
    escalate_to: tuple[str, ...] = ()
    max_escalations: int = 1
    schedule: Schedule | None = None

    @property
    def requirement(self) -> Requirement | None:
        """None where nobody is asked."""
        if self.auto_approve:
            return None
        needs = [Need(self.approvers, self.required_approvals)]
        if self.second_approvers:
            needs.append(Need(self.second_approvers, 1))
        return Requirement(
            needs=tuple(needs),
            not_requester=not self.requester_may_approve,
            justification=self.require_justification,
        )

    @property
    def ttl_s(self) -> int | None:
        """Until the first deadline: the first escalation where there is one."""
        if self.auto_approve:
            return None
        return self.timeout_s if self.escalate_after_s is None else self.escalate_after_s

    @property
    def ladder(self) -> Ladder:
        """As many rungs as escalations, all the same but the last, which lasts until the end."""
        if self.escalate_after_s is None:
            return ()
        rung = Rung(self.escalate_after_s, self.escalate_to)
        last = Rung(self.timeout_s - self.escalate_after_s * self.max_escalations, self.escalate_to)
        return (rung,) * (self.max_escalations - 1) + (last,)

    def to_wire(self) -> dict[str, Any]:
        """What is asked, without the name; the times are None where nobody is asked."""
        requirement = self.requirement
        return {
            "auto_approve": self.auto_approve,
            "notify": self.notify,
            "approvers": list(self.approvers),
            "requirement": None if requirement is None else requirements.to_wire(requirement),
            "ttl_s": self.ttl_s,
            "timeout_s": None if self.auto_approve else self.timeout_s,
            "on_timeout": None if self.auto_approve else self.on_timeout,
            "ladder": ladder_to_wire(self.ladder),
            "schedule": None if self.schedule is None else self.schedule.to_wire(),
        }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
