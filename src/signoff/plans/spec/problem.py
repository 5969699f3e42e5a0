"""What is wrong in a file, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from signoff.errors import SpecError

SHOWN_CHARS_MAX = 80


@dataclass(frozen=True, order=True)
class SpecProblem:
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


def spec_error(problems: Sequence[SpecProblem], path: str) -> SpecError:
    """One error for all of them, in the order of their lines. `details.problems` has them apart."""
    ordered = sorted(problems)
    more = [f"{path}:{problem.line}: {problem}" for problem in ordered[1:]]
    error = SpecError("\n".join([str(ordered[0]), *more]), path=path, line=ordered[0].line)
    error.details["problems"] = [asdict(problem) for problem in ordered]
    return error
