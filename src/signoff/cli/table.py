"""Tables for people: plain aligned columns, as wide as the terminal at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.cli.output import say
from signoff.cli.terminal import cells, cut, one_line, pad, width

_GAP = "  "
_ELASTIC_MIN = 20


@dataclass(frozen=True)
class Column:
    """`is_elastic` columns give way when the table is wider than the terminal."""

    header: str
    is_elastic: bool = False
    is_number: bool = False


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Plain aligned columns under their headers."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = _widths(columns, shown)
    say(_line(columns, [column.header for column in columns], widths), bold=True)
    for row in shown:
        say(_line(columns, row, widths))


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
