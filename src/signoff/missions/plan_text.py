"""What a plan says of its work packages. The grammar stands in the plan that `scaffold` begins a mission with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import MissionError
from signoff.missions.work_package import EXECUTION_MODES

SECTION = "Work packages"

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t#]*")
_PACKAGE = re.compile(r"(WP[0-9]{2,4})[ \t]*[:–—-][ \t]*(\S.*)")  # noqa: RUF001 - people type dashes
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_KEY = re.compile(r"[-*+] +([A-Za-z][A-Za-z ]*?)[ \t]*:[ \t]*(.*)")
_SUBTASK = re.compile(r"[-*+] \[[ xX]\] +(?:(T[0-9]+)[:.]? +)?(\S.*)")
_WP_ID = re.compile(r"WP[0-9]{2,4}")
_LANE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NOTHING = frozenset({"", "-", "none", "nothing"})
_KEYS = {
    "owns": "owned_files",
    "creates": "create_intent",
    "depends on": "dependencies",
    "lane": "lane",
    "mode": "execution_mode",
    "requirements": "requirement_refs",
}


@dataclass(frozen=True)
class PlannedPackage:
    """A work package as the plan says it; `line` (from 1) is that of its heading. `subtasks` are ids with their texts.
    `lane` is None where the plan leaves it open."""

    work_package_id: str
    title: str
    line: int
    owned_files: tuple[str, ...] = ()
    create_intent: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    requirement_refs: tuple[str, ...] = ()
    execution_mode: str = EXECUTION_MODES[0]
    lane: str | None = None
    subtasks: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def file_name(self) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")[:40].strip("-")
        return f"{self.work_package_id}-{words}.md" if words else f"{self.work_package_id}.md"


def read_plan(text: str, *, path: str) -> list[PlannedPackage]:
    """The packages of a plan, in its order.

    Raises:
        MissionError: there is none, or with everything that is wrong with them.
    """
    packages, problems = _Reader().read(text)
    if not packages and not problems:
        found = f"no heading '### WP01: Title' below '## {SECTION}'"
        problems = [Problem(1, "no-packages", found, "at least one work package")]
    problems = problems or list(_relations(packages))
    if problems:
        raise all_at_once(MissionError, {path: problems})
    return packages


def waiting_in_circles(needs: Mapping[str, set[str]]) -> set[str]:
    """Those that no order can bring to their turn."""
    left = {name: needed & set(needs) for name, needed in needs.items()}
    while ready := {name for name, needed in left.items() if not needed & set(left)}:
        left = {name: needed for name, needed in left.items() if name not in ready}
    return set(left)


class _Reader:
    """Line by line; what is in a fence, or indented like code, is text."""

    def __init__(self) -> None:
        self._packages: list[PlannedPackage] = []
        self._problems: list[Problem] = []
        self._is_inside = False
        self._fence: str | None = None
        self._values: dict[str, Any] | None = None
        self._text: list[str] = []
        self._next_subtask = 1

    def read(self, text: str) -> tuple[list[PlannedPackage], list[Problem]]:
        lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
        used = [int(match[1][1:]) for line in lines if (match := _SUBTASK.fullmatch(line)) and match[1]]
        self._next_subtask = max(used, default=0) + 1
        for number, line in enumerate(lines, start=1):
            self._take(number, line)
        self._end_package()
        return self._packages, self._problems

    def _take(self, number: int, line: str) -> None:
        heading = None if self._is_fenced(line) else _HEADING.fullmatch(line)
        if heading is not None and len(heading[1]) <= 3:
            self._begin(number, len(heading[1]), heading[2])
        elif self._values is not None and not (self._fence is None and self._take_item(number, line)):
            self._text.append(line)

    def _is_fenced(self, line: str) -> bool:
        match = _FENCE.match(line)
        if self._fence is None and match is not None:
            self._fence = match[1]
            return True
        was_fenced = self._fence is not None
        if match is not None and self._fence is not None and line.strip().startswith(self._fence):
            self._fence = None
        return was_fenced

    def _begin(self, number: int, level: int, title: str) -> None:
        self._end_package()
        if level <= 2:
            self._is_inside = level == 2 and title.strip().lower() == SECTION.lower()
            return
        if not self._is_inside:
            return
        match = _PACKAGE.fullmatch(title)
        if match is None:
            self._refuse(number, "invalid-heading", shown(f"### {title}"), "'### WP01: Title'")
        else:
            self._values = {"work_package_id": match[1], "title": match[2], "line": number, "subtasks": []}

    def _take_item(self, number: int, line: str) -> bool:
        assert self._values is not None  # noqa: S101 - tells mypy what `_take` has seen
        subtask, key = _SUBTASK.fullmatch(line), _KEY.fullmatch(line)
        if subtask is not None:
            name = subtask[1] or self._number()
            self._values["subtasks"].append((name, subtask[2]))
            return True
        name = _KEYS.get(" ".join(key[1].lower().split())) if key else None
        if key is None or name is None or any(text.strip() for text in self._text):
            return False
        self._set(number, name, key[2].strip())
        return True

    def _set(self, number: int, name: str, value: str) -> None:
        assert self._values is not None  # noqa: S101
        if name in self._values:
            self._refuse(number, "repeated-key", f"{name} again", "each key once")
        for problem in _value_problems(number, name, value):
            self._problems.append(problem)
        self._values[name] = value.strip("`") if name in ("lane", "execution_mode") else _listed(value)

    def _number(self) -> str:
        name = f"T{self._next_subtask:03}"
        self._next_subtask += 1
        return name

    def _end_package(self) -> None:
        if self._values is not None:
            text = "\n".join(self._text).strip("\n")
            subtasks = tuple(self._values.pop("subtasks"))
            self._packages.append(PlannedPackage(**self._values, subtasks=subtasks, text=text))
        self._values, self._text = None, []

    def _refuse(self, line: int, code: str, found: str, expected: str) -> None:
        self._problems.append(Problem(line, code, found, expected))


def _listed(value: str) -> tuple[str, ...]:
    """Parts between commas, without the marks of code around them; `none` is none."""
    parts = (part.strip().strip("`").strip() for part in value.split(","))
    return tuple(part for part in parts if part.lower() not in _NOTHING)


def _value_problems(line: int, name: str, value: str) -> Iterator[Problem]:
    plain = value.strip("`")
    if name == "execution_mode" and plain not in EXECUTION_MODES:
        yield Problem(line, "invalid-value", f"Mode {shown(value)}", f"one of {', '.join(EXECUTION_MODES)}")
    if name == "lane" and _LANE_ID.fullmatch(plain) is None:
        yield Problem(line, "invalid-value", f"Lane {shown(value)}", "lower-case letters, digits and '-'")
    if name in ("owned_files", "create_intent"):
        for glob in _listed(value):
            if glob.startswith(("/", "~")) or ".." in glob.split("/") or "\\" in glob:
                yield Problem(line, "invalid-value", shown(glob), "a path from the top of the repository")
    if name == "dependencies":
        for wp_id in _listed(value):
            if _WP_ID.fullmatch(wp_id) is None:
                yield Problem(line, "invalid-value", shown(wp_id), "the ids of packages, WP01, WP02")


def _relations(packages: Sequence[PlannedPackage]) -> Iterator[Problem]:
    known = {one.work_package_id for one in packages}
    seen: set[str] = set()
    subtasks: set[str] = set()
    for one in packages:
        if one.work_package_id in seen:
            yield Problem(one.line, "repeated-package", f"{one.work_package_id} again", "each package once")
        seen.add(one.work_package_id)
        if not one.owned_files:
            yield Problem(one.line, "no-files", f"{one.work_package_id} that owns nothing", "a line '- Owns: ...'")
        for name in (name for name, _ in one.subtasks):
            if name in subtasks:
                yield Problem(one.line, "repeated-subtask", f"the subtask {name} again", "each number once")
            subtasks.add(name)
        for needed in one.dependencies:
            if needed not in known:
                yield Problem(one.line, "unknown-package", f"a dependency on {needed}", "a package of this plan")
    yield from _circles(packages)


def _circles(packages: Sequence[PlannedPackage]) -> Iterator[Problem]:
    stuck = waiting_in_circles({one.work_package_id: set(one.dependencies) for one in packages})
    if stuck:
        line = min(one.line for one in packages if one.work_package_id in stuck)
        found = f"packages that wait for each other: {', '.join(sorted(stuck))}"
        yield Problem(line, "circle", found, "an order in which they can be done")
