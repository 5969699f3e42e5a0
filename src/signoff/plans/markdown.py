"""Strangers' text in a prompt's Markdown. None of it can end the block that it stands in, so that nothing that an agent
or a file says is ever read as what the program says: a line stays one, a text is quoted, a script or patch is fenced.
"""

from __future__ import annotations

import re

_BACKTICKS = re.compile("`+")


def line(text: str) -> str:
    return " ".join(text.split())


def quoted(text: str) -> str:
    return "\n".join(f"> {one}" for one in text.splitlines())


def fenced(text: str, language: str = "") -> str:
    fence = "`" * (3 + _longest_run(text))
    # A line that opens a fence with backticks is none if there are more of them in it.
    return f"{fence}{line(language).replace('`', '')}\n{text}\n{fence}"


def in_code(text: str) -> str:
    """One line in a span of code."""
    text = line(text)
    ticks = "`" * (1 + _longest_run(text))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def paragraphs(*parts: str) -> str:
    """The parts that are not empty, a blank line between them."""
    return "\n\n".join(part for part in parts if part)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
