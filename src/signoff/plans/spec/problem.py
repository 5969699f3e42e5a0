"""What is wrong in a spec, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.documents.problem import Problem, all_at_once
from signoff.errors import SpecError


def spec_error(problems: Sequence[Problem], path: str) -> SpecError:
    """One error for all of them, in the order of their lines. `details.problems` has them apart."""
    return all_at_once(SpecError, {path: problems})
