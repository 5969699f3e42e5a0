"""What a rule looks at in a task: one field, and what it must be. A field that a task leaves out never holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase, translate
from typing import Any

from signoff.policy.task import Kind, Task, kind_of


class Relation(StrEnum):
    EQUALS = "equals"
    IN = "in"
    AT_LEAST = "at_least"
    MORE_THAN = "more_than"
    GLOB = "glob"
    ANY_SEVERITY = "any_severity"


#: How a set without a character is said in what a glob is translated to.
_NOTHING = "(?!)"

_WORDS = {
    Relation.EQUALS: "is",
    Relation.IN: "is one of",
    Relation.AT_LEAST: "is at least",
    Relation.MORE_THAN: "is more than",
    Relation.GLOB: "matches",
    Relation.ANY_SEVERITY: "has one of severity",
}


@dataclass(frozen=True)
class Condition:
    """`wanted` is a folded text, a number or a truth; a tuple of them for `in` and `any_severity`."""

    field: str
    relation: Relation
    wanted: Any

    @property
    def kind(self) -> Kind | None:
        """What the field must hold; None where what is wanted is of no kind, or of several."""
        if self.relation is Relation.ANY_SEVERITY:
            return Kind.FINDINGS
        wanted = self.wanted if self.relation is Relation.IN else (self.wanted,)
        kinds = {kind_of(value) for value in wanted}
        return kinds.pop() if len(kinds) == 1 else None

    @property
    def is_empty_pattern(self) -> bool:
        """Whether no text at all matches it, as with `[z-a]`, a range the wrong way round."""
        return self.relation is Relation.GLOB and _NOTHING in translate(self.wanted)

    def holds(self, task: Task) -> bool:
        return self.field in task.values and self.is_met_by(task.values[self.field])

    def is_met_by(self, value: Any) -> bool:
        match self.relation:
            case Relation.EQUALS:
                return bool(value == self.wanted)
            case Relation.IN:
                return value in self.wanted
            case Relation.AT_LEAST:
                return bool(value >= self.wanted)
            case Relation.MORE_THAN:
                return bool(value > self.wanted)
            case Relation.GLOB:
                return fnmatchcase(value, self.wanted)
        return any(severity in self.wanted for severity in value)

    def __str__(self) -> str:
        wanted = self.wanted if isinstance(self.wanted, tuple) else (self.wanted,)
        shown = (str(value).lower() if isinstance(value, bool) else str(value) for value in wanted)
        return f"{self.field} {_WORDS[self.relation]} {', '.join(shown)}"
