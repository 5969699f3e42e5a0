# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "langgraph==1.2.22",
#   "langgraph-checkpoint-postgres==3.2.0",
#   "langgraph-checkpoint-sqlite==3.1.2",
#   "psycopg[binary,pool]==3.3.9",
# ]
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""LangGraph: a graph with one node that interrupts, and the node behind it. PostgresSaver, or without --database-url
SqliteSaver. An answer is `invoke(Command(resume=...))`, which returns when the graph has run to its end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from peer import BODY, TITLE, Effects, Options, Peer, System, Told, run
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

Saver = BaseCheckpointSaver[Any]


class State(TypedDict, total=False):
    gate: str
    choice: str


class LangGraph:
    """Each thread has a graph and a saver of its own, as each process of a server has, unless savers share one."""

    def __init__(self, new_saver: Callable[[], Saver]) -> None:
        self._new_saver = new_saver
        self._own = threading.local()
        self._effects = Effects()

    def open(self, gate: str) -> None:
        self._graph().invoke({"gate": gate}, _config(gate))

    def wait_open(self, gates: Sequence[str]) -> None:
        """Each waits when `open` returns."""

    def answer(self, gate: str, choice: str, by: str) -> Told:
        self._graph().invoke(Command(resume={"choice": choice, "by": by}), _config(gate))
        return Told.ACCEPTED

    def wait_done(self, gates: Sequence[str]) -> None:
        """All has happened when `answer` returns."""

    def effects(self) -> Mapping[str, int]:
        return self._effects.counts()

    def _graph(self) -> Any:
        if not hasattr(self._own, "graph"):
            self._own.graph = self._compile(self._new_saver())
        return self._own.graph

    def _compile(self, saver: Saver) -> Any:
        builder = StateGraph(State)
        builder.add_node("ask", _ask)
        builder.add_node("go_on", self._go_on)
        builder.add_edge(START, "ask")
        builder.add_edge("ask", "go_on")
        builder.add_edge("go_on", END)
        return builder.compile(checkpointer=saver)

    def _go_on(self, state: State) -> State:
        self._effects.happen(state["gate"])
        return {}


def _ask(state: State) -> State:
    return {"choice": interrupt({"title": TITLE, "body": BODY})["choice"]}


def _config(gate: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": gate}}


@contextmanager
def start(options: Options) -> Iterator[Peer]:
    if options.database_url is None:
        # One saver for all threads, as its documentation has it: it locks its connection.
        with closing(sqlite3.connect(options.folder / "checkpoints.sqlite", check_same_thread=False)) as connection:
            saver = SqliteSaver(connection)
            yield LangGraph(lambda: saver)
        return
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    size = max(options.clients, options.race[1])
    with ConnectionPool(
        options.database_url,
        connection_class=Connection[DictRow],
        min_size=size,
        max_size=size,
        kwargs=settings,
    ) as pool:
        PostgresSaver(pool).setup()
        yield LangGraph(lambda: PostgresSaver(pool))


def describe(options: Options) -> System:
    is_postgres = options.is_postgres
    return System(
        name=f"LangGraph, {'PostgresSaver' if is_postgres else 'SqliteSaver'}",
        answer="`invoke(Command(resume=...))`: the graph is read, its node is run again, the node behind it is run, "
        "and the checkpoints are stored when it returns",
        durability='as it comes (`durability="async"`): the checkpoints are stored when the call returns; '
        + ("Postgres with `fsync` on" if is_postgres else "WAL, `synchronous=FULL`"),
        packages=[
            "langgraph",
            "langgraph-checkpoint",
            f"langgraph-checkpoint-{'postgres' if is_postgres else 'sqlite'}",
        ],
    )


if __name__ == "__main__":
    run(describe, start)
