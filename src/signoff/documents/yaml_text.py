"""YAML in: text to JSON values with the line of each. Taken more strictly than YAML allows: no aliases (a few of them
unfold to gigabytes), no repeated keys, no tags. Dates stay the text that they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem

DEPTH_MAX = 20
KEY_CHARS_MAX = 120

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlText:
    """`lines` (from 1) by the path of keys and indices that leads to a value; `()` is the document."""

    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Of the value, or of the nearest that it is in."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(text: str, problems: list[Problem], *, first_line: int = 1) -> YamlText:
    """What the text says; None where it cannot be read, which is then among the problems."""
    # Imported here: the library behind it takes 20 ms, and most of what may need it never does.
    from signoff.documents.yaml_reader import YamlReader

    reader = YamlReader(problems, first_line)
    return YamlText(reader.read(text), reader.lines)
