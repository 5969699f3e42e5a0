"""How a request waits for the ledger to change without holding a thread.

One thread in the process watches the ledger. When it changes while somebody waits, the thread looks which workflows
have new audit entries (every change of a gate or a run appends one) and wakes the requests that wait for those. A
wake-up can be lost (a notification, or on Postgres an entry that becomes visible after a later one); so whoever waits
also looks again once a second.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from signoff.app.find import find_entries, find_newest_seq
from signoff.app.page import ROWS_MAX
from signoff.app.world import World
from signoff.errors import LedgerUnavailableError

RECHECK_S = 1.0
WATCH_S = 0.2
#: Of a thousand changes at once it looks at many together.
CALM_S = 0.02
JOIN_TIMEOUT_S = 0.5
LOOKERS_MAX = 4
#: For those who wait for whatever changes: no workflow has such an id.
ANY = "*"

T = TypeVar("T")

_log = logging.getLogger("signoff.api")


class Listener:
    """One waiting request. What happens between two waits is not missed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def wake(self) -> None:
        self._changed.set()

    async def wait(self, timeout_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        self._changed.clear()


class Changes:
    """The watcher thread and those who wait. Everything but the thread's own loop belongs to the event loop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._listeners: dict[str, set[Listener]] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._lookers = CapacityLimiter(LOOKERS_MAX)
        self.is_ending = False

    async def look(self, read: Callable[[], T]) -> T:
        """Read the ledger on behalf of somebody who waits, in one of few threads that are for this alone: however
        many wait, they never stand in the way of those who answer."""
        return await to_thread.run_sync(read, limiter=self._lookers)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._watch, args=(loop,), name="signoff-changes", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wake everybody: the process is about to end, and nobody is to wait any longer."""
        self.is_ending = True
        self._wake_all()

    async def stop(self) -> None:
        self.end()
        self._stopped.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, JOIN_TIMEOUT_S)

    @contextmanager
    def listen(self, workflow_id: str) -> Iterator[Listener]:
        """Begin before the first read, so that no change falls between reading and waiting. ANY is every workflow."""
        listener = Listener()
        self._listeners.setdefault(workflow_id, set()).add(listener)
        try:
            yield listener
        finally:
            others = self._listeners[workflow_id]
            others.discard(listener)
            if not others:
                del self._listeners[workflow_id]

    def _wake_all(self) -> None:
        self._wake(list(self._listeners))

    def _wake(self, workflow_ids: list[str]) -> None:
        for workflow_id in {*workflow_ids, ANY}:
            for listener in self._listeners.get(workflow_id, ()):
                listener.wake()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.is_set():
            try:
                self._watch_until_stopped(loop)
            except LedgerUnavailableError as error:
                _log.warning("the ledger cannot be watched: %s", error.message)
                self._stopped.wait(RECHECK_S)

    def _watch_until_stopped(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._world.ledger.watch() as watch:
            seen = find_newest_seq(self._world)
            while not self._stopped.wait(CALM_S):
                if not watch.wait(WATCH_S):
                    continue
                seen, wake = self._look_on(seen)
                if wake is not None and not loop.is_closed():
                    loop.call_soon_threadsafe(wake)

    def _look_on(self, seen: int) -> tuple[int, Callable[[], None] | None]:
        """The newest seq, and how to wake those of the workflows that have changed since `seen`."""
        if self._listeners:
            seen, workflow_ids = new_entries(self._world, seen)
            return seen, partial(self._wake, workflow_ids) if workflow_ids else None
        # Nobody waits: what has changed is not looked for. Whoever has begun to wait meanwhile looks once more.
        seen = find_newest_seq(self._world)
        return seen, self._wake_all if self._listeners else None


def new_entries(world: World, seen: int) -> tuple[int, list[str]]:
    """The newest seq, and the workflows with entries after `seen`."""
    workflow_ids: dict[str, None] = {}
    while True:
        page = find_entries(world, after=seen, limit=ROWS_MAX)
        workflow_ids.update(dict.fromkeys(entry.workflow_id for entry in page.items))
        seen = page.items[-1].seq if page.items else seen
        if page.next_cursor is None:
            return seen, list(workflow_ids)
