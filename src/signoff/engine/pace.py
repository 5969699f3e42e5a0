"""How often the queues are looked at.

They cannot say that something came in, so what is put into one waits for half an interval. While legs are being
ordered the intervals are short; when nothing came for a while they are long, and a worker with nothing to do does
next to nothing. The engine keeps one interval for all workers: whoever is busy says so again with every beat, and
what a worker that died left short is made long by the one that takes over its work.
"""

from __future__ import annotations

import threading
import time

from dbos import DBOS

from signoff.gates.keys import PARENT_QUEUE, SANDBOX_QUEUE

#: Seconds between two looks, by queue.
BUSY_S = {PARENT_QUEUE: 0.015, SANDBOX_QUEUE: 0.05}
QUIET_S = {PARENT_QUEUE: 0.1, SANDBOX_QUEUE: 0.25}
#: So long after the last order it is quiet again.
QUIET_AFTER_S = 5.0


class Pace:
    """The pace that this worker wants."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_busy = False
        self._busy_until = 0.0

    def quicken(self) -> None:
        """Something was ordered."""
        with self._lock:
            self._busy_until = time.monotonic() + QUIET_AFTER_S
            if not self._is_busy:
                self._is_busy = True
                _set(BUSY_S)

    def beat(self, *, took_over: bool) -> None:
        """Once in a while: say again that there is work, or that there is none any more."""
        with self._lock:
            was_busy, self._is_busy = self._is_busy, time.monotonic() < self._busy_until
            if self._is_busy:
                _set(BUSY_S)
            elif was_busy or took_over:
                _set(QUIET_S)


def _set(intervals: dict[str, float]) -> None:
    for name, seconds in intervals.items():
        queue = DBOS.retrieve_queue(name)
        if queue is not None and queue.polling_interval_sec != seconds:
            queue.set_polling_interval_sec(seconds)
