"""JSON as an outline that people read: members, lists, and texts that keep their lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.inbox.diff import DiffLine, diff_lines, is_diff

LINES_MAX = 200
BLOCK_CHARS_MAX = 6_000
SCALAR_CHARS_MAX = 2_000


@dataclass(frozen=True)
class Line:
    """`depth` from 0; `name` of a member, empty for one of a list. One of `text`, `block` (a text of several lines) and
    `diff` is there, none where members follow."""

    depth: int
    name: str
    text: str | None = None
    block: str | None = None
    diff: tuple[DiffLine, ...] | None = None


@dataclass(frozen=True)
class Outline:
    """`is_cut`: there is more than is shown."""

    lines: tuple[Line, ...]
    is_cut: bool


def outline_of(value: Any) -> Outline:
    """At most LINES_MAX lines, and long texts from their beginning."""
    lines: list[Line] = []
    is_cut = False
    for line, is_whole in _lines("", value, 0):
        if len(lines) == LINES_MAX:
            return Outline(tuple(lines), is_cut=True)
        lines.append(line)
        is_cut = is_cut or not is_whole
    return Outline(tuple(lines), is_cut)


def _lines(name: str, value: Any, depth: int) -> Iterator[tuple[Line, bool]]:
    if isinstance(value, Mapping) and value:
        yield from _members(name, value.items(), depth)
    elif isinstance(value, list) and value:
        yield from _members(name, (("•", member) for member in value), depth)
    elif isinstance(value, str) and "\n" in value.strip():
        yield _block(name, value, depth)
    else:
        text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
        yield Line(depth, name, text=text[:SCALAR_CHARS_MAX]), len(text) <= SCALAR_CHARS_MAX


def _members(name: str, members: Any, depth: int) -> Iterator[tuple[Line, bool]]:
    if name:
        yield Line(depth, name), True
    for key, member in members:
        yield from _lines(str(key), member, depth + 1 if name else depth)


def _block(name: str, value: str, depth: int) -> tuple[Line, bool]:
    shown = value[:BLOCK_CHARS_MAX]
    is_whole = len(shown) == len(value)
    if is_diff(value):
        return Line(depth, name, diff=tuple(diff_lines(shown))), is_whole
    return Line(depth, name, block=shown), is_whole
