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
        return int(self._execute(name, params).rowcount)

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

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]: ...
    def script(self, connection: Connection, sql: str) -> None:
        """Run several statements."""
        ...

    def prepare(self, connection: Connection) -> None:
        """Make sure that the schema `app` is there and nobody else is migrating, until the transaction ends."""
        ...

    def watch(self) -> AbstractContextManager[Watch]: ...
    def close(self) -> None: ...


@contextmanager
def transaction(database: Database, begin: str) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    lock = database.write_lock if begin == database.begin_write else nullcontext()
    with lock, database.connect() as connection:
        connection.execute(begin)
        try:
            yield Session(connection, database)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
