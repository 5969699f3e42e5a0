"""A unified diff as lines that can be coloured and told apart without colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FILE, HUNK, ADDED, REMOVED, SAME = "file", "hunk", "added", "removed", "same"

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_BEGINS = re.compile(r"(?:diff --git |--- |Index: )", re.MULTILINE)


@dataclass(frozen=True)
class DiffLine:
    """`old` and `new` are the numbers of the line in either file, from 1, None where it is in neither."""

    kind: str
    text: str
    old: int | None = None
    new: int | None = None


def is_diff(text: str) -> bool:
    return _BEGINS.match(text) is not None and _HUNK.search(text) is not None


def marked_lines(text: str) -> Iterator[DiffLine]:
    """Of a text that is said to be a diff: where it has no hunk, each line is what its first character says."""
    if _HUNK.search(text) is not None:
        yield from diff_lines(text)
        return
    for line in text.rstrip("\n").split("\n"):
        yield DiffLine({"+": ADDED, "-": REMOVED}.get(line[:1], SAME), line)


def diff_lines(text: str) -> Iterator[DiffLine]:
    """Inside a hunk a line that begins with `---` is one that was removed, and no head of a file: lines are counted."""
    old = new = old_left = new_left = 0
    for line in text.rstrip("\n").split("\n"):
        if (found := _HUNK.match(line)) is not None:
            old, new = int(found[1]), int(found[3])
            old_left, new_left = int(found[2] or 1), int(found[4] or 1)
            yield DiffLine(HUNK, line)
        elif old_left <= 0 and new_left <= 0:
            yield DiffLine(FILE if line and not line.startswith("\\") else SAME, line)
        elif line.startswith("+"):
            yield DiffLine(ADDED, line, None, new)
            new, new_left = new + 1, new_left - 1
        elif line.startswith("-"):
            yield DiffLine(REMOVED, line, old, None)
            old, old_left = old + 1, old_left - 1
        elif line.startswith("\\"):
            yield DiffLine(SAME, line)
        else:
            yield DiffLine(SAME, line, old, new)
            old, new, old_left, new_left = old + 1, new + 1, old_left - 1, new_left - 1
