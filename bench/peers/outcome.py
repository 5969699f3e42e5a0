"""What a peer's program prints, as one JSON document, and what `run.py` reads: nothing more and nothing less."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


class OutcomeError(Exception):
    """A document that is not an outcome; says which member."""


@dataclass(frozen=True)
class Pace:
    """Gates that `clients` opened and answered at once, each once.

    `done_per_s` counts from the first answer until everything behind the gates had happened; `answer_*_ms` is how long
    one answer took its client; `effects` is how often a workflow went on.
    """

    gates: int
    clients: int
    opened_per_s: float
    answered_per_s: float
    done_per_s: float
    answer_p50_ms: float
    answer_p99_ms: float
    effects: int


@dataclass(frozen=True)
class Race:
    """Different answers at the same moment to each of some gates.

    `told` lost and were told which answer had won; `refused` got an error that does not say so. An answer that is
    neither was told that it had been accepted.
    """

    gates: int
    answers: int
    accepted: int
    effects: int
    told: int
    refused: int


@dataclass(frozen=True)
class Floor:
    """Answers one after the other: through the use case, and its statements as plain SQL, by turns."""

    ours_per_s: float
    plain_per_s: float
    ratio: float


@dataclass(frozen=True)
class Outcome:
    """`answer` and `durability` are in words: what an answer includes, and what a commit waits for. `floor` is None
    where none was measured."""

    system: str
    database: str
    answer: str
    durability: str
    versions: Mapping[str, str]
    one: Pace
    many: Pace
    race: Race
    floor: Floor | None

    def to_wire(self) -> dict[str, Any]:
        return {_camel(name): _part_to_wire(value) for name, value in asdict(self).items()}


def read_outcome(document: Any) -> Outcome:
    """
    Raises:
        OutcomeError: a member is missing, is unknown, or is no number where a number belongs.
    """
    given = _members(document, Outcome, "outcome")
    if not isinstance(given["versions"], Mapping):
        raise OutcomeError("outcome.versions is no object")
    return Outcome(
        **{name: str(given[name]) for name in ("system", "database", "answer", "durability")},
        versions={str(name): str(version) for name, version in given["versions"].items()},
        one=Pace(**_figures(given["one"], Pace, "one")),
        many=Pace(**_figures(given["many"], Pace, "many")),
        race=Race(**_figures(given["race"], Race, "race")),
        floor=None if given["floor"] is None else Floor(**_figures(given["floor"], Floor, "floor")),
    )


def _figures(document: Any, kind: type[Any], where: str) -> dict[str, Any]:
    given = _members(document, kind, where)
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OutcomeError(f"{where}.{name} is no number: {value!r}")
    return given


def _members(document: Any, kind: type[Any], where: str) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise OutcomeError(f"{where} is no object")
    names = {_camel(field.name): field.name for field in fields(kind)}
    if wrong := sorted(names.keys() ^ document.keys()):
        raise OutcomeError(f"{where} lacks, or does not know: {', '.join(wrong)}")
    return {names[name]: value for name, value in document.items()}


def _part_to_wire(value: Any) -> Any:
    """Of a dataclass that became a dict; versions are named by their packages, which stay as they are."""
    if not isinstance(value, dict) or not all(isinstance(figure, int | float) for figure in value.values()):
        return value
    return {_camel(name): figure for name, figure in value.items()}


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
