"""Rules as a file says them: what they look at, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.documents.piece import Piece, Pieces, check_name, read_text
from signoff.documents.problem import shown
from signoff.gates.gate import RISK_LEVELS
from signoff.policy.condition import Condition, Relation
from signoff.policy.risk import LOWEST, Rule
from signoff.policy.task import COST, FIELDS, OPERATION, PROSE, TRIGGER, Kind, kind_of, plain_name, spellings
from signoff.policy.word import disguise_of, fold

_RULE = ("name", "when", "level", "trigger", "because")
_LISTS = (Relation.IN, Relation.ANY_SEVERITY)


@dataclass(frozen=True)
class RuleReader:
    """`kinds` grows by the fields that rules look at and that are not known; `dead_triggers` by those of which a rule
    can never fire, `live_triggers` by the others that rules lead to."""

    triggers: Mapping[str, str]
    operations: frozenset[str]
    severities: frozenset[str]
    kinds: dict[str, Kind]
    dead_triggers: set[str]
    live_triggers: set[str]

    def read(self, piece: Piece) -> Rule:
        pieces = piece.members(_RULE)
        name = read_text(pieces, "name", "")
        check_name(name, pieces.get("name", piece))
        before = len(piece.file.problems)
        conditions = self._conditions(piece, pieces)
        can_fire = len(piece.file.problems) == before
        level, trigger = self._consequence(piece, pieces)
        if trigger:
            (self.live_triggers if can_fire else self.dead_triggers).add(trigger)
        because = read_text(pieces, "because", _told(conditions))
        return Rule(name, conditions, level, because, trigger, piece.where)

    def _consequence(self, piece: Piece, pieces: Pieces) -> tuple[str, str | None]:
        """The level, and the trigger that it is the level of, if it is."""
        if ("level" in pieces) == ("trigger" in pieces):
            piece.refuse("no-level", "a rule that leads to no one level", "either level or trigger")
            return LOWEST, None
        if "level" in pieces:
            return read_level_name(pieces["level"]), None
        trigger = pieces["trigger"]
        if isinstance(trigger.value, str) and trigger.value in self.triggers:
            return self.triggers[trigger.value], trigger.value
        known = ", ".join(self.triggers) or "none"
        trigger.refuse("unknown-trigger", f"the trigger {shown(str(trigger.value))}", f"one of {known}")
        return LOWEST, None

    def _conditions(self, piece: Piece, pieces: Pieces) -> tuple[Condition, ...]:
        when = pieces["when"].members() if "when" in pieces else {}
        if not when:
            pieces.get("when", piece).refuse("no-condition", "a rule without a condition", "when, with a field")
        found = {field: _condition(field, one) for field, one in when.items()}
        for field, condition in found.items():
            if condition is not None:
                self._check(condition, when[field])
        return tuple(condition for condition in found.values() if condition is not None)

    def _check(self, condition: Condition, piece: Piece) -> None:
        """Whether some task can meet it."""
        if condition.field not in self.kinds and (field := spellings(self.kinds).get(plain_name(condition.field))):
            piece.refuse("rule-never-fires", f"the field {shown(condition.field)}, which no task can have", field)
            return
        expected = self.kinds.setdefault(condition.field, condition.kind or Kind.TEXT)
        if condition.kind is not expected:
            found = f"{condition.field} compared with {condition.kind or 'what is of no one type'}"
            kind = "rule-never-fires" if condition.field in FIELDS else "conflicting-types"
            piece.refuse(kind, found, f"{expected}")
        elif dead := _dead_end(condition):
            piece.refuse("rule-never-fires", *dead)
        elif condition.field == OPERATION:
            self._check_words(condition, piece, "operation", self.operations)
        elif condition.field == TRIGGER:
            self._check_words(condition, piece, "trigger", frozenset(self.triggers))
        elif condition.relation is Relation.ANY_SEVERITY:
            self._check_words(condition, piece, "severity", self.severities)

    def _check_words(self, condition: Condition, piece: Piece, what: str, known: frozenset[str]) -> None:
        """Each of what is wanted is known; a pattern matches something that is."""
        wanted = condition.wanted if isinstance(condition.wanted, tuple) else (condition.wanted,)
        is_pattern = condition.relation is Relation.GLOB
        dead = [] if is_pattern else [word for word in wanted if word not in known]
        if is_pattern and not any(condition.is_met_by(word) for word in known):
            dead = [condition.wanted]
        for word in dead:
            found = f"the {what} {shown(word)}, which no task can have"
            piece.refuse("rule-never-fires", found, f"one of {', '.join(sorted(known)) or 'none'}")


def read_level_name(piece: Piece) -> str:
    if piece.value in RISK_LEVELS:
        return str(piece.value)
    piece.refuse("unknown-level", f"the level {shown(str(piece.value))}", f"one of {', '.join(RISK_LEVELS)}")
    return LOWEST


def _condition(field: str, piece: Piece) -> Condition | None:
    """A text, number or truth is what the field equals, a list what it is one of; a mapping names the relation."""
    if isinstance(piece.value, list):
        return _related(field, Relation.IN, piece)
    if not isinstance(piece.value, dict):
        return _related(field, Relation.EQUALS, piece)
    relations = piece.members(tuple(Relation))
    if len(piece.value) != 1 or not relations:
        piece.refuse("invalid-condition", f"{field} with {len(relations)} relations", f"one of {', '.join(Relation)}")
        return None
    ((name, one),) = relations.items()
    return _related(field, Relation(name), one) if name in tuple(Relation) else None


def _related(field: str, relation: Relation, piece: Piece) -> Condition | None:
    is_single = relation is Relation.ANY_SEVERITY and not isinstance(piece.value, list)
    pieces = piece.items() if relation in _LISTS and not is_single else [piece]
    wanted = tuple(_wanted(one) for one in pieces)
    condition = Condition(field, relation, wanted if relation in _LISTS else wanted[0])
    is_number = relation in (Relation.AT_LEAST, Relation.MORE_THAN)
    is_text = relation in (Relation.GLOB, Relation.ANY_SEVERITY)
    kinds = {kind_of(value) for value in wanted}
    if not wanted or None in kinds or (is_number and kinds != {Kind.NUMBER}) or (is_text and kinds != {Kind.TEXT}):
        expected = Kind.NUMBER if is_number else Kind.TEXT if is_text else "texts, numbers or truths"
        piece.refuse("invalid-condition", f"{field} {relation} {shown(str(piece.value))}", f"{expected}")
        return None
    return condition


def _wanted(piece: Piece) -> Any:
    return fold(piece.value) if isinstance(piece.value, str) else piece.value


def _dead_end(condition: Condition) -> tuple[str, str] | None:
    """What of it no task can meet, whatever the policy knows, and what is expected."""
    wanted = condition.wanted if isinstance(condition.wanted, tuple) else (condition.wanted,)
    is_equality = condition.relation in (Relation.EQUALS, Relation.IN)
    if condition.field == COST and is_equality and any(value < 0 for value in wanted):
        return "a negative cost", "a cost from 0"
    if condition.is_empty_pattern:
        return f"the pattern {shown(condition.wanted)}, which nothing matches", "one like release/*"
    words = [] if condition.field in PROSE else [word for word in wanted if isinstance(word, str)]
    disguise = next(filter(None, map(disguise_of, words)), None)
    return None if disguise is None else (f"a word with {disguise}", "one that a task can have")


def _told(conditions: tuple[Condition, ...]) -> str:
    text = " and ".join(map(str, conditions))
    return f"{text[:1].upper()}{text[1:]}."
