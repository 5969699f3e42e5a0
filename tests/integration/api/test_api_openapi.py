"""The API's description of itself, and the page made from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_world import Api

from signoff.api.codes import CODES

ROUTES = {
    "get /healthz", "get /metrics", "post /api/intents", "post /api/runs", "get /api/runs",
    "get /api/runs/{workflowId}", "post /api/runs/{workflowId}/cancel", "post /api/runs/{workflowId}/retry",
    "get /api/runs/{workflowId}/gates",
    "get /api/runs/{workflowId}/gates/{gateKey}", "post /api/runs/{workflowId}/gates/{gateKey}/reply",
    "post /api/runs/{workflowId}/gates/{gateKey}/override", "post /api/runs/{workflowId}/gates/{gateKey}/close",
    "post /api/runs/{workflowId}/approve-plan", "post /api/events/hitl",
    "get /api/runs/{workflowId}/stream/{streamKey}", "get /api/runs/{workflowId}/steps",
    "get /api/runs/{workflowId}/artifacts", "get /api/runs/{workflowId}/interactions", "get /api/gates",
    "post /api/gates", "get /api/gates/newest", "get /api/audit", "get /api/audit/head", "post /api/policy/assess",
    "get /api/gates/stats", "post /workflows", "get /workflows/pending", "get /workflows/{workflowId}/status",
    "post /workflows/{workflowId}/approve", "post /workflows/{workflowId}/reject",
}  # fmt: skip


@pytest.fixture
def schema(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def _operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_is_described_under_a_name_of_its_own(schema: dict[str, Any]) -> None:
    operations = _operations(schema)
    assert set(operations) == ROUTES
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations.values())


def test_every_answer_has_a_shape_and_every_refusal_is_a_problem_with_an_example_for_each_code(
    schema: dict[str, Any],
) -> None:
    for name, operation in _operations(schema).items():
        assert "422" not in operation["responses"], name
        for status, answer in operation["responses"].items():
            ((media_type, content),) = answer["content"].items()
            assert content["schema"], (name, status)
            if status >= "400":
                assert (media_type, content["schema"]["$ref"]) == (
                    "application/problem+json",
                    "#/components/schemas/Problem",
                )
                for code, example in content["examples"].items():
                    assert CODES[code].status == example["value"]["status"] == int(status), (name, code)


def test_every_code_is_kebab_case_and_told_by_some_route(schema: dict[str, Any]) -> None:
    told = {
        code
        for operation in _operations(schema).values()
        for answer in operation["responses"].values()
        for content in answer["content"].values()
        for code in content.get("examples", {})
    }
    assert set(CODES) - told == {"no-such-route", "method-not-allowed", "internal-error"}
    assert [code for code in CODES if not re.fullmatch("[a-z]+(-[a-z]+)*", code)] == ["queue_policy_violation"]


def test_every_body_that_is_taken_has_a_shape_that_refuses_the_unknown(schema: dict[str, Any]) -> None:
    shapes = schema["components"]["schemas"]
    bodies = {name: shape for name, shape in shapes.items() if name.endswith("In")}
    assert len(bodies) > 10
    assert all(shape["additionalProperties"] is False for shape in bodies.values())
    assert "HTTPValidationError" not in shapes


def test_every_writing_route_may_name_its_actor_but_the_one_whose_body_does(schema: dict[str, Any]) -> None:
    named = {
        operation["operationId"]
        for operation in _operations(schema).values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Signoff-Actor"
    }
    writing = {operation["operationId"] for name, operation in _operations(schema).items() if name.startswith("post")}
    assert named == writing - {"approvePlan"}


def test_the_docs_page_shows_every_operation_and_needs_no_other_host(api: Api, schema: dict[str, Any]) -> None:
    answer = api.get("/docs")
    page = answer.text
    for operation in _operations(schema).values():
        assert f'id="{operation["operationId"]}"' in page
    assert re.findall(r"<(?:script|link|img|iframe)\b", page) == []
    assert [link for link in re.findall(r'(?:href|src)="([^"]*)"', page) if not re.match("[#/]", link)] == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert {link[1:] for link in re.findall(r'href="(#[^"]+)"', page)} <= ids
