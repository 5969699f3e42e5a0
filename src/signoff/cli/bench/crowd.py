"""Many at once: threads that do one thing for each of a list, and end with the command whatever they wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from signoff.errors import OperationError

T = TypeVar("T")
R = TypeVar("R")

LOOK_S = 0.05


def do_all(
    items: Sequence[T],
    do: Callable[[T], R],
    *,
    clients: int,
    timeout_s: float,
    what: str,
    on_done: Callable[[], object] = lambda: None,
) -> list[R]:
    """What `do` gave for each item, in their order. All clients begin at once; the first error ends them all.

    Raises:
        OperationError: (`bench-timeout`) it was not done in time. Whatever `do` raises.
    """
    crowd = _Crowd(items, do)
    threads = [threading.Thread(target=crowd.work, daemon=True) for _ in range(min(clients, len(items)))]
    for thread in threads:
        thread.start()
    crowd.begin.set()
    ends_at = time.monotonic() + timeout_s
    told = 0
    try:
        while any(thread.is_alive() for thread in threads):
            check_time(ends_at, what)
            threads[0 if threads[0].is_alive() else -1].join(LOOK_S)
            for _ in range(len(crowd.done) - told):
                on_done()
                told += 1
    finally:
        crowd.stopping.set()
    for _ in range(len(crowd.done) - told):
        on_done()
    if crowd.errors:
        raise crowd.errors[0]
    return [crowd.done[at] for at in range(len(items))]


def check_time(ends_at: float, what: str) -> None:
    """
    Raises:
        OperationError: (`bench-timeout`) this instant of the monotonic clock has passed.
    """
    if time.monotonic() > ends_at:
        raise OperationError(f"It took too long to wait for {what}; allow more with --timeout-s.", code="bench-timeout")


class _Crowd(Generic[T, R]):
    def __init__(self, items: Sequence[T], do: Callable[[T], R]) -> None:
        self.begin = threading.Event()
        self.stopping = threading.Event()
        self.done: dict[int, R] = {}
        self.errors: list[Exception] = []
        self._do = do
        self._left: SimpleQueue[tuple[int, T]] = SimpleQueue()
        for numbered in enumerate(items):
            self._left.put(numbered)

    def work(self) -> None:
        self.begin.wait()
        while not self.stopping.is_set():
            try:
                at, item = self._left.get_nowait()
            except Empty:
                return
            try:
                self.done[at] = self._do(item)
            except Exception as error:  # noqa: BLE001 - raised again where the crowd is waited for
                self.errors.append(error)
                self.stopping.set()
