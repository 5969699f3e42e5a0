"""The two things that the core may not make itself: instants and ids."""

from __future__ import annotations

import os
import time
from pathlib import Path

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def now_us() -> int:
    """Microseconds, for what is ordered by its instants alone."""
    return time.time_ns() // 1_000


class MovableClock:
    """Now, as far on as a development server's clock was moved. Every process of its ledger reads the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> int:
        return now_ms() + moved_ms(self._path)


def moved_ms(path: Path) -> int:
    """By how much the clock of this file was moved on: the sum of its lines."""
    return sum(int(line) for line in path.read_text(encoding="ascii").split())


def move_clock(path: Path, span_ms: int) -> int:
    """Move it on; how far on it is then. Whoever does so at the same moment adds a line of their own."""
    with path.open("a", encoding="ascii") as file:
        file.write(f"{span_ms}\n")
    return moved_ms(path)


def new_ulid() -> str:
    """A ULID: 48 bits of time, 80 bits of randomness, 26 characters of Crockford's base 32."""
    value = (now_ms() << 80) | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
