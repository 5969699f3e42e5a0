"""One entry of the audit trail, and the hash that seals it.

**The auditor's recipe.** The hash of an entry is SHA-256, as 64 lower-case hex digits, over the RFC 8785 canonical
JSON of this object:

    {"seq": 7, "workflowId": "it_01...", "n": 3, "gateKey": "approve-plan-3fa9c1d2e4b50617" | null, "at": 1767225600000,
     "actor": "ada", "event": "gate.approved", "body": {...}, "prevHash": "<64 hex>"}

`seq` counts the entries of the whole ledger, `n` those of one workflow from 1, `at` is epoch milliseconds, `body` is
the object (not its text), and `prevHash` is the hash of entry n - 1 of the same workflow, or 64 zeros where n is 1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from signoff.audit.wire import check_scalars, columns_from_wire, columns_to_wire
from signoff.errors import InvalidInputError
from signoff.gates.digest import INTEGER_MAX, canonical_json, check_storable, is_digest, sha256_hex

GENESIS = "0" * 64

_WIRE_NAMES = {
    "seq": "seq",
    "workflow_id": "workflowId",
    "n": "n",
    "gate_key": "gateKey",
    "at": "at",
    "actor": "actor",
    "event": "event",
    "body": "body",
    "prev_hash": "prevHash",
    "hash": "hash",
}


@dataclass(frozen=True)
class Entry:
    """A row of `audit_entries`, as it is stored; `body` is the text of a JSON object in its canonical spelling.

    An entry that was read from a tampered database may break every one of these types. `entry_hash` tells.
    """

    seq: int
    workflow_id: str
    n: int
    gate_key: str | None
    at: int
    actor: str
    event: str
    body: str
    prev_hash: str
    hash: str


def seal(
    *,
    seq: int,
    workflow_id: str,
    n: int,
    gate_key: str | None,
    at: int,
    actor: str,
    event: str,
    body: Mapping[str, Any],
    prev_hash: str,
) -> Entry:
    """The entry with its hash: SHA-256 over the canonical JSON of
    `{seq, workflowId, n, gateKey, at, actor, event, body, prevHash}` (see the recipe above).

    Raises:
        InvalidInputError: something in it could not be stored and read back as the same value.
    """
    text = canonical_json(dict(body)).decode()
    _check_body(body)
    draft = Entry(seq, workflow_id, n, gate_key, at, actor, event, text, prev_hash, hash="")
    return replace(draft, hash=_hash_of(draft))


def entry_hash(entry: Entry) -> str | None:
    """The hash that the entry should have, from all its other columns.

    None where no entry could have been sealed like this: a column of the wrong type, a body that is not a JSON object
    or is not spelled canonically. (Two spellings of one object would otherwise share a hash.)
    """
    try:
        _body_object(entry.body)
        return _hash_of(entry)
    except InvalidInputError:
        return None


def to_wire(entry: Entry) -> dict[str, Any]:
    """`{seq, workflowId, n, gateKey, at, actor, event, body, prevHash, hash}`, the body as an object.

    A body that is not the canonical text of an object travels as that text, so that it is found out again after.
    """
    wire = columns_to_wire(entry, _WIRE_NAMES)
    with suppress(InvalidInputError):
        wire["body"] = _body_object(entry.body)
    return wire


def entry_from_wire(wire: Any) -> Entry:
    """The inverse of `to_wire`. What its values are worth is for `entry_hash` to say.

    Raises:
        InvalidInputError: (`malformed-audit-row`) other members than an entry has, or a list or object as a column.
    """
    columns = columns_from_wire(wire, _WIRE_NAMES)
    if isinstance(columns["body"], dict):
        columns["body"] = canonical_json(columns["body"]).decode()
    check_scalars(columns)
    return Entry(**columns)


def _hash_of(entry: Entry) -> str:
    """Of an entry whose body is known to be canonical. It stands between what sorts before it and after it, so that it
    need not be spelled once more."""
    _check_types(entry)
    before = {"actor": entry.actor, "at": entry.at}
    after = {
        "event": entry.event,
        "gateKey": entry.gate_key,
        "n": entry.n,
        "prevHash": entry.prev_hash,
        "seq": entry.seq,
        "workflowId": entry.workflow_id,
    }
    check_storable([entry.actor, entry.event, entry.gate_key, entry.workflow_id])
    parts = (canonical_json(before)[:-1], b',"body":', entry.body.encode(), b",", canonical_json(after)[1:])
    return sha256_hex(b"".join(parts))


def _check_types(entry: Entry) -> None:
    # Exact types, since 1.0 is spelled like 1 in canonical JSON.
    counts = (entry.seq, entry.n, entry.at)
    texts = [entry.workflow_id, entry.actor, entry.event, entry.prev_hash]
    if entry.gate_key is not None:
        texts.append(entry.gate_key)
    if not (all(type(count) is int for count in counts) and all(type(text) is str for text in texts)):
        raise _unsealable("a column has the wrong type")
    if entry.n < 1 or not is_digest(entry.prev_hash):
        raise _unsealable("it has no place in a chain")


def _body_object(text: Any) -> dict[str, Any]:
    body = _parse_canonical(text) if type(text) is str else None
    if not isinstance(body, dict) or canonical_json(body).decode() != text:
        raise _unsealable("its body is not the canonical text of a JSON object")
    _check_body(body)
    return body


def _check_body(body: Mapping[str, Any]) -> None:
    # Exports nest the body one level deeper than the database does, and must be readable too.
    check_storable([dict(body)])


def _parse_canonical(text: str) -> Any:
    # Not `parse_json`: canonical JSON spells the float 1e20 as an integer, which would be refused as input.
    try:
        return json.loads(text, parse_int=_number)
    except (ValueError, RecursionError):
        raise _unsealable("its body is not JSON") from None


def _number(digits: str) -> int | float:
    number = int(digits)
    return number if abs(number) <= INTEGER_MAX else float(digits)


def _unsealable(why: str) -> InvalidInputError:
    return InvalidInputError(f"This cannot be an entry of the audit trail: {why}.", code="malformed-audit-entry")
