"""Postgres: one database, schema `app` for the ledger (and `dbos` for the engine)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from signoff.errors import LedgerUnavailableError
from signoff.ledger.database import Connection
from signoff.ledger.queries import load_queries

CHANNEL = "signoff_outbox"
CONNECT_TIMEOUT_S = 10
POOL_SIZE_MAX = 16


class PostgresDatabase:
    """With `is_pooled` a pool that heals itself (servers); without, one connection (commands, which end soon)."""

    dialect = "postgres"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    # Said, since a database may have another default: what is read after waiting for a lock must be what is then there.
    begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED"
    write_lock: AbstractContextManager[Any] = nullcontext()

    def __init__(self, url: str, *, is_pooled: bool) -> None:
        self.queries = load_queries(self.dialect)
        self._url = url
        self._pool = _open_pool(url) if is_pooled else None
        self._single: psycopg.Connection[Any] | None = None
        self._single_lock = threading.Lock()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with _as_unavailable():
            if self._pool is not None:
                with self._pool.connection() as connection:
                    yield connection
                return
            with self._single_lock:
                if self._single is None or self._single.closed:
                    self._single = _connect(self._url)
                yield self._single

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        assert isinstance(connection, psycopg.Connection)  # noqa: S101 - this class opened it
        with connection.cursor(name="signoff_stream") as cursor:
            cursor.itersize = 2000
            cursor.execute(query.encode(), params)
            for row in cursor:
                yield dict(row)

    def script(self, connection: Connection, sql: str) -> None:
        connection.execute(sql)

    def prepare(self, connection: Connection) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(7307, 2)")
        connection.execute("CREATE SCHEMA IF NOT EXISTS app")

    @contextmanager
    def watch(self) -> Iterator[PostgresWatch]:
        watch = PostgresWatch(self._url)
        try:
            yield watch
        finally:
            watch.close()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        if self._single is not None:
            self._single.close()


class PostgresWatch:
    """Listens for what the outbox's trigger says. A connection that is lost is opened again, and counts as a change."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, timeout_s: float) -> bool:
        with _as_unavailable():
            if self._connection is None or self._connection.closed:
                self._connection = _connect(self._url)
                self._connection.execute(f"LISTEN {CHANNEL}")
                return True
            try:
                heard = list(self._connection.notifies(timeout=timeout_s, stop_after=1))
            except psycopg.OperationalError:
                self._connection.close()
                raise
        return bool(heard)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _connect(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, autocommit=True, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_S)
    _configure(connection)
    return connection


def _open_pool(url: str) -> ConnectionPool[psycopg.Connection[Any]]:
    return ConnectionPool(
        url,
        min_size=1,
        max_size=POOL_SIZE_MAX,
        timeout=CONNECT_TIMEOUT_S,
        kwargs={"autocommit": True, "row_factory": dict_row, "connect_timeout": CONNECT_TIMEOUT_S},
        configure=_configure,
        open=True,
        name="signoff",
    )


def _configure(connection: psycopg.Connection[Any]) -> None:
    # JSON is read by the ledger itself, the same way on both databases.
    connection.adapters.register_loader("jsonb", TextLoader)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise LedgerUnavailableError(f"The Postgres ledger cannot be used: {error}".rstrip() + ".") from error
