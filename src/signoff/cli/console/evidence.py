"""The evidence that can be looked at here: what a run of ours has kept, and files on this machine.

Only what has the hash that the prompt names is ever shown as that evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from signoff.cli.output import page
from signoff.cli.terminal import one_line, sanitise, styled
from signoff.errors import NotFoundError

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

FILE_BYTES_MAX = 16 * 1024 * 1024

_DIFF_STYLES: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("diff ", {"bold": True}),
    ("+++ ", {"bold": True}),
    ("--- ", {"bold": True}),
    ("@@", {"fg": "cyan"}),
    ("+", {"fg": "green"}),
    ("-", {"fg": "red"}),
)


@dataclass(frozen=True)
class Piece:
    """Evidence whose content was found. `content` is what a run has kept, None where the file `path` is it."""

    title: str
    uri: str
    sha256: str
    is_diff: bool
    content: bytes | None = None
    path: Path | None = None

    def read(self) -> bytes | None:
        """None where the file is no longer what the prompt names."""
        if self.content is not None:
            return self.content
        return None if self.path is None else _read_file(self.path, self.sha256)


def find_evidence(backend: Backend, gate: Mapping[str, Any]) -> list[Piece]:
    """The pieces of a gate's evidence that can be shown here, in the prompt's order."""
    evidence = [piece for piece in gate["prompt"].get("evidence") or [] if piece.get("sha256")]
    kept = {row["sha256"]: row for row in _artifacts(backend, gate["workflowID"])} if evidence else {}
    return [found for piece in evidence if (found := _find(piece, kept.get(piece["sha256"]))) is not None]


def show_evidence(piece: Piece) -> None:
    """On the screen, or in the pager where it is longer.

    Raises:
        KeyboardInterrupt: the person left from within the pager.
    """
    page("\n".join(_lines(piece)))


def _artifacts(backend: Backend, workflow_id: str) -> Iterator[Mapping[str, Any]]:
    """What a run has kept as text; workflows that are not runs of ours have kept nothing here."""
    try:
        rows = backend.artifacts(workflow_id)
    except NotFoundError:
        return
    yield from (row for row in rows if row["inline"] is not None and _digest(row["inline"].encode()) == row["sha256"])


def _find(piece: Mapping[str, Any], row: Mapping[str, Any] | None) -> Piece | None:
    is_diff = piece["title"].endswith((".diff", ".patch")) or (row is not None and row["kind"] == "diff")
    facts = {"title": piece["title"], "uri": piece["uri"], "sha256": piece["sha256"], "is_diff": is_diff}
    if row is not None:
        return Piece(**facts, content=row["inline"].encode())
    path = _local_path(piece["uri"])
    is_it = path is not None and _read_file(path, piece["sha256"]) is not None
    return Piece(**facts, path=path) if is_it else None


def _local_path(uri: str) -> Path | None:
    """The address comes from a stranger: nothing but a regular file, of a size that can be read, is opened."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return Path(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if "://" in uri else Path(uri)


def _read_file(path: Path, sha256: str) -> bytes | None:
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
            return None
        content = path.read_bytes()
    except (OSError, ValueError):
        return None
    return content if _digest(content) == sha256 else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _lines(piece: Piece) -> Iterator[str]:
    yield styled(one_line(piece.title), bold=True)
    yield one_line(f"{piece.uri} sha256 {piece.sha256}")
    yield ""
    content = piece.read()
    if content is None:
        yield "It is no longer what this gate names: the file has changed or is gone."
    elif b"\0" in content:
        yield f"It is not text, but {len(content)} bytes."
    else:
        for line in sanitise(content.decode("utf-8", "replace")).split("\n"):
            yield coloured(line) if piece.is_diff else line


def coloured(line: str) -> str:
    style = next((style for start, style in _DIFF_STYLES if line.startswith(start)), {})
    return styled(line, **style)
