"""What is wrong in files, all of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from signoff.errors import DocumentError

SHOWN_CHARS_MAX = 80

E = TypeVar("E", bound=DocumentError)


@dataclass(frozen=True, order=True)
class Problem:
    """`line` from 1; `code` is stable and kebab-case; `found` and `expected` are halves of one sentence."""

    line: int
    code: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"found {self.found}; expected {self.expected}."


def shown(text: str) -> str:
    """A piece of the file as a message quotes it."""
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN_CHARS_MAX else f"{line[:SHOWN_CHARS_MAX]}...")


def all_at_once(kind: type[E], problems: Mapping[str, Sequence[Problem]]) -> E:
    """One error for all of them, file by file in the order of their lines. `details.problems` has them apart.

    Args:
        problems: by the path of their file; there is at least one.
    """
    ordered = [(path, problem) for path, found in problems.items() for problem in sorted(found)]
    (first_path, first), *others = ordered
    more = [f"{path}:{problem.line}: {problem}" for path, problem in others]
    error = kind("\n".join([str(first), *more]), path=first_path, line=first.line)
    error.details["problems"] = [{"path": path, **asdict(problem)} for path, problem in ordered]
    return error
