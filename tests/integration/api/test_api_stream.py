"""The stream of a run's status."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from api_world import Api, first_leg, walk_to_gate

from signoff.app.advance_run import fail_leg
from signoff.app.cancel_run import cancel_run
from signoff.app.create_intent import create_intent
from signoff.app.start_run import start_run
from signoff.app.world import World


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _started(world: World) -> str:
    intent_id = create_intent(world, goal="stream", inputs={}, constraints={}, actor="ada")
    run, _ = start_run(world, intent_id=intent_id, actor="ada", queue_partition_key="t")
    return run.workflow_id


def test_a_finished_run_streams_its_life_from_the_start_and_ends(api: Api, world: World) -> None:
    workflow_id = api.start_run()
    walk_to_gate(world, workflow_id)
    api.post(f"/api/runs/{workflow_id}/cancel")
    answer = api.get(f"/api/runs/{workflow_id}/stream/status")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = _lines(answer.text)
    assert [(line["event"], line.get("status")) for line in lines] == [
        ("run.started", "ENQUEUED"),
        ("run.advanced", "PENDING"),
        ("gate.opened", "WAITING_INPUT"),
        ("run.cancelled", "CANCELLED"),
        ("gate.cancelled", None),
    ]
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
    assert lines[2]["gateKey"].startswith("approve-plan-")


def test_a_run_that_failed_and_was_retried_streams_on_past_its_failure(live: httpx.Client, world: World) -> None:
    workflow_id = _started(world)
    fail_leg(world, first_leg(workflow_id), "no space")
    live.post(f"/api/runs/{workflow_id}/retry")
    with live.stream("GET", f"/api/runs/{workflow_id}/stream/status") as answer:
        lines = answer.iter_lines()
        assert [json.loads(next(lines))["status"] for _ in range(3)] == ["ENQUEUED", "ERROR", "ENQUEUED"]
        cancel_run(world, workflow_id=workflow_id, actor="ada")
        assert [json.loads(line)["status"] for line in lines] == ["CANCELLED"]


def test_a_line_arrives_while_the_stream_is_open(live: httpx.Client, world: World) -> None:
    workflow_id = _started(world)
    with live.stream("GET", f"/api/runs/{workflow_id}/stream/status") as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["status"] == "ENQUEUED"
        walk_to_gate(world, workflow_id)
        assert [json.loads(next(lines))["status"] for _ in range(2)] == ["PENDING", "WAITING_INPUT"]


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [("output", 404, "stream-not-found"), ("STATUS", 400, "bad-stream-key"), ("%20", 400, "bad-stream-key")],
)
def test_a_run_has_the_status_stream_and_no_other(api: Api, key: str, status: int, code: str) -> None:
    answer = api.get(f"/api/runs/{api.start_run()}/stream/{key}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_workflow_that_is_no_run_has_no_stream(api: Api) -> None:
    api.open_gate()
    assert api.get("/api/runs/deploy-1/stream/status").json()["code"] == "run-not-found"
