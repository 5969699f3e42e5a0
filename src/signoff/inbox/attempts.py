"""How often somebody may fail to sign in.

Nobody guesses 256 random bits, so that the limit protects the ledger from being asked, not tokens from being found.
For that it is enough to count in each process, and a count that a restart forgets does no harm.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

FAILURES_MAX = 10
WINDOW_MS = 60_000
ADDRESSES_MAX = 10_000


class Attempts:
    """Failures by the address that they came from, of the last minute."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str, now: int) -> int:
        """How long this address has to wait; 0 while it may try."""
        with self._lock:
            failures = self._failures.get(address, deque())
            while failures and failures[0] <= now - WINDOW_MS:
                failures.popleft()
            return 0 if len(failures) < FAILURES_MAX else max(1, (failures[0] + WINDOW_MS - now) // 1000)

    def failed(self, address: str, now: int) -> None:
        with self._lock:
            self._failures.setdefault(address, deque(maxlen=FAILURES_MAX)).append(now)
            self._failures.move_to_end(address)
            if len(self._failures) > ADDRESSES_MAX:
                self._failures.popitem(last=False)
