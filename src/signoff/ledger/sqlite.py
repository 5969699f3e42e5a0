"""The embedded default: one file, attached as `app` so that queries say `app.runs` as they do on Postgres.

WAL with `synchronous=FULL`: readers never wait, and what was answered survives a power cut. The writer attaches `app`
alone, since BEGIN IMMEDIATE locks every attached file.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from signoff.errors import LedgerUnavailableError
from signoff.ledger.database import Connection
from signoff.ledger.queries import load_queries

APP_FILE = "app.db"
ENGINE_FILE = "dbos.db"
BUSY_TIMEOUT_MS = 15_000
WATCH_INTERVAL_S = 0.02
#: Of each connection: a worker with a million gates waiting should be no larger than one with none.
CACHE_KIB = 512


class SqliteDatabase:
    dialect = "sqlite"
    begin_read = "BEGIN"
    begin_write = "BEGIN IMMEDIATE"
    #: Writers of one process queue here: SQLite's own waiting sleeps and retries, which is slow and unfair.
    write_lock: AbstractContextManager[Any]

    def __init__(self, directory: Path) -> None:
        self.queries = load_queries(self.dialect)
        self.write_lock = threading.Lock()
        self._directory = directory
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _as_unavailable(self._directory):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open()
            try:
                yield connection
            except sqlite3.Error:
                connection.close()
                raise
            except BaseException:
                self._give_back(connection)
                raise
            self._give_back(connection)

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for row in connection.execute(query, params):
            yield dict(row)

    def script(self, connection: Connection, sql: str) -> None:
        statement = ""
        for line in sql.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""

    def prepare(self, connection: Connection) -> None:
        """The file is the schema, and BEGIN IMMEDIATE the lock."""

    @contextmanager
    def watch(self) -> Iterator[SqliteWatch]:
        with _as_unavailable(self._directory):
            connection = self._open()
            try:
                yield SqliteWatch(connection)
            finally:
                connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> sqlite3.Connection:
        path = self._directory / APP_FILE
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        except OSError as error:
            raise LedgerUnavailableError(f"The ledger {path} cannot be made: {error.strerror}.") from error
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("ATTACH DATABASE ? AS app", (str(path),))
        connection.execute("PRAGMA app.journal_mode = WAL")
        connection.execute("PRAGMA app.synchronous = FULL")
        connection.execute(f"PRAGMA app.cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        self._idle.append(connection)


def engine_url(directory: Path) -> str:
    """The URL of the engine's own file beside the ledger's, made in WAL mode: the engine leaves it as it finds it."""
    path = directory / ENGINE_FILE
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return f"sqlite:///{path}"


class SqliteWatch:
    """Looks at the file's change counter, which moves with every commit of another connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen = self._version()

    def wait(self, timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while (version := self._version()) == self._seen:
            if time.monotonic() >= end:
                return False
            time.sleep(WATCH_INTERVAL_S)
        self._seen = version
        return True

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA app.data_version").fetchone()[0])


@contextmanager
def _as_unavailable(directory: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Broken constraints and wrong use are defects of ours; locked, full, read-only and damaged files are not.
        if not isinstance(error, sqlite3.OperationalError) and type(error) is not sqlite3.DatabaseError:
            raise
        raise LedgerUnavailableError(
            f"The ledger in {directory} cannot be used: {error}.", details={"directory": str(directory)}
        ) from error
