"""Where is measured: ledgers and processes of the measurement's own, all gone at its end, or a server elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from signoff.cli.bench.options import Bench
from signoff.cli.bench.weight import cpu_of
from signoff.cli.bench.wire import Wire
from signoff.cli.server_process import ServerProcess
from signoff.errors import OperationError
from signoff.settings import Settings, load, mask_url

LOG_FILE = "processes.log"
LOG_LINES_SHOWN = 5


@dataclass(frozen=True)
class Site:
    """A server. `settings` are those of its ledger and `processes` those that are its own, by what they do; of a server
    elsewhere there are neither."""

    wire: Wire
    settings: Settings | None = None
    processes: Mapping[str, ServerProcess] = field(default_factory=dict)

    def cpu_s(self) -> float | None:
        """Processor time of its processes so far, and of the programs that they ran."""
        return cpu_of(one.pid for one in self.processes.values()) if self.processes else None


class Place:
    """A folder, and maybe a Postgres server, for the time of a measurement."""

    def __init__(self, folder: Path, new_database: Callable[[], str] | None, database: str) -> None:
        self.folder = folder
        self.database = database
        self.embedded = _sqlite()
        self._new_database = new_database
        self._ledgers = 0

    @property
    def is_postgres(self) -> bool:
        return self._new_database is not None

    def database_of(self, bench: Bench) -> str:
        """That of the server which is measured, in words."""
        return f"that of {mask_url(bench.base)}" if bench.base is not None else self.database

    def new_ledger(self) -> Settings:
        """The settings of an empty ledger with all its tables. Nothing of the shell's own set-up is in them."""
        return self._ledger({} if self._new_database is None else {"database_url": self._new_database()})

    def embedded_ledger(self) -> Settings:
        """The same on SQLite, whatever database is measured."""
        return self._ledger({})

    def process(self, settings: Settings, *arguments: str) -> ServerProcess:
        """One that is not started yet, on this ledger."""
        url = settings.database_url
        environ = {**_plain_environment(), **({} if url is None else {"SIGNOFF_DATABASE_URL": url})}
        log = self.folder / LOG_FILE
        return ServerProcess(*arguments, "--dir", str(settings.dir), log=log, environ=environ, cwd=self.folder)

    def _ledger(self, flags: Mapping[str, str]) -> Settings:
        from signoff.bootstrap.world import open_world

        self._ledgers += 1
        folder = self.folder / f"ledger-{self._ledgers}"
        settings = load({"dir": str(folder), **flags}, {}, cwd=self.folder)
        with open_world(settings, migrates=True):
            return settings

    @contextmanager
    def running(self, processes: Mapping[str, ServerProcess]) -> Iterator[dict[str, str]]:
        """Started one after the other; what each says it is ready at, by its name."""
        ready = {}
        try:
            for name, process in processes.items():
                ready[name] = str(self._started(process)["ready"])
            yield ready
        finally:
            with _undisturbed():
                for process in reversed(list(processes.values())):
                    process.stop()

    def _started(self, process: ServerProcess) -> dict[str, Any]:
        """The log is gone when the command ends: what it says last is said with the error."""
        try:
            return process.start()
        except OperationError as error:
            lines = (self.folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
            raise OperationError(
                f"The server did not start. Its log ends: {' | '.join(lines[-LOG_LINES_SHOWN:])}", code=error.code
            ) from None

    @contextmanager
    def site(self, settings: Settings, workers: int) -> Iterator[Site]:
        """A server on this ledger: with `workers` an API and so many of them, else one process that is both."""
        first = "api" if workers else "up"
        processes = {first: self.process(settings, first, "--port", "0")}
        processes |= {f"worker {n + 1}": self.process(settings, "worker") for n in range(workers)}
        with self.running(processes) as ready:
            yield Site(Wire(ready[first], None), settings, processes)


@contextmanager
def open_place(bench: Bench) -> Iterator[Place]:
    """What is begun in it has ended and is removed when this is left, by Ctrl-C and SIGTERM too."""
    stack = ExitStack()
    with _ended_by_sigterm():
        try:
            yield _make_place(bench, stack)
        finally:
            with _undisturbed():
                stack.close()


def _make_place(bench: Bench, stack: ExitStack) -> Place:
    folder = Path(tempfile.mkdtemp(prefix="signoff-bench-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    if not (bench.is_postgres or bench.database_url):
        return Place(folder, None, _sqlite())
    from signoff.cli.bench.scratch_database import scratch_databases, server_version

    url = bench.database_url or stack.enter_context(_own_postgres(folder))
    new_database = stack.enter_context(scratch_databases(url))
    whose = mask_url(url) if bench.database_url else "of its own, durable"
    return Place(folder, new_database, f"Postgres {server_version(url)}, {whose}")


@contextmanager
def open_site(bench: Bench, place: Place) -> Iterator[Site]:
    """The server that is measured."""
    if bench.base is not None:
        yield Site(Wire(bench.base, bench.call.settings.token))
        return
    with place.site(place.new_ledger(), bench.workers) as site:
        yield site


@contextmanager
def _own_postgres(folder: Path) -> Iterator[str]:
    from signoff.ledger.embedded_postgres import EmbeddedPostgres

    server = EmbeddedPostgres(folder / "postgres")
    try:
        with server as url:
            yield url
    finally:
        # Of root, it is not in the folder.
        shutil.rmtree(server.cluster, ignore_errors=True)


def _sqlite() -> str:
    import sqlite3

    return f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL"


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF_")}


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """A supervisor's SIGTERM leaves as little behind as Ctrl-C."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _signals({signal.SIGTERM: interrupt}):
        yield


def _undisturbed() -> AbstractContextManager[None]:
    """Whoever presses Ctrl-C once more would leave behind what is being ended."""
    return _signals({signal.SIGTERM: signal.SIG_IGN, signal.SIGINT: signal.SIG_IGN})


@contextmanager
def _signals(actions: Mapping[int, Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, action) for number, action in actions.items()}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
