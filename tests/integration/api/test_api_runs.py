"""Intents and runs over HTTP."""

from __future__ import annotations

import pytest
from api_world import Api, first_leg, walk_to_gate
from spec_run_samples import a_spec_run

from signoff.app.advance_run import fail_leg
from signoff.app.world import World

RUN_MEMBERS = {
    "workflowID",
    "intentId",
    "recipeName",
    "status",
    "nextAction",
    "lastStep",
    "error",
    "createdAt",
    "updatedAt",
}


def test_health_says_what_the_server_stands_on(api: Api) -> None:
    answer = api.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ok": True, "version": "0.1.0", "database": "sqlite", "auth": "open"},
    )


def test_a_started_run_has_the_id_of_its_intent_and_starting_it_again_is_a_replay(api: Api) -> None:
    intent_id = api.post("/api/intents", json={"goal": "demo", "inputs": {"n": 1}, "constraints": {}}).json()[
        "intentId"
    ]
    body = {
        "intentId": intent_id,
        "queueName": "intentQ",
        "queuePartitionKey": "tenant-008",
        "recipeName": "compile-default",
        "workload": {"concurrency": 1, "steps": 1, "sandboxMinutes": 1},
    }
    first, again = api.post("/api/runs", json=body), api.post("/api/runs", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == {**again.json(), "isReplay": False}
    assert again.json()["isReplay"] is True
    assert first.json()["workflowID"] == first.json()["intentId"] == intent_id
    view = api.get(f"/api/runs/{intent_id}").json()
    assert set(view) == RUN_MEMBERS
    assert (view["status"], view["nextAction"]) == ("ENQUEUED", "NONE")


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"intentId": "it_unknown"}, 404, "intent-not-found"),
        ({"queueName": "sbxQ"}, 400, "queue_policy_violation"),
        ({"queuePartitionKey": "  "}, 400, "queue_policy_violation"),
        ({"queuePartitionKey": None}, 400, "queue_policy_violation"),
        ({"recipeName": "other"}, 400, "unknown-recipe"),
        ({"workload": {"concurrency": 101}}, 400, "invalid-workload"),
        ({"workload": {"steps": True}}, 400, "invalid-workload"),
        ({"workload": {"threads": 1}}, 400, "invalid-workload"),
        ({"intentId": 7}, 400, "invalid-body"),
        ({"surprise": 1}, 400, "invalid-body"),
    ],
)
def test_a_run_that_cannot_be_started_is_refused_and_nothing_is_written(
    api: Api, members: dict[str, object], status: int, code: str
) -> None:
    intent_id = api.post("/api/intents", json={"goal": "demo"}).json()["intentId"]
    answer = api.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "t", **members})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get("/api/runs").json() == {"items": [], "nextCursor": None}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"goal": " "}, "invalid-goal"),
        ({"goal": "x" * 10_001}, "invalid-goal"),
        ({"goal": "demo", "constraints": {"planApprovalTimeoutS": 0}}, "invalid-ttl"),
        ({"goal": "demo", "constraints": {"askUsers": True}}, "invalid-constraints"),
        ({"goal": "demo", "inputs": []}, "invalid-body"),
        ({}, "invalid-body"),
        ([], "invalid-body"),
    ],
)
def test_an_intent_that_cannot_be_kept_is_refused(api: Api, body: object, code: str) -> None:
    answer = api.post("/api/intents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_runs_page_newest_first_without_gap_or_repetition(api: Api) -> None:
    started = [api.start_run(f"goal {n}") for n in range(5)]
    seen, cursor = [], None
    while True:
        page = api.get("/api/runs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [run["workflowID"] for run in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(started)
    assert len(seen) == len(started)


def test_runs_are_found_by_what_they_are_about_and_say_so(api: Api, world: World) -> None:
    a_spec_run(world, "sp_1", spec="docs/a plan.md")
    a_spec_run(world, "sp_2", spec="other.md")
    intent = api.start_run("an intent")
    found = api.get("/api/runs", params={"door": "spec", "subject": "docs/a plan.md"}).json()["items"]
    assert [(run["workflowID"], run["subject"]) for run in found] == [("sp_1", "docs/a plan.md")]
    assert set(api.get("/api/runs/sp_1").json()) == {*RUN_MEMBERS, "subject"}
    assert [run["workflowID"] for run in api.get("/api/runs?door=intent").json()["items"]] == [intent]


def test_the_newest_gates_are_told_in_every_state(api: Api) -> None:
    api.open_gate(gate_key="first")
    api.open_gate(gate_key="second")
    api.reply(gate_key="first")
    page = api.get("/api/gates/newest", params={"limit": 1}).json()
    rest = api.get("/api/gates/newest", params={"limit": 1, "cursor": page["nextCursor"]}).json()
    found = [*page["items"], *rest["items"]]
    assert {gate["gateKey"]: gate["state"] for gate in found} == {"first": "RECEIVED", "second": "PENDING"}
    assert (rest["nextCursor"], "slaStatus" in found[0]) == (None, False)
    assert api.get("/api/gates/newest?limit=201").json()["code"] == "invalid-query"


def test_runs_are_found_by_status(api: Api) -> None:
    kept, cancelled = api.start_run("kept"), api.start_run("cancelled")
    api.post(f"/api/runs/{cancelled}/cancel")
    found = {
        status: [run["workflowID"] for run in api.get("/api/runs", params={"status": status}).json()["items"]]
        for status in ("ENQUEUED", "CANCELLED", "SUCCESS")
    }
    assert found == {"ENQUEUED": [kept], "CANCELLED": [cancelled], "SUCCESS": []}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=-1", "limit=1.0", "limit=%2B5", "limit=1_0", "limit=", "limit=%20%35",
        "limit=" + "9" * 5000, "limit=1&limit=2", "status=enqueued", "status=", "cursor=!!", "cursor=AAAA",
    ],
)  # fmt: skip
def test_a_query_out_of_its_bounds_or_vocabulary_is_a_400_and_never_clamped(api: Api, query: str) -> None:
    answer = api.get(f"/api/runs?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid-query", "invalid-cursor"}


def test_an_unknown_run_is_a_404_on_every_route_of_a_run(api: Api) -> None:
    for path in ("", "/gates", "/gates/some-gate", "/steps", "/artifacts", "/interactions", "/stream/status"):
        answer = api.get(f"/api/runs/missing-run{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "run-not-found"), path
    for path, body in (("/cancel", {}), ("/retry", {}), ("/approve-plan", {"approvedBy": "ada"})):
        answer = api.post(f"/api/runs/missing-run{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "run-not-found"), path


def test_a_workflow_id_of_the_wrong_form_is_a_400(api: Api) -> None:
    assert api.get("/api/runs/%20x").json()["code"] == "bad-workflow-id"
    assert api.get("/api/audit", params={"workflowId": "a\x00b"}).json()["code"] == "bad-workflow-id"


def test_a_run_is_cancelled_with_and_without_a_body(api: Api, world: World) -> None:
    for options, error in (
        ({}, "cancelled by ada"),
        ({"json": {"reason": "not needed"}}, "not needed"),
        ({"json": {}}, "cancelled by ada"),
    ):
        workflow_id = api.start_run()
        walk_to_gate(world, workflow_id)
        answer = api.post(f"/api/runs/{workflow_id}/cancel", headers={"Signoff-Actor": "ada"}, **options)
        assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (202, "CANCELLED", error)
        assert [gate["state"] for gate in api.get(f"/api/runs/{workflow_id}/gates").json()] == ["CANCELLED"]
        assert api.post(f"/api/runs/{workflow_id}/cancel").status_code == 202


def test_only_a_run_that_failed_can_be_retried_and_one_that_failed_cannot_be_cancelled(api: Api, world: World) -> None:
    workflow_id = api.start_run()
    refused = api.post(f"/api/runs/{workflow_id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "run-not-retryable")
    fail_leg(world, first_leg(workflow_id), "the disk is full")
    cancelled = api.post(f"/api/runs/{workflow_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "run-finished")
    assert api.get(f"/api/runs/{workflow_id}").json()["nextAction"] == "REPAIR"
    retried = api.post(f"/api/runs/{workflow_id}/retry", json={})
    assert (retried.status_code, retried.json()["status"], retried.json()["error"]) == (202, "ENQUEUED", None)


def test_a_plan_is_approved_by_the_run_alone_once_it_waits(api: Api, world: World) -> None:
    workflow_id = api.start_run()
    path, body = f"/api/runs/{workflow_id}/approve-plan", {"approvedBy": "compat", "notes": "bridge"}
    early = api.post(path, json=body)
    assert (early.status_code, early.json()["code"]) == (404, "gate-not-found")
    walk_to_gate(world, workflow_id)
    assert api.get(f"/api/runs/{workflow_id}").json()["nextAction"] == "APPROVE_PLAN"
    answer = api.post(path, json=body)
    (gate,) = api.get(f"/api/runs/{workflow_id}/gates").json()
    assert answer.status_code == 202
    assert answer.json() == {"accepted": True, "runId": workflow_id, "approvedAt": gate["receipt"]["at"]}
    assert (gate["state"], gate["origin"], gate["receipt"]["actor"]) == ("RECEIVED", "compat", "compat")
    assert api.post(path, json=body).json() == answer.json()
    other = api.post(path, json={"approvedBy": "eve"})
    assert (other.status_code, other.json()["receipt"]["actor"]) == (409, "compat")
    assert api.post(path, json={"approvedBy": "a\nb"}).json()["code"] == "invalid-actor"


def test_steps_and_artifacts_are_bare_arrays_and_interactions_page(api: Api, world: World) -> None:
    workflow_id = api.start_run()
    walk_to_gate(world, workflow_id)
    steps = api.get(f"/api/runs/{workflow_id}/steps").json()
    assert [(step["stepId"], step["attempt"]) for step in steps] == [("CompileST", 1), ("ApplyPatchST", 1)]
    assert api.get(f"/api/runs/{workflow_id}/artifacts").json() == []
    (gate,) = api.get(f"/api/runs/{workflow_id}/gates").json()
    api.reply(workflow_id=workflow_id, gate_key=gate["gateKey"], actor="ada")
    page = api.get(f"/api/runs/{workflow_id}/interactions", params={"limit": 500}).json()
    assert page["nextCursor"] is None
    assert [(one["actor"], one["choice"], one["origin"]) for one in page["items"]] == [("ada", "yes", "manual")]
    assert api.get(f"/api/runs/{workflow_id}/interactions", params={"limit": 501}).status_code == 400


def test_the_audit_trail_pages_by_seq_and_follows_one_workflow(api: Api) -> None:
    one, other = api.start_run("one"), api.start_run("other")
    seen, after = [], 0
    while True:
        page = api.get("/api/audit", params={"after": after, "limit": 1}).json()
        seen += page["items"]
        if page["nextCursor"] is None:
            break
        after = int(page["nextCursor"])
    assert [entry["workflowId"] for entry in seen] == [one, one, other, other]
    mine = api.get("/api/audit", params={"workflowId": other}).json()["items"]
    assert [(entry["n"], entry["event"]) for entry in mine] == [(1, "intent.created"), (2, "run.started")]
    assert set(mine[0]) == {
        "seq", "workflowId", "n", "gateKey", "at", "actor", "event", "body", "prevHash", "hash",
    }  # fmt: skip
    head = api.get("/api/audit/head")
    assert (head.status_code, head.json()["code"]) == (404, "head-not-found")
