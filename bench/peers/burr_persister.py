# /// script
# requires-python = ">=3.11"
# dependencies = ["apache-burr==0.42.0"]
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""Burr (Apache): an application that halts before an action which wants an input, kept by SQLitePersister. An answer
loads the application and runs it on with the input."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burr.core import ApplicationBuilder, State, action
from burr.core.persistence import SQLitePersister
from peer import BODY, TITLE, Effects, Options, Peer, System, Told, run

#: The five seconds that it would wait for a lock are not enough for several clients on a busy machine.
CONNECT = {"timeout": 60, "check_same_thread": False}

gone_on = Effects()


@action(reads=[], writes=["prompt"])
def ask(state: State) -> State:
    return state.update(prompt={"title": TITLE, "body": BODY})


@action(reads=[], writes=["choice"])
def take(state: State, choice: str) -> State:
    return state.update(choice=choice)


@action(reads=["gate"], writes=["is_done"])
def go_on(state: State) -> State:
    gone_on.happen(state["gate"])
    return state.update(is_done=True)


class Burr:
    """Each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own = threading.local()

    def open(self, gate: str) -> None:
        self._application(gate).run(halt_before=["take"])

    def wait_open(self, gates: Sequence[str]) -> None:
        """Each waits when `open` returns."""

    def answer(self, gate: str, choice: str, by: str) -> Told:
        try:
            last, _, _ = self._application(gate).run(halt_after=["go_on"], inputs={"choice": choice})
        except sqlite3.IntegrityError:
            # Another has stored the same action meanwhile: rows are unique by application and number. Its transaction
            # is left open, and would keep everybody else out.
            self._persister().connection.rollback()
            return Told.REFUSED
        return Told.REFUSED if last is None else Told.ACCEPTED

    def wait_done(self, gates: Sequence[str]) -> None:
        """All has happened when `answer` returns."""

    def effects(self) -> Mapping[str, int]:
        return gone_on.counts()

    def _application(self, gate: str) -> Any:
        persister = self._persister()
        return (
            ApplicationBuilder()
            .with_actions(ask, take, go_on)
            .with_transitions(("ask", "take"), ("take", "go_on"))
            .with_identifiers(app_id=gate)
            .initialize_from(persister, True, {"gate": gate}, "ask")
            .with_state_persister(persister)
            .build()
        )

    def _persister(self) -> SQLitePersister:
        if not hasattr(self._own, "persister"):
            self._own.persister = SQLitePersister(str(self._path), connect_kwargs=CONNECT)
            self._own.persister.initialize()
        return self._own.persister


@contextmanager
def start(options: Options) -> Iterator[Peer]:
    if options.database_url is not None:
        raise SystemExit("burr_persister.py is measured on SQLite: leave --database-url out")
    yield Burr(options.folder / "burr.sqlite")


def describe(options: Options) -> System:
    return System(
        name="Burr, SQLitePersister",
        answer="`run(inputs=...)` of an application that was loaded: two actions are run, and the state after each "
        "is stored when it returns",
        durability="as it comes: rollback journal, `synchronous=FULL`",
        packages=["apache-burr"],
    )


if __name__ == "__main__":
    run(describe, start)
