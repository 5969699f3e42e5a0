"""Evidence of a gate as a page can show it: what its run has kept under the hash that the prompt names.

Nothing is fetched and no file is opened for a page: what an address leads to, strangers have written. Content is shown
where it has the hash that the prompt names, and never on anybody's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.documents.plain_text import sanitise
from signoff.gates.digest import sha256_hex
from signoff.gates.gate import Gate
from signoff.inbox.diff import DiffLine, diff_lines, is_diff
from signoff.inbox.markdown import is_safe_link

if TYPE_CHECKING:
    from signoff.app.ports import Row

#: Of one piece, on the page of its gate; the whole has a page of its own.
INLINE_CHARS_MAX = 12_000
#: Of all pieces together.
PAGE_CHARS_MAX = 48_000


@dataclass(frozen=True)
class Piece:
    """`text` is what is shown of it, None where nothing is known of its content; `diff` the same as lines of a diff.
    `href` is where its address leads, None where nobody should be sent."""

    number: int
    title: str
    uri: str
    sha256: str | None
    is_missing: bool
    href: str | None = None
    text: str | None = None
    diff: tuple[DiffLine, ...] | None = None
    chars: int = 0
    is_cut: bool = False


def pieces_of(gate: Gate, artifacts: Sequence[Row]) -> list[Piece]:
    """In the prompt's order, numbered from 1."""
    kept = _kept(artifacts)
    return list(_pieces(gate, kept))


def content_of(gate: Gate, artifacts: Sequence[Row], number: int) -> str | None:
    """All that is known of one piece; None where nothing is."""
    evidence = gate.prompt.wire.get("evidence") or []
    piece = evidence[number - 1] if 1 <= number <= len(evidence) else {}
    return _kept(artifacts).get(piece.get("sha256", ""))


def _kept(artifacts: Sequence[Row]) -> dict[str, str]:
    texts = ((row["sha256"], row["inline"]) for row in artifacts if row["inline"] is not None)
    return {sha256: text for sha256, text in texts if sha256_hex(text.encode()) == sha256}


def _pieces(gate: Gate, kept: dict[str, str]) -> Iterator[Piece]:
    room = PAGE_CHARS_MAX
    for number, piece in enumerate(gate.prompt.wire.get("evidence") or [], start=1):
        content = kept.get(piece.get("sha256", ""))
        shown = None if content is None else sanitise(content[: min(INLINE_CHARS_MAX, room)])
        room -= len(shown or "")
        is_change = content is not None and (piece["title"].endswith((".diff", ".patch")) or is_diff(content))
        yield Piece(
            number=number,
            title=piece["title"],
            uri=piece["uri"],
            sha256=piece.get("sha256"),
            is_missing=not piece.get("sha256") and "://" not in piece["uri"],
            href=piece["uri"] if is_safe_link(piece["uri"]) else None,
            text=shown,
            diff=tuple(diff_lines(shown)) if shown is not None and is_change else None,
            chars=len(content or ""),
            is_cut=content is not None and len(content) > len(shown or ""),
        )
