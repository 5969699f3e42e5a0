"""Tables in a Markdown file, by the places of their lines and cells, so that one cell can be written over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")
_COMMENT, _COMMENT_END = "<!--", "-->"
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*)")
_RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
_BAR = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")


@dataclass(frozen=True)
class Table:
    """The places of its lines in the file, from 0: that of its header, and those of its rows."""

    head: int
    rows: range


def readable_lines(text: str) -> list[str]:
    """The lines with their ends; those of code blocks and comments, which tell nobody anything, are empty."""
    lines: list[str] = []
    fence, is_comment = "", False
    for line in text.splitlines(True):
        found = None if is_comment else _FENCE.match(line.rstrip())
        opens = not fence and (is_comment or line.lstrip().startswith(_COMMENT))
        lines.append("" if fence or opens or found else line)
        is_comment = opens and _COMMENT_END not in line
        if found and not fence and not opens:
            fence = found[1]
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
    return lines


def section(lines: Sequence[str], heading: str) -> range:
    """The lines under the first heading that has these words, up to the next that is as high; none without it."""
    for at, line in enumerate(lines):
        found = _HEADING.match(line)
        if found is not None and heading in " ".join(found[2].lower().split()):
            return range(at, _end_of_section(lines, at, len(found[1])))
    return range(0)


def tables(lines: Sequence[str], where: range) -> Iterator[Table]:
    """Those that are wholly in this part of the file."""
    at = where.start
    while at + 1 < where.stop:
        if "|" not in lines[at] or _RULE.fullmatch(lines[at + 1].strip()) is None:
            at += 1
            continue
        end = at + 2
        while end < where.stop and "|" in lines[end]:
            end += 1
        yield Table(at, range(at + 2, end))
        at = end


def cells(line: str) -> list[tuple[int, int]]:
    """Where each cell is, from its text to the bar that ends it."""
    bars = [found.start() for found in _BAR.finditer(line)]
    body = len(line.rstrip())
    first = bars[0] if bars and not line[: bars[0]].strip() else -1
    ends = [bar for bar in bars if bar > first]
    if not ends or ends[-1] < body - 1:
        ends.append(body)
    starts = [first, *ends[:-1]]
    return [(_text_start(line, start + 1, end), end) for start, end in zip(starts, ends, strict=True)]


def without_links(text: str) -> str:
    """What is read of a text: of links their words, not where they lead."""
    return _LINK.sub(r"\1", text)


def _end_of_section(lines: Sequence[str], at: int, level: int) -> int:
    for later in range(at + 1, len(lines)):
        found = _HEADING.match(lines[later])
        if found is not None and len(found[1]) <= level:
            return later
    return len(lines)


def _text_start(line: str, start: int, end: int) -> int:
    text = line[start:end]
    # An empty cell keeps a space before what comes into it.
    return start + (len(text) - len(text.lstrip()) if text.strip() else min(1, len(text)))
