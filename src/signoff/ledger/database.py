"""What a database must offer to the ledger, and a session on it: one connection inside one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from signoff.app.ports.ledger import Watch


Rows = list[dict[str, Any]]
#: The text of one and its parameters, without which it is sent as it stands.
Statement = tuple[str, Mapping[str, Any] | None]


class Connection(Protocol):
    """What a session needs of a driver's connection. Statements outside BEGIN commit by themselves."""

    def put(self, query: str, params: Mapping[str, Any] = ..., /) -> None:
        """Have it carried out before whatever is asked next, at the latest at the end of the transaction."""
        ...

    def ask(self, *statements: Statement) -> list[Rows]:
        """The rows of each."""
        ...

    def count(self, query: str, params: Mapping[str, Any], /) -> int:
        """How many rows it has written."""
        ...

    def execute(self, query: Any, params: Any = ..., /) -> Any:
        """The driver's own way, for what is no named query."""
        ...


class Session:
    """Runs named queries. Rows are dicts."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self.connection = connection
        self._database = database
        self._queries = database.queries

    def all(self, name: str, /, **params: Any) -> Rows:
        [rows] = self.connection.ask((self._queries[name], params))
        return rows

    def one(self, name: str, /, **params: Any) -> dict[str, Any] | None:
        rows = self.all(name, **params)
        return rows[0] if rows else None

    def each(self, *asked: tuple[str, Mapping[str, Any]]) -> list[Rows]:
        """The rows of several queries, which are asked at once."""
        return self.connection.ask(*[(self._queries[name], params) for name, params in asked])

    def run(self, name: str, /, **params: Any) -> int:
        """The number of rows that were written."""
        return self.connection.count(self._queries[name], params)

    def put(self, name: str, /, **params: Any) -> None:
        """Write, without waiting to hear of it: what the database refuses is raised before the transaction ends."""
        self.connection.put(self._queries[name], params)

    def stream(self, name: str, /, **params: Any) -> Iterator[dict[str, Any]]:
        """Rows one by one, without holding all of them."""
        return self._database.stream(self.connection, self._queries[name], params)


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

    def stream(self, connection: Connection, query: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]: ...

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
def transaction(database: Database, begin: str) -> Iterator[Session]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    is_write = begin == database.begin_write
    with database.write_lock if is_write else nullcontext(), database.connect() as connection:
        try:
            connection.put(begin)
            yield Session(connection, database)
            if is_write:
                database.commit(connection)
            else:
                connection.ask(("COMMIT", None))
        except BaseException:
            database.roll_back(connection)
            raise
