"""What a client does with a run, in steps that it may repeat when it was given no answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from processes import FINISHED, Place, Server, until


@dataclass
class Client:
    """What a client remembers when its server is gone."""

    place: Place
    intent_id: str | None = None
    receipts: dict[str, Any] = field(default_factory=dict)
    is_retried: bool = False

    def start(self, server: Server, goal: str) -> str:
        if self.intent_id is None:
            self.intent_id = server.new_intent(goal)
        answer = server.start_intent(self.intent_id)
        assert answer.status_code in (200, 201), answer.text
        return self.intent_id

    def answer(self, server: Server, workflow_id: str, gate_key: str, choice: str) -> None:
        """The same answer with the same key every time; its receipt never changes."""
        answer = server.reply(workflow_id, gate_key, choice, f"client-{choice}")
        assert answer.status_code == 200, answer.text
        receipt = self.receipts.setdefault(f"{gate_key}:{choice}", answer.json()["receipt"])
        assert answer.json()["receipt"] == receipt


def say_yes(client: Client, server: Server) -> None:
    workflow_id = client.start(server, "ship it")
    client.answer(server, workflow_id, _gate(server, workflow_id, 1), "yes")
    assert server.ended(workflow_id)["status"] == "SUCCESS"


def say_no(client: Client, server: Server) -> None:
    workflow_id = client.start(server, "ship it")
    client.answer(server, workflow_id, _gate(server, workflow_id, 1), "no")
    assert server.ended(workflow_id)["status"] == "ERROR"


def say_nothing(client: Client, server: Server) -> None:
    workflow_id = client.start(server, "timeout test")
    assert server.ended(workflow_id)["status"] == "ERROR"


def cancel(client: Client, server: Server) -> None:
    workflow_id = client.start(server, "ship it")
    _gate(server, workflow_id, 1)
    # A leg that has opened its gate still has to end; cancelled before, it would be recorded as such.
    leg = f"SELECT 1 FROM dbos.workflow_status WHERE workflow_uuid = '{workflow_id}' AND status = 'SUCCESS'"
    until(lambda: client.place.rows(leg), "the end of the first leg")
    answer = server.client.post(f"/api/runs/{workflow_id}/cancel", json={"reason": "changed my mind"})
    assert answer.status_code == 202, answer.text
    assert server.ended(workflow_id)["status"] == "CANCELLED"


def say_no_then_yes(client: Client, server: Server) -> None:
    workflow_id = client.start(server, "ship it")
    client.answer(server, workflow_id, _gate(server, workflow_id, 1), "no")
    if not client.is_retried:
        until(lambda: server.run(workflow_id)["status"] in FINISHED or _is_retried(server, workflow_id), "the refusal")
        if not _is_retried(server, workflow_id):
            answer = server.client.post(f"/api/runs/{workflow_id}/retry")
            assert answer.status_code == 202, answer.text
        client.is_retried = True
    client.answer(server, workflow_id, _gate(server, workflow_id, 2), "yes")
    assert server.ended(workflow_id)["status"] == "SUCCESS"


Journey = Callable[[Client, Server], None]


def _gate(server: Server, workflow_id: str, number: int) -> str:
    """The key of the run's first, second... gate, whatever became of it."""
    return until(
        lambda: str(gates[number - 1]["gateKey"]) if len(gates := server.gates(workflow_id)) >= number else None,
        f"gate {number} of {workflow_id}",
    )


def _is_retried(server: Server, workflow_id: str) -> bool:
    page = server.get(f"/api/audit?workflowId={workflow_id}")
    return any(entry["event"] == "run.retried" for entry in page["items"])
