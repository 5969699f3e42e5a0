"""What commands print: text for people, one JSON document for programs.

Everything that people are shown goes through `say`, and so through `sanitise`. JSON is printed in ASCII, where nothing
can act on a terminal either, and says exactly what is stored.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from signoff.cli.terminal import has_colours, height, sanitise, styled, width


def say(text: str = "", **style: bool | str) -> None:
    click.echo(styled(sanitise(text), **style), color=has_colours())


def note(text: str) -> None:
    """To standard error: what is about the command, not its result."""
    click.echo(sanitise(text), err=True)


def print_json(document: Any) -> None:
    import json  # not for what people read

    click.echo(json.dumps(document, indent=2))


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
    from datetime import datetime

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
