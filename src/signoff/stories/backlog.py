"""The backlog: a Markdown file with a table under "Current Sprint", a row for each story.

What a column is follows from the words of its header, and which one names the stories also from what stands in it; what
a cell says follows from the words in it: emoji and what a wrong code page made of them are passed over. Moving a story
changes the text of one cell; every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.errors import DocumentError
from signoff.stories.markdown_table import Table, cells, readable_lines, section, tables, without_links
from signoff.stories.state_text import legible

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
}
_TITLE = re.compile(r"title|name|description|summary")
#: What a column that names stories is called, the likelier first. One that says so is believed.
_SAYS_ID = re.compile(r"\bid\b")
_SAYS_STORY = re.compile(r"^(?:user )?(?:story|stories|key|issue)\b")
_NAMING = (re.compile(r"\bstory[ _-]?id\b"), _SAYS_ID, _SAYS_STORY, re.compile(r"^(?:#|(?:no|nr|num|number)\b)"))
_ASIDE = re.compile(r"\b(?:epic|parent|sprint|points?|type|owner|size)\b")

# A word that is no part of a longer one; the underscore is emphasis as well.
_WORD = r"(?<![^\W_])(?<!\.)(?:{})(?![^\W_])"
#: STORY-4.5, E4-S5 and AUTH-12; 4.10, 4.5a and v4.5.
_ID = re.compile(
    _WORD.format(
        r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*?[-_][A-Za-z]*\d+(?:\.\d+)*[a-z]?"
        r"|[A-Za-z]{0,8}\d+(?:\.\d+)+[a-z]?"
    )
)
_NUMBER = re.compile(_WORD.format(r"\d+(?!\.\d)"))
#: All that stands in a cell: S12, 4-5.
_WHOLE = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
_MARKS = " \t:-–—*`]_#.~"  # noqa: RUF001 - dashes of all kinds


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
    lines = readable_lines(text)
    found = (_rows(lines, table) or () for table in tables(lines, range(len(lines))))
    return frozenset(row.story.id for rows in found for row in rows if row.story.state == COMPLETE)


def check_named_once(text: str, story_id: str, *, path: str) -> None:
    """That the current sprint has one row for this story, so that it is known how far it is.

    Raises:
        DocumentError: (`duplicate-story`).
    """
    lines = [row.line + 1 for row in _sprint(text) or () if row.story.id == story_id]
    if len(lines) > 1:
        why = f"Story {story_id} stands in the current sprint more than once, in lines {', '.join(map(str, lines))}."
        raise DocumentError(f"{why} Leave one of them.", path=path, line=lines[1], code="duplicate-story")


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
    """The rows of the first table under the heading that tells of stories."""
    lines = readable_lines(text)
    found = (_rows(lines, table) for table in tables(lines, section(lines, HEADING)))
    return next((rows for rows in found if rows is not None), None)


def _rows(lines: Sequence[str], table: Table) -> list[_Row] | None:
    """None for a table that does not name stories, or does not say where they are."""
    told = {at: cells(lines[at]) for at in (table.head, *table.rows)}
    texts = {at: [lines[at][start:end].strip() for start, end in places] for at, places in told.items()}
    columns = _columns(texts[table.head], [texts[at] for at in table.rows])
    moved = columns.get("pipeline", columns.get("status"))
    if "id" not in columns or moved is None:
        return None
    stories = {at: _story({kind: _at(texts[at], place) for kind, place in columns.items()}) for at in table.rows}
    whole = {at: story for at, story in stories.items() if story is not None and moved < len(told[at])}
    return [_Row(at, story, told[at][moved]) for at, story in whole.items()]


def _columns(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """The places of the columns that are known, by what they are."""
    names = {at: " ".join(header.lower().split()) for at, header in enumerate(headers)}
    found: dict[str, int] = {}
    for kind, pattern in _COLUMNS.items():
        place = next((at for at, name in names.items() if pattern.search(name)), None)
        if place is not None:
            found[kind] = place
            del names[place]
    likely = {at: name for at, name in names.items() if not _ASIDE.search(name)}
    naming = [at for pattern in _NAMING for at, name in likely.items() if pattern.search(name)]
    if naming:
        found["id"] = max(naming, key=lambda at: _likeliness(likely[at], [_at(row, at) for row in rows]))
    titles = [at for pattern in (_TITLE, _SAYS_STORY) for at, name in likely.items() if pattern.search(name)]
    title = next((at for at in titles if at != found.get("id")), None)
    return found if title is None else {**found, "title": title}


def _likeliness(name: str, column: Sequence[str]) -> tuple[bool, int, int]:
    """That a column names the stories: a running number beside ids does not, nor do titles beside a number."""
    words = [without_links(cell).lower().strip(_MARKS).removeprefix("story").strip(_MARKS) for cell in column]
    ids = [_id_in(cell) for cell in column]
    is_believed = _SAYS_ID.search(name) is not None and any(ids)
    return is_believed, sum(_ID.match(one) is not None for one in words), len(ids) - ids.count(None)


def _story(texts: Mapping[str, str]) -> Story | None:
    named = _id_in(texts["id"])
    if named is None:
        return None
    states = [state_in(texts[kind]) for kind in ("pipeline", "status") if kind in texts]
    # Some keep a column of their own for what is done.
    state = COMPLETE if COMPLETE in states else states[0]
    title = texts.get("title") or without_links(texts["id"]).partition(named)[2]
    return Story(named, _plain(title), state, _ids_in(texts.get("depends", "")))


def _id_in(cell: str) -> str | None:
    """Where a link leads says it only if its words do not."""
    words = without_links(cell).strip(_MARKS)
    found = _ID.search(words) or _WHOLE.fullmatch(words) or _NUMBER.search(words) or _ID.search(cell)
    return None if found is None else found[0]


def _ids_in(cell: str) -> tuple[str, ...]:
    words = without_links(cell)
    pieces = (piece.strip(_MARKS) for piece in re.split(r"[\s,;&+()]+", words))
    return tuple(dict.fromkeys(_ID.findall(words) or [piece for piece in pieces if _WHOLE.fullmatch(piece)]))


def _plain(title: str) -> str:
    """Without the marks of Markdown around it, and what joined it to the id."""
    return " ".join(legible(without_links(title)).strip(" \t:-–—*`]_").split())  # noqa: RUF001 - dashes of all kinds


def _at(texts: Sequence[str], place: int) -> str:
    return texts[place] if place < len(texts) else ""
