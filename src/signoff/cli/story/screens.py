"""The screens of the three checkpoints, drawn to standard error: standard output is the decision's.

Whatever comes from files was written by agents, and passes `sanitise`. Where nobody looks at a terminal, or NO_COLOR is
set, everything is drawn with plain characters.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from signoff.cli.output import page
from signoff.cli.terminal import cells, is_terminal, one_line, sanitise
from signoff.stories.changes import MISSING, Changes
from signoff.stories.checkpoint import Checkpoint
from signoff.stories.checkpoint_data import CommitData, PoData, QaData
from signoff.stories.choices import HEADINGS, NUMBERS, Action
from signoff.stories.state import letters_of

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH_DEFAULT, WIDTH_MAX = 100, 120
#: Longer words may be broken in a table; shorter ones never are.
WORD_CELLS_MAX = 16
_ALARMING = frozenset({"nogo", "fail", "failed", "critical"})
_ALARM, _BOLD, _DIM = "bold red", "bold", "dim"
_STYLES = {"new": "green", "deleted": "red", "missing": _ALARM, "unchanged": _DIM}


class Screen:
    """A place to draw on. `is_plain`: without colours and boxes."""

    def __init__(self) -> None:
        self.is_plain = not sys.stderr.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        self._console = Console(
            stderr=True,
            width=_width(),
            color_system=None if self.is_plain else "auto",
            highlight=False,
            markup=False,
            emoji=False,
        )

    def checkpoint(self, checkpoint: Checkpoint, *, changes: Changes | None = None, message: str | None = None) -> None:
        """`message` is the commit message as it is now, where it is not the proposed one."""
        self._heading(checkpoint)
        match checkpoint.about:
            case PoData():
                self._po(checkpoint.about)
            case QaData():
                self._qa(checkpoint.about)
            case CommitData():
                self._commit(checkpoint.about, changes, message)
        if checkpoint.story_file and not isinstance(checkpoint.about, CommitData):
            self._said("Story File", checkpoint.story_file)
        if isinstance(checkpoint.about, PoData):
            self._draw(Text("TIP: Review the story file to verify amendments before approving.", style=_DIM), Text())

    def options(self, actions: Sequence[Action]) -> None:
        rule = self._rule("─", "-")
        self._draw(rule, Text("  What would you like to do?", style=_BOLD), rule, Text())
        arrow = "->" if self.is_plain else "→"
        for action in actions:
            self._draw(Text(f"  [{action.number}] {action.label}", style=_BOLD))
            self._draw(*(_hanging(f"{arrow} {one}", 6) for one in action.consequences), Text())
        self._draw(rule)

    def alarm(self, text: str) -> None:
        self._draw(Text(sanitise(text), style=_ALARM))

    def output(self, text: str) -> None:
        """What a program wrote, behind a bar."""
        self._draw(*(Text(f"  | {line}") for line in sanitise(text).splitlines()))

    def _heading(self, checkpoint: Checkpoint) -> None:
        heading = f"  HITL CHECKPOINT #{NUMBERS[checkpoint.kind]}: {HEADINGS[checkpoint.kind]}"
        self._draw(Text(), self._rule("═", "="), Text(heading, style=_BOLD), self._rule("═", "="), Text())
        self._said("STORY", " - ".join(filter(None, (checkpoint.story_id, checkpoint.title))))
        if checkpoint.summary:
            self._said("SUMMARY", checkpoint.summary)

    def _po(self, about: PoData) -> None:
        score = f" (Score: {about.score})" if about.score else ""
        self._said("VALIDATION STATUS", f"{about.status or 'not said'}{score}", is_alarm=_is_alarming(about.status))
        rows = [
            (str(number), one.section, _with_reason(one.change, one.reason))
            for number, one in enumerate(about.amendments, start=1)
        ]
        self._table("PO AMENDMENTS", ("#", "Section", "Change"), rows)

    def _qa(self, about: QaData) -> None:
        self._said("QA GATE", about.gate or "not said", is_alarm=_is_alarming(about.gate))
        results = (("Tests:", about.tests), ("Coverage:", about.coverage), ("Lint:", about.lint))
        lines = [f"{name:<11}{one_line(said or 'not said')}" for name, said in results]
        self._panel("TEST RESULTS", "\n".join(lines))
        rows = [(one.id, one.severity, one.finding, one.action) for one in about.findings]
        self._table("QA FINDINGS", ("ID", "Severity", "Finding", "Action Required"), rows)
        if about.gate_file:
            self._said("Gate File", about.gate_file)

    def _commit(self, about: CommitData, changes: Changes | None, message: str | None) -> None:
        files = (
            [(file.words, one_line(file.path)) for file in changes.files]
            if changes
            else [("", one_line(one)) for one in about.paths]
        )
        count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
        self._table(f"FILES TO COMMIT ({count})", ("Status", "File Path"), files, styled=True)
        if changes is not None:
            self._said("BRANCH", f"{changes.branch or '(none)'} at {(changes.head or 'its beginning')[:12]}")
        for why in changes.obstacles if changes else ():
            self.alarm(f"Cannot be committed as it stands: {why}")
        self._panel("PROPOSED COMMIT MESSAGE" if message is None else "EDITED COMMIT MESSAGE", message or about.message)

    def _said(self, name: str, text: str, *, is_alarm: bool = False) -> None:
        self._draw(Text.assemble((f"{name}: ", _BOLD), (one_line(text), _ALARM if is_alarm else "")), Text())

    def _table(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, styled: bool = False) -> None:
        if not rows:
            self._said(title, "none")
            return
        least = [_longest_word(column) for column in zip(heads, *rows, strict=True)]
        # Beside its text each column has a space on either side and a line.
        if sum(least) + 3 * len(least) + 1 > self._console.width:
            self._list(title, heads, rows)
            return
        lines = box.ASCII2 if self.is_plain else box.ROUNDED
        table = Table(box=lines, show_lines=not styled, header_style=_BOLD, safe_box=False)
        for head, width in zip(heads, least, strict=True):
            table.add_column(head, overflow="fold", min_width=width)
        for row in rows:
            style = _STYLES.get(row[0], "") if styled else ""
            words = (MISSING.upper(), *row[1:]) if styled and row[0] == MISSING else row
            table.add_row(*(Text(sanitise(cell).strip(), style=style) for cell in words))
        self._draw(Text(f"{title}:", style=_BOLD), table, Text())

    def _list(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for which the terminal is too narrow: one cell under the other."""
        self._draw(Text(f"{title}:", style=_BOLD), Text())
        for row in rows:
            told = zip(heads, row, strict=True)
            self._draw(*(_hanging(f"{head}: {one_line(cell)}", 2) for head, cell in told if cell.strip()), Text())

    def _panel(self, title: str, text: str) -> None:
        lines = box.ASCII2 if self.is_plain else box.ROUNDED
        self._draw(Text(f"{title}:", style=_BOLD), Panel(Text(sanitise(text)), box=lines, safe_box=False), Text())

    def _rule(self, fine: str, plain: str) -> Rule:
        return Rule(characters=plain if self.is_plain else fine, style="")

    def _draw(self, *drawings: RenderableType) -> None:
        for drawing in drawings:
            self._console.print(drawing, soft_wrap=False)


def _hanging(text: str, indent: int) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, indent), expand=False)


def _longest_word(texts: Sequence[str]) -> int:
    words = (word for text in texts for word in sanitise(text).split())
    return min(max((cells(word) for word in words), default=0), WORD_CELLS_MAX)


def _with_reason(change: str, reason: str) -> str:
    return f"{change}\n({reason})" if reason.strip() else change


def _is_alarming(text: str | None) -> bool:
    return text is not None and letters_of(text) in _ALARMING


def show_diff(text: str) -> None:
    """In the person's pager where it is longer than the screen."""
    from signoff.cli.console.evidence import coloured

    lines = "\n".join(coloured(line) for line in sanitise(text).rstrip("\n").split("\n"))
    if is_terminal():
        page(lines)
    else:
        click.echo(lines, err=True)


def _width() -> int:
    """The terminal's, at most as wide as can be read; a fixed one where the drawing goes elsewhere."""
    if not sys.stderr.isatty():
        return WIDTH_DEFAULT
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        columns = 0
    return min(columns or shutil.get_terminal_size().columns, WIDTH_MAX)
