"""The two things that the core may not make itself: instants and ids."""

from __future__ import annotations

import os
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_ulid() -> str:
    """A ULID: 48 bits of time, 80 bits of randomness, 26 characters of Crockford's base 32."""
    value = (now_ms() << 80) | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
