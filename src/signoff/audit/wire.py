"""How rows of the audit tables travel as JSON, even rows that somebody has tampered with.

A tampered database may hold anything in any column. What JSON can carry travels as it is, so that an export is judged
exactly as the ledger is; what JSON cannot carry travels as a description, which no hash and no signature fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.digest import INTEGER_MAX, check_storable


def columns_to_wire(row: object, names: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a row under their wire names; `names` maps one to the other."""
    return {wire_name: _to_scalar(getattr(row, column)) for column, wire_name in names.items()}


def columns_from_wire(wire: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The columns in a JSON object that has exactly the wire names. Their types are left for the hash to judge.

    Raises:
        InvalidInputError: (`malformed-audit-row`) not an object, or a member is missing or unknown.
    """
    if not isinstance(wire, dict):
        raise _malformed("it is not a JSON object")
    for name in names.values():
        if name not in wire:
            raise _malformed(f"the member {name!r} is missing")
    for name in wire:
        if name not in names.values():
            raise _malformed(f"the member {name!r} is unknown")
    return {column: wire[wire_name] for column, wire_name in names.items()}


def check_scalars(columns: Mapping[str, Any]) -> None:
    """No column holds an object or a list.

    Raises:
        InvalidInputError: (`malformed-audit-row`).
    """
    for column, value in columns.items():
        if isinstance(value, dict | list):
            raise _malformed(f"{column} is neither text, number, true, false nor null")


def _to_scalar(value: Any) -> Any:
    return value if _is_readable(value) else f"unreadable: {value!r}"


def _is_readable(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= INTEGER_MAX
    if isinstance(value, float):
        return isfinite(value)
    return value is None or (isinstance(value, str) and _is_storable(value))


def _is_storable(text: str) -> bool:
    try:
        check_storable(text)
    except InvalidInputError:
        return False
    return True


def _malformed(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not a row of the audit trail: {why}.", code="malformed-audit-row")
