"""What the engine has of `threading` and `concurrent.futures`, as tasks of a schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

from signoff.errors import SignoffError

from .schedule import Schedule, Task


class Event:
    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        return self._schedule.wait(self.is_set, timeout)


class Thread:
    def __init__(
        self,
        schedule: Schedule,
        target: Callable[..., None],
        name: str,
        args: tuple[Any, ...] = (),
        daemon: bool = True,
    ) -> None:
        self.name = name
        self._schedule = schedule
        self._run = lambda: target(*args)
        self._task: Task | None = None

    def start(self) -> None:
        self._task = self._schedule.spawn(self._schedule.current.process, self.name, self._run)

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.is_done

    def join(self, timeout: float | None = None) -> None:
        self._schedule.wait(lambda: not self.is_alive(), timeout)


class Executor:
    """As many at once as there are; a refusal stays with what raised it, as in a future that nobody asks."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def submit(self, run: Callable[..., None], *args: Any) -> None:
        def kept() -> None:
            with suppress(SignoffError):
                run(*args)

        self._schedule.spawn(self._schedule.current.process, "deliver", kept)

    def shutdown(self, wait: bool = True, cancel_futures: bool = False) -> None:
        """Its tasks end with their process."""


def threading_of(schedule: Schedule) -> Any:
    """In the place of the module."""
    return SimpleNamespace(
        Event=lambda: Event(schedule),
        Thread=lambda **given: Thread(schedule, **given),
        Lock=threading.Lock,
        current_thread=lambda: schedule.current,
    )


@contextmanager
def put(owner: Any, name: str, value: Any) -> Iterator[None]:
    """In the place of what the owner has under this name, until the block ends."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
