"""The operator's labs L00 to L20, run against `signoff up`; L12 against `signoff worker` and `signoff api`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
from processes import Place, Server

STEPS = ["CompileST", "ApplyPatchST", "DecideST", "ExecuteST"]

ORACLES = {
    "run_steps": "SELECT run_id,step_id,attempt,count(*) c FROM app.run_steps "
    "GROUP BY run_id,step_id,attempt HAVING count(*)>1;",
    "artifacts": "SELECT run_id,step_id,task_key,attempt,idx,count(*) c FROM app.artifacts "
    "GROUP BY run_id,step_id,task_key,attempt,idx HAVING count(*)>1;",
    "interactions": "SELECT workflow_id,gate_key,topic,dedupe_key,count(*) c FROM app.human_interactions "
    "GROUP BY workflow_id,gate_key,topic,dedupe_key HAVING count(*)>1;",
    "decisions": "SELECT workflow_uuid,key,count(*) c FROM dbos.workflow_events WHERE key LIKE 'decision:%' "
    "GROUP BY workflow_uuid,key HAVING count(*)>1;",
    "prompts": "SELECT workflow_uuid,key,count(*) c FROM dbos.workflow_events WHERE key LIKE 'ui:%' "
    "AND key NOT LIKE '%:result' AND key NOT LIKE '%:audit' GROUP BY workflow_uuid,key HAVING count(*)>1;",
}


def test_l00_the_server_says_that_it_is_well(server: Server, place: Place) -> None:
    health = server.get("/healthz")
    assert health["ok"] is True
    assert health["database"] == ("sqlite" if place.database_url is None else "postgres")


def test_l01_to_l05_a_yes_lets_a_run_through_once(server: Server, place: Place) -> None:
    intent = server.new_intent("spec08 gate demo")
    started = server.start_intent(intent)
    workflow_id = started.json()["workflowID"]
    assert (started.status_code, workflow_id) == (201, intent)

    gate_key = server.open_gate(workflow_id)
    waiting = server.run(workflow_id)
    assert (waiting["status"], waiting["nextAction"]) == ("WAITING_INPUT", "APPROVE_PLAN")
    gate = server.get(f"/api/runs/{workflow_id}/gates/{gate_key}?timeoutS=1")
    assert (gate["gateKey"], gate["state"], gate["prompt"]["schemaVersion"]) == (gate_key, "PENDING", 1)

    first = server.reply(workflow_id, gate_key, "yes", "manual-yes-1", rationale="operator-yes")
    assert (first.status_code, first.json()["isReplay"]) == (200, False)
    received = server.get(f"/api/runs/{workflow_id}/gates/{gate_key}")
    assert (received["state"], received["result"]["payload"]["choice"]) == ("RECEIVED", "yes")
    ended = server.ended(workflow_id)
    assert (ended["status"], ended["nextAction"], ended["lastStep"], ended["error"]) == (
        "SUCCESS",
        "NONE",
        "ExecuteST",
        None,
    )

    again = server.reply(workflow_id, gate_key, "yes", "manual-yes-1", rationale="operator-yes")
    assert (again.status_code, again.json()["isReplay"]) == (200, True)
    assert again.json()["receipt"] == first.json()["receipt"]
    drifted = server.reply(workflow_id, gate_key, "no", "manual-yes-1")
    assert (drifted.status_code, drifted.json()["code"]) == (409, "dedupe-conflict")

    assert server.start_intent(intent).json()["isReplay"] is True
    assert _steps(place, workflow_id) == STEPS
    assert _interactions(place, workflow_id) == 1


def test_l06_a_no_ends_the_run_and_says_why(server: Server, place: Place) -> None:
    workflow_id = server.new_run("spec08 reject demo")
    gate_key = server.open_gate(workflow_id)
    assert server.reply(workflow_id, gate_key, "no", "manual-no-1", rationale="policy-fail").json()["ok"] is True
    ended = server.ended(workflow_id)
    assert (ended["status"], ended["nextAction"]) == ("ERROR", "REPAIR")
    assert ended["error"] == "Plan approval failed: no (rationale: policy-fail)"
    assert _steps(place, workflow_id) == STEPS[:2]


def test_l07_and_l08_a_deadline_ends_the_gate_and_a_late_answer_changes_nothing(server: Server, place: Place) -> None:
    workflow_id = server.new_run("timeout test")
    gate_key = server.open_gate(workflow_id)
    gate = server.final_gate(workflow_id, gate_key)
    assert (gate["state"], gate["result"]["state"]) == ("TIMED_OUT", "TIMED_OUT")
    ended = server.ended(workflow_id)
    assert (ended["status"], ended["nextAction"]) == ("ERROR", "REPAIR")

    late = server.reply(workflow_id, gate_key, "yes", "late-1", rationale="late")
    assert (late.status_code, late.json()["code"]) == (409, "gate-timed-out")
    assert server.get(f"/api/runs/{workflow_id}/gates/{gate_key}") == gate
    assert _interactions(place, workflow_id) == 0
    escalations = place.sql(
        f"SELECT workflow_uuid FROM dbos.workflow_status WHERE workflow_uuid LIKE 'esc:{workflow_id}:%'"
    )
    assert escalations == [[f"esc:{workflow_id}:{gate_key}"]]


def test_l09_the_older_way_to_approve_a_plan_is_a_yes(server: Server, place: Place) -> None:
    workflow_id = server.new_run("compat approve-plan demo")
    gate_key = server.open_gate(workflow_id)
    body = {"approvedBy": "compat", "notes": "bridge"}
    answer = server.client.post(f"/api/runs/{workflow_id}/approve-plan", json=body)
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["runId"]) == (True, workflow_id)
    ended = server.ended(workflow_id)
    assert (ended["status"], ended["lastStep"]) == ("SUCCESS", "ExecuteST")
    receipt = server.get(f"/api/runs/{workflow_id}/gates/{gate_key}")["receipt"]
    assert (receipt["decision"], receipt["actor"], receipt["at"]) == ("yes", "compat", answer.json()["approvedAt"])
    origins = place.rows(f"SELECT origin FROM app.human_interactions WHERE workflow_id = '{workflow_id}'")
    assert origins == [["compat"]]


def test_l10_and_l11_another_system_answers_and_the_stream_tells_it(server: Server) -> None:
    workflow_id = server.new_run("webhook gate demo")
    gate_key = server.open_gate(workflow_id)
    assert _event(server, workflow_id, gate_key).json() == {"ok": True}
    with server.client.stream("GET", f"/api/runs/{workflow_id}/stream/status") as stream:
        lines = [json.loads(line) for line in stream.iter_lines()]
    statuses = [line["status"] for line in lines if "status" in line]
    assert statuses == ["ENQUEUED", "PENDING", "WAITING_INPUT", "PENDING", "SUCCESS"]
    assert server.run(workflow_id)["status"] == "SUCCESS"


def test_l13_to_l19_what_is_not_understood_is_refused_and_writes_nothing(server: Server, place: Place) -> None:
    workflow_id = server.new_run("fail closed")
    gate_key = server.open_gate(workflow_id)
    before = _written(place)
    assert _refusals(server, workflow_id, gate_key) == {
        "L13 invalid JSON": 400,
        "L14 invalid schema": 400,
        "L15 no dedupe key": 400,
        "L16 bad gate key": 400,
        "L17 no such run": 404,
        "L17 no such gate": 404,
        "L18 timeout not a number": 400,
        "L18 timeout too long": 400,
        "L19 topic of another gate": 409,
        "queue of the children": 400,
        "blank partition": 400,
    }
    assert _written(place) == before
    assert server.get(f"/api/runs/{workflow_id}/gates/{gate_key}")["state"] == "PENDING"


def test_l12_worker_and_api_in_two_processes_are_as_good_as_one(own_place: Place) -> None:
    environ = {
        "OC_MODE": "replay",
        "SBX_MODE": "mock",
        "SBX_QUEUE_PARTITION": "true",
        "DBOS__APPVERSION": "v1",
    }
    with ExitStack() as stack:
        worker = stack.enter_context(own_place.start("worker", "--migrate", environ=environ))
        api = stack.enter_context(own_place.start("api", environ=environ))
        assert api.get("/healthz")["ok"] is True
        workflow_id = api.new_run("split parity demo")
        gate_key = api.open_gate(workflow_id)
        assert api.reply(workflow_id, gate_key, "yes", "split-1").status_code == 200
        assert api.ended(workflow_id)["status"] == "SUCCESS"
        versions = own_place.rows("SELECT DISTINCT application_version FROM dbos.workflow_status")
        assert versions == [["v1"]]
        assert _steps(own_place, workflow_id) == STEPS
        assert (api.stop(), worker.stop()) == (0, 0)
    own_place.check()


def test_api_and_worker_refuse_a_postgres_that_nobody_has_migrated(postgres_url: str, tmp_path: Path) -> None:
    place = Place(tmp_path / ".signoff", postgres_url)
    for name in ("api", "worker"):
        done = place.command(name)
        assert done.code == 1, done
        assert "signoff db upgrade" in done.err


def test_l20_the_oracles_find_nothing_twice(server: Server, place: Place) -> None:
    workflow_id = server.new_run("oracle demo")
    assert server.reply(workflow_id, server.open_gate(workflow_id), "yes", "oracle-1").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"
    newest = place.sql(
        "SELECT id,workflow_id,status,last_step,next_action,retry_count,error FROM app.runs "
        "ORDER BY created_at DESC LIMIT 20;"
    )
    assert newest[0] == [workflow_id, workflow_id, "SUCCESS", "ExecuteST", "NONE", 0, None]
    assert {name: place.sql(sql) for name, sql in ORACLES.items()} == {name: [] for name in ORACLES}
    bad = "SELECT count(*) AS bad_hash FROM app.human_interactions WHERE payload_hash !~ '^[a-f0-9]{64}$';"
    good = "SELECT count(*) FROM app.human_interactions WHERE payload_hash ~ '^[a-f0-9]{64}$';"
    assert place.sql(bad) == [[0]]
    assert place.count(good) >= 1
    origins = place.sql("SELECT origin,count(*) FROM app.human_interactions GROUP BY origin ORDER BY count(*) DESC;")
    assert "manual" in dict(origins)
    place.check_by_command()


def test_a_query_through_db_sql_cannot_write(server: Server, place: Place) -> None:
    server.new_intent("cannot be deleted")
    before = place.count("SELECT count(*) FROM app.intents")
    refused = place.command("db", "sql", "DELETE FROM app.intents")
    assert refused.code == 2, refused
    assert place.count("SELECT count(*) FROM app.intents") == before
    plain = place.command("db", "sql", "-t", "-A", "SELECT count(*) FROM app.intents")
    assert plain.out == f"{before}\n"


def _event(server: Server, workflow_id: str, gate_key: str, **changed: Any) -> httpx.Response:
    event = {
        "workflowId": workflow_id,
        "gateKey": gate_key,
        "topic": f"human:{gate_key}",
        "payload": {"choice": "yes", "rationale": "webhook"},
        "dedupeKey": "evt-1",
        "origin": "webhook-ci",
    }
    return server.client.post("/api/events/hitl", json={**event, **changed})


def _refusals(server: Server, workflow_id: str, gate_key: str) -> dict[str, int]:
    client, gate = server.client, f"/api/runs/{workflow_id}/gates/{gate_key}"
    as_json = {"content-type": "application/json"}
    run = {"intentId": workflow_id, "queueName": "intentQ", "queuePartitionKey": "t", "recipeName": "compile-default"}
    run["workload"] = {"concurrency": 1, "steps": 1, "sandboxMinutes": 1}  # type: ignore[assignment]
    answers = {
        "L13 invalid JSON": client.post("/api/events/hitl", content="{bad", headers=as_json),
        "L14 invalid schema": client.post("/api/events/hitl", json={"workflowId": "x"}),
        "L15 no dedupe key": client.post(f"{gate}/reply", json={"payload": {"choice": "yes"}}),
        "L16 bad gate key": server.reply(workflow_id, "BAD_KEY", "yes", "bad-gate-1"),
        "L17 no such run": server.reply("missing-run", gate_key, "yes", "mr-1"),
        "L17 no such gate": server.reply(workflow_id, "missing-gate", "yes", "mg-1"),
        "L18 timeout not a number": client.get(f"{gate}?timeoutS=abc"),
        "L18 timeout too long": client.get(f"{gate}?timeoutS=99"),
        "L19 topic of another gate": _event(server, workflow_id, gate_key, topic="human:wrong", origin="external"),
        "queue of the children": client.post("/api/runs", json={**run, "queueName": "sbxQ"}),
        "blank partition": client.post("/api/runs", json={**run, "queuePartitionKey": " "}),
    }
    return {name: answer.status_code for name, answer in answers.items()}


def _written(place: Place) -> list[list[Any]]:
    """How much is in every table that a refusal must leave alone."""
    tables = ("human_interactions", "audit_entries", "outbox", "runs", "human_gates")
    return place.rows(" UNION ALL ".join(f"SELECT '{one}' AS name, count(*) AS n FROM app.{one}" for one in tables))


def _steps(place: Place, workflow_id: str) -> list[str]:
    rows = place.rows(f"SELECT step_id FROM app.run_steps WHERE run_id = '{workflow_id}' ORDER BY finished_at, step_id")
    return sorted((row[0] for row in rows), key=STEPS.index)


def _interactions(place: Place, workflow_id: str) -> int:
    return place.count(f"SELECT count(*) FROM app.human_interactions WHERE workflow_id = '{workflow_id}'")
