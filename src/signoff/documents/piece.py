"""A piece of a file: a value and where it stands, so that what is wrong with it is told there.

The `read_` functions return what a piece says, or the default where it is left out or cannot be taken, which is then
among the problems.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import Path, YamlText

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
TEXT_CHARS_MAX = 500


@dataclass(frozen=True)
class Document:
    """`problems` grows while the file is read."""

    path: str
    yaml: YamlText
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Piece:
    value: Any
    file: Document
    at: Path = ()

    @property
    def where(self) -> str:
        return f"{self.file.path}:{self.file.yaml.line(self.at)}"

    def members(self, known: Collection[str] | None = None) -> dict[str, Piece]:
        """Those of a mapping that are not null; with `known`, others are refused."""
        if not isinstance(self.value, dict):
            self.refuse("invalid-shape", shown(str(self.value)), "a mapping")
            return {}
        pieces = {key: Piece(value, self.file, (*self.at, key)) for key, value in self.value.items()}
        for key, piece in pieces.items():
            if known is not None and key not in known:
                piece.refuse("unknown-key", f"the key {shown(key)}", f"one of {', '.join(known)}")
        return {key: piece for key, piece in pieces.items() if piece.value is not None}

    def items(self) -> list[Piece]:
        """Those of a list."""
        if not isinstance(self.value, list):
            self.refuse("invalid-shape", shown(str(self.value)), "a list")
            return []
        return [Piece(value, self.file, (*self.at, at)) for at, value in enumerate(self.value)]

    def refuse(self, what: str, found: str, expected: str) -> None:
        self.file.problems.append(Problem(self.file.yaml.line(self.at), what, found, expected))


Pieces = Mapping[str, Piece]


def read_truth(pieces: Pieces, key: str, default: bool) -> bool:
    piece = pieces.get(key)
    if piece is None or isinstance(piece.value, bool):
        return default if piece is None else bool(piece.value)
    piece.refuse("invalid-value", f"{key} {shown(str(piece.value))}", "true or false")
    return default


def read_count(pieces: Pieces, key: str, most: int) -> int:
    """From 1; 1 where it is left out."""
    piece = pieces.get(key)
    if piece is None:
        return 1
    if isinstance(piece.value, bool) or not isinstance(piece.value, int) or not 1 <= piece.value <= most:
        piece.refuse("invalid-value", f"{key} {shown(str(piece.value))}", f"a whole number from 1 to {most}")
        return 1
    return int(piece.value)


def read_word(pieces: Pieces, key: str, words: Sequence[str], default: str) -> str:
    piece = pieces.get(key)
    if piece is None:
        return default
    if piece.value in words:
        return str(piece.value)
    piece.refuse("invalid-value", f"{key} {shown(str(piece.value))}", f"one of {', '.join(words)}")
    return default


def read_text(pieces: Pieces, key: str, default: str) -> str:
    piece = pieces.get(key)
    if piece is None:
        return default
    if isinstance(piece.value, str) and piece.value.strip() and len(piece.value) <= TEXT_CHARS_MAX:
        return " ".join(piece.value.split())
    piece.refuse("invalid-value", f"{key} {shown(str(piece.value))}", f"text of 1 to {TEXT_CHARS_MAX} characters")
    return default


def read_names(pieces: Pieces, key: str, known: Collection[str], what: str) -> tuple[str, ...]:
    """Names of what there is, `what` in a message, each once. A single name needs no list."""
    piece = pieces.get(key)
    if piece is None:
        return ()
    names: list[str] = []
    for one in piece.items() if isinstance(piece.value, list) else [piece]:
        if one.value in names:
            one.refuse("duplicate-name", f"{shown(str(one.value))} again", "each name once")
        elif not isinstance(one.value, str) or one.value not in known:
            one.refuse(f"unknown-{what}", f"the {what} {shown(str(one.value))}", f"one of {', '.join(known) or 'none'}")
        else:
            names.append(one.value)
    return tuple(names)


def check_name(name: str, piece: Piece) -> None:
    if NAME.fullmatch(name) is None:
        piece.refuse("bad-name", f"the name {shown(name)}", f"a name that matches ^{NAME.pattern}$")
