"""The backlog: a Markdown file with a table under "Current Sprint", a row for each story.

What a column is follows from the words of its header, what a cell says from the words in it: emoji and what a wrong
code page made of them are passed over. Moving a story changes the text of one cell; every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEADING = "current sprint"
BACKLOG, COMPLETE = "backlog", "complete"

#: Which state of a story a word in a cell means; the first of these that is there.
_STATES = (
    ("backlog", BACKLOG),
    ("drafting", "drafting"),
    ("validating", "validating"),
    ("approved", "approved"),
    ("implementing", "implementing"),
    ("fixing", "fixing"),
    ("qa", "qa_review"),
    ("awaiting", "awaiting_commit"),
    ("committing", "awaiting_commit"),
    *((word, COMPLETE) for word in ("complete", "completed", "done")),
)
_NEGATIONS = frozenset({"not", "no", "un", "never"})
_COLUMNS = {
    "pipeline": re.compile(r"pipeline"),
    "status": re.compile(r"stat(?:us|e)\b"),
    "depends": re.compile(r"depend|blocked|requires|\bdeps\b"),
    "id": re.compile(r"\bid\b|^#$|^(?:story|no|nr|number)\b(?!.*(?:title|name))"),
    "title": re.compile(r"title|name|description|summary"),
}
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*)")
_RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
_BAR = re.compile(r"(?<!\\)\|")
_ID = re.compile(r"(?<![\w.])(?:[A-Za-z][A-Za-z0-9]*-\d+|\d+(?:\.\d+)+[a-z]?)(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


@dataclass(frozen=True)
class Story:
    """A row. `state` is None where the cell says nothing that is known; `depends_on` are ids, each once."""

    id: str
    title: str
    state: str | None
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Row:
    """`cell` is where the cell that is moved along stands in its line, from its text to its end."""

    line: int
    story: Story
    cell: tuple[int, int]


def current_sprint(text: str) -> list[Story] | None:
    """The stories in their order; None where there is no such table."""
    rows = _sprint(text)
    return None if rows is None else [row.story for row in rows]


def finished_stories(text: str) -> frozenset[str]:
    """The ids of those that any table of the file says are done."""
    return frozenset(
        row.story.id for table in _tables(text.splitlines(True), 0) for row in table if row.story.state == COMPLETE
    )


def move_story(text: str, story_id: str, state: str) -> str:
    """The file with the cell of this story at this state; as it is where the table has no such story."""
    row = next((row for row in _sprint(text) or () if row.story.id == story_id), None)
    if row is None or row.story.state == state:
        return text
    lines = text.splitlines(True)
    line, (start, end) = lines[row.line], row.cell
    # As wide as before where it fits, with a space before the next bar where there was one.
    gap = " " if line[start:end].endswith(" ") else ""
    lines[row.line] = f"{line[:start]}{state.ljust(end - start - len(gap))}{gap}{line[end:]}"
    return "".join(lines)


def state_in(cell: str) -> str | None:
    """The state that the words of a cell mean."""
    words = re.findall(r"[a-z]+", cell.lower().replace("_", " "))
    if _NEGATIONS.intersection(words):
        return None
    return next((state for word, state in _STATES if word in words), None)


def _sprint(text: str) -> list[_Row] | None:
    """The rows of the first table under the heading."""
    lines = text.splitlines(True)
    for at, line in enumerate(lines):
        found = _HEADING.match(line)
        if found is not None and HEADING in " ".join(found[2].lower().split()):
            return next(_tables(lines[: _end_of_section(lines, at, len(found[1]))], at), None)
    return None


def _end_of_section(lines: Sequence[str], at: int, level: int) -> int:
    for later in range(at + 1, len(lines)):
        found = _HEADING.match(lines[later])
        if found is not None and len(found[1]) <= level:
            return later
    return len(lines)


def _tables(lines: Sequence[str], first: int) -> Iterator[list[_Row]]:
    """Each table from a line on that tells of stories: it names them, and says where they are."""
    at = first
    while at + 1 < len(lines):
        if "|" not in lines[at] or _RULE.fullmatch(lines[at + 1].strip()) is None:
            at += 1
            continue
        columns = _columns([lines[at][start:end] for start, end in _cells(lines[at])])
        at += 2
        rows = []
        while at < len(lines) and "|" in lines[at]:
            rows.append(_row(at, lines[at], columns))
            at += 1
        if "id" in columns and columns.keys() & {"pipeline", "status"}:
            yield [row for row in rows if row is not None]


def _columns(headers: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, header in enumerate(headers):
        words = " ".join(header.lower().split())
        kind = next((kind for kind, pattern in _COLUMNS.items() if kind not in found and pattern.search(words)), None)
        if kind is not None:
            found[kind] = at
    return found


def _row(at: int, line: str, columns: dict[str, int]) -> _Row | None:
    cells = _cells(line)
    texts = {kind: line[slice(*cells[place])].strip() for kind, place in columns.items() if place < len(cells)}
    named = _id_in(texts.get("id", ""))
    moved = "pipeline" if "pipeline" in texts else "status"
    if named is None or moved not in texts:
        return None
    states = [state_in(texts[kind]) for kind in ("pipeline", "status") if kind in texts]
    # Some keep a column of their own for what is done.
    state = COMPLETE if COMPLETE in states else states[0]
    title = texts.get("title") or texts["id"].partition(named)[2]
    story = Story(named, _plain(title), state, _ids_in(texts.get("depends", "")))
    return _Row(at, story, cells[columns[moved]])


def _cells(line: str) -> list[tuple[int, int]]:
    """Where each cell is, from its text to the bar that ends it."""
    bars = [found.start() for found in _BAR.finditer(line)]
    body = len(line.rstrip())
    first = bars[0] if bars and not line[: bars[0]].strip() else -1
    ends = [bar for bar in bars if bar > first]
    if not ends or ends[-1] < body - 1:
        ends.append(body)
    starts = [first, *ends[:-1]]
    return [(_text_start(line, start + 1, end), end) for start, end in zip(starts, ends, strict=True)]


def _text_start(line: str, start: int, end: int) -> int:
    text = line[start:end]
    # An empty cell keeps a space before what comes into it.
    return start + (len(text) - len(text.lstrip()) if text.strip() else min(1, len(text)))


def _id_in(cell: str) -> str | None:
    found = _ID.search(cell) or _NUMBER.search(cell)
    return None if found is None else found[0]


def _ids_in(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ID.findall(cell) or _NUMBER.findall(cell)))


def _plain(title: str) -> str:
    """Without the marks of Markdown around it: links, emphasis, and what joined it to the id."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return " ".join(text.strip(" \t:-–—*`]_").split())  # noqa: RUF001 - dashes of all kinds
