"""Where things stand in a Markdown text: headings, fenced blocks, the marks of gate reviews, and the lines between.

Only blocks are read (CommonMark, without lists and quotes, which are read line by line where they mean something): a
heading, a label or a mark inside a fenced block or a comment is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from signoff.documents.problem import Problem, shown

END = "END"

_MARK = re.compile(r"<!--[ \t]*GATE_REVIEW_(START|END)[ \t]*-->", re.IGNORECASE)
_STEP_OR_MARK = re.compile(r"^(?:#{2,3}[ \t]+Step[ \t]+[0-9]|<!--[ \t]*GATE_REVIEW_)", re.IGNORECASE | re.MULTILINE)
_SHOWS_MARKDOWN = ("markdown", "md")


@dataclass(frozen=True)
class Line:
    """`number` from 1. `is_literal` where no heading, label or list item can be: inside fenced blocks and comments."""

    number: int
    text: str
    is_literal: bool = False

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True)
class Heading:
    line: int
    level: int
    text: str


@dataclass(frozen=True)
class Fence:
    """A fenced block from the line `first` to the line `last`, both from 1 and included."""

    first: int
    last: int
    lang: str
    content: str


@dataclass(frozen=True)
class Outline:
    """Headings, fences and marks are found by the line that they begin in."""

    lines: Sequence[Line]
    headings: Mapping[int, Heading]
    fences: Mapping[int, Fence]
    marks: Mapping[int, str]

    def between(self, first: int, end: int) -> Sequence[Line]:
        """The lines from `first` up to and without `end`, both from 1."""
        return self.lines[first - 1 : end - 1]

    @property
    def end(self) -> int:
        return len(self.lines) + 1


def read_outline(lines: Sequence[str], problems: list[Problem]) -> Outline:
    """Lines are without their line ends."""
    # Of the rules for inline text none is needed, and they are what costs.
    markdown = MarkdownIt("zero", {"html": True}).enable(["code", "fence", "heading", "html_block"]).disable("inline")
    tokens = markdown.parse("\n".join(lines) + "\n")
    fences = {fence.first: fence for token in tokens if token.type == "fence" for fence in [_fence(token)]}
    literal: set[int] = set()
    for fence in fences.values():
        _check_fence(fence, lines, problems)
        literal.update(range(fence.first, fence.last + 1))
    marks = _marks(lines, literal, problems)
    literal.update(_comment_lines(tokens, lines, problems))
    numbered = [Line(number, text, number in literal) for number, text in enumerate(lines, start=1)]
    return Outline(numbered, _headings(tokens), fences, marks)


def _range(token: Token) -> tuple[int, int]:
    """First and last line, from 1."""
    first, end = token.map or [0, 0]
    return first + 1, end


def _fence(token: Token) -> Fence:
    first, last = _range(token)
    info = token.info.split()
    return Fence(first, last, info[0] if info else "", token.content)


def _check_fence(fence: Fence, lines: Sequence[str], problems: list[Problem]) -> None:
    opening = lines[fence.first - 1].strip()
    mark = opening[: len(opening) - len(opening.lstrip(opening[0]))]
    # Without an end the content goes on to the last line.
    is_closed = fence.content.count("\n") < fence.last - fence.first
    # One that was left open ends at the next block's end, and everything between would be lost in it.
    swallowed = fence.lang.lower() not in _SHOWS_MARKDOWN and _STEP_OR_MARK.search(fence.content)
    if not is_closed:
        problems.append(Problem(fence.first, "unclosed-fence", f"{shown(opening)} and no end", f"a line {mark!r}"))
    elif swallowed:
        found = f"{shown(opening)} around a step or gate review"
        problems.append(Problem(fence.first, "unclosed-fence", found, f"a line {mark!r} before it"))


def _marks(lines: Sequence[str], literal: set[int], problems: list[Problem]) -> dict[int, str]:
    marks = {}
    for number, text in enumerate(lines, start=1):
        if "<!--" not in text or number in literal:
            continue
        match = _MARK.search(text)
        if match and match[0] == text.strip():
            marks[number] = match[1].upper()
        elif match:
            problems.append(Problem(number, "misplaced-mark", shown(text), f"{match[0]} alone in its line"))
    return marks


def _comment_lines(tokens: Sequence[Token], lines: Sequence[str], problems: list[Problem]) -> set[int]:
    literal: set[int] = set()
    for token in tokens:
        if token.type == "html_block":
            first, last = _range(token)
            literal.update(range(first, last + 1))
            if token.content.lstrip().startswith("<!--") and "-->" not in lines[last - 1]:
                found = f"{shown(lines[first - 1])} and no end"
                problems.append(Problem(first, "unclosed-comment", found, "-->"))
    return literal


def _headings(tokens: Sequence[Token]) -> dict[int, Heading]:
    found = (
        Heading(_range(token)[0], int(token.tag[1:]), " ".join(tokens[at + 1].content.split()))
        for at, token in enumerate(tokens)
        if token.type == "heading_open"
    )
    return {heading.line: heading for heading in found}
