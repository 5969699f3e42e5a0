"""Postgres: one database, schema `app` for the ledger (and `dbos` for the engine).

Nothing waits for it without end. A server that is gone without a word is noticed by the kernel (keepalives,
`tcp_user_timeout`); one that takes what is sent and answers nothing, by the time since; a client of ours that is gone
in the middle of a transaction, by the server, which ends it (`idle_in_transaction_session_timeout`).
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from signoff.errors import LedgerUnavailableError, OutcomeUnknownError
from signoff.ledger.database import Connection
from signoff.ledger.postgres_connection import ANSWER_TIMEOUT_S, PostgresConnection
from signoff.ledger.queries import load_queries

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

CHANNEL = "signoff_outbox"
CONNECT_TIMEOUT_S = 10
#: As long as on SQLite.
LOCK_TIMEOUT_S = 15
#: Nothing in a transaction waits for anything but the database.
IDLE_TIMEOUT_S = 30
#: Migrations may build an index over all that there is, and whoever starts meanwhile waits for them.
MIGRATION_TIMEOUT_S = 3600
POOL_SIZE_MAX = 16
#: Once it is known to be away; whoever finds it away first waits `CONNECT_TIMEOUT_S`, for it may only be restarted.
AWAY_TIMEOUT_S = 1.0
#: After this the pool begins anew, rather than with pauses that double.
RECONNECT_S = 5.0

#: What the URL may say otherwise.
_SOCKET: Mapping[str, int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": ANSWER_TIMEOUT_S * 1000,
}
_SESSION = f"""
SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_S}s', false),
       set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT_S}s', false)
"""
#: Not what callers did, nor a defect: the server's state, or what it lets this role do.
_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.DataCorrupted,
    psycopg.errors.IndexCorrupted,
)


def engine_url(url: str) -> str:
    """The URL for the engine, which connects by itself: with what is said there of sockets, as for the ledger."""
    parts = urlsplit(url)
    said = dict(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit(parts._replace(query=urlencode({**_SOCKET, **said}, quote_via=quote)))


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
        self._is_away = False
        self._single: PostgresConnection | None = None
        self._single_lock = threading.Lock()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with as_unavailable():
            if self._pool is not None:
                connection = self._take(self._pool)
                try:
                    yield connection
                finally:
                    self._pool.putconn(connection)
                return
            with self._single_lock:
                if self._single is None or _is_cut(self._single):
                    self._single = _connect(self._url)
                yield self._single

    def commit(self, connection: Connection) -> None:
        assert isinstance(connection, PostgresConnection)  # noqa: S101 - this class opened it
        try:
            connection.put("COMMIT")
            connection.flush()
        except psycopg.OperationalError as error:
            if not connection.closed:
                raise
            raise OutcomeUnknownError(
                f"The connection to the Postgres ledger was lost while it was written to ({_first_line(error)}): what "
                "was asked may have been done, or not. Look, or send the same again."
            ) from error

    def roll_back(self, connection: Connection) -> None:
        assert isinstance(connection, PostgresConnection)  # noqa: S101 - this class opened it
        connection.forget_unsent()
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        assert isinstance(connection, PostgresConnection)  # noqa: S101 - this class opened it
        connection.flush()
        with connection.cursor(name="signoff_stream") as cursor:
            cursor.itersize = 2000
            cursor.execute(query.encode(), params)
            for row in cursor:
                yield dict(row)

    def script(self, connection: Connection, sql: str) -> None:
        connection.execute(sql)

    def prepare(self, connection: Connection) -> None:
        assert isinstance(connection, PostgresConnection)  # noqa: S101 - this class opened it
        connection.answer_timeout_s = MIGRATION_TIMEOUT_S
        connection.execute("SET LOCAL lock_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(7307, 2)")
        connection.execute("CREATE SCHEMA IF NOT EXISTS app")

    @contextmanager
    def watch(self) -> Iterator[PostgresWatch]:
        watch = PostgresWatch(self._url)
        try:
            yield watch
        finally:
            watch.close()

    def connections(self) -> Mapping[str, int]:
        if self._pool is None:
            return {}
        told = self._pool.get_stats()
        idle = told.get("pool_available", 0)
        return {"idle": idle, "busy": told.get("pool_size", 0) - idle, "waiting": told.get("requests_waiting", 0)}

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
        if self._single is not None:
            self._single.close()

    def _take(self, pool: ConnectionPool[PostgresConnection]) -> PostgresConnection:
        """One that is not known to be dead: those that were idle when the server was restarted are thrown away."""
        from psycopg_pool import PoolTimeout

        try:
            while _is_cut(connection := pool.getconn(AWAY_TIMEOUT_S if self._is_away else None)):
                connection.close()
                pool.putconn(connection)
        except PoolTimeout:
            self._is_away = True
            raise
        self._is_away = False
        connection.answer_timeout_s = ANSWER_TIMEOUT_S
        return connection


class PostgresWatch:
    """Listens for what the outbox's trigger says. A connection that is lost is opened again, and counts as a change."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def wait(self, timeout_s: float) -> bool:
        with as_unavailable():
            if self._connection is None or self._connection.closed:
                # It may wait for longer than for an answer.
                self._connection = psycopg.connect(with_timeouts(self._url), autocommit=True)
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


@contextmanager
def as_unavailable() -> Iterator[None]:
    """What the server cannot or will not do now, as an error of ours in one sentence."""
    try:
        yield
    except _UNAVAILABLE as error:
        raise LedgerUnavailableError(f"The Postgres ledger cannot be used: {_first_line(error)}.") from error


def _connect(url: str) -> PostgresConnection:
    connection = PostgresConnection.connect(with_timeouts(url), autocommit=True, row_factory=dict_row)
    _configure(connection)
    return connection


def _open_pool(url: str) -> ConnectionPool[PostgresConnection]:
    from psycopg_pool import ConnectionPool  # commands have none

    return ConnectionPool(
        with_timeouts(url),
        connection_class=PostgresConnection,
        min_size=1,
        max_size=POOL_SIZE_MAX,
        timeout=CONNECT_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        kwargs={"autocommit": True, "row_factory": dict_row},
        configure=_configure,
        open=True,
        name="signoff",
    )


def with_timeouts(url: str) -> str:
    """What a driver is told, so that it does not wait without end."""
    said = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in _SOCKET.items() if name not in said})


def _configure(connection: psycopg.Connection[Any]) -> None:
    # JSON is read by the ledger itself, the same way on both databases.
    connection.adapters.register_loader("jsonb", TextLoader)
    connection.execute(_SESSION)


def _is_cut(connection: PostgresConnection) -> bool:
    """Nobody has anything to say to a connection that asks for nothing, but that it has ended."""
    if connection.closed:
        return True
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    return bool(heard.poll(0))


def _first_line(error: Exception) -> str:
    """Of what the driver says; hints for the reader of a terminal follow."""
    return str(error).partition("\n")[0].rstrip(". ")
