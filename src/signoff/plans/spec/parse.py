"""Markdown -> Spec.

A spec is YAML front matter, then `##` sections in any order and case. `docs/how-to/write-a-spec.md` shows the grammar.
Whatever is wrong is found in one pass and told at once, each with its line: nobody should have to compile five times to
learn of five mistakes. What is not understood is refused where something would get lost with it (a step, an item of a
checklist, an output), and left to readers where nothing does (remarks, sections of other names).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.documents.problem import Problem, shown
from signoff.plans.spec.front_matter import read_front_matter
from signoff.plans.spec.model import SPEC_CHARS_MAX, FrontMatter, Item, Repository, Spec, SpecStep
from signoff.plans.spec.outline import END, Heading, Line, Outline, read_outline
from signoff.plans.spec.output_path import Leaves, stays
from signoff.plans.spec.problem import spec_error
from signoff.plans.spec.review import read_items
from signoff.plans.spec.step import EXPECTED_STEP, read_steps
from signoff.plans.spec.wording import entries, is_placeholder, label_of, prose, words

OBJECTIVE, CRITERIA, CONTEXT, PLAN = "objective", "acceptance criteria", "context", "plan"
BACKGROUND, CONSTRAINTS = "background", "constraints"
MODELS, REPOSITORY = "models & tools", "repository"
_KNOWN = (OBJECTIVE, CRITERIA, CONTEXT, PLAN, MODELS, REPOSITORY)

_LINE_END = re.compile(r"\r\n?")
_UNTAKEN = re.compile("[\x00\ud800-\udfff]")
_STEP_HEADING = re.compile(r"step[ \t]+[0-9]", re.IGNORECASE)


@dataclass(frozen=True)
class _Section:
    """From the line after its heading up to and without `end`."""

    name: str
    heading: Heading
    end: int

    @property
    def first(self) -> int:
        return self.heading.line + 1


def decode(data: bytes, path: str) -> str:
    """The text of a file, without its byte order mark.

    Raises:
        SpecError: it is not UTF-8. That is an error of the whole file, and names line 1.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(1, "not-utf-8", f"what is not UTF-8 at byte {error.start}", "UTF-8")
        raise spec_error([problem], path) from None


def parse_spec(text: str, *, path: str, leaves: Leaves = stays) -> Spec:
    """Read a spec.

    Args:
        text: the whole file. CRLF, a byte order mark and tabs are fine.
        path: what the file is called in messages.
        leaves: whether an output's path leads out of the repository through a symbolic link.

    Raises:
        SpecError: with every problem of the file.
    """
    problems: list[Problem] = []
    spec = _read(_LINE_END.sub("\n", text.removeprefix("\ufeff")), problems, leaves)
    if spec is None or problems:
        raise spec_error(problems, path)
    return spec


def _read(text: str, problems: list[Problem], leaves: Leaves) -> Spec | None:
    if len(text) > SPEC_CHARS_MAX:
        problems.append(Problem(1, "too-large", f"{len(text)} characters", f"at most {SPEC_CHARS_MAX}"))
        return None
    lines = text.split("\n")
    _check_characters(lines, problems)
    if problems:
        return None
    end, front = read_front_matter(lines, problems)
    # Blank, so that every line keeps its number.
    outline = read_outline([*[""] * end, *lines[end:]], problems)
    return _Reader(outline, problems, leaves).read(front)


def _check_characters(lines: Sequence[str], problems: list[Problem]) -> None:
    for number, line in enumerate(lines, start=1):
        if match := _UNTAKEN.search(line):
            problems.append(Problem(number, "bad-character", f"the character {match[0]!r}", "text"))


@dataclass
class _Reader:
    outline: Outline
    problems: list[Problem]
    leaves: Leaves

    def read(self, front: FrontMatter | None) -> Spec | None:
        sections, others = self._sections()
        self._check_strays(sections.get(PLAN))
        criteria, objective = self._criteria(sections)
        context = self._subsections(sections.get(CONTEXT), (BACKGROUND, CONSTRAINTS))
        models = self._labels(sections.get(MODELS))
        repository = self._labels(sections.get(REPOSITORY))
        steps = self._steps(sections)
        if front is None:
            return None
        return Spec(
            front=front,
            steps=steps,
            description=prose(objective),
            acceptance_criteria=criteria,
            background=prose([*context[""], *context[BACKGROUND]]),
            constraints=prose(context[CONSTRAINTS]),
            tools=_listed(models.get("tools", [])),
            models=_value(models.get("models", [])),
            repository=Repository(
                branch=_value(repository.get("branch", [])),
                merge_strategy=_value(repository.get("merge strategy", [])),
                block_paths=_listed(repository.get("block paths", [])),
            ),
            other_sections=others,
        )

    def _sections(self) -> tuple[dict[str, _Section], tuple[str, ...]]:
        """The known sections by name, and the headings of the others."""
        tops = [heading for heading in self.outline.headings.values() if heading.level <= 2]
        ends = [*(heading.line for heading in tops[1:]), self.outline.end]
        known: dict[str, _Section] = {}
        others: list[str] = []
        for heading, end in zip(tops, ends, strict=False):
            name = _name(heading)
            if heading.level == 2 and name in known:
                found = f"the section {shown(heading.text)} again, after line {known[name].heading.line}"
                self._refuse(heading.line, "duplicate-section", found, "each section once")
            elif heading.level == 2 and name in _KNOWN:
                known[name] = _Section(name, heading, end)
            elif heading.level == 2:
                others.append(heading.text)
        return known, tuple(others)

    def _check_strays(self, plan: _Section | None) -> None:
        """Steps and reviews that stand where none is read."""
        first, end = (plan.first, plan.end) if plan else (0, 0)
        steps = [
            heading.line
            for heading in self.outline.headings.values()
            if heading.level == 3 and first <= heading.line < end
        ]
        for heading in self.outline.headings.values():
            is_inside = first <= heading.line < end and heading.level >= 3
            if heading.level <= 3 and not is_inside and _STEP_HEADING.match(heading.text):
                self._refuse(
                    heading.line, "bad-step", f"{shown(heading.text)} outside a plan", f"{EXPECTED_STEP}, in ## Plan"
                )
        for line, mark in self.outline.marks.items():
            if not steps or not steps[0] <= line < end:
                code = "unopened-review" if mark == END else "misplaced-mark"
                self._refuse(line, code, f"GATE_REVIEW_{mark} outside a step", "gate reviews in steps of the plan")

    def _steps(self, sections: Mapping[str, _Section]) -> tuple[SpecStep, ...]:
        plan = sections.get(PLAN)
        if plan is None:
            self._refuse(1, "missing-plan", "no section Plan", "## Plan with steps")
            return ()
        headings = [
            one for one in self.outline.headings.values() if one.level == 3 and plan.first <= one.line < plan.end
        ]
        if not headings:
            self._refuse(plan.heading.line, "empty-plan", "a plan without a step", EXPECTED_STEP)
            return ()
        return read_steps(self.outline, headings, plan.end, self.problems, self.leaves)

    def _criteria(self, sections: Mapping[str, _Section]) -> tuple[tuple[Item, ...], Sequence[Line]]:
        """The acceptance criteria, from their own section or from the objective's; and the rest of the objective."""
        parts = self._subsections(sections.get(OBJECTIVE), (CRITERIA,))
        lines = parts[CRITERIA]
        if own := sections.get(CRITERIA):
            if lines:
                found = f"acceptance criteria again, after line {lines[0].number}"
                self._refuse(own.heading.line, "duplicate-section", found, "one list of them")
            lines = [*lines, *self.outline.between(own.first, own.end)]
        return read_items(lines, self.problems, needs_box=False), parts[""]

    def _subsections(self, section: _Section | None, names: Sequence[str]) -> dict[str, list[Line]]:
        """The lines under each of these headings of the third level; under no heading or another, those under ``."""
        parts: dict[str, list[Line]] = {"": [], **{name: [] for name in names}}
        if section is None:
            return parts
        part = ""
        for line in self.outline.between(section.first, section.end):
            heading = self.outline.headings.get(line.number)
            if heading and heading.level == 3:
                part = _name(heading) if _name(heading) in names else ""
                if part:
                    continue
            parts[part].append(line)
        return parts

    def _labels(self, section: _Section | None) -> dict[str, list[Line]]:
        """The lines of each label, beginning with the rest of its own."""
        found: dict[str, list[Line]] = {}
        lines = self.outline.between(section.first, section.end) if section else []
        current: list[Line] = []
        for line in lines:
            if label := label_of(line):
                if label[0] in found:
                    self._refuse(line.number, "duplicate-label", shown(line.text), "each label once in a section")
                current = found.setdefault(label[0], [])
                current.append(Line(line.number, label[1]))
            else:
                current.append(line)
        return found

    def _refuse(self, line: int, code: str, found: str, expected: str) -> None:
        self.problems.append(Problem(line, code, found, expected))


def _name(heading: Heading) -> str:
    return heading.text.lower().rstrip(":").replace(" and ", " & ")


def _value(lines: Sequence[Line]) -> str:
    text = prose(lines).strip()
    return "" if is_placeholder(text) else text.strip("`")


def _listed(lines: Sequence[Line]) -> tuple[str, ...]:
    """`a, b`, or a list item for each."""
    others: list[Line] = []
    found = [entry.text for entry in entries(lines, others)]
    return tuple(word for text in [*(line.text for line in others), *found] for word in words(text))
