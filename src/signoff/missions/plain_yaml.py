"""The few forms of YAML that front matter is nearly always made of, read at once.

A full reader takes 20 ms for a work package, and a repository has thousands. What is read here says the same there,
with the same lines; whatever is not of these forms is None, and left to the full one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from signoff.documents.yaml_text import KEY_CHARS_MAX, Path, YamlText

_KEY = r"([A-Za-z_][A-Za-z0-9_-]*)"
_MEMBER = re.compile(rf"{_KEY}:(?: +(\S.*)| *)")
_ITEM = re.compile(r"( *)- +(\S.*)")
_ITEM_MEMBER = re.compile(rf"( *){_KEY}:(?: +(\S.*)| *)")
_REMARK = re.compile(r" *(?:#.*)?")

#: What no text holds here: controls, and what some reader takes for the end of a line.
_ODD = r"\x00-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
#: They begin as no number, quote or mark of YAML does.
_WORDS = re.compile(rf"(?:[A-Za-z0-9_/$(]|\.(?!\.)|[^\x00-\x7f{_ODD}])[^{_ODD}]*")
_SINGLE = re.compile(rf"'((?:[^'{_ODD}]|'')*)'")
_DOUBLE = re.compile(rf'"([^"\\{_ODD}]*)"')
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")
_FRACTION = re.compile(r"[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?")
_VALUES = {"true": True, "false": False, "null": None}
#: Words that are no text, in some reader.
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


class _Elsewhere(Exception):  # noqa: N818 - no error: the full reader takes it
    pass


def read_plain(text: str, *, first_line: int = 1) -> YamlText | None:
    """A mapping of texts, whole numbers, truths, lists of these, and lists of mappings of these."""
    reader = _Reader(text.split("\n"), first_line)
    try:
        return YamlText(reader.mapping(), reader.lines)
    except _Elsewhere:
        return None


class _Reader:
    def __init__(self, lines: Sequence[str], first_line: int) -> None:
        self.lines: dict[Path, int] = {}
        self._first_line = first_line
        # Line by line, remarks left out; a number (from 0) goes with each.
        self._left = [(at, line.rstrip(" ")) for at, line in enumerate(lines) if not _REMARK.fullmatch(line)]
        self._left.reverse()

    def mapping(self) -> dict[str, Any]:
        if not self._left:
            raise _Elsewhere
        self._note((), self._left[-1][0])
        found: dict[str, Any] = {}
        while self._left:
            at, line = self._left.pop()
            match = _MEMBER.fullmatch(line)
            if match is None or match[1] in found or len(match[1]) > KEY_CHARS_MAX:
                raise _Elsewhere
            found[match[1]] = self._list((match[1],)) if match[2] is None else self._flow(match[2], (match[1],), at)
            self._note((match[1],), at)
        return found

    def _list(self, path: Path) -> list[Any] | None:
        """The dashes below a key; None where there are none, which is null."""
        items: list[Any] = []
        indent: str | None = None
        while self._left and (match := _ITEM.fullmatch(self._left[-1][1])):
            if indent is not None and match[1] != indent:
                raise _Elsewhere
            indent = match[1]
            at, _ = self._left.pop()
            items.append(self._item(match[2], (*path, len(items)), at, indent))
        return items or None

    def _item(self, said: str, path: Path, at: int, indent: str) -> Any:
        self._note(path, at)
        first = _ITEM_MEMBER.fullmatch(said)
        if first is None:
            return _scalar(said)
        inner = f"{indent}  "
        found: dict[str, Any] = {}
        self._add(found, first, path, at)
        while self._left and (match := _ITEM_MEMBER.fullmatch(self._left[-1][1])) and match[1] == inner:
            at, _ = self._left.pop()
            self._add(found, match, path, at)
        return found

    def _add(self, found: dict[str, Any], match: re.Match[str], path: Path, at: int) -> None:
        if match[2] in found or len(match[2]) > KEY_CHARS_MAX:
            raise _Elsewhere
        found[match[2]] = None if match[3] is None else _scalar(match[3])
        self._note((*path, match[2]), at)

    def _flow(self, said: str, path: Path, at: int) -> Any:
        """A scalar, or a list in brackets."""
        if not said.startswith("["):
            return _scalar(said)
        inside = said[1:-1].strip(" ")
        parts = [part.strip(" ") for part in inside.split(",")] if inside else []
        if not said.endswith("]") or any(mark in inside for mark in "[]{}") or any(map(_has_colon, parts)):
            raise _Elsewhere
        for number in range(len(parts)):
            self._note((*path, number), at)
        return [_scalar(part) for part in parts]

    def _note(self, path: Path, at: int) -> None:
        self.lines[path] = self._first_line + at


def _has_colon(part: str) -> bool:
    return ":" in part and part[0] not in "'\""


def _scalar(said: str) -> Any:
    if match := _SINGLE.fullmatch(said):
        return match[1].replace("''", "'")
    if match := _DOUBLE.fullmatch(said):
        return match[1]
    if _WHOLE.fullmatch(said):
        return int(said)
    if said in _VALUES:
        return _VALUES[said]
    is_text = _WORDS.fullmatch(said) and ": " not in said and " #" not in said and not said.endswith(":")
    if not is_text or said.lower() in _RESERVED or _FRACTION.fullmatch(said):
        raise _Elsewhere
    return said
