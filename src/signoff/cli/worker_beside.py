"""A worker in the process of a command."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from signoff.cli.ending import leave_threads_behind
from signoff.cli.garbage import look_as_ever
from signoff.settings import Settings

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.telemetry.metrics import Metrics

#: Shows somebody a prompt that no agent carries out, and returns when it is done.
Attend = Callable[[str, str], None]


@contextmanager
def working(
    settings: Settings, world: World, attend: Attend | None = None, metrics: Metrics | None = None
) -> Iterator[None]:
    from signoff.bootstrap.worker import make_worker

    worker = make_worker(settings, world, attend=attend, metrics=metrics)
    leave_threads_behind()
    look_as_ever()
    worker.start()
    try:
        yield
    finally:
        worker.stop()


class WorkerBeside:
    """Starts the worker in a thread: the engine is slow to import, and there is something to do meanwhile (the API
    answers, a gate is drawn). A worker that ends by itself sets `ending`; its error is raised where this is left."""

    def __init__(
        self, settings: Settings, world: World, attend: Attend | None = None, metrics: Metrics | None = None
    ) -> None:
        self.ending = threading.Event()
        self._settings = settings
        self._world = world
        self._attend = attend
        self._metrics = metrics
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None

    def start(self, on_ready: Callable[[], None] = lambda: None) -> None:
        self._thread = threading.Thread(target=self._work, args=(on_ready,), name="signoff-worker")
        self._thread.start()

    def __enter__(self) -> WorkerBeside:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self, on_ready: Callable[[], None]) -> None:
        try:
            with working(self._settings, self._world, self._attend, self._metrics):
                on_ready()
                self._stopped.wait()
        except BaseException as error:  # noqa: BLE001 - raised again where this is left
            self._error = error
            self.ending.set()
