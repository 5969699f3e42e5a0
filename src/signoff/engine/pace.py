"""How often the queues are looked at.

They cannot say that something came in, so what is put into one waits for half an interval. While a few legs are being
ordered the intervals are short; when nothing came for a while they are long, and a worker with nothing to do does
next to nothing. They are long in a crowd, too: each look finds as many as the worker takes at once, and looking more
often would take the time that the legs need. The engine keeps one interval for all workers: whoever is busy says so
again with every beat, and what a worker that died left short is made long by the one that takes over its work.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from dbos import DBOS

from signoff.gates.keys import PARENT_QUEUE, SANDBOX_QUEUE

#: Seconds between two looks, by queue.
BUSY_S = {PARENT_QUEUE: 0.01, SANDBOX_QUEUE: 0.05}
QUIET_S = {PARENT_QUEUE: 0.1, SANDBOX_QUEUE: 0.25}
#: So long after the last order it is quiet again.
QUIET_AFTER_S = 5.0
#: So many orders within so long are a crowd.
CROWD, CROWD_S = 30, 1.0


class Pace:
    """The pace that this worker wants."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_busy = False
        self._ordered_at: deque[float] = deque(maxlen=CROWD)

    def quicken(self) -> None:
        """Something was ordered."""
        with self._lock:
            self._ordered_at.append(time.monotonic())
            was_busy, self._is_busy = self._is_busy, wants_to_hurry(self._ordered_at, time.monotonic())
            if self._is_busy != was_busy:
                _set(BUSY_S if self._is_busy else QUIET_S)

    def beat(self, *, took_over: bool) -> None:
        """Once in a while: say again that there is work, or that there is none any more."""
        with self._lock:
            was_busy, self._is_busy = self._is_busy, wants_to_hurry(self._ordered_at, time.monotonic())
            if self._is_busy:
                _set(BUSY_S)
            elif was_busy or took_over:
                _set(QUIET_S)


def wants_to_hurry(ordered_at: Sequence[float], now: float) -> bool:
    """After the last `CROWD` orders, of which these were the seconds."""
    if not ordered_at or now - ordered_at[-1] > QUIET_AFTER_S:
        return False
    return len(ordered_at) < CROWD or ordered_at[-1] - ordered_at[0] > CROWD_S


def _set(intervals: dict[str, float]) -> None:
    for name, seconds in intervals.items():
        queue = DBOS.retrieve_queue(name)
        if queue is not None and queue.polling_interval_sec != seconds:
            queue.set_polling_interval_sec(seconds)
