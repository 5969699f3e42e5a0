"""Pages of what is found: their bounds, and the cursor that says where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from signoff.errors import InvalidInputError

PAGE_MAX = 200
ROWS_MAX = 500
PAGE_DEFAULT = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Page:
    """`next_cursor` is None on the last page."""

    items: Sequence[Any]
    next_cursor: str | None


def page_of(found: Sequence[T], limit: int, key: Callable[[T], tuple[Any, ...]]) -> Page:
    """Of `limit` items, where one more was looked for."""
    items = found[:limit]
    more = len(found) > limit
    return Page(items, to_cursor(key(items[-1])) if more else None)


def check_limit(limit: int, limit_max: int) -> None:
    if not 1 <= limit <= limit_max:
        raise InvalidInputError(f"limit is an integer from 1 to {limit_max}, not {limit}.", code="invalid-query")


def to_cursor(key: tuple[Any, ...]) -> str:
    # Imported here: most lists are of one page.
    import base64
    import json

    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *types: type) -> Any:
    """The values of a cursor, of these types; None without one.

    Raises:
        InvalidInputError: (`invalid-cursor`).
    """
    if cursor is None:
        return None
    values = _decoded(cursor)
    if not isinstance(values, list) or [type(value) for value in values] != list(types):
        raise _bad_cursor()
    if any(isinstance(value, int) and not 0 <= value < 2**63 for value in values):
        raise _bad_cursor()
    if any(isinstance(value, str) and (not value.isprintable() or "\x00" in value) for value in values):
        raise _bad_cursor()
    return tuple(values)


def _decoded(cursor: str) -> Any:
    import base64
    import binascii
    import json

    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _bad_cursor() -> InvalidInputError:
    return InvalidInputError("This cursor was not handed out here; begin without one.", code="invalid-cursor")
