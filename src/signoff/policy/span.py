"""Lengths of time in a policy file."""

from __future__ import annotations

import re

from signoff.documents.piece import Pieces
from signoff.documents.problem import shown
from signoff.gates.deadline import TTL_S_MAX

SPAN_EXPECTED = "a time like 90s, 30m, 2h or 1d, at most 30d"

_SECONDS_IN = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([1-9][0-9]{0,7})([smhd])")


def read_span(pieces: Pieces, key: str) -> int | None:
    """Seconds."""
    piece = pieces.get(key)
    if piece is None:
        return None
    match = _SPAN.fullmatch(str(piece.value))
    seconds = int(match[1]) * _SECONDS_IN[match[2]] if match else 0
    if 0 < seconds <= TTL_S_MAX:
        return seconds
    piece.refuse("meaningless-time", f"{key} {shown(str(piece.value))}", SPAN_EXPECTED)
    return None
