"""signoff as real processes: servers, workers and commands on one ledger, looked at from outside.

A `Place` is a ledger: a directory, and on Postgres a database. `Place.start` runs `up`, `api` or `worker` on it, whose
`Server` speaks HTTP to it; `Place.command` runs any other command.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx
from forked import Forked

from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.ledger.check import count_violations
from signoff.ledger.inspect import inspect_ledger
from signoff.settings import load

COMMAND = (sys.executable, "-m", "signoff")
PLAIN = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOGNAME": "ada"}
#: Read here and now: pytest writes its own variables while threads of a test start processes.
OTHER_CODE = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
FINISHED = ("SUCCESS", "ERROR", "CANCELLED")
WAIT_S = 60.0

T = TypeVar("T")


def until(found: Callable[[], T | None], what: str, timeout_s: float = WAIT_S) -> T:
    """The first true value of `found`. The time is only how long to hope before saying that it never came."""
    ends_at = time.monotonic() + timeout_s
    while not (value := found()):
        assert time.monotonic() < ends_at, f"waited {timeout_s:g} s in vain for {what}"
        time.sleep(0.02)
    return value


def open_files(pid: int) -> list[str]:
    """What a process has open: paths, and `socket:[n]` for its connections."""
    links = []
    with suppress(FileNotFoundError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            # One may have been closed since it was listed.
            with suppress(FileNotFoundError):
                links.append(str(path.readlink()))
    return links


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Running:
    """A command that has been started; call it for its end."""

    process: Forked

    def __call__(self) -> Done:
        with self.process:
            out, err = self.process.communicate(timeout=WAIT_S)
        return Done(self.process.wait(), out, err)

    @property
    def is_at_the_ledger(self) -> bool:
        """It has the ledger's file, or a connection, open; or has ended already."""
        links = open_files(self.process.pid)
        return self.process.poll() is not None or any(
            link.endswith("/app.db") or link.startswith("socket:") for link in links
        )


@dataclass
class Server:
    """A process that stays. `url` is None for a worker, and for one that died before it was ready."""

    process: Forked
    log: Path
    is_ready: bool = False
    url: str | None = None
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=WAIT_S))

    def await_ready(self) -> None:
        has_said, _, _ = select.select([self.process.stdout], [], [], WAIT_S)
        words = self.process.stdout.readline().split() if has_said else []
        if words[:1] == ["ready"]:
            self.is_ready = True
            if words[1] != "worker":
                self.url = words[1]
                self.client.base_url = httpx.URL(words[1])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)

    def stop(self, timeout_s: float = WAIT_S) -> int:
        """End it as a supervisor does, with SIGTERM; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_intent(self, goal: str, constraints: Mapping[str, Any] | None = None) -> str:
        body = {"goal": goal, "inputs": {}, "constraints": constraints or {}}
        answer = self.client.post("/api/intents", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["intentId"])

    def start_intent(self, intent_id: str) -> httpx.Response:
        body = {
            "intentId": intent_id,
            "queueName": "intentQ",
            "queuePartitionKey": "tenant-008",
            "recipeName": "compile-default",
            "workload": {"concurrency": 2, "steps": 1, "sandboxMinutes": 1},
        }
        return self.client.post("/api/runs", json=body)

    def new_run(self, goal: str, constraints: Mapping[str, Any] | None = None) -> str:
        answer = self.start_intent(self.new_intent(goal, constraints))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["workflowID"])

    def run(self, workflow_id: str) -> Any:
        return self.get(f"/api/runs/{workflow_id}")

    def gates(self, workflow_id: str) -> list[Any]:
        gates: list[Any] = self.get(f"/api/runs/{workflow_id}/gates")
        return gates

    def open_gates(self, workflow_id: str, count: int = 1) -> list[str]:
        """The keys of the gates that wait, once there are so many."""

        def found() -> list[str] | None:
            keys = [gate["gateKey"] for gate in self.gates(workflow_id) if gate["state"] == "PENDING"]
            return keys if len(keys) >= count else None

        return until(found, f"{count} open gates of {workflow_id}")

    def open_gate(self, workflow_id: str) -> str:
        return self.open_gates(workflow_id)[0]

    def reply(self, workflow_id: str, gate_key: str, choice: str, dedupe_key: str, **payload: Any) -> httpx.Response:
        body = {"payload": {"choice": choice, **payload}, "dedupeKey": dedupe_key}
        return self.client.post(f"/api/runs/{workflow_id}/gates/{gate_key}/reply", json=body)

    def final_gate(self, workflow_id: str, gate_key: str) -> Any:
        path = f"/api/runs/{workflow_id}/gates/{gate_key}?timeoutS=30"
        return until(lambda: gate if (gate := self.get(path))["state"] != "PENDING" else None, f"the end of {gate_key}")

    def ended(self, workflow_id: str) -> Any:
        """The run, once it has ended."""
        return until(
            lambda: run if (run := self.run(workflow_id))["status"] in FINISHED else None, f"the end of {workflow_id}"
        )


@dataclass(frozen=True)
class Place:
    """A ledger. `environ` is what every process on it is given besides what a process needs."""

    directory: Path
    database_url: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def flags(self) -> list[str]:
        url = [] if self.database_url is None else ["--database-url", self.database_url]
        return ["--dir", str(self.directory), *url]

    def command(self, *arguments: str) -> Done:
        return self.begin(*arguments)()

    def begin(self, *arguments: str) -> Running:
        return Running(self._spawn(*arguments, *self.flags))

    def sql(self, query: str) -> list[list[Any]]:
        """What a query answers, asked as an operator asks it."""
        done = self.command("db", "sql", "--json", query)
        assert done.code == 0, done
        rows: list[list[Any]] = done.document["rows"]
        return rows

    def rows(self, query: str) -> list[list[Any]]:
        """The same without the cost of a process."""
        with inspect_ledger(self.directory, self.database_url) as inspection:
            return [list(row) for row in inspection.query(query).rows]

    def count(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])

    def check(self) -> None:
        """All that must be zero is zero, and the audit trail proves itself."""
        with inspect_ledger(self.directory, self.database_url) as inspection:
            counts = count_violations(inspection)
        assert counts
        assert set(counts.values()) == {0}, counts
        with self.world() as world:
            assert verify_audit(world).is_clean

    def check_by_command(self) -> None:
        """The same as operators do it."""
        checked = self.command("db", "check", "--json")
        assert checked.document
        assert set(checked.document.values()) == {0}, checked.document
        assert checked.code == 0
        verified = self.command("audit", "verify")
        assert verified.code == 0, verified

    @contextmanager
    def world(self) -> Iterator[World]:
        """What the use cases work with, in this process."""
        settings = load({"dir": self.directory, "database_url": self.database_url}, {}, cwd=self.directory.parent)
        with open_world(settings, migrates=True) as world:
            yield world

    @contextmanager
    def start(
        self, name: str, *flags: str, environ: Mapping[str, str] | None = None, must_be_ready: bool = True
    ) -> Iterator[Server]:
        """A process of `up`, `api` or `worker`, killed at the end if it still runs."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        log = self.directory.parent / f"{name}.log"
        port = [] if name == "worker" or "PORT" in (environ or {}) else ["--port", "0"]
        with log.open("a") as err:
            process = self._spawn(name, *port, *flags, *self.flags, environ=environ, stderr=err)
        server = Server(process, log)
        try:
            server.await_ready()
            assert server.is_ready or not must_be_ready, log.read_text()
            yield server
        finally:
            server.close()

    def _spawn(
        self, *arguments: str, environ: Mapping[str, str] | None = None, stderr: IO[str] | None = None
    ) -> Forked:
        env = {**OTHER_CODE, **PLAIN, **self.environ, **(environ or {})}
        return Forked(*arguments, cwd=self.directory.parent, env=env, stderr=stderr)
