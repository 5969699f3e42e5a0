"""What a law finds in a tree, and that there was something to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """`path` is seen from the tree, `line` counts from 1; `action` says what to do."""

    path: Path
    line: int
    law: str
    message: str
    action: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"

    def to_wire(self) -> dict[str, str | int]:
        return {
            "path": str(self.path),
            "line": self.line,
            "law": self.law,
            "message": self.message,
            "action": self.action,
        }


class NothingToCheckError(Exception):
    """What a law looks at is not there. A law that sees nothing would let everything pass."""
