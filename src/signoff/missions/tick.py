"""Tick subtasks: the boxes `- [ ] T001 ...` of a text."""

from __future__ import annotations

import re
from collections.abc import Collection

_BOX = re.compile(r"^(\s*[-*+] \[) (\] +\W{0,3}([A-Za-z]+[0-9]+)\b)", re.MULTILINE)


def tick(text: str, subtasks: Collection[str]) -> str:
    """The text with the boxes of these subtasks ticked; everything else byte for byte."""
    return _BOX.sub(lambda box: f"{box[1]}x{box[2]}" if box[3] in subtasks else box[0], text)
