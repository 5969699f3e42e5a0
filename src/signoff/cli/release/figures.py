"""What the report of a measurement proves: that enough was measured, and that nothing was lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from signoff.cli.release.record import unreadable

#: What a report has to be of, at least: fewer prove little.
LOAD_GATES_LEAST = 1000
BURST_ANSWERS_LEAST = 1000
RACE_GATES_LEAST, RACE_ANSWERS_LEAST = 40, 4
SOAK_MINUTES_LEAST = 2


class Figures:
    """A report, whose members are counts.

    Raises, wherever it is looked into:
        DocumentError: (`unreadable-report`) what is looked for is not there, or is no count.
    """

    def __init__(self, document: Mapping[str, Any], path: str) -> None:
        self._document = document
        self._path = path

    def count(self, name: str) -> int:
        """By its dotted name."""
        value = self.number(name)
        if not isinstance(value, int):
            raise unreadable(f"{name} is {value!r}, which is no count", self._path)
        return value

    def number(self, name: str) -> float:
        value: Any = self._document
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise unreadable(f"{name} is {value!r}, which is no count", self._path)
        return value

    def zero(self, *names: str) -> Iterator[str]:
        yield from (f"{name} is {count}, and must be 0" for name in names if (count := self.count(name)))

    def same(self, name: str, expected: str) -> Iterator[str]:
        if self.count(name) != self.count(expected):
            yield f"{name} is {self.count(name)}, and {expected} {self.count(expected)}"

    def least(self, name: str, least: float) -> Iterator[str]:
        if self.number(name) < least:
            yield f"{name} is {self.number(name):g}, and must be {least:g} at least"

    def violations(self) -> Iterator[str]:
        """What the measurement itself has found that must never be, and the documented limits that are not kept."""
        yield from map(str, self._list("violations"))
        for limit in self._list("limits"):
            if not isinstance(limit, Mapping) or limit.get("isKept") not in (True, False, None):
                raise unreadable("limits cannot be read", self._path)
            if limit["isKept"] is False:
                yield f"this is beyond its limit: {limit.get('name')}"

    def _list(self, name: str) -> list[Any]:
        found = self._document.get(name, [])
        if not isinstance(found, list):
            raise unreadable(f"{name} cannot be read", self._path)
        return found


def doubts_of(document: Mapping[str, Any], path: str) -> list[str]:
    """Why the measurement of this kind has not passed; empty if it has.

    Raises:
        DocumentError: (`unreadable-report`) it lacks what it is judged by.
    """
    figures = Figures(document, path)
    return [*_LAWS[document["kind"]](figures), *figures.violations()]


def _load(figures: Figures) -> Iterator[str]:
    yield from figures.least("targetWaits", LOAD_GATES_LEAST)
    yield from figures.same("waiting.readyCount", "targetWaits")
    yield from figures.same("waiting.gateCount", "targetWaits")
    yield from figures.zero("waiting.pendingCount", "waiting.enqueuedCount", "waiting.erroredCount")


def _burst(figures: Figures) -> Iterator[str]:
    yield from figures.least("interactions.expectedDistinct", BURST_ANSWERS_LEAST)
    yield from figures.same("interactions.distinctDedupeKeys", "interactions.expectedDistinct")
    yield from figures.same("interactions.totalRows", "interactions.expectedDistinct")
    yield from figures.same("final.succeeded", "interactions.expectedDistinct")
    yield from figures.zero(
        "final.active", "final.errors", "decisions.duplicateDecisionKeys", "timeline.duplicateStepAttempts"
    )


def _race(figures: Figures) -> Iterator[str]:
    yield from figures.least("gates", RACE_GATES_LEAST)
    yield from figures.least("answersPerGate", RACE_ANSWERS_LEAST)
    yield from figures.same("accepted", "gates")
    yield from figures.same("effects", "gates")
    yield from figures.zero("untoldLosers")
    sent, told = figures.count("gates") * figures.count("answersPerGate"), figures.count("conflicts")
    if figures.count("accepted") + told != sent:
        yield f"{sent} answers were sent; {figures.count('accepted')} were accepted and {told} were told of a conflict"


def _soak(figures: Figures) -> Iterator[str]:
    yield from figures.least("minutes", SOAK_MINUTES_LEAST)
    yield from figures.least("answers.accepted", 1)
    yield from figures.same("interactions.totalRows", "answers.accepted")
    yield from figures.same("interactions.distinctDedupeKeys", "answers.accepted")
    yield from figures.zero("final.errors", "answers.refused")


_LAWS: Mapping[str, Callable[[Figures], Iterator[str]]] = {
    "hitl-load-1k": _load,
    "hitl-burst-reply": _burst,
    "hitl-race": _race,
    "hitl-soak": _soak,
}
