"""`/workflows`: the routes, who may answer, and how refusals look. What they do is tested with the use cases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_world import Api

from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.world import World

LOW = {"operation": "read"}
MEDIUM = {"operation": "read", "estimated_cost": 101}
CRITICAL = {"operation": "delete", "environment": "production"}


def ask(api: Api, task: dict[str, Any], **more: Any) -> httpx.Response:
    return api.post("/workflows", json={"task": task, "requested_by": "agent", **more})


def waiting(api: Api, task: dict[str, Any] | None = None) -> str:
    answer = ask(api, task or MEDIUM)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["workflow_id"])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_low_is_approved_at_once_and_all_else_waits(api: Api) -> None:
    answer = ask(api, LOW)
    workflow_id = answer.json()["workflow_id"]
    assert (answer.status_code, answer.json()) == (
        201,
        {"workflow_id": workflow_id, "status": "approved", "auto": True},
    )
    answer = ask(api, CRITICAL)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert {**answer.json(), "workflow_id": "", "timeout_at": 0} == {
        "workflow_id": "",
        "status": "pending",
        "risk_level": "critical",
        "approvers": ["cto", "tech_lead"],
        "timeout_at": 0,
    }


def test_a_workflow_is_approved_listed_and_told(api: Api) -> None:
    workflow_id = waiting(api)
    assert [one["workflow_id"] for one in api.get("/workflows/pending").json()["workflows"]] == [workflow_id]
    assert api.get("/workflows/pending?role=cto&limit=1").json() == {
        "success": True,
        "workflows": [],
        "has_more": False,
    }
    body = {"approved_by": "ada", "justification": "fine"}
    answer = api.post(f"/workflows/{workflow_id}/approve", json=body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"success": True, "workflow_id": workflow_id, "status": "approved", "approved_by": "ada", "remaining": {}},
    )
    told = api.get(f"/workflows/{workflow_id}/status").json()
    assert (told["success"], told["workflow"]["status"], told["task"], told["waits_for"]) == (
        True, "approved", MEDIUM, None,
    )  # fmt: skip
    again = api.post(f"/workflows/{workflow_id}/approve", json=body)
    assert code_of(again) == (409, "gate-decided")
    assert again.json()["receipt"]["actor"] == "ada"


def test_a_workflow_is_rejected_with_a_reason(api: Api) -> None:
    workflow_id = waiting(api)
    path = f"/workflows/{workflow_id}/reject"
    assert code_of(api.post(path, json={"rejected_by": "ada"})) == (400, "invalid-body")
    assert code_of(api.post(path, json={"rejected_by": "ada", "reason": ""})) == (400, "justification-required")
    answer = api.post(path, json={"rejected_by": "ada", "reason": "freeze"})
    assert answer.json() == {
        "success": True,
        "workflow_id": workflow_id,
        "status": "rejected",
        "rejected_by": "ada",
    }


def test_without_a_name_in_the_body_it_is_the_headers(api: Api) -> None:
    workflow_id = waiting(api)
    answer = api.post(f"/workflows/{workflow_id}/approve", headers={"Signoff-Actor": "grace"})
    assert (answer.status_code, answer.json()["approved_by"]) == (200, "grace")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"task": {"estimated_cost": -1}, "requested_by": "a"}, "invalid-task"),
        ({"task": LOW}, "invalid-body"),
        ({"requested_by": "a"}, "invalid-body"),
        ({"task": [], "requested_by": "a"}, "invalid-body"),
        ({"task": LOW, "requested_by": ""}, "invalid-name"),
        ({"task": LOW, "requested_by": "a", "approved": True}, "invalid-body"),
        ({"task": LOW, "requested_by": "a", "callback_url": "https://x.example/"}, "callback-not-allowed"),
    ],
)
def test_what_cannot_be_taken_is_a_400(api: Api, body: dict[str, Any], code: str) -> None:
    assert code_of(api.post("/workflows", json=body)) == (400, code)


def test_a_justification_that_is_missing_is_a_400_and_an_unknown_workflow_a_404(api: Api) -> None:
    path = f"/workflows/{waiting(api, CRITICAL)}/approve"
    assert code_of(api.post(path, json={"approved_by": "ada"})) == (400, "justification-required")
    for verb, body in (("approve", {}), ("reject", {"reason": "x"})):
        assert code_of(api.post(f"/workflows/wf_missing/{verb}", json=body)) == (404, "workflow-not-found")
    assert code_of(api.get("/workflows/wf_missing/status")) == (404, "workflow-not-found")
    assert code_of(api.get("/workflows/pending?limit=201")) == (400, "invalid-query")


def test_in_open_mode_one_who_is_no_principal_is_refused_where_there_are_some(api: Api, world: World) -> None:
    add_principal(world, name="tess", roles=["team_lead"], is_service=False, actor="root")
    path = f"/workflows/{waiting(api)}/approve"
    assert code_of(api.post(path, json={"approved_by": "mallory"})) == (403, "not-entitled")
    assert api.post(path, json={"approved_by": "tess"}).json()["status"] == "approved"


def test_with_tokens_the_approver_is_who_is_signed_in_and_nobody_else(api: Api, world: World) -> None:
    workflow_id = waiting(api)
    add_principal(world, name="tess", roles=["team_lead"], is_service=False, actor="root")
    add_principal(world, name="dev", roles=["developer"], is_service=False, actor="root")
    _, tess = create_token(world, name="tess", actor="root")
    _, dev = create_token(world, name="dev", actor="root")
    path = f"/workflows/{workflow_id}/approve"
    assert code_of(api.post(path, json={"approved_by": "tess"})) == (401, "not-signed-in")
    assert code_of(api.post(path, json={"approved_by": "tess"}, headers=_bearer(dev))) == (403, "not-you")
    assert code_of(api.post(path, json={}, headers=_bearer(dev))) == (403, "not-entitled")
    answer = api.post(path, json={}, headers=_bearer(tess))
    assert (answer.status_code, answer.json()["approved_by"]) == (200, "tess")
    assert code_of(api.get(f"/workflows/{workflow_id}/status")) == (401, "not-signed-in")


def test_stats_are_told(api: Api) -> None:
    api.post(f"/workflows/{waiting(api)}/approve", json={"approved_by": "ada"})
    stats = api.get("/api/gates/stats").json()
    assert (stats["gates"], stats["open"], stats["approvalTime"]["count"]) == (1, 0, 1)
    assert stats["byApprover"] == [{"actor": "ada", "approved": 1, "rejected": 0}]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
