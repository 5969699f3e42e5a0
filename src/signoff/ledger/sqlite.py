"""The embedded default: one file, attached as `app` so that queries say `app.runs` as they do on Postgres.

WAL with `synchronous=FULL`: readers never wait, and what was answered survives a power cut. The writer attaches `app`
alone, since BEGIN IMMEDIATE locks every attached file.

A process stays with the file that it began with: what it wrote to one that was replaced or removed meanwhile, nobody
would find again.
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
from signoff.ledger.database import Connection, Rows, Statement
from signoff.ledger.queries import load_queries

APP_FILE = "app.db"
ENGINE_FILE = "dbos.db"
BUSY_TIMEOUT_MS = 15_000
#: For the writers of one process, behind one that waits for another process: callers of the API give up after 30 s.
QUEUE_TIMEOUT_S = 10
WATCH_INTERVAL_S = 0.01
#: Of each connection: a worker with a million gates waiting should be no larger than one with none.
CACHE_KIB = 512

_NO_WRITING = "its file or its folder cannot be written to"
_SAID_PLAINLY = {
    sqlite3.SQLITE_BUSY: f"another process has held its lock for {BUSY_TIMEOUT_MS // 1000} s",
    sqlite3.SQLITE_CANTOPEN: _NO_WRITING,
    sqlite3.SQLITE_READONLY: _NO_WRITING,
}


class SqliteConnection(sqlite3.Connection):
    """Has nobody to wait for: what is put is carried out at once."""

    def put(self, query: str, params: Mapping[str, Any] | None = None) -> None:
        self.execute(query, params or {})

    def ask(self, *statements: Statement) -> list[Rows]:
        return [_rows(self.execute(query, params or {})) for query, params in statements]

    def count(self, query: str, params: Mapping[str, Any]) -> int:
        return self.execute(query, params).rowcount


class SqliteDatabase:
    dialect = "sqlite"
    begin_read = "BEGIN"
    begin_write = "BEGIN IMMEDIATE"
    #: Writers of one process queue here: SQLite's own waiting sleeps and retries, which is slow and unfair.
    write_lock: AbstractContextManager[Any]

    def __init__(self, directory: Path) -> None:
        self.queries = load_queries(self.dialect)
        self.write_lock = _Queue(directory)
        self._directory = directory
        self._path = directory / APP_FILE
        self._file: tuple[int, int] | None = None
        self._idle: list[SqliteConnection] = []

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _as_unavailable(self._directory):
            self._check_file()
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

    def commit(self, connection: Connection) -> None:
        connection.execute("COMMIT")
        self._check_file()

    def roll_back(self, connection: Connection) -> None:
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - this class opened it
        # SQLite itself ends some that fail: of a full disk, for one.
        if connection.in_transaction:
            connection.rollback()

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

    def connections(self) -> Mapping[str, int]:
        """Nobody ever waits for one."""
        return {}

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> SqliteConnection:
        if self._file is None:
            _make(self._path)
            self._file = _identity(self._path)
        connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, factory=SqliteConnection
        )
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("ATTACH DATABASE ? AS app", (str(self._path),))
        connection.execute("PRAGMA app.journal_mode = WAL")
        connection.execute("PRAGMA app.synchronous = FULL")
        connection.execute(f"PRAGMA app.cache_size = -{CACHE_KIB}")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _check_file(self) -> None:
        if self._file is not None and self._file != _identity(self._path):
            raise LedgerUnavailableError(
                f"The ledger {self._path} was replaced or removed while this process worked with it. Stop all that "
                "work with it, put the right file there, and start them again.",
                details={"directory": str(self._directory)},
            )

    def _give_back(self, connection: SqliteConnection) -> None:
        if connection.in_transaction:
            connection.rollback()
        self._idle.append(connection)


def _rows(cursor: sqlite3.Cursor) -> Rows:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def engine_url(directory: Path) -> str:
    """The URL of the engine's own file beside the ledger's, made in WAL mode: the engine leaves it as it finds it."""
    path = directory / ENGINE_FILE
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return f"sqlite:///{path}"


def _make(path: Path) -> None:
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
    except OSError as error:
        raise LedgerUnavailableError(f"The ledger {path} cannot be made: {error.strerror}.") from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the file that has this name now."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


class _Queue:
    """The lock of one process's writers, for as long as somebody may wait for it."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._directory = directory

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=QUEUE_TIMEOUT_S):
            raise LedgerUnavailableError(
                f"The ledger in {self._directory} cannot be used: its lock was not free for {QUEUE_TIMEOUT_S} s.",
                details={"directory": str(self._directory)},
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()


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
        # The low byte is the kind; the others say more of it.
        why = _SAID_PLAINLY.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error))
        raise LedgerUnavailableError(
            f"The ledger in {directory} cannot be used: {why}.", details={"directory": str(directory)}
        ) from error
