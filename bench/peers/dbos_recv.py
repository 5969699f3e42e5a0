# /// script
# requires-python = ">=3.11"
# dependencies = ["dbos==3.4.0"]
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""DBOS on Postgres: a workflow publishes its prompt as an event and waits in `recv`; the answer is a `send`, and the
step behind it is the effect. Workflows and clients are one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from peer import BODY, TITLE, WAIT_S_MOST, Effects, Options, Peer, System, Told, run, until

TOPIC = "gate"

open_now, gone_on = Effects(), Effects()


@DBOS.step()
def go_on(gate: str) -> None:
    gone_on.happen(gate)


@DBOS.workflow()
def wait_for_a_person(gate: str) -> str:
    DBOS.set_event("prompt", {"title": TITLE, "body": BODY})
    open_now.happen(gate)
    answer = DBOS.recv(TOPIC, timeout_seconds=WAIT_S_MOST)
    go_on(gate)
    return str(answer["choice"])


class Recv:
    def __init__(self) -> None:
        self._handles: dict[str, Any] = {}

    def open(self, gate: str) -> None:
        with SetWorkflowID(gate):
            self._handles[gate] = DBOS.start_workflow(wait_for_a_person, gate)

    def wait_open(self, gates: Sequence[str]) -> None:
        until(lambda: open_now.counts().keys() >= set(gates), "all workflows to wait")

    def answer(self, gate: str, choice: str, by: str) -> Told:
        DBOS.send(gate, {"choice": choice, "by": by}, TOPIC)
        return Told.ACCEPTED

    def wait_done(self, gates: Sequence[str]) -> None:
        for gate in gates:
            self._handles[gate].get_result()

    def effects(self) -> Mapping[str, int]:
        return gone_on.counts()


@contextmanager
def start(options: Options) -> Iterator[Peer]:
    if options.database_url is None:
        raise SystemExit("dbos_recv.py is measured on Postgres: say --database-url")
    config: DBOSConfig = {"name": "peers", "system_database_url": options.database_url, "log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    try:
        yield Recv()
    finally:
        DBOS.destroy()


def describe(options: Options) -> System:
    return System(
        name="DBOS, `send` and `recv`",
        answer="`DBOS.send`: the message is stored when it returns; the workflow, which waits in a thread of the "
        "same process, goes on afterwards",
        durability="as it comes; Postgres with `fsync` on",
        packages=["dbos"],
    )


if __name__ == "__main__":
    run(describe, start)
