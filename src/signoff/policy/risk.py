"""How risky a task is. Every rule that holds fires, the highest level wins, and whatever fired is told.

What is not understood is never taken for harmless: an operation or a severity that the policy does not know fires a
reason of its own. The score is monotone in the level: 0..2 is low, 3..5 medium, 6..8 high, 9..10 critical, and within
these each further reason adds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import shown
from signoff.gates.deadline import Ladder
from signoff.gates.gate import RISK_LEVELS
from signoff.gates.requirement import Requirement
from signoff.policy.condition import Condition
from signoff.policy.level import Level
from signoff.policy.task import FIELDS, OPERATION, TRIGGER, Kind, Task, read_task, unknown_trigger

LOWEST = RISK_LEVELS[0]
UNKNOWN_OPERATION, UNKNOWN_SEVERITY = "unknown-operation", "unknown-severity"

_SCORES: Mapping[str, tuple[int, int]] = {"low": (0, 2), "medium": (3, 5), "high": (6, 8), "critical": (9, 10)}


@dataclass(frozen=True)
class Rule:
    """All conditions must hold. `where` is the file and line that it stands at."""

    name: str
    conditions: tuple[Condition, ...]
    level: str
    because: str
    trigger: str | None = None
    where: str = ""

    def holds(self, task: Task) -> bool:
        return all(condition.holds(task) for condition in self.conditions)


@dataclass(frozen=True)
class RiskPolicy:
    """`levels` has all four; `triggers` the level of each name that a task may give; `roles` the levels that each may
    approve; `kinds` what each field holds that is known or looked at. Names of operations and severities are folded."""

    levels: Mapping[str, Level]
    rules: tuple[Rule, ...]
    triggers: Mapping[str, str]
    roles: Mapping[str, tuple[str, ...]]
    operations: frozenset[str]
    severities: frozenset[str]
    unknown_operation: str = "medium"
    unknown_severity: str = "medium"
    kinds: Mapping[str, Kind] = field(default_factory=lambda: FIELDS)


@dataclass(frozen=True)
class Reason:
    """`rule` is the name of a rule, of a trigger that the task gave, or `unknown-operation`, `unknown-severity`."""

    rule: str
    because: str
    level: str


@dataclass(frozen=True)
class Assessment:
    """`risk_score` is 0..10. What is asked of people, and for how long, is that of the level."""

    level: Level
    risk_score: int
    reasons: tuple[Reason, ...]

    @property
    def risk_level(self) -> str:
        return self.level.name

    @property
    def auto_approve(self) -> bool:
        return self.level.auto_approve

    @property
    def requirement(self) -> Requirement | None:
        """None where nobody is asked."""
        return self.level.requirement

    @property
    def ttl_s(self) -> int | None:
        """Seconds until the first deadline; None where nobody is asked."""
        return self.level.ttl_s

    @property
    def ladder(self) -> Ladder:
        return self.level.ladder


def assess(task: Any, policy: RiskPolicy) -> Assessment:
    """
    Args:
        task: `{operation, environment, resource_type, description, estimated_cost, security_findings: [{severity}],
            data_sensitive, target_branch, changes_permissions, trigger, ...}`; any may be left out.

    Raises:
        InvalidInputError: (`invalid-task`) a member is of another type, negative, or a trigger that is not known.
    """
    reasons = tuple(_reasons(read_task(task, policy.kinds), policy))
    level = policy.levels[highest([reason.level for reason in reasons])]
    return Assessment(level, score_of(level.name, len(reasons)), reasons)


def highest(levels: Sequence[str]) -> str:
    """The lowest of all where there are none."""
    return max(levels, key=RISK_LEVELS.index, default=LOWEST)


def score_of(level: str, reasons: int) -> int:
    least, most = _SCORES[level]
    return min(most, least + max(0, reasons - 1))


def to_wire(assessment: Assessment) -> dict[str, Any]:
    return {
        "risk_level": assessment.risk_level,
        "risk_score": assessment.risk_score,
        "reasons": [{"rule": reason.rule, "because": reason.because} for reason in assessment.reasons],
        **assessment.level.to_wire(),
    }


def _reasons(task: Task, policy: RiskPolicy) -> Iterator[Reason]:
    for rule in policy.rules:
        if rule.holds(task):
            yield Reason(rule.name, rule.because, rule.level)
    if (named := task.values.get(TRIGGER)) is not None:
        yield _named(named, policy)
    operation = task.values.get(OPERATION, "")
    if operation not in policy.operations:
        said = f"The operation {shown(operation)} is not known." if operation else "The task names no operation."
        yield Reason(UNKNOWN_OPERATION, said, policy.unknown_operation)
    if unknown := sorted(set(task.severities) - policy.severities):
        said = f"Not known as a severity: {', '.join(map(shown, unknown))}."
        yield Reason(UNKNOWN_SEVERITY, said, policy.unknown_severity)


def _named(trigger: str, policy: RiskPolicy) -> Reason:
    # A name that nobody knows could be a misspelt one of the highest level.
    level = policy.triggers.get(trigger)
    if level is None:
        raise unknown_trigger(policy.triggers)
    return Reason(trigger, "The task names this trigger.", level)
