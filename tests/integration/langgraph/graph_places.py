"""Graphs, their threads and the ledger that their gates are in, on SQLite and on Postgres."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from ledger_databases import migrated_database

import signoff
from signoff.app.verify_audit import verify_audit
from signoff.langgraph import Resumer, gate
from signoff.ledger.check import count_violations
from signoff.ledger.inspect import inspect_ledger

Saver = BaseCheckpointSaver[Any]


class State(TypedDict, total=False):
    task: dict[str, Any]
    approved: bool
    state: str
    receipt: dict[str, Any]
    risk: dict[str, Any]


@dataclass
class Effects:
    """What the nodes behind a gate have done."""

    done: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, what: str = "deployed") -> None:
        with self.lock:
            self.done.append(what)

    @property
    def count(self) -> int:
        return len(self.done)


@dataclass(frozen=True)
class Place:
    """A ledger and a database of threads."""

    directory: Path
    database_url: str | None

    def connect(self, actor: str = "robot") -> signoff.Client:
        if self.database_url is not None:
            with migrated_database(self.directory, self.database_url):
                pass
        return signoff.connect(dir=self.directory / ".signoff", database_url=self.database_url, actor=actor)

    @contextmanager
    def checkpoints(self) -> Iterator[Saver]:
        """A connection of its own each time, as every process has."""
        if self.database_url is None:
            with SqliteSaver.from_conn_string(str(self.directory / "threads.db")) as sqlite:
                yield sqlite
            return
        with PostgresSaver.from_conn_string(self.database_url) as postgres:
            postgres.setup()
            yield postgres

    def rows(self, query: str) -> list[list[Any]]:
        with inspect_ledger(self.directory / ".signoff", self.database_url) as inspection:
            return [list(row) for row in inspection.query(query).rows]

    def resumptions(self) -> list[list[Any]]:
        return self.rows("SELECT state, attempts FROM app.resumptions ORDER BY created_at, gate_key")

    def passes(self) -> int:
        """How often a gate has let its node go on, by the record."""
        return len(self.rows("SELECT n FROM app.audit_entries WHERE event = 'gate.passed'"))

    def check(self, client: signoff.Client) -> None:
        with inspect_ledger(self.directory / ".signoff", self.database_url) as inspection:
            assert set(count_violations(inspection).values()) == {0}
        assert verify_audit(client.at_hand()).is_clean


def deploy_graph(client: signoff.Client, effects: Callable[[], None], **more: Any) -> StateGraph[State]:
    """request -> execute: the gate in the one node, the effect in the other."""

    def request(state: State) -> State:
        receipt = gate(client, "deploy", "Deploy 1.4?", payload=state.get("task"), **more)
        return {"approved": receipt.is_approved, "state": receipt.state}

    def execute(state: State) -> State:
        if state["approved"]:
            effects()
        return {}

    graph = StateGraph(State)
    graph.add_node("request", request)
    graph.add_node("execute", execute)
    graph.add_edge(START, "request")
    graph.add_edge("request", "execute")
    return graph


def config_of(thread_id: str = "t-1") -> Any:
    return {"configurable": {"thread_id": thread_id}}


def by_hand(value: Any = "yes") -> Command[Any]:
    """What anybody who has the checkpointer can resume a thread with."""
    return Command(resume=value)


def answer(client: signoff.Client, choice: str = "yes", thread_id: str = "t-1") -> signoff.Receipt:
    """Of the one gate of this thread that is open."""
    (found,) = (one for one in client.gates() if one.workflow_id == thread_id)
    return client.reply(found.workflow_id, found.key, choice)


def states(resumer: Resumer) -> list[list[str]]:
    """What became of each thread that was due."""
    return [list(resumed.states.values()) for resumed in resumer.run_once()]
