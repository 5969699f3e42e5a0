"""What a terminal is and what it must never be sent.

Titles, bodies and names come from agents and strangers. Before any of it reaches a terminal it passes `sanitise`:
colours and cursor moves could draw a harmless prompt over a harmful one, bidirectional controls could turn a command
around, a carriage return could write over what stands before it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata

import click

# Sequences that only format (CSI) are taken out whole. Of all others the control characters alone are dropped, so that
# a text hidden in one (a window title, the address of a link) is seen rather than swallowed.
_FORMATTING = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line end, DEL, C1
    "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # bidirectional and invisible
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # annotations, lone surrogates, tags
)
_WIDTH_DEFAULT, _HEIGHT_DEFAULT = 100, 24


def sanitise(text: str) -> str:
    """The text without anything that a terminal would obey; line ends and tabs stay."""
    return _UNSHOWABLE.sub("", _LINE_ENDS.sub("\n", _FORMATTING.sub("", text)))


def one_line(text: str) -> str:
    return " ".join(sanitise(text).split())


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(_cell(character) for character in text)


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
    return shutil.get_terminal_size((_WIDTH_DEFAULT, _HEIGHT_DEFAULT)).columns if is_terminal() else None


def height() -> int | None:
    """The terminal's rows; None where the output goes elsewhere."""
    return shutil.get_terminal_size((_WIDTH_DEFAULT, _HEIGHT_DEFAULT)).lines if is_terminal() else None


def has_colours() -> bool:
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, **style: bool | str) -> str:
    """Our own words in colour, where there are colours. The text must be sanitised already."""
    return click.style(text, **style) if style and has_colours() else text  # type: ignore[arg-type]


def _cell(character: str) -> int:
    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
