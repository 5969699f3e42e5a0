"""Who made a claim, and whether they are alive.

A claim's id says where it was made: `<place>/<pid>/<started>/<ulid>`. Whoever is at the same place sees at once that
the process is gone, and that one which only stands still is not. Elsewhere a claim has to lapse.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from signoff.clock import new_ulid
from signoff.gates.digest import sha256_hex

PLACE_CHARS = 12
#: Where the kernel says when a process was started, counted behind its name, which may itself hold blanks.
STARTED_FIELD = 19

#: The claims that are being worked on in this process: one of ours that is not among them was given up.
_at_work: set[str] = set()


@contextmanager
def new_claim_id() -> Iterator[str]:
    """One that no claim had before, alive while the block lasts."""
    claim_id = f"{_place()}/{os.getpid()}/{_started(os.getpid())}/{new_ulid()}"
    _at_work.add(claim_id)
    try:
        yield claim_id
    finally:
        _at_work.discard(claim_id)


def is_alive(claim: str) -> bool | None:
    """None where that cannot be known from here."""
    place, pid, started, *_ = claim.split("/")
    if place != _place():
        return None
    if int(pid) == os.getpid() and started == _started(os.getpid()):
        return claim in _at_work
    return _started(int(pid)) == started if started else None


@cache
def _place() -> str:
    """A digest of host name, boot and process namespace."""
    parts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(str(Path(path).readlink()) if path.endswith("pid") else Path(path).read_text(encoding="ascii"))
        except OSError:
            parts.append("")
    return sha256_hex("\n".join(parts).encode())[:PLACE_CHARS]


def _started(pid: int) -> str:
    """Empty where the process is gone (a dead one that nobody has waited for too), or the kernel does not say."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
    except OSError:
        return ""
    said = rest.split()
    return "" if said[0] in ("Z", "X") else said[STARTED_FIELD]
