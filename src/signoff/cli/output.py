"""What commands print: text for people, one JSON document for programs.

Everything that people are shown goes through `say` or `print_table`, and so through `sanitise`. JSON is printed in
ASCII, where nothing can act on a terminal either, and says exactly what is stored.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from signoff.cli.terminal import cells, cut, has_colours, height, one_line, pad, sanitise, styled, width

_GAP = "  "
_ELASTIC_MIN = 20


@dataclass(frozen=True)
class Column:
    """`is_elastic` columns give way when the table is wider than the terminal."""

    header: str
    is_elastic: bool = False
    is_number: bool = False


def say(text: str = "", **style: bool | str) -> None:
    click.echo(styled(sanitise(text), **style), color=has_colours())


def note(text: str) -> None:
    """To standard error: what is about the command, not its result."""
    click.echo(sanitise(text), err=True)


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Plain aligned columns under their headers."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = _widths(columns, shown)
    say(_line(columns, [column.header for column in columns], widths), bold=True)
    for row in shown:
        say(_line(columns, row, widths))


def hint(text: str) -> None:
    """What to do next: for people only, so that what is piped on stays clean."""
    if sys.stdout.isatty():
        say(text, dim=True)
    else:
        note(text)


def page(text: str) -> None:
    """A text that is sanitised and styled already: in the person's pager where it does not fit on the screen.

    Raises:
        KeyboardInterrupt: the person left; the pager is ended with them.
    """
    program = _pager() if _is_long(text) else None
    if program is None:
        click.echo(text, color=has_colours())
        return
    import subprocess

    environ = {**os.environ, "LESS": f"{os.environ.get('LESS', '')} -R".strip()}
    with subprocess.Popen(program, stdin=subprocess.PIPE, env=environ, text=True, errors="replace") as pager:
        try:
            pager.communicate(f"{text}\n")
        except KeyboardInterrupt:
            # Pagers take Ctrl-C for a command of their own and would stay.
            pager.terminate()
            raise


def moment(at_ms: int) -> str:
    """An instant in local time, with the zone."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z").rstrip()


def time_left(left_ms: int) -> str:
    """`3 days`, `2 h 5 min`, `40 s`; `overdue` when it is over."""
    return "overdue" if left_ms <= 0 else duration(left_ms)


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def duration(span_ms: int) -> str:
    seconds = span_ms / 1000
    minutes = int(seconds // 60)
    hours, days = minutes // 60, minutes // 1440
    if days >= 2:
        return f"{days} days"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    if minutes:
        return f"{minutes} min {int(seconds % 60)} s" if minutes < 10 and int(seconds % 60) else f"{minutes} min"
    return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"


def _is_long(text: str) -> bool:
    columns, rows = width(), height()
    if columns is None or rows is None:
        return False
    return sum(max(1, -(-len(line) // columns)) for line in text.split("\n")) >= rows


def _pager() -> list[str] | None:
    """The person's own, as a command; None where none is there or the terminal can have none."""
    import shlex
    import shutil

    if os.environ.get("TERM") == "dumb":
        return None
    try:
        words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    except ValueError:
        return None
    program = shutil.which(words[0])
    return None if program is None else [program, *words[1:]]


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    widths = [max(cells(text) for text in (column.header, *(row[at] for row in rows)))
              for at, column in enumerate(columns)]  # fmt: skip
    room = width()
    excess = 0 if room is None else sum(widths) + len(_GAP) * (len(widths) - 1) - room
    for at, column in enumerate(columns):
        if column.is_elastic and excess > 0:
            spared = min(excess, max(0, widths[at] - _ELASTIC_MIN))
            widths[at] -= spared
            excess -= spared
    return widths


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, cell, room in zip(columns, row, widths, strict=True):
        text = cut(cell, room)
        parts.append(" " * (room - cells(text)) + text if column.is_number else pad(text, room))
    return _GAP.join(parts).rstrip()
