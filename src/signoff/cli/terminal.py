"""What a terminal is. Whatever strangers wrote passes `sanitise` before it reaches one."""

from __future__ import annotations

import os
import sys

import click

from signoff.documents.plain_text import sanitise as sanitise

_WIDTH_DEFAULT, _HEIGHT_DEFAULT = 100, 24


def one_line(text: str) -> str:
    return " ".join(sanitise(text).split())


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(_cell(character) for character in text)


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, an ellipsis where something is left out."""
    if cells(text) <= width:
        return text
    kept, used = "", 1
    for character in text:
        used += _cell(character)
        if used > width:
            break
        kept += character
    return kept.rstrip() + "…"


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def is_terminal() -> bool:
    return sys.stdout.isatty()


def is_attended() -> bool:
    """Whether somebody sits at both ends."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def width() -> int | None:
    """The terminal's columns; None where the output goes elsewhere and nothing needs to fit."""
    return _size()[0] if is_terminal() else None


def height() -> int | None:
    """The terminal's rows; None where the output goes elsewhere."""
    return _size()[1] if is_terminal() else None


def has_colours() -> bool:
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, **style: bool | str) -> str:
    """Our own words in colour, where there are colours. The text must be sanitised already."""
    return click.style(text, **style) if style and has_colours() else text  # type: ignore[arg-type]


def _size() -> tuple[int, int]:
    import shutil

    return shutil.get_terminal_size((_WIDTH_DEFAULT, _HEIGHT_DEFAULT))


def _cell(character: str) -> int:
    import unicodedata  # most text is ASCII

    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
