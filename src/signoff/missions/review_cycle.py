"""A review cycle's file: what one review of a work package came to.

The newest is the one with the highest number in its *file name*. Numbers may be missing, and so the next one is the
highest and one more, never the count of files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import InvalidInputError, MissionError
from signoff.missions.front_matter import FrontMatter, read_front_matter, write_front_matter
from signoff.missions.instant import parse_instant

APPROVED, REJECTED = VERDICTS = ("approved", "rejected")

#: What every reader of front matter takes for a whole number.
NUMBER_DIGITS_MAX = 15
_NAME = re.compile(rf"review-cycle-([0-9]{{1,{NUMBER_DIGITS_MAX}}})\.md")
_TEXTS = ("mission_slug", "wp_id", "reviewer_agent")
_OVERRIDE = ("review_artifact_override_actor", "review_artifact_override_reason", "review_artifact_override_at")
_KNOWN = {
    *("cycle_number", "verdict", "reviewed_at", "reproduction_command", "affected_files"),
    *_TEXTS,
    *_OVERRIDE,
}


@dataclass(frozen=True)
class ReviewCycle:
    """`feedback` is the text below the front matter; `extra` what else that says. An `affected_files` entry is
    `{path, line_range}`."""

    cycle_number: int
    mission_slug: str
    wp_id: str
    verdict: str
    reviewer_agent: str
    reviewed_at: str
    reproduction_command: str | None = None
    affected_files: tuple[Mapping[str, Any], ...] = ()
    override_actor: str | None = None
    override_reason: str | None = None
    override_at: str | None = None
    feedback: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_overridden(self) -> bool:
        """Somebody let the package pass all the same; who and why are both there, or nobody did."""
        return all(said and said.strip() for said in (self.override_actor, self.override_reason))


def number_in(name: str) -> int | None:
    """Of a file of this name or path; None where it is no review cycle's."""
    match = _NAME.fullmatch(name.rpartition("/")[2])
    return int(match[1]) if match else None


def file_name(number: int) -> str:
    return f"review-cycle-{number}.md"


def in_order(names: Iterable[str]) -> list[str]:
    """The review cycles among the names or paths, by their numbers."""
    numbered = sorted((number, name) for name in names if (number := number_in(name)) is not None)
    return [name for _, name in numbered]


def newest(names: Iterable[str]) -> str | None:
    return next(reversed(in_order(names)), None)


def next_number(names: Iterable[str]) -> int:
    return max((number_in(name) or 0 for name in names), default=0) + 1


def read_review_cycle(text: str, *, path: str) -> ReviewCycle:
    """
    Raises:
        MissionError: with everything that is wrong in the front matter.
    """
    front = read_front_matter(text)
    problems = list(front.problems) or list(_problems(front))
    if problems:
        raise all_at_once(MissionError, {path: problems})
    said = front.members
    return ReviewCycle(
        **{key: said[key] for key in ("cycle_number", "verdict", "reviewed_at", *_TEXTS)},
        reproduction_command=said.get("reproduction_command"),
        affected_files=tuple(said.get("affected_files") or ()),
        override_actor=said.get(_OVERRIDE[0]),
        override_reason=said.get(_OVERRIDE[1]),
        override_at=said.get(_OVERRIDE[2]),
        feedback=front.body,
        extra={key: value for key, value in said.items() if key not in _KNOWN},
    )


def write_review_cycle(cycle: ReviewCycle) -> str:
    """The file's text."""
    overrides = dict(zip(_OVERRIDE, (cycle.override_actor, cycle.override_reason, cycle.override_at), strict=True))
    members = {
        "cycle_number": cycle.cycle_number,
        "mission_slug": cycle.mission_slug,
        "wp_id": cycle.wp_id,
        "verdict": cycle.verdict,
        "reviewer_agent": cycle.reviewer_agent,
        "reviewed_at": cycle.reviewed_at,
        "reproduction_command": cycle.reproduction_command,
        "affected_files": [dict(one) for one in cycle.affected_files],
        **{key: value for key, value in overrides.items() if value is not None},
        **cycle.extra,
    }
    return write_front_matter(members, cycle.feedback)


def with_override(text: str, *, path: str, actor: str, reason: str, at: str) -> str:
    """The file's text with who lets the package pass all the same, why and when; everything else as it is.

    Raises:
        InvalidInputError: (`justification-required`) nobody is named, or no reason.
        MissionError: it is no review cycle.
    """
    if not (actor.strip() and reason.strip()):
        raise InvalidInputError("An override names who and why: --reason TEXT.", code="justification-required")
    read_review_cycle(text, path=path)
    front = read_front_matter(text)
    said = dict(zip(_OVERRIDE, (actor.strip(), reason.strip(), at), strict=True))
    return write_front_matter({**front.members, **said}, front.body)


def _problems(front: FrontMatter) -> Iterator[Problem]:
    said = front.members
    number = said.get("cycle_number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        yield _problem(front, "cycle_number", "a whole number from 1")
    if said.get("verdict") not in VERDICTS:
        yield _problem(front, "verdict", f"one of {', '.join(VERDICTS)}")
    if parse_instant(said.get("reviewed_at")) is None:
        yield _problem(front, "reviewed_at", "an instant, 2026-05-02T09:50:15+00:00")
    for key in _TEXTS:
        if not isinstance(said.get(key), str) or not said[key].strip():
            yield _problem(front, key, "a text")
    for key in ("reproduction_command", *_OVERRIDE):
        if not isinstance(said.get(key), str | None):
            yield _problem(front, key, "a text")
    files = said.get("affected_files") or []
    if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
        yield _problem(front, "affected_files", "a list of path and line_range")


def _problem(front: FrontMatter, key: str, expected: str) -> Problem:
    value = front.members.get(key)
    found = f"no {key}" if value is None else f"{key} {shown(str(value))}"
    return Problem(front.line(key), "invalid-value", found, expected)
