"""The text of a state file, written again with nothing else in it than what has changed.

The file is others' too: how they lay it out, how they spell a number that is not ours (`4.10`, `1e5`) and bytes that
are no text stay as they are. What has changed is written in the file's own manner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

#: Lone halves of surrogate pairs, as they are and as escapes; pairs and other escapes are taken along whole.
_HALVES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<escape>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.|(?P<half>[\ud800-\udfff])",
    re.DOTALL,
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_UNKNOWN = "\ufffd"


def legible(text: str) -> str:
    """The text as people can be shown it, as long as it was: bytes that are no UTF-8 (which Python keeps as lone
    surrogates) as Windows would have them, and other halves of surrogate pairs as U+FFFD."""
    return _HALVES.sub(_legible_half, text)


def _legible_half(found: re.Match[str]) -> str:
    if found["escape"]:
        return r"\ufffd"
    if not found["half"]:
        return found[0]
    byte = ord(found["half"]) - 0xDC00
    if not 0x80 <= byte <= 0xFF:
        return _UNKNOWN
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def rewrite(text: str, value: Mapping[str, Any], *, is_ascii: bool = False) -> str:
    """The file with another value in it.

    Args:
        text: an object of JSON.
        value: what it is to say; what it says already is not touched.
        is_ascii: what is new is written without other characters, since nobody knows the file's encoding.
    """
    return _Writing(text, legible(text), is_ascii).document(value)


@dataclass(frozen=True)
class _Part:
    """A member of an object, or an item of a list (its key is empty): where it starts, its value starts and ends."""

    key: str
    start: int
    value: int
    end: int


@dataclass(frozen=True)
class _Manner:
    """How a file is laid out. `unit` is one step of indentation, None where all stands on one line."""

    unit: str | None = "  "
    line_end: str = "\n"
    colon: str = ": "
    comma: str = ", "


class _Writing:
    """`seen` is the text as it is read; places in both are the same."""

    def __init__(self, text: str, seen: str, is_ascii: bool) -> None:
        self._text, self._seen, self._is_ascii = text, seen, is_ascii
        self._start = next(_TOKEN.finditer(seen, _after_mark(seen))).start()
        self._end = _end_of(seen, self._start)
        self._manner = self._manner_of(list(_parts(seen, self._start)))

    def document(self, value: Mapping[str, Any]) -> str:
        written = self._value(self._start, self._end, value, None if self._manner.unit is None else "")
        return f"{self._text[: self._start]}{written}{self._text[self._end :]}"

    def _manner_of(self, parts: Sequence[_Part]) -> _Manner:
        if not parts:
            return _Manner()
        first, lead = parts[0], self._text[self._start + 1 : parts[0].start]
        key_end = _end_of(self._seen, first.start)
        unit, line_end = _indentation(lead), "\r\n" if "\r\n" in lead else "\n"
        comma = self._text[first.end : parts[1].start] if unit is None and len(parts) > 1 else ", "
        return _Manner(unit, line_end, self._text[key_end : first.value], comma)

    def _value(self, start: int, end: int, value: Any, indent: str | None) -> str:
        """`indent` is that of the line on which the value begins; None where nothing is to begin another line."""
        before = json.loads(self._seen[start:end])
        if _is_same(before, value):
            return self._text[start:end]
        if type(before) is not type(value) or not isinstance(value, dict | list) or not before:
            return self._spelled(value, indent)
        parts = list(_parts(self._seen, start))
        lead, tail = self._text[start + 1 : parts[0].start], self._text[parts[-1].end : end - 1]
        gaps = [self._text[one.end : other.start] for one, other in pairwise(parts)]
        inner = _indentation(lead)
        inside = list(
            self._members(parts, value, inner) if isinstance(value, dict) else self._items(parts, value, inner)
        )
        if not inside:
            return self._spelled(value, None)
        gaps += [gaps[-1] if gaps else self._manner.comma if inner is None else f",{lead}"] * len(inside)
        joined = "".join(f"{gap}{one}" for gap, one in zip([lead, *gaps], inside, strict=False))
        return f"{self._text[start]}{joined}{tail}{self._text[end - 1]}"

    def _members(self, parts: Sequence[_Part], value: Mapping[str, Any], indent: str | None) -> Iterator[str]:
        """Those of before in their order, then what is new."""
        for part in parts:
            if part.key in value:
                key = self._text[part.start : part.value]
                yield key + self._value(part.value, part.end, value[part.key], indent)
        known = {part.key for part in parts}
        for key, one in value.items():
            if key not in known:
                yield self._spelled(key, None) + self._manner.colon + self._spelled(one, indent)

    def _items(self, parts: Sequence[_Part], value: Sequence[Any], indent: str | None) -> Iterator[str]:
        """What only stands in another place than before is the same."""
        texts = [self._text[part.value : part.end] for part in parts]
        before = [json.loads(self._seen[part.value : part.end]) for part in parts]
        known = {_canonical(one): text for one, text in zip(before, texts, strict=True)}
        for at, one in enumerate(value):
            if at < len(parts) and _is_same(before[at], one):
                yield texts[at]
            elif (moved := known.get(_canonical(one))) is not None:
                yield moved
            elif at < len(parts):
                yield self._value(parts[at].value, parts[at].end, one, indent)
            else:
                yield self._spelled(one, indent)

    def _spelled(self, value: Any, indent: str | None) -> str:
        manner = self._manner
        unit, comma = (None, manner.comma) if indent is None else (manner.unit, ",")
        text = json.dumps(value, ensure_ascii=self._is_ascii, indent=unit, separators=(comma, manner.colon))
        return legible(text).replace("\n", f"{manner.line_end}{indent}")


def _after_mark(text: str) -> int:
    return 1 if text.startswith("\ufeff") else 0


def _parts(text: str, start: int) -> Iterator[_Part]:
    """Of the object or list that starts here."""
    is_object = text[start] == "{"
    at = start + 1
    while (token := _token(text, at))[0] not in ("}", "]"):
        if token[0] == ",":
            token = _token(text, token.end())
        key, value = "", token.start()
        if is_object:
            key = json.loads(token[0])
            value = _token(text, _token(text, token.end()).end()).start()
        at = _end_of(text, value)
        yield _Part(key, token.start(), value, at)


def _end_of(text: str, start: int) -> int:
    """Where the value that starts here ends: not by recursion, since files are nested as deeply as they like."""
    depth, tokens = 0, _TOKEN.finditer(text, start)
    while True:
        token = next(tokens)
        depth += (token[0] in ("{", "[")) - (token[0] in ("}", "]"))
        if depth == 0:
            return token.end()


def _token(text: str, start: int) -> re.Match[str]:
    return next(_TOKEN.finditer(text, start))


def _indentation(space: str) -> str | None:
    """Of the last line; None where it holds no line end."""
    _, line_end, last = space.rpartition("\n")
    return last if line_end else None


def _is_same(one: Any, other: Any) -> bool:
    """As JSON has it: 1, 1.0 and true are three."""
    return type(one) is type(other) and _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
