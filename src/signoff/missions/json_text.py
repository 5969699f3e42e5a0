"""JSON that somebody else wrote: one object, and not so deep that it could be read but not written again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from signoff.documents.problem import Problem, all_at_once, shown
from signoff.errors import MissionError

DEPTH_MAX = 50


def read_object(text: str, *, path: str) -> dict[str, Any]:
    """
    Raises:
        MissionError: it is none; `path` names the file.
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise _error(path, error.lineno, f"what is not JSON ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise _error(path, 1, f"what is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise _error(path, 1, shown(text[:200]))
    if is_deep(value):
        raise _error(path, 1, f"more than {DEPTH_MAX} levels")
    return value


def is_deep(value: Any, levels: int = DEPTH_MAX) -> bool:
    """Whether a JSON value has more levels than these."""
    if not isinstance(value, dict | list):
        return False
    inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(is_deep(one, levels - 1) for one in inner)


def _error(path: str, line: int, found: str) -> MissionError:
    return all_at_once(MissionError, {path: [Problem(line, "invalid-json", found, "a JSON object")]})
