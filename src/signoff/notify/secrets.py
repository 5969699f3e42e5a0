"""Secrets by the names of environment variables: `${SLACK_TOKEN}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: What is shorter is no secret, and would be found in any text.
HIDDEN_CHARS_MIN = 4


class Secrets:
    """Looks names up in the environment, and hides again what it has found there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._names: set[str] = set()

    def missing(self, text: str) -> list[str]:
        """The names in a text that have no value."""
        return [name for name in REFERENCE.findall(text) if not self._environ.get(name)]

    def reveal(self, text: str) -> str:
        """The text with the values in it; what is missing is empty."""
        self._names.update(REFERENCE.findall(text))
        return REFERENCE.sub(lambda match: self._environ.get(match[1], ""), text)

    def hide(self, text: str) -> str:
        """A text from anywhere, with the names in place of the values."""
        values = {self._environ.get(name, ""): name for name in sorted(self._names)}
        for value in sorted(values, key=len, reverse=True):
            if len(value) >= HIDDEN_CHARS_MIN:
                text = text.replace(value, f"${{{values[value]}}}")
        return text
