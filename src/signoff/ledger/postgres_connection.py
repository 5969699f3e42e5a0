"""A connection to Postgres, and how a transaction speaks on it: what it has to say at once goes in one message.

This is libpq's pipeline mode. psycopg has it too, but looks after the socket at each statement, which takes this
process several times as long as all else that it does for an answer. A named query is prepared once on each connection;
of what types its parameters are, the server finds out itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg import abc
from psycopg.abc import RV, PQGen
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from signoff.ledger.database import Rows, Statement

#: Since it was last heard of, while a statement is with it. Callers of the API give up after 30 s.
ANSWER_TIMEOUT_S = 20

_PARAMETER = re.compile(r"%\((\w+)\)s")


class PostgresConnection(psycopg.Connection[dict[str, Any]]):
    """Closes itself on a server that does not answer."""

    answer_timeout_s: float = ANSWER_TIMEOUT_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unsent: list[Statement] = []
        self._names_of_queries: dict[str, bytes] = {}
        self._names_made = 0

    def put(self, query: str, params: Mapping[str, Any] | None = None) -> None:
        self._unsent.append((query, params))

    def ask(self, *statements: Statement) -> list[Rows]:
        results = self._say(*statements)
        transformer = Transformer(self)
        return [_rows(transformer, result) for result in results]

    def count(self, query: str, params: Mapping[str, Any]) -> int:
        [result] = self._say((query, params))
        return result.command_tuples or 0

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> psycopg.Cursor[dict[str, Any]]:
        self.flush()
        return super().execute(query, params, **kwargs)

    def flush(self) -> None:
        if self._unsent:
            self._say()

    def forget_unsent(self) -> None:
        self._unsent = []

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        try:
            return super().wait(_answered(gen, self.answer_timeout_s), *args, **kwargs)
        except _NoAnswerError:
            self.close()
            raise

    def _say(self, *statements: Statement) -> list[PGresult]:
        """The results of these, which are sent after all that is unsent.

        Raises:
            psycopg.Error: what the server says of the first that it refuses; those after it were not carried out.
        """
        said, self._unsent = [*self._unsent, *statements], []
        spoken = [(query, _encoded(query, params)) for query, params in said]
        self.pgconn.enter_pipeline_mode()
        try:
            prepared = [query for one in spoken for query in self._send(*one)]
            self.pgconn.pipeline_sync()
            heard = self.wait(_heard(self.pgconn))
        except BaseException:
            # What still comes would be taken for the answer to something else.
            self.close()
            raise
        if self.pgconn.status == ConnStatus.OK:
            self.pgconn.exit_pipeline_mode()
        self._check(heard, prepared)
        results = [result for result, query in zip(heard, prepared, strict=True) if query is None]
        return results[len(said) - len(statements) :]

    def _send(self, query: str, values: list[bytes | None] | None) -> list[str | None]:
        """For each result that is to come: the query that is prepared, None where one is carried out."""
        if values is None:
            self.pgconn.send_query_params(query.encode(), None)
            return [None]
        name = self._names_of_queries.get(query)
        if name is None:
            self._names_made += 1
            name = self._names_of_queries[query] = b"signoff_%d" % self._names_made
            self.pgconn.send_prepare(name, _numbered(query)[0])
            self.pgconn.send_query_prepared(name, values)
            return [query, None]
        self.pgconn.send_query_prepared(name, values)
        return [None]

    def _check(self, heard: Sequence[PGresult], prepared: Sequence[str | None]) -> None:
        failed = [at for at, result in enumerate(heard) if result.status not in _DONE]
        for at in [*failed, *range(len(heard), len(prepared))]:
            self._names_of_queries.pop(prepared[at] or "", None)
        if failed:
            raise error_from_result(heard[failed[0]])
        if len(heard) < len(prepared):
            raise psycopg.OperationalError("the connection is lost")


class _NoAnswerError(psycopg.OperationalError):
    pass


_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


@cache
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """A named query as the server has it, with numbers for parameters, and the names of these in their order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(query)))
    numbers = {name: f"${at}" for at, name in enumerate(names, 1)}
    return _PARAMETER.sub(lambda found: numbers[found[1]], query).replace("%%", "%").encode(), names


def _encoded(query: str, params: Mapping[str, Any] | None) -> list[bytes | None] | None:
    return None if params is None else [_text(params[name]) for name in _numbered(query)[1]]


def _text(value: Any) -> bytes | None:
    """A value as Postgres reads it, whatever its type."""
    if value is None:
        return None
    if isinstance(value, int | float):
        return repr(value).encode()
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no type of a parameter of ours")
    if "\0" in value:
        # libpq would take what comes before it for all of the text.
        raise psycopg.DataError("a text holds a NUL character, which Postgres cannot keep")
    return value.encode()


def _rows(transformer: abc.Transformer, result: PGresult) -> Rows:
    names = [(result.fname(at) or b"").decode() for at in range(result.nfields)]
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, lambda values: dict(zip(names, values, strict=True)))


def _heard(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send, and listen until the server has answered all of it; what it said until then where it is gone."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()
    heard: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            if (yield Wait.R):
                pgconn.consume_input()
        result = pgconn.get_result()
        if result is not None and result.status != ExecStatus.PIPELINE_SYNC:
            heard.append(result)
        elif result is not None or pgconn.status != ConnStatus.OK:
            return heard


def _answered(gen: PQGen[RV], timeout_s: float) -> PQGen[RV]:
    """The same conversation with the server, given up when nothing was heard for so long."""
    try:
        wanted = next(gen)
        heard_at = time.monotonic()
        while True:
            ready = yield wanted
            if ready:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > timeout_s:
                raise _NoAnswerError(f"it has not answered for {timeout_s:g} s")
            wanted = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result
