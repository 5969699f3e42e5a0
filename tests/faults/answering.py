"""People who answer one gate after another, whatever happens meanwhile, and remember what they were told."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from processes import Done, Place, Server

#: What a 503 may say.
LEDGER_CODES = {"ledger-unavailable", "outcome-unknown"}


def open_gates(server: Server, count: int) -> list[tuple[str, str]]:
    """Workflow and key of each."""
    workflow_id = f"deploy-{secrets.token_hex(4)}"
    gates = [(workflow_id, f"go-{number}") for number in range(count)]
    for workflow, key in gates:
        assert open_gate(server, workflow, key).status_code == 201
    return gates


def open_gate(server: Server, workflow_id: str, gate_key: str, body: str = "") -> httpx.Response:
    prompt = {"title": "Deploy?", **({"body": body} if body else {})}
    asked = {"workflowId": workflow_id, "gateKey": gate_key, "prompt": prompt, "ttlS": 86_400}
    return server.client.post("/api/gates", json=asked)


def check_refused(answer: httpx.Response) -> str:
    """A 503 is one that a program can go by; its code."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    code = str(answer.json()["code"])
    assert code in LEDGER_CODES, answer.text
    return code


def check_said_in_one_line(done: Done, beginning: str) -> None:
    """A command that could not use the ledger."""
    assert done.code == 1, done
    assert done.out == ""
    assert done.err.startswith(f"Error: {beginning}"), done.err
    assert done.err.endswith(".\n"), done.err
    assert done.err.count("\n") == 1, done.err


def answers_in(place: Place, workflow_id: str) -> list[str]:
    """The dedupe key of every answer that the ledger has, in no order."""
    found = place.rows(f"SELECT dedupe_key FROM app.human_interactions WHERE workflow_id = '{workflow_id}'")
    return [row[0] for row in found]


@dataclass
class Answering:
    """Answers each gate until it is told that it was answered. Everything that it was told is kept."""

    server: Server
    gates: list[tuple[str, str]]
    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    error: BaseException | None = None

    def __enter__(self) -> Answering:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.wait()

    def wait(self) -> None:
        self._thread.join()
        if self.error is not None:
            raise self.error

    def has_taken(self, count: int) -> bool:
        self._check()
        return len(self.taken) >= count

    def was_refused(self) -> bool:
        self._check()
        return bool(self.refused)

    def _check(self) -> None:
        assert self.error is None, self.error

    def _run(self) -> None:
        try:
            for workflow_id, key in self.gates:
                self._answer(workflow_id, key)
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error

    def _answer(self, workflow_id: str, key: str) -> None:
        while True:
            answer = self.server.reply(workflow_id, key, "yes", f"by:{key}")
            if answer.status_code == 200:
                self.taken.append(_checked(answer.json(), key))
                return
            self.refused.append(check_refused(answer))
            time.sleep(0.05)


def _checked(told: Any, key: str) -> str:
    assert (told["receipt"]["gateKey"], told["receipt"]["decision"]) == (key, "yes")
    return f"by:{key}"
