"""Look into the ledger with SQL, without being able to change it.

`app.` and `dbos.` are in reach on either database. That nothing is written is the database's own doing: SQLite opens
the files read-only, is told `query_only` and asks an authorizer about every action of a statement; Postgres runs the
statement in a READ ONLY transaction. Both give up after `STATEMENT_TIMEOUT_S`.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from signoff.errors import InvalidInputError, LedgerUnavailableError, NotFoundError
from signoff.ledger.sqlite import APP_FILE, BUSY_TIMEOUT_MS, ENGINE_FILE

STATEMENT_TIMEOUT_S = 60
_PROGRESS_STEPS = 100_000

_TOKEN = re.compile(
    r"""'(?:[^']|'')*'? | "(?:[^"]|"")*"? | \[[^\]]*\]? | `[^`]*`?   # literals and quoted names
      | --[^\n]* | /\*.*?(?:\*/|\Z)                                 # comments
      | !?~""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {"~": " REGEXP ", "!~": " NOT REGEXP "}

_SAID_PLAINLY = {"not authorized": "it does more than read", "prohibited": "it does more than read"}
#: Of the file, and not of what was asked.
_FAULTS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
    }
)
_READING_ACTIONS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_READING_PRAGMAS = frozenset(
    {"database_list", "foreign_key_list", "index_info", "index_list", "table_info", "table_list", "table_xinfo"}
)


@dataclass(frozen=True)
class Found:
    """Rows of text, integers, floats, booleans, bytes and None. `columns` is empty where a statement gives no rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Inspection(Protocol):
    """One look: everything that is asked sees the same state."""

    dialect: str

    def query(self, sql: str) -> Found:
        """
        Raises:
            InvalidInputError: (`bad-sql`) the database does not take it, or it would write.
        """
        ...

    def has_table(self, name: str) -> bool:
        """`name` with its schema, as in `dbos.workflow_status`."""
        ...


def inspect_ledger(directory: Path, database_url: str | None) -> AbstractContextManager[Inspection]:
    """
    Raises:
        NotFoundError: (`no-ledger`). LedgerUnavailableError:
    """
    return _inspect_sqlite(directory) if database_url is None else _inspect_postgres(database_url)


def with_regexp(sql: str) -> str:
    """Postgres's operators `~` and `!~` in SQLite's words, outside of literals, quoted names and comments."""
    return _TOKEN.sub(lambda token: _OPERATORS.get(token[0], token[0]), sql)


class _SqliteInspection:
    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._clock = _Clock()
        connection.set_progress_handler(self._clock.is_over, _PROGRESS_STEPS)

    def query(self, sql: str) -> Found:
        self._clock.start()
        try:
            cursor = self._connection.execute(with_regexp(sql))
            columns = tuple(column[0] for column in cursor.description or ())
            return Found(columns, [tuple(row) for row in cursor])
        except (sqlite3.Error, sqlite3.Warning, re.error) as error:
            if self._clock.was_interrupted:
                raise KeyboardInterrupt from None
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAULTS:
                raise
            raise _bad_sql(self._clock.why_over() or _SAID_PLAINLY.get(str(error), str(error))) from None

    def has_table(self, name: str) -> bool:
        schema, table = name.split(".")
        listed = self._connection.execute(f"SELECT 1 FROM {schema}.sqlite_master WHERE name = ?", (table,))  # noqa: S608
        return listed.fetchone() is not None


class _Clock:
    """Asked by SQLite while a statement runs: True ends it."""

    def __init__(self) -> None:
        self._end = float("inf")
        self.was_interrupted = False

    def start(self) -> None:
        self._end = time.monotonic() + STATEMENT_TIMEOUT_S

    def is_over(self) -> bool:
        try:
            return time.monotonic() > self._end
        except KeyboardInterrupt:
            # SQLite would swallow it.
            self.was_interrupted = True
            return True

    def why_over(self) -> str | None:
        return f"it took longer than {STATEMENT_TIMEOUT_S} s" if time.monotonic() > self._end else None


@contextmanager
def _inspect_sqlite(directory: Path) -> Iterator[Inspection]:
    if not (directory / APP_FILE).exists():
        raise NotFoundError(f"There is no ledger in {directory}. Say where it is with --dir or --database-url.",
                            code="no-ledger")  # fmt: skip
    with closing(sqlite3.connect(":memory:", isolation_level=None, uri=True)) as connection:
        try:
            _attach(connection, directory)
            yield _SqliteInspection(connection)
        except sqlite3.Error as error:
            raise LedgerUnavailableError(f"The ledger in {directory} cannot be read: {error}.") from error


def _attach(connection: sqlite3.Connection, directory: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    engine = directory / ENGINE_FILE
    # Before a worker has ever run there is no engine's file: an empty one stands in for it.
    files = {"app": _read_only(directory / APP_FILE), "dbos": _read_only(engine) if engine.exists() else ":memory:"}
    for schema, file in files.items():
        connection.execute(f"ATTACH DATABASE ? AS {schema}", (file,))
    connection.create_function("regexp", 2, _regexp, deterministic=True)
    connection.execute("PRAGMA query_only = ON")
    connection.execute("BEGIN")
    connection.set_authorizer(_authorize)


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path.resolve()))}?mode=ro"


def _authorize(action: int, first: str | None, second: str | None, _schema: str | None, _via: str | None) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if (first or "").lower() in _READING_PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() == "load_extension":
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING_ACTIONS else sqlite3.SQLITE_DENY


def _regexp(pattern: Any, text: Any) -> bool | None:
    """`text REGEXP pattern`; unknown where either is."""
    if pattern is None or text is None:
        return None
    return re.search(str(pattern), str(text)) is not None


class _PostgresInspection:
    dialect = "postgres"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def query(self, sql: str) -> Found:
        import psycopg

        try:
            # As a prepared statement, since Postgres takes only one statement there: none can end the transaction
            # and begin another that writes.
            cursor = self._connection.execute(sql, prepare=True)
        except psycopg.errors.QueryCanceled:
            raise _bad_sql(f"it took longer than {STATEMENT_TIMEOUT_S} s") from None
        except psycopg.OperationalError:
            raise
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise _bad_sql(str(error).partition("\n")[0]) from None
        columns = tuple(column.name for column in cursor.description or ())
        return Found(columns, _rows_as_sent(cursor) if columns else [])

    def has_table(self, name: str) -> bool:
        found = self._connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
        return bool(found[0])


@contextmanager
def _inspect_postgres(url: str) -> Iterator[Inspection]:
    import psycopg

    from signoff.ledger.postgres import as_unavailable, with_timeouts

    with as_unavailable(), closing(psycopg.connect(with_timeouts(url), autocommit=True)) as connection:
        connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'".encode())
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _PostgresInspection(connection)


def _rows_as_sent(cursor: Any) -> list[tuple[Any, ...]]:
    """Values as Postgres writes them (and psql shows them), but for numbers and booleans, which are made such."""
    result = cursor.pgresult
    readers = [_READERS.get(result.ftype(at), str) for at in range(result.nfields)]
    return [
        tuple(_read(result.get_value(row, at), reader) for at, reader in enumerate(readers))
        for row in range(result.ntuples)
    ]


def _read(value: bytes | None, reader: Any) -> Any:
    return None if value is None else reader(value.decode("utf-8", "replace"))


# By type oid: bool, int8, int2, int4, float4, float8.
_READERS = {16: "t".__eq__, 20: int, 21: int, 23: int, 700: float, 701: float}


def _bad_sql(why: str) -> InvalidInputError:
    return InvalidInputError(f"This query cannot be run: {why.rstrip('.')}.", code="bad-sql")
