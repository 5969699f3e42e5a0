"""Pieces of text: labels, list items, and what counts as not said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from signoff.plans.spec.outline import Line

_LABEL = re.compile(r"\*\*([A-Za-z][A-Za-z &]{0,60})(?::\*\*|\*\*[ \t]*:)(.*)")
_QUOTE = re.compile(r" {0,3}> ?(.*)")
_BULLET = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(.*)")
_CHECKBOX = re.compile(r"\[([ xX])\](?:[ \t]+(.*))?")
_EMPTY = re.compile(r"_{2,}")
_RULE = re.compile(r"(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}")
#: What templates put where nothing has been said yet.
_PLACEHOLDER = re.compile(
    r"describe (?:the current state|why|what|how)\b.*|add .{0,200}\bhere\.?|replace this\b.*|tbd\.?|n/?a|\.\.\.|…"
    r"|\(?to be filled\b.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Entry:
    """A list item with the lines that go on with it; `is_checked` is None for one without a box."""

    number: int
    text: str
    is_checked: bool | None


def label_of(line: Line) -> tuple[str, str] | None:
    """`**Name:** rest` as name (lower-case, single spaces) and rest."""
    match = None if line.is_literal else _LABEL.fullmatch(line.text.strip())
    return (" ".join(match[1].lower().split()), match[2].strip()) if match else None


def said(text: str) -> str:
    """The text, or nothing where it is only `___`."""
    stripped = text.strip()
    return "" if _EMPTY.fullmatch(stripped) else stripped


def is_nothing(line: Line) -> bool:
    """Blank, a rule, `___`, or a quoted placeholder."""
    if line.is_literal:
        return False
    quoted = _QUOTE.fullmatch(line.text)
    text = (quoted[1] if quoted else line.text).strip()
    return not text or _RULE.fullmatch(text) is not None or bool(quoted and _PLACEHOLDER.fullmatch(text))


def is_placeholder(text: str) -> bool:
    return _PLACEHOLDER.fullmatch(text.strip().strip("()")) is not None


def prose(lines: Sequence[Line]) -> str:
    """The Markdown as it stands, without placeholders and without what is empty around it. A text that is one quote
    is taken out of it."""
    kept = [line for line in lines if line.is_literal or not _is_unsaid(line.text)]
    said_at = [at for at, line in enumerate(kept) if not is_nothing(line)]
    if not said_at:
        return ""
    kept = kept[said_at[0] : said_at[-1] + 1]
    quotes = [None if line.is_literal else _QUOTE.fullmatch(line.text) for line in kept]
    if all(quote or line.is_blank for quote, line in zip(quotes, kept, strict=True)):
        return "\n".join(quote[1] if quote else "" for quote in quotes).rstrip()
    return "\n".join(line.text for line in kept).rstrip()


def _is_unsaid(text: str) -> bool:
    """`___`, or a quoted placeholder."""
    quoted = _QUOTE.fullmatch(text)
    return _EMPTY.fullmatch(text.strip()) is not None or bool(quoted and _PLACEHOLDER.fullmatch(quoted[1].strip()))


def entries(lines: Sequence[Line], others: list[Line]) -> list[Entry]:
    """The list items. A line that is none, and does not go on with one, is put to `others`."""
    found: list[tuple[int, list[str]]] = []
    for line in lines:
        bullet = None if line.is_literal or _RULE.fullmatch(line.text.strip()) else _BULLET.fullmatch(line.text)
        if bullet:
            found.append((line.number, [bullet[1]]))
        elif found and not line.is_blank and not line.is_literal and line.text[0] in " \t":
            found[-1][1].append(line.text.strip())
        elif not is_nothing(line):
            others.append(line)
    return [_entry(number, " ".join(parts)) for number, parts in found]


def _entry(number: int, text: str) -> Entry:
    box = _CHECKBOX.fullmatch(text.strip())
    if box is None:
        return Entry(number, said(text), None)
    return Entry(number, said(box[2] or ""), box[1] in "xX")


def words(text: str) -> tuple[str, ...]:
    """`a, b` as its parts, each without backticks; a placeholder is none."""
    parts = (said(part.strip().strip("`")) for part in text.split(","))
    return tuple(part for part in parts if part and not is_placeholder(part))
