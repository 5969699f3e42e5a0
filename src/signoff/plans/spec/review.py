"""A gate review: what stands between its two marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.documents.problem import Problem, shown
from signoff.plans.spec.model import (
    APPROVED_WITH_CONDITIONS,
    DECISIONS,
    ITEMS_MAX,
    NAME_CHARS_MAX,
    STANDARD_OPTIONS,
    TEXT_CHARS_MAX,
    Category,
    Item,
    Option,
    Review,
)
from signoff.plans.spec.outline import Heading, Line, Outline
from signoff.plans.spec.wording import Entry, entries, label_of, said

CHECKLIST, DECISION, METADATA = "gate review checklist", "approval decision", "approval metadata"
#: The category of items that stand before any.
GENERAL = "General"

_OPTION = re.compile(rf"({'|'.join(DECISIONS)})\b([^:]*)(?::(.*))?", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(r"([A-Za-z][A-Za-z _-]{0,60}?)[ \t]*:[ \t]*(.*)", re.DOTALL)


def read_review(outline: Outline, first: int, end: int, problems: list[Problem]) -> Review:
    """What is said from the line `first` up to and without `end`."""
    reader = _Reader(problems)
    for line in outline.between(first, end):
        if heading := outline.headings.get(line.number):
            reader.begin(heading)
        else:
            reader.add(line)
    return reader.review(first)


class _Reader:
    """Collects the lines of each part, then reads them."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._part = ""
        self._categories: dict[str, list[Line]] = {}
        self._category = ""
        self._lines: dict[str, list[Line]] = {}

    def begin(self, heading: Heading) -> None:
        name = heading.text.lower().rstrip(":")
        if name in (CHECKLIST, DECISION) and name not in self._lines:
            self._begin_part(name)
        elif heading.level > 4 and self._part == CHECKLIST:
            self._begin_category(heading)
        else:
            expected = "#### Gate Review Checklist with ##### categories, then #### Approval Decision"
            self._refuse(heading.line, "bad-review", f"the heading {shown(heading.text)}", expected)

    def add(self, line: Line) -> None:
        label = label_of(line)
        if label and label[0] == METADATA:
            self._begin_part(METADATA)
        elif self._part == CHECKLIST and self._categories:
            self._categories[self._category].append(line)
        else:
            self._lines.setdefault(self._part, []).append(line)

    def review(self, first: int) -> Review:
        review = Review(self._read_categories(), self._options(), self._metadata())
        for entry in entries(self._lines.get("", []), []):
            self._refuse(
                entry.number, "bad-review", shown(entry.text), "the heading #### Gate Review Checklist before it"
            )
        count = sum(len(category.items) for category in review.categories)
        if count > ITEMS_MAX:
            self._refuse(first, "too-long", f"{count} items in one review", f"at most {ITEMS_MAX}")
        return review

    def _begin_part(self, name: str) -> None:
        self._part = name
        self._lines.setdefault(name, [])

    def _begin_category(self, heading: Heading) -> None:
        if not heading.text or len(heading.text) > NAME_CHARS_MAX:
            found = f"a category of {len(heading.text)} characters"
            self._refuse(heading.line, "too-long", found, f"a name of 1 to {NAME_CHARS_MAX}")
        if heading.text in self._categories:
            self._refuse(heading.line, "duplicate-category", f"{shown(heading.text)} again", "each category once")
        self._category = heading.text
        self._categories.setdefault(heading.text, [])

    def _read_categories(self) -> tuple[Category, ...]:
        general = self._lines.get(CHECKLIST, [])
        found = [(GENERAL, general), *self._categories.items()]
        read = [Category(name, self._items(lines)) for name, lines in found]
        return tuple(read if read[0].items else read[1:])

    def _items(self, lines: Sequence[Line]) -> tuple[Item, ...]:
        return read_items(lines, self._problems, needs_box=True)

    def _options(self) -> tuple[Option, ...]:
        others: list[Line] = []
        found = entries(self._lines.get(DECISION, []), others)
        for line in others:
            self._refuse(line.number, "unknown-decision", shown(line.text), _decisions())
        options = [(entry.number, option) for entry in found if (option := self._option(entry))]
        ticked = [number for number, option in options if option.is_ticked]
        if len(ticked) > 1:
            self._refuse(ticked[1], "two-decisions", f"{len(ticked)} decisions ticked", "one at most")
        return tuple(option for _, option in options) or STANDARD_OPTIONS

    def _option(self, entry: Entry) -> Option | None:
        match = _OPTION.fullmatch(entry.text)
        if match is None or entry.is_checked is None or not _is_scope(match[1], match[2]):
            self._refuse(entry.number, "unknown-decision", shown(entry.text), _decisions())
            return None
        if len(entry.text) > TEXT_CHARS_MAX:
            self._refuse(entry.number, "too-long", f"{len(entry.text)} characters", f"at most {TEXT_CHARS_MAX}")
        label = " ".join(f"{match[1]}{match[2]}".split()).upper()
        return Option(match[1].upper(), label, said(match[3] or ""), entry.is_checked)

    def _metadata(self) -> dict[str, str]:
        metadata = {"reviewer": "", "date": "", "rationale": ""}
        others: list[Line] = []
        found = entries(self._lines.get(METADATA, []), others)
        for entry in [*found, *(Entry(line.number, line.text.strip(), None) for line in others)]:
            pair = _PAIR.fullmatch(entry.text)
            if pair is None:
                self._refuse(entry.number, "bad-review", shown(entry.text), "- Reviewer: name, - Date:, - Rationale:")
            else:
                metadata[pair[1].lower().replace(" ", "_")] = said(pair[2])
        return metadata

    def _refuse(self, line: int, code: str, found: str, expected: str) -> None:
        self._problems.append(Problem(line, code, found, expected))


def read_items(lines: Sequence[Line], problems: list[Problem], *, needs_box: bool) -> tuple[Item, ...]:
    """`- [ ] text` each; other text than list items is a remark. An item whose box is misspelt would be lost, and so is
    refused where boxes are needed."""
    items = []
    for entry in entries(lines, []):
        if needs_box and entry.is_checked is None and entry.text:
            problems.append(Problem(entry.number, "bad-item", shown(entry.text), "- [ ] or - [x] and a text"))
        elif len(entry.text) > TEXT_CHARS_MAX:
            found = f"an item of {len(entry.text)} characters"
            problems.append(Problem(entry.number, "too-long", found, f"at most {TEXT_CHARS_MAX}"))
        elif entry.text:
            items.append(Item(entry.text, bool(entry.is_checked)))
    return tuple(items)


def _is_scope(decision: str, text: str) -> bool:
    """Whether nothing stands between a decision and its colon; an approval may be one `FOR` something."""
    scope = text.strip().upper()
    return not scope or (decision.upper() == "APPROVED" and scope.startswith("FOR "))


def _decisions() -> str:
    return f"- [ ] and one of APPROVED [FOR ...], {APPROVED_WITH_CONDITIONS}: text, REJECTED: text, DEFERRED: text"
