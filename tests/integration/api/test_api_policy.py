"""`POST /api/policy/assess`: what a task is taken for, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_world import Api
from risk_table import ROWS

from signoff.app.world import World

JSON = {"content-type": "application/json"}


def assess(api: Api, task: Any) -> httpx.Response:
    return api.post("/api/policy/assess", json=task)


def test_each_task_is_taken_for_what_is_promised(api: Api) -> None:
    found = [(task, assess(api, task).json()["risk_level"]) for task, _ in ROWS]
    assert found == list(ROWS)


def test_the_answer_says_why_and_what_is_asked_of_whom(api: Api) -> None:
    answer = assess(api, {"operation": "delete", "environment": "production", "estimated_cost": 101, "note": [1]})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["risk_level"], found["risk_score"], found["auto_approve"]) == ("critical", 10, False)
    assert [reason["rule"] for reason in found["reasons"]] == ["delete-in-production", "cost-above-100"]
    assert all(reason["because"] for reason in found["reasons"])
    assert found["requirement"]["needs"] == [{"any_of": ["tech_lead", "cto"], "count": 1}]
    assert (found["requirement"]["notRequester"], found["requirement"]["justification"]) == (True, True)
    assert (found["ttl_s"], found["timeout_s"], found["on_timeout"]) == (900, 2700, "reject")
    assert found["ladder"] == [{"ttlS": 1800, "addRoles": ["security_team"]}]


def test_nobody_is_asked_at_low(api: Api) -> None:
    found = assess(api, {"operation": "read"}).json()
    assert (found["auto_approve"], found["requirement"], found["ttl_s"], found["reasons"]) == (True, None, None, [])


@pytest.mark.parametrize(
    ("task", "at"),
    [
        ({"estimated_cost": -1}, "estimated_cost"),
        ({"estimated_cost": "1"}, "estimated_cost"),
        ({"security_findings": [{}]}, "security_findings.0"),
        ({"operation": 1}, "operation"),
        ({"trigger": "none"}, "trigger"),
    ],
)
def test_a_malformed_task_is_refused_and_its_member_named(api: Api, task: Any, at: str) -> None:
    answer = assess(api, task)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-task")
    assert answer.json()["details"] == {"at": at}
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("content", [b"[]", b'"task"', b"null", b"1"])
def test_what_is_no_object_is_refused(api: Api, content: bytes) -> None:
    answer = api.post("/api/policy/assess", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body")


def test_what_is_not_strict_json_is_refused(api: Api) -> None:
    for content in (b"", b"{", b'{"operation": "read", "operation": "delete"}', b'{"estimated_cost": NaN}'):
        answer = api.post("/api/policy/assess", content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")
    assert api.post("/api/policy/assess", content=b"{}").status_code == 415
    assert api.get("/api/policy/assess").status_code == 405


def test_assessing_writes_nothing(api: Api, world: World) -> None:
    assess(api, {"operation": "delete", "environment": "production"})
    with world.ledger.read() as tx:
        assert tx.audit.newest_seq() == 0
        assert tx.gates(state=None, role=None, risk=None, after=None, limit=1) == []
