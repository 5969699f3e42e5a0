"""The few forms of Markdown that the reference is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def fence(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def code(text: str) -> str:
    return f"`{text}`"


def page(title: str, *parts: str) -> str:
    """A page as it is stored. Its first lines tell whoever wants to edit it where to."""
    note = "<!-- Made from the source by `python -m tests.docs.generate`. Edit the source, not this page. -->"
    return "\n\n".join([f"# {title}", note, *(part.strip("\n") for part in parts)]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def described(descriptions: Mapping[str, T], name: str, *, what: str) -> T:
    """What is written about something that the source promises. What nobody has written about ends the build."""
    if name not in descriptions:
        raise SystemExit(f"The {what} {name!r} is not described: add a line about it in tests/docs.")
    return descriptions[name]
