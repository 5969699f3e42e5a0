"""A task that is to be assessed: what shall be done, where, to what, and what is known about it.

Texts are compared as people see them: `Production` is no way around a rule for `production`. What people could not tell
from a word that a rule looks for, or from a field that it looks at, is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from signoff.documents.problem import SHOWN_CHARS_MAX, shown
from signoff.errors import InvalidInputError
from signoff.policy.word import disguise_of, fold, without_unseen


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
#: What people write in sentences, of which no rule wants a single word: it may have any character.
PROSE = frozenset({"description"})
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
        kinds: what each field holds that is known or that a rule looks at; members of other names are not looked at,
            but for whether they could be taken for one of these.

    Raises:
        InvalidInputError: (`invalid-task`) naming the member in `details.at`.
    """
    if not isinstance(task, Mapping):
        raise _invalid("", "must be an object")
    _check_names(task, kinds)
    given = {name: value for name in kinds if (value := task.get(name)) is not None}
    return Task({name: _read(name, value, kinds[name]) for name, value in given.items()})


def spellings(fields: Iterable[str]) -> dict[str, str]:
    """Each field by what its spellings have in common: not case, nor how its words are joined (`targetBranch`)."""
    return {plain_name(field): field for field in fields}


def plain_name(name: str) -> str:
    return re.sub(r"[\s_-]", "", fold(without_unseen(name)))


def unknown_trigger(known: Mapping[str, str]) -> InvalidInputError:
    return _invalid(TRIGGER, f"must be one of {', '.join(sorted(known)) or 'none, since the policy has none'}")


def _read(name: str, value: Any, kind: Kind) -> Any:
    if kind is Kind.FINDINGS:
        return tuple(_severities(value))
    if kind_of(value) is not kind:
        raise _invalid(name, f"must be {kind}")
    if name == COST and value < 0:
        raise _invalid(name, "must not be negative")
    return _word(name, value) if kind is Kind.TEXT else value


def _word(name: str, text: str, at: str = "") -> str:
    if name in PROSE:
        return fold(without_unseen(text))
    if disguise := disguise_of(text):
        raise _invalid(at or name, f"must not have {disguise}")
    return fold(text)


def _check_names(members: Iterable[Any], known: Collection[str], within: str = "") -> None:
    fields = spellings(known)
    for name in (str(one) for one in members if one not in known):
        field, disguise = fields.get(plain_name(name)), disguise_of(name)
        if field or disguise:
            why = f"must be spelt {field}" if field else f"must not have {disguise} in its name"
            raise _invalid(f"{within}{name[:SHOWN_CHARS_MAX]}", why, f"its member {shown(name)}")


def _severities(findings: Any) -> Iterator[str]:
    if not isinstance(findings, list | tuple):
        raise _invalid(FINDINGS, f"must be {Kind.FINDINGS}")
    for at, finding in enumerate(findings):
        where = f"{FINDINGS}.{at}"
        severity = finding.get(SEVERITY) if isinstance(finding, Mapping) else None
        if not isinstance(severity, str):
            raise _invalid(where, "must be an object with a severity, a text")
        _check_names(finding, (SEVERITY,), f"{where}.")
        yield _word(SEVERITY, severity, f"{where}.{SEVERITY}")


def _invalid(at: str, why: str, what: str = "") -> InvalidInputError:
    message = f"This task cannot be taken: {what or at or 'it'} {why}."
    return InvalidInputError(message, code="invalid-task", details={"at": at})
