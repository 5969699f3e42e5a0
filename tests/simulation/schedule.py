"""Tasks of simulated processes that take turns: one goes at a time, until it pauses, and who is next is drawn.

Every task has a thread, so that the code in it is the code that ships; but a thread goes on only while it has the turn,
and time stands still while it does. What happens is therefore the seed's doing alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

#: How long a turn may be in real time before the simulator is taken to hang.
TURN_S_MAX = 60.0
#: What one turn takes on the simulated clock.
TURN_MS = (0, 0, 1, 4, 15)


class Killed(BaseException):
    """Unwinds a task of a process that was killed, past everything that would catch a mere error."""


@dataclass(eq=False)
class Process:
    """What dies as one. `skew_ms` is how far its clock is on, `dies_in` after how many named moments it is killed, and
    `fails` what becomes of its next transactions."""

    name: str
    skew_ms: int = 0
    stalled_until: int = 0
    dies_in: int | None = None
    fails: list[str] = field(default_factory=list)
    is_dead: bool = False
    context: Any = None


class Task:
    def __init__(self, process: Process, name: str, run: Callable[[], None]) -> None:
        self.process = process
        self.name = name
        self.is_done = False
        self.execution: Any = None
        self.next_id: str | None = None
        self.wakes_at: int | None = None
        self.until: Callable[[], bool] | None = None
        self.error: Exception | None = None
        self._run = run
        # Each is held but for the moment at which the turn is handed over.
        self._mine, self._given_back = threading.Lock(), threading.Lock()
        self._mine.acquire()
        self._given_back.acquire()
        self._thread = threading.Thread(target=self._go, name=f"{process.name}:{name}", daemon=True)
        self._thread.start()

    def is_ready(self, now: int) -> bool:
        if now < self.process.stalled_until:
            return False
        is_due = self.wakes_at is not None and now >= self.wakes_at
        return is_due or (self.wakes_at is None and self.until is None) or (self.until is not None and self.until())

    def take_turn(self) -> None:
        self._mine.release()
        assert self._given_back.acquire(timeout=TURN_S_MAX), f"{self.process.name}:{self.name} does not pause"
        if self.is_done:
            self._thread.join()

    def pause(self) -> None:
        self._given_back.release()
        self._mine.acquire()

    def _go(self) -> None:
        self._mine.acquire()
        try:
            if not self.process.is_dead:
                self._run()
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001
            # Nobody above would hear of it: it is judged with the rest.
            self.error = error
        finally:
            self.is_done = True
            self._given_back.release()


class Schedule:
    """`now_ms` is the true time, from 0 on; processes read it through their own clocks."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.now_ms = 0
        self.tasks: list[Task] = []
        self.broken: list[str] = []
        self._current: Task | None = None

    @property
    def has_task(self) -> bool:
        """Whether it is a task that asks, and not whoever looks from outside."""
        return self._current is not None

    @property
    def current(self) -> Task:
        assert self._current is not None
        return self._current

    def spawn(self, process: Process, name: str, run: Callable[[], None]) -> Task:
        task = Task(process, name, run)
        self.tasks.append(task)
        return task

    def pause(self) -> None:
        """Let others go on. Where there is no task, as while a ledger is looked at from outside, nothing happens."""
        self._wait(None, None)

    def wait(self, until: Callable[[], bool], timeout_s: float | None) -> bool:
        """Whether it came true before the time was over."""
        if not until():
            self._wait(until, None if timeout_s is None else self.now_ms + int(timeout_s * 1000))
        return until()

    def turn(self) -> bool:
        """One turn of a task that is drawn; False where none could go on."""
        ready = [task for task in self.tasks if task.is_ready(self.now_ms)]
        if not ready:
            return False
        self._take(self.dice.choice(ready))
        self.now_ms += self.dice.choice(TURN_MS)
        return True

    def kill(self, process: Process) -> None:
        process.is_dead = True
        if self._current is None:
            self._bury()
        elif self._current.process is process:
            raise Killed

    def _wait(self, until: Callable[[], bool] | None, wakes_at: int | None) -> None:
        task = self._current
        if task is None:
            return
        if task.process.is_dead:
            raise Killed
        task.until, task.wakes_at = until, wakes_at
        task.pause()
        task.until, task.wakes_at = None, None
        if task.process.is_dead:
            raise Killed

    def _take(self, task: Task) -> None:
        self._current = task
        task.take_turn()
        self._current = None
        self._bury()

    def _bury(self) -> None:
        """Those of dead processes are unwound, and those that have ended are forgotten."""
        for task in [task for task in self.tasks if task.process.is_dead]:
            while not task.is_done:
                self._current = task
                task.take_turn()
                self._current = None
        for task in self.tasks:
            if task.error is not None:
                self.broken.append(f"{task.process.name}:{task.name} broke: {task.error!r}")
        self.tasks = [task for task in self.tasks if not task.is_done]
