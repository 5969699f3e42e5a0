"""The audit trail as JSON Lines, for somebody who verifies it elsewhere.

    {"kind":"signoff-audit","version":1}
    {"kind":"entry","seq":1,...}          in the order of seq; members as in `entry.to_wire`
    {"kind":"head","treeSize":1,...}      members as in `head.to_wire`

An export of some workflows only is one too: its `seq` has gaps, its chains are whole, and it carries no heads, since
those vouch for the whole ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from signoff.audit.entry import Entry, entry_from_wire
from signoff.audit.entry import to_wire as entry_to_wire
from signoff.audit.head import Head, head_from_wire
from signoff.audit.head import to_wire as head_to_wire
from signoff.errors import DocumentError, InvalidInputError
from signoff.gates.digest import parse_json

_HEADER = {"kind": "signoff-audit", "version": 1}


def dump(entries: Iterable[Entry], heads: Iterable[Head]) -> Iterator[str]:
    """The lines of an export, without line ends; `entries` must come in the order of `seq`."""
    yield _line(_HEADER)
    for entry in entries:
        yield _line({"kind": "entry", **entry_to_wire(entry)})
    for head in heads:
        yield _line({"kind": "head", **head_to_wire(head)})


def load(lines: Iterable[str], *, path: str) -> tuple[list[Entry], list[Head]]:
    """The entries, in the order of `seq`, and the heads of an export. Blank lines are passed over.

    Whatever is well-formed is taken, however wrong: `verify` judges it. `path` is for messages.

    Raises:
        DocumentError: it is not an export, or a line (named, from 1) cannot be read.
    """
    reading = _Reading()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                reading.take(parse_json(line))
            except InvalidInputError as error:
                raise DocumentError(error.message, path=path, line=number) from None
    if not reading.has_header:
        raise DocumentError("This is not an audit export: it is empty.", path=path)
    return sorted(reading.entries, key=_order), reading.heads


class _Reading:
    """What has been read of an export so far."""

    def __init__(self) -> None:
        self.has_header = False
        self.entries: list[Entry] = []
        self.heads: list[Head] = []

    def take(self, value: Any) -> None:
        kind = value.pop("kind", None) if self.has_header and isinstance(value, dict) else None
        if kind == "entry":
            self.entries.append(entry_from_wire(value))
        elif kind == "head":
            self.heads.append(head_from_wire(value))
        elif self.has_header:
            raise _unreadable("a line is neither an entry nor a head")
        elif value != _HEADER:
            raise _unreadable(f"the first line must be {_line(_HEADER)}")
        self.has_header = True


def _order(entry: Entry) -> float:
    # Rows have no order in a database, nor have lines here; a `seq` that is no number goes first, as NULL would.
    return entry.seq if isinstance(entry.seq, int | float) else float("-inf")


def _line(value: dict[str, Any]) -> str:
    # Escaped to ASCII: some letters end a line for some readers, and encodings differ.
    return json.dumps(value, separators=(",", ":"))


def _unreadable(why: str) -> InvalidInputError:
    return InvalidInputError(f"This is not an audit export: {why}.", code="not-an-audit-export")
