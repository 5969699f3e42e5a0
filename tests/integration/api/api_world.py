"""Drives the app through ASGI, and walks a run to its gate by hand: these tests need no worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from signoff.app.advance_run import walk
from signoff.app.legs import Leg
from signoff.app.steps import StepContext, StepResult
from signoff.app.world import World

BASE_URL = "http://127.0.0.1:8700"


class Api:
    """Sends requests to the app from any thread; each goes through the one event loop, as in a server."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self.app = app
        self._portal = portal

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.send("POST", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._portal.call(lambda: self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=60) as client:
            return await client.request(method, path, **options)

    def open_gate(self, workflow_id: str = "deploy-1", gate_key: str = "go-live", **members: Any) -> dict[str, Any]:
        body = {"workflowId": workflow_id, "gateKey": gate_key, "prompt": {"title": "Deploy?"}, "ttlS": 3600}
        answer = self.post("/api/gates", json={**body, **members})
        assert answer.status_code == 201, answer.text
        opened: dict[str, Any] = answer.json()
        return opened

    def reply(
        self,
        choice: str = "yes",
        *,
        dedupe_key: str = "k-1",
        workflow_id: str = "deploy-1",
        gate_key: str = "go-live",
        actor: str | None = None,
        **members: Any,
    ) -> httpx.Response:
        return self.post(
            f"/api/runs/{workflow_id}/gates/{gate_key}/reply",
            json={"payload": {"choice": choice}, "dedupeKey": dedupe_key, **members},
            headers={} if actor is None else {"Signoff-Actor": actor},
        )

    def start_run(self, goal: str = "api demo", **members: Any) -> str:
        intent_id = self.post("/api/intents", json={"goal": goal, "inputs": {}, "constraints": {}}).json()["intentId"]
        answer = self.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "tenant-1", **members})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["workflowID"])


class PlanSteps:
    """The least that lets a run reach its plan gate."""

    def perform(self, action: str, context: StepContext) -> StepResult:
        return StepResult({"prompt": {"title": "Approve the plan"}, "tasks": []} if action == "compile" else {})

    def undo(self, action: str, context: StepContext) -> StepResult:
        return StepResult({"rolledBack": True})

    def perform_task(self, action: str, task: Any, context: StepContext) -> StepResult:
        return StepResult({})


def first_leg(workflow_id: str) -> Leg:
    return Leg(id=workflow_id, workflow_id=workflow_id, attempt=1, partition_key="tenant-1", node="CompileST")


def walk_to_gate(world: World, workflow_id: str) -> None:
    """What a worker does with a run's first leg."""
    walk(world, PlanSteps(), first_leg(workflow_id), lambda key, value: None)


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
