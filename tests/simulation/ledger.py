"""The real ledger on SQLite, as a simulated process has it: between any two transactions others may go on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from signoff.errors import LedgerUnavailableError
from signoff.ledger.database import Connection
from signoff.ledger.migrate import upgrade
from signoff.ledger.sqlite import APP_FILE, SqliteDatabase

from .schedule import Process, Schedule

IN_MEMORY = Path("/dev/shm")

BEFORE, AT_COMMIT, AFTER = "before it begins", "at its commit", "after its commit"


class SteppedDatabase(SqliteDatabase):
    """`hears` draws whether the process is told of a commit, its own too; else it finds it when it looks."""

    def __init__(
        self,
        directory: Path,
        schedule: Schedule,
        process: Process,
        *,
        hears: Callable[[], bool],
        on_commit: Callable[[], None],
    ) -> None:
        super().__init__(directory)
        # One task goes at a time, and none pauses within a transaction.
        self.write_lock: AbstractContextManager[Any] = nullcontext()
        self._schedule = schedule
        self._process = process
        self._hears = hears
        self._on_commit = on_commit
        self._watches: list[_Watch] = []

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        self._schedule.pause()
        if self._process.fails[:1] == [BEFORE]:
            self._process.fails.pop(0)
            raise unavailable(BEFORE)
        with super().connect() as connection:
            assert isinstance(connection, sqlite3.Connection)
            before = connection.total_changes
            yield connection
            if connection.total_changes != before:
                self._on_commit()

    @contextmanager
    def watch(self) -> Iterator[_Watch]:  # type: ignore[override]
        watch = _Watch(self._schedule)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    def notify(self) -> None:
        """Somebody has committed."""
        for watch in self._watches:
            watch.is_notified = watch.is_notified or self._hears()


class _Watch:
    def __init__(self, schedule: Schedule) -> None:
        self.is_notified = False
        self._schedule = schedule

    def wait(self, timeout_s: float) -> bool:
        was_notified = self._schedule.wait(lambda: self.is_notified, timeout_s)
        self.is_notified = False
        return was_notified


def unavailable(when: str) -> LedgerUnavailableError:
    return LedgerUnavailableError(f"The ledger went away {when}.")


@contextmanager
def new_directory() -> Iterator[Path]:
    """With a ledger of the newest schema in it, and gone at the end."""
    there = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="signoff-simulation-", dir=there) as name:
        (Path(name) / APP_FILE).write_bytes(_empty_ledger())
        yield Path(name)


@cache
def _empty_ledger() -> bytes:
    with TemporaryDirectory() as name:
        database = SqliteDatabase(Path(name))
        upgrade(database, now=0)
        database.close()
        return (Path(name) / APP_FILE).read_bytes()
