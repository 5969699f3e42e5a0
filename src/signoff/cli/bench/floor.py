"""The floor: the statements that a use case sends, taken down once, and sent again as plain SQL for other gates.

Through the same driver, on the same kind of database, one after the other in one connection. Nothing else is done: no
rule is looked at, nothing is hashed or parsed. What is above the floor is our own work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from signoff.app.open_gate import open_gate
from signoff.app.reply import reply
from signoff.app.world import World
from signoff.bootstrap.database import open_database
from signoff.bootstrap.world import open_world
from signoff.cli.bench.parked import GATE_KEY, PREFIX, park_gates
from signoff.cli.bench.stats import per_second
from signoff.cli.bench.told import Told
from signoff.clock import new_ulid
from signoff.gates.requirement import Actor
from signoff.ledger.database import Connection, Database, Rows
from signoff.ledger.database import Statement as Asked
from signoff.ledger.store import SqlLedger
from signoff.settings import Settings

#: Ours and the floor's take turns, so that whatever else the machine does meets both.
BLOCK = 25
COUNT_MIN, COUNT_MAX = 50, 500
PERSON = Actor("bench")

_PROMPT = {"title": "Go on?", "body": "What is asked, as long as it often is. " * 10}


@dataclass(frozen=True)
class Statement:
    query: str
    params: Mapping[str, Any] | None


@dataclass(frozen=True)
class _Spent:
    """`cpu_s` is of this process; a database of its own is not in it."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def __add__(self, other: _Spent) -> _Spent:
        return _Spent(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


@dataclass(frozen=True)
class Template:
    """The statements of one use case; `ids` are those that it made or was given, which are others each time."""

    statements: Sequence[Statement]
    ids: Sequence[str]
    next_entry: str

    def send(self, connection: Connection, ids: Sequence[str]) -> None:
        """Once more, for these ids. The place in the trail is the one that the database gives now."""
        now = dict(zip(self.ids, ids, strict=True))
        seq = None
        for statement in self.statements:
            if statement.params is None:
                connection.execute(statement.query)
                continue
            params = {name: _renamed(value, now) for name, value in statement.params.items()}
            if seq is not None and "seq" in params:
                params["seq"] = seq
            cursor = connection.execute(statement.query, params)
            rows = cursor.fetchall() if cursor.description else []
            if statement.query == self.next_entry:
                seq = rows[0]["seq"]


def answers_floor(settings: Settings, told: Told, *, gates: int) -> dict[str, Any]:
    """Answers through `app.reply` and as many as plain SQL, on an empty ledger that nobody else works on: about as many
    as the `gates` that were measured."""
    count = _count(gates)
    with _quiet_world(settings) as (world, database):
        park_gates(world, database, 2 * count + 1, told)
        template = _taken_down(world, database, f"{PREFIX}1", _answer)
        told.begin("measuring the floor", 2 * count)
        ours = [f"{PREFIX}{2 + at}" for at in range(count)]
        plain = [f"{PREFIX}{2 + count + at}" for at in range(count)]
        with _another(settings) as connection:
            spent = _by_turns(
                [partial(_answer, world, one) for one in ours],
                [partial(template.send, connection, [one, new_ulid()]) for one in plain],
                told,
            )
    return _compared("answers", "app.reply", count, spent)


def openings_floor(settings: Settings, told: Told, *, gates: int) -> dict[str, Any]:
    """The same for gates that are opened, through `app.open_gate`."""
    count = _count(gates)
    with _quiet_world(settings) as (world, database):
        template = _taken_down(world, database, "opened-0", _open)
        told.begin("measuring the floor", 2 * count)
        with _another(settings) as connection:
            spent = _by_turns(
                [partial(_open, world, f"ours-{at}") for at in range(count)],
                [partial(template.send, connection, [f"plain-{at}"]) for at in range(count)],
                told,
            )
    return _compared("gates opened", "app.open_gate", count, spent)


@contextmanager
def plain_answers(settings: Settings, count: int, told: Told) -> Iterator[tuple[World, list[Callable[[], object]]]]:
    """On an empty ledger: so many answers, each sent as plain SQL when it is called."""
    with _quiet_world(settings) as (world, database):
        park_gates(world, database, count + 1, told)
        template = _taken_down(world, database, f"{PREFIX}1", _answer)

        with _another(settings) as connection:
            yield (
                world,
                [partial(template.send, connection, [f"{PREFIX}{2 + at}", new_ulid()]) for at in range(count)],
            )


def _count(gates: int) -> int:
    return min(COUNT_MAX, max(COUNT_MIN, gates))


def _compared(what: str, of: str, count: int, spent: tuple[_Spent, _Spent]) -> dict[str, Any]:
    ours, plain = spent
    return {
        "what": f"{what} one after the other in one process: through {of}, and its statements as plain SQL",
        "count": count,
        "oursPerSecond": per_second(count, ours.wall_s),
        "plainPerSecond": per_second(count, plain.wall_s),
        "oursCpuMs": round(ours.cpu_s * 1000 / count, 3),
        "plainCpuMs": round(plain.cpu_s * 1000 / count, 3),
        "ratio": round(plain.wall_s / ours.wall_s, 3),
    }


def _by_turns(
    ours: Sequence[Callable[[], object]], plain: Sequence[Callable[[], object]], told: Told
) -> tuple[_Spent, _Spent]:
    of_ours, of_plain = _Spent(), _Spent()
    for first in range(0, len(ours), BLOCK):
        of_ours += _timed(ours[first : first + BLOCK])
        of_plain += _timed(plain[first : first + BLOCK])
        told.on(2 * BLOCK)
    return of_ours, of_plain


def _timed(work: Sequence[Callable[[], object]]) -> _Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    for do in work:
        do()
    return _Spent(time.perf_counter() - wall, time.process_time() - cpu)


def _answer(world: World, workflow_id: str) -> None:
    reply(world, workflow_id=workflow_id, gate_key=GATE_KEY, payload={"choice": "yes"}, dedupe_key="bench",
          actor=PERSON)  # fmt: skip


def _open(world: World, workflow_id: str) -> None:
    open_gate(world, workflow_id=workflow_id, gate_key=GATE_KEY, prompt=_PROMPT, ttl_s=86_400, actor=PERSON.name)


@contextmanager
def _quiet_world(settings: Settings) -> Iterator[tuple[World, Database]]:
    with open_world(settings) as world:
        assert isinstance(world.ledger, SqlLedger)  # noqa: S101 - open_world made it
        yield world, world.ledger.database


@contextmanager
def _another(settings: Settings) -> Iterator[Connection]:
    """A connection beside the world's: a command's ledger has but one, which is taken while it is used."""
    database = open_database(settings)
    try:
        with database.connect() as connection:
            yield connection
    finally:
        database.close()


def _taken_down(world: World, database: Database, workflow_id: str, do: Callable[[World, str], None]) -> Template:
    """What `do` sends for this workflow."""
    tapped, made = _Tapped(database), []

    def new_id() -> str:
        made.append(new_ulid())
        return made[-1]

    do(replace(world, ledger=SqlLedger(cast(Database, tapped)), new_id=new_id), workflow_id)
    return Template(tapped.statements, [workflow_id, *made], database.queries["next_entry"])


def _renamed(value: Any, now: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for earlier, later in now.items():
            value = value.replace(earlier, later)
    return value


class _Tapped:
    """A database that takes down what it is asked; all else is left to the one behind it."""

    def __init__(self, database: Database) -> None:
        self.statements: list[Statement] = []
        self._database = database

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._database.connect() as connection:
            yield _TappedConnection(connection, self.statements)

    def commit(self, connection: _TappedConnection) -> None:
        self.statements.append(Statement("COMMIT", None))
        self._database.commit(connection.behind)

    def roll_back(self, connection: _TappedConnection) -> None:
        self._database.roll_back(connection.behind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


class _TappedConnection:
    def __init__(self, behind: Connection, statements: list[Statement]) -> None:
        self.behind = behind
        self._statements = statements

    def put(self, query: str, params: Mapping[str, Any] | None = None, /) -> None:
        self._statements.append(Statement(query, params))
        self.behind.put(query) if params is None else self.behind.put(query, params)

    def ask(self, *statements: Asked) -> list[Rows]:
        self._statements.extend(Statement(query, params) for query, params in statements)
        return self.behind.ask(*statements)

    def count(self, query: str, params: Mapping[str, Any], /) -> int:
        self._statements.append(Statement(query, params))
        return self.behind.count(query, params)

    def execute(self, query: Any, params: Any = None, /) -> Any:
        self._statements.append(Statement(query, params))
        return self.behind.execute(query) if params is None else self.behind.execute(query, params)
