"""What a database must offer to the ledger, and a session on it: one connection inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from signoff.app.ports import Watch


class Connection(Protocol):
    """The part of a driver's connection that a session needs; statements outside BEGIN commit by themselves."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...


class Session:
    """Runs named queries. Rows are dicts."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self.connection = connection
        self._database = database

    def all(self, name: str, /, **params: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._execute(name, params).fetchall()]

    def one(self, name: str, /, **params: Any) -> dict[str, Any] | None:
        row = self._execute(name, params).fetchone()
        return None if row is None else dict(row)

    def run(self, name: str, /, **params: Any) -> int:
        """The number of rows that were written."""
        with self._database.batch(self.connection):
            cursor = self._execute(name, params)
        return int(cursor.rowcount)

    def put(self, name: str, /, **params: Any) -> None:
        """Write, without waiting to hear of it: what the database refuses is raised before the transaction ends."""
        self._execute(name, params)

    def stream(self, name: str, /, **params: Any) -> Iterator[dict[str, Any]]:
        """Rows one by one, without holding all of them."""
        return self._database.stream(self.connection, self._database.queries[name], params)

    def _execute(self, name: str, params: Mapping[str, Any]) -> Any:
        return self.connection.execute(self._database.queries[name], params)


class Database(Protocol):
    dialect: str
    queries: Mapping[str, str]
    begin_read: str
    begin_write: str
    #: Held for the whole of a writing transaction.
    write_lock: AbstractContextManager[Any]

    def connect(self) -> AbstractContextManager[Connection]:
        """A connection from the pool. The driver's errors leave it as `LedgerUnavailableError`."""
        ...

    def commit(self, connection: Connection) -> None:
        """End a writing transaction.

        Raises:
            OutcomeUnknownError: the connection was lost before the database said whether it had.
        """
        ...

    def roll_back(self, connection: Connection) -> None:
        """End a transaction that failed, quietly: why it failed is what has to be said."""
        ...

    def batch(self, connection: Connection) -> AbstractContextManager[Any]:
        """Statements inside are sent on without waiting, until rows are asked for or the batch ends."""
        ...

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Not in a batch."""
        ...

    def script(self, connection: Connection, sql: str) -> None:
        """Run several statements."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make sure that the schema `app` is there and nobody else is migrating, until the transaction ends."""
        ...

    def watch(self) -> AbstractContextManager[Watch]: ...

    def connections(self) -> Mapping[str, int]:
        """`{idle, busy, waiting}` of the pool; empty where there is none."""
        ...

    def close(self) -> None: ...


@contextmanager
def transaction(database: Database, begin: str, *, is_batch: bool = False) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    is_write = begin == database.begin_write
    with database.write_lock if is_write else nullcontext(), database.connect() as connection:
        try:
            with database.batch(connection) if is_batch else nullcontext():
                connection.execute(begin)
                yield Session(connection, database)
        except BaseException:
            database.roll_back(connection)
            raise
        if is_write:
            database.commit(connection)
        else:
            connection.execute("COMMIT")
