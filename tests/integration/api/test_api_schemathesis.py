"""The API against its own description, with generated requests: no defect, and no answer that is not described.

Little is found behind ids that do not exist, so the description is given some that do.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from api_world import walk_to_gate
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from signoff.app.world import World

EXAMPLES_OF_EACH = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def described(live: httpx.Client, world: World) -> dict[str, Any]:
    """The description, in which ids are those of a run that waits, one that has ended and two gates."""
    runs = [_start_run(live, goal) for goal in ("waits", "ended")]
    for workflow_id in runs:
        walk_to_gate(world, workflow_id)
    live.post(f"/api/runs/{runs[1]}/cancel")
    keys = [live.get(f"/api/runs/{workflow_id}/gates").json()[0]["gateKey"] for workflow_id in runs]
    gate = {"workflowId": "deploy-1", "gateKey": "go-live", "prompt": {"title": "Deploy?"}, "ttlS": 3600}
    live.post("/api/gates", json=gate)
    task = {"operation": "delete", "environment": "production"}
    asked = live.post("/workflows", json={"task": task, "requested_by": "agent"}).json()["workflow_id"]
    schema: dict[str, Any] = live.get("/openapi.json").json()
    ids, gate_keys = [*runs, "deploy-1", asked, "missing"], [*keys, "go-live", "missing"]
    shapes = schema["components"]["schemas"]
    shapes["EventIn"]["properties"] |= {"workflowId": {"enum": ids}, "gateKey": {"enum": gate_keys}}
    shapes["RunIn"]["properties"]["intentId"] = {"enum": [*runs, "missing"]}
    shapes["GateIn"]["properties"]["workflowId"] = {"enum": ids}
    for methods in schema["paths"].values():
        for operation in methods.values():
            _give_ids(operation, ids, gate_keys, ended=runs[1], ended_gate=keys[1])
    return schema


def _give_ids(operation: dict[str, Any], ids: list[str], gate_keys: list[str], *, ended: str, ended_gate: str) -> None:
    # What would wait (an open stream, a gate that is never decided) is asked for what has ended.
    waits = operation["operationId"] in {"streamRun", "getGate"}
    known = {
        "workflowId": [ended, "missing"] if waits else ids,
        "gateKey": [ended_gate, "missing"] if waits else gate_keys,
        "streamKey": ["status", "other"],
    }
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}


def _start_run(live: httpx.Client, goal: str) -> str:
    intent_id = live.post("/api/intents", json={"goal": goal}).json()["intentId"]
    live.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "t"})
    return str(intent_id)


def test_no_request_gets_an_answer_that_is_not_described(
    described: dict[str, Any], live: httpx.Client, subtests: pytest.Subtests
) -> None:
    schema = schemathesis.openapi.from_dict(described)
    statuses: set[int] = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        takes_nothing = not operation.query and not operation.path_parameters and not operation.body
        for mode in [GenerationMode.POSITIVE] if takes_nothing else GenerationMode:
            with subtests.test(operation=operation.label, mode=mode.value):

                @settings(
                    max_examples=EXAMPLES_OF_EACH,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=operation.as_strategy(generation_mode=mode))
                def answers_as_described(case: Case[Any]) -> None:
                    statuses.add(_check(case, str(live.base_url)))

                answers_as_described()
    assert {200, 201, 202, 400, 404, 409} <= statuses


def _check(case: Case[Any], base_url: str) -> int:
    response = case.call(base_url=base_url)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        declared = case.operation.definition.raw["responses"][str(response.status_code)]
        (content,) = declared["content"].values()
        assert response.json()["code"] in content["examples"], response.text
    return int(response.status_code)
