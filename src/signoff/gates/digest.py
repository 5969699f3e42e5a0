"""JSON as it comes in, canonical bytes, and digests.

One value has one spelling: RFC 8785 (JSON Canonicalization Scheme). Everything that is hashed or compared in signoff
goes through `canonical_json`. What could not be spelled again after a database has stored it (duplicate keys, NaN,
integers beyond 2^53 - 1, NUL characters, lone surrogates) is refused on the way in by `parse_json`.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import rfc8785

from signoff.errors import InvalidInputError

INTEGER_MAX = 2**53 - 1
JSON_DEPTH_MAX = 100

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 spelling of a JSON value.

    Raises:
        InvalidInputError: (`not-canonical`) for values that have no such spelling.
    """
    try:
        return _PLAIN(value).encode() if _is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
        raise InvalidInputError(f"This value has no canonical JSON form: {error}", code="not-canonical") from None


def _is_plain(value: Any) -> bool:
    """Whether the encoder of the standard library, which is many times faster, spells it as RFC 8785 does: no floats,
    and in the keys nothing that UTF-16 sorts otherwise than Unicode."""
    kind = type(value)
    if kind is str:
        return value.isascii() or _UNSTORABLE.search(value) is None
    if kind is int:
        return bool(-INTEGER_MAX <= value <= INTEGER_MAX)
    if kind is dict:
        return all(type(key) is str and key.isascii() for key in value) and all(map(_is_plain, value.values()))
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    return value is None or kind is bool


def digest_of(value: Any) -> str:
    """SHA-256 over the canonical JSON of a value, as 64 lower-case hex digits."""
    return sha256_hex(canonical_json(value))


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def parse_json(text: str | bytes) -> Any:
    """Read one JSON document strictly.

    Raises:
        InvalidInputError: (`malformed-json`) with what is wrong; nothing is guessed.
    """
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        raise _malformed(f"it is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _malformed("it is nested too deeply") from None
    check_storable(value)
    return value


def check_storable(value: Any, *, depth: int = 0) -> None:
    """Refuse text that a database cannot keep, and nesting without end.

    Raises:
        InvalidInputError: (`malformed-json`).
    """
    if depth > JSON_DEPTH_MAX:
        raise _malformed(f"it is nested more than {JSON_DEPTH_MAX} levels deep")
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise _malformed("a text holds a NUL character or a lone surrogate")
    elif isinstance(value, dict):
        for key, member in value.items():
            check_storable(key)
            check_storable(member, depth=depth + 1)
    elif isinstance(value, list | tuple):
        for member in value:
            check_storable(member, depth=depth + 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, member in pairs:
        if key in members:
            raise _malformed(f"the key {key[:80]!r} stands twice in one object")
        members[key] = member
    return members


def _refuse_constant(name: str) -> Any:
    raise _malformed(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    # The length is looked at first: Python refuses to convert thousands of digits, with an error of its own.
    if len(digits) > 17 or abs(value := int(digits)) > INTEGER_MAX:
        raise _malformed(f"an integer is beyond {INTEGER_MAX} and would not survive storage")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _malformed("a number is too large")
    return value


def _malformed(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not JSON that can be taken: {why}.", code="malformed-json")
