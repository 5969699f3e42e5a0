"""A task that is to be assessed: what shall be done, where, to what, and what is known about it.

Texts are compared without case and surrounding spaces: `Production` is no way around a rule for `production`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signoff.errors import InvalidInputError


class Kind(StrEnum):
    """What a field holds; the value is how a message calls it."""

    TEXT = "text"
    NUMBER = "a number"
    TRUTH = "true or false"
    FINDINGS = "a list of objects {severity}"


OPERATION, SEVERITY, COST, FINDINGS, TRIGGER = (
    "operation",
    "severity",
    "estimated_cost",
    "security_findings",
    "trigger",
)
#: The fields that are known. A task may have others, which rules may look at.
FIELDS: Mapping[str, Kind] = {
    OPERATION: Kind.TEXT,
    "environment": Kind.TEXT,
    "resource_type": Kind.TEXT,
    "description": Kind.TEXT,
    COST: Kind.NUMBER,
    FINDINGS: Kind.FINDINGS,
    "data_sensitive": Kind.TRUTH,
    "target_branch": Kind.TEXT,
    "changes_permissions": Kind.TRUTH,
    TRIGGER: Kind.TEXT,
}


@dataclass(frozen=True)
class Task:
    """`values` has the fields that say something, texts folded; of the findings their severities."""

    values: Mapping[str, Any]

    @property
    def severities(self) -> tuple[str, ...]:
        return tuple(self.values.get(FINDINGS, ()))


def fold(text: str) -> str:
    return text.strip().casefold()


def kind_of(value: Any) -> Kind | None:
    """None for what is no text, number or truth."""
    if isinstance(value, bool):
        return Kind.TRUTH
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return Kind.NUMBER
    return Kind.TEXT if isinstance(value, str) else None


def read_task(task: Any, kinds: Mapping[str, Kind]) -> Task:
    """Read a task, an object. A member that is null counts as left out.

    Args:
        kinds: what each field holds that is known or that a rule looks at; members of other names are not looked at.

    Raises:
        InvalidInputError: (`invalid-task`) naming the member in `details.at`.
    """
    if not isinstance(task, Mapping):
        raise _invalid("", "must be an object")
    given = {name: value for name in kinds if (value := task.get(name)) is not None}
    return Task({name: _read(name, value, kinds[name]) for name, value in given.items()})


def unknown_trigger(known: Mapping[str, str]) -> InvalidInputError:
    return _invalid(TRIGGER, f"must be one of {', '.join(sorted(known)) or 'none, since the policy has none'}")


def _read(name: str, value: Any, kind: Kind) -> Any:
    if kind is Kind.FINDINGS:
        return tuple(_severities(value))
    if kind_of(value) is not kind:
        raise _invalid(name, f"must be {kind}")
    if name == COST and value < 0:
        raise _invalid(name, "must not be negative")
    return fold(value) if kind is Kind.TEXT else value


def _severities(findings: Any) -> Iterator[str]:
    if not isinstance(findings, list | tuple):
        raise _invalid(FINDINGS, f"must be {Kind.FINDINGS}")
    for at, finding in enumerate(findings):
        severity = finding.get(SEVERITY) if isinstance(finding, Mapping) else None
        if not isinstance(severity, str):
            raise _invalid(f"{FINDINGS}.{at}", "must be an object with a severity, a text")
        yield fold(severity)


def _invalid(at: str, why: str) -> InvalidInputError:
    where = f"{at} " if at else "it "
    return InvalidInputError(f"This task cannot be taken: {where}{why}.", code="invalid-task", details={"at": at})
