"""Steps that no agent carries out: somebody at the terminal is shown the prompt and says when it is done."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field

from signoff.app.legs import LegInterrupted


@dataclass(frozen=True)
class Wanted:
    title: str
    done: threading.Event = field(default_factory=threading.Event)


class Attendance:
    """`attend` is called by the step, in a thread of the worker; the command asks, in its own."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
        self._all: list[Wanted] = []
        self._is_closed = threading.Event()

    def attend(self, title: str, prompt: str) -> None:
        """The prompt itself is shown as everything is that a step writes."""
        wanted = Wanted(title)
        self._all.append(wanted)
        self._wanted.put(wanted)
        if not self._is_closed.is_set():
            wanted.done.wait()
        if self._is_closed.is_set():
            raise LegInterrupted

    def next(self) -> Wanted | None:
        try:
            return self._wanted.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Whoever still waits is let go: the step is done again by the next worker."""
        self._is_closed.set()
        for wanted in self._all:
            wanted.done.set()
