"""Small plots as geometry; the templates draw them as SVG. No library, no script, no style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signoff.app.wait_stats import Waits
from signoff.inbox import words

WIDTH, ROW, HEIGHT = 640, 28, 160
_LABEL = 190
_NUMBERS = 110
_DAY_LABEL = 18


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Row:
    """One group: its name at the left, its bar, and in words what the bar says."""

    name: str
    bar: Bar
    says: str


@dataclass(frozen=True)
class Rows:
    width: int
    height: int
    label: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Days:
    width: int
    height: int
    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    most: int


def waits_plot(groups: Sequence[Waits]) -> Rows:
    """The median of each group as a bar."""
    room, most = WIDTH - _LABEL - _NUMBERS, max((group.median_ms for group in groups), default=0) or 1
    rows = []
    for n, group in enumerate(groups):
        says = f"{words.span(group.median_ms)} ({group.count})"
        title = f"{group.name}: median {words.span(group.median_ms)}, longest {words.span(group.longest_ms)}"
        width = round(max(2.0, room * group.median_ms / most), 1)
        rows.append(Row(group.name, Bar(_LABEL, n * ROW + 5, width, ROW - 10, "wait", title), says))
    return Rows(WIDTH, len(rows) * ROW, _LABEL, tuple(rows))


def days_plot(days: Sequence[tuple[int, Mapping[str, int]]]) -> Days:
    """What became of gates on each day, one upon the other."""
    most = max((sum(counts.values()) for _, counts in days), default=0)
    step, room = WIDTH / max(1, len(days)), HEIGHT - _DAY_LABEL
    bars, labels = [], []
    for n, (day, counts) in enumerate(days):
        top = float(room)
        for status, count in counts.items():
            if count:
                height = room * count / most
                top -= height
                title = f"{words.day(day)}: {count} {status}"
                bars.append(
                    Bar(round(n * step + 2, 1), round(top, 1), round(step - 4, 1), round(height, 1), status, title)
                )
        if n % 7 == len(days) % 7:
            labels.append((round(n * step + 2, 1), words.day(day)))
    return Days(WIDTH, HEIGHT, tuple(bars), tuple(labels), most)
