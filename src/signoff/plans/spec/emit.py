"""YAML out: JSON values as text that is the same wherever it is made.

Written here, and not by a YAML library, for two reasons: where a library breaks lines or puts quotes may change with
its version, and with it every compiled file; and a megabyte takes it ten seconds. Keys are sorted; there are no
anchors. Texts of several lines stand as blocks, plain words bare, everything else between double quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./() -]*")
#: Words that some reader of YAML takes for something else than text.
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BLOCK_LINE = re.compile("[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_INDENT = "  "


def emit_yaml(document: Mapping[str, Any]) -> str:
    """The document, ended by a line end. Keys are texts; values are those of JSON."""
    return "".join(f"{line}\n" for line in _mapping(document, ""))


def scalar(value: str | float | bool | None) -> str:
    """A value in one line."""
    if isinstance(value, str):
        is_bare = _BARE.fullmatch(value) and not value.endswith(" ") and value.lower() not in _RESERVED
        return value if is_bare else _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """What JSON quotes, YAML reads, but for a few characters."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _mapping(mapping: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key in sorted(mapping):
        yield from _member(f"{indent}{scalar(key)}:", mapping[key], indent)


def _member(head: str, value: Any, indent: str) -> Iterator[str]:
    """A key or dash with its value, on the same line where the value is short."""
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, indent + _INDENT)
    elif isinstance(value, list) and value:
        yield head
        for one in value:
            yield from _item(one, indent)
    elif isinstance(value, str) and (mark := _block_mark(value)):
        yield f"{head} {mark}"
        yield from (f"{indent}{_INDENT}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_flow(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    """A mapping begins on the line of its dash."""
    if not (isinstance(value, Mapping) and value):
        yield from _member(f"{indent}-", value, indent + _INDENT)
        return
    first, *rest = _mapping(value, indent + _INDENT)
    yield f"{indent}- {first[len(indent) + len(_INDENT) :]}"
    yield from rest


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list) else scalar(value)


def _block_mark(text: str) -> str | None:
    """How a text of several lines stands as a block; None for one that has to be quoted."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if "\n" not in body or not lines[-1] or not lines[0] or lines[0][0] in " \t":
        return None
    if not all(_BLOCK_LINE.fullmatch(line) and (line.strip() or not line) for line in lines):
        return None
    return "|" if text != body else "|-"
