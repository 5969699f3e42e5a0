"""Processes that come and go: what waits, waits in the ledger, and whoever lives goes on with it."""

from __future__ import annotations

import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from processes import Place, Server, open_files, until

from signoff.clock import now_ms

#: Sooner than what is open would have ended by itself.
POLL_S, STOPS_WITHIN_S = 30, 25.0


def test_an_answer_given_while_no_worker_lives_is_acted_on_when_one_starts(own_place: Place) -> None:
    with ExitStack() as stack:
        with own_place.start("worker", "--migrate") as first, own_place.start("api") as api:
            workflow_id = api.new_run("kept")
            gate_key = api.open_gate(workflow_id)
            first.kill()
            assert api.reply(workflow_id, gate_key, "yes", "unheard").status_code == 200
            other = api.new_run("ordered while nobody works")
            assert api.run(workflow_id)["status"] == "PENDING"
            assert api.run(other)["status"] == "ENQUEUED"
            api.kill()
        stack.enter_context(own_place.start("worker"))
        api = stack.enter_context(own_place.start("api"))
        assert api.ended(workflow_id)["status"] == "SUCCESS"
        assert api.open_gate(other)
    own_place.check()


def test_a_gate_whose_deadline_passed_while_no_worker_lived_times_out_once(own_place: Place) -> None:
    with own_place.start("api", "--migrate") as api:
        with own_place.start("worker") as worker:
            workflow_id = api.new_run("timeout test")
            gate_key = api.open_gate(workflow_id)
            deadline_at = api.gates(workflow_id)[0]["deadlineAt"]
            worker.kill()
        until(lambda: now_ms() > deadline_at, "the deadline")
        assert api.gates(workflow_id)[0]["state"] == "PENDING"
        with ExitStack() as stack:
            stack.enter_context(own_place.start("worker"))
            stack.enter_context(own_place.start("worker"))
            assert api.final_gate(workflow_id, gate_key)["state"] == "TIMED_OUT"
            assert api.ended(workflow_id)["error"] == "Plan approval failed: timed out"
            until(lambda: _escalations(own_place, workflow_id, "SUCCESS"), "the escalation")
        late = api.reply(workflow_id, gate_key, "yes", "too-late")
        assert (late.status_code, late.json()["code"]) == (409, "gate-timed-out")
        assert api.gates(workflow_id)[0]["state"] == "TIMED_OUT"
    ends = f"SELECT COUNT(*) FROM app.audit_entries WHERE workflow_id = '{workflow_id}' AND event = 'gate.timed-out'"
    assert own_place.count(ends) == 1
    assert _escalations(own_place, workflow_id) == [[f"esc:{workflow_id}:{gate_key}"]]
    own_place.check()


def test_a_late_answer_to_a_gate_that_nobody_swept_is_told_so_and_ends_it(own_place: Place) -> None:
    """The answer itself does what the sweep has not come to."""
    with own_place.start("api", "--migrate") as api:
        body = {"workflowId": "deploy-42", "gateKey": "ship", "prompt": {"title": "Ship it?"}, "ttlS": 1}
        gate = api.client.post("/api/gates", json=body).json()
        until(lambda: now_ms() > gate["deadlineAt"], "the deadline")
        late = api.reply("deploy-42", "ship", "yes", "too-late")
        assert (late.status_code, late.json()["code"]) == (409, "gate-timed-out")
        assert own_place.count("SELECT COUNT(*) FROM app.human_interactions") == 0
        ended = "SELECT event FROM app.audit_entries WHERE gate_key = 'ship' ORDER BY n"
        assert own_place.rows(ended) == [["gate.opened"], ["gate.timed-out"]]
    own_place.check()


def test_the_legs_of_a_worker_that_is_killed_are_finished_by_the_other(postgres_url: str, tmp_path: Path) -> None:
    place = Place(tmp_path / ".signoff", postgres_url)
    agent = shlex.join([sys.executable, str(Path(__file__).with_name("slow_agent.py")), str(tmp_path)])
    flags = ("--agent", "command", "--agent-command", agent)
    with ExitStack() as stack:
        workers = [stack.enter_context(place.start("worker", "--migrate", *flags))]
        workers.append(stack.enter_context(place.start("worker", *flags)))
        api = stack.enter_context(place.start("api"))
        workflow_ids = [api.new_run(f"slow {number}") for number in range(4)]
        begun = until(lambda: _begun(tmp_path), "an agent to have begun")
        victim = next(worker for worker in workers if worker.process.pid in begun)
        survivor = next(worker for worker in workers if worker is not victim)
        victim.kill()
        (tmp_path / "may-plan").touch()
        for workflow_id in workflow_ids:
            assert api.reply(workflow_id, api.open_gate(workflow_id), "yes", "go").status_code == 200
        for workflow_id in workflow_ids:
            assert api.ended(workflow_id)["status"] == "SUCCESS"
        twice = "SELECT run_id FROM app.run_steps GROUP BY run_id HAVING COUNT(*) <> 4 OR COUNT(DISTINCT step_id) <> 4"
        assert place.rows(twice) == []
        opened = "SELECT workflow_id FROM app.audit_entries WHERE event = 'gate.opened' GROUP BY 1 HAVING COUNT(*) > 1"
        assert place.rows(opened) == []
        assert survivor.stop() == 0
    place.check()


@pytest.mark.parametrize("has_worker", [True, False], ids=["up", "api"])
def test_sigterm_ends_a_server_in_time_however_much_waits(own_place: Place, has_worker: bool) -> None:
    with own_place.start("up" if has_worker else "api", *([] if has_worker else ["--migrate"])) as server:
        workflow_id, gate_key = _waiting_gate(server, has_worker)
        path = f"{server.url}/api/runs/{workflow_id}/gates/{gate_key}?timeoutS={POLL_S}"
        before = _connections(server)
        with ThreadPoolExecutor(1) as people:
            polling = people.submit(httpx.get, path, timeout=60)
            until(lambda: _connections(server) > before, "the poll to be open")
            server.get("/healthz")  # Answered after what came before it was read.
            assert server.stop(STOPS_WITHIN_S) == 0
            assert polling.result().json()["state"] == "PENDING"
    own_place.check()


def test_sigterm_ends_a_worker_in_time_while_an_agent_still_plans(signoff_dir: Path, tmp_path: Path) -> None:
    own_place = Place(signoff_dir)
    agent = shlex.join([sys.executable, str(Path(__file__).with_name("slow_agent.py")), str(tmp_path)])
    with ExitStack() as stack:
        with own_place.start("worker", "--migrate", "--agent", "command", "--agent-command", agent) as worker:
            api = stack.enter_context(own_place.start("api"))
            workflow_id = api.new_run("slow")
            until(lambda: _begun(tmp_path), "the agent")
            assert worker.stop(STOPS_WITHIN_S) == 0
            until(lambda: not _live_agents(tmp_path), "the agent to end with its worker")
        (tmp_path / "may-plan").touch()
        stack.enter_context(own_place.start("worker", "--agent", "command", "--agent-command", agent))
        assert api.open_gate(workflow_id)
        assert len(api.get(f"/api/runs/{workflow_id}/steps")) == 2
    own_place.check()


def test_cancelling_a_run_ends_its_gates_and_stops_its_legs(server: Server, place: Place) -> None:
    workflow_id = server.new_run("cancel me", {"parallelApprovals": 2})
    keys = server.open_gates(workflow_id, 2)
    answer = server.client.post(f"/api/runs/{workflow_id}/cancel", json={"reason": "changed my mind"})
    assert (answer.status_code, answer.json()["status"]) == (202, "CANCELLED")
    assert [gate["state"] for gate in server.gates(workflow_id)] == ["CANCELLED"] * 2
    late = server.reply(workflow_id, keys[0], "yes", "after-the-end")
    assert (late.status_code, late.json()["code"]) == (409, "gate-cancelled")
    assert server.client.post(f"/api/runs/{workflow_id}/cancel").status_code == 202
    until(lambda: not _outbox(place, workflow_id) and not _live_workflows(place, workflow_id), "its legs to end")
    assert server.run(workflow_id)["status"] == "CANCELLED"
    assert [step["stepId"] for step in server.get(f"/api/runs/{workflow_id}/steps")] == ["CompileST", "ApplyPatchST"]


def test_cancelling_a_run_stops_the_agent_that_plans_for_it(signoff_dir: Path, tmp_path: Path) -> None:
    place = Place(signoff_dir)
    agent = shlex.join([sys.executable, str(Path(__file__).with_name("slow_agent.py")), str(tmp_path)])
    with place.start("up", "--agent", "command", "--agent-command", agent) as server:
        workflow_id = server.new_run("never planned")
        until(lambda: _begun(tmp_path), "the agent")
        assert server.client.post(f"/api/runs/{workflow_id}/cancel").status_code == 202
        until(lambda: not _outbox(place, workflow_id) and not _live_workflows(place, workflow_id), "its legs to end")
        until(lambda: not _live_agents(tmp_path), "the agent to be stopped")
        assert server.run(workflow_id)["status"] == "CANCELLED"
        assert server.get(f"/api/runs/{workflow_id}/steps") == []
        assert server.gates(workflow_id) == []
    place.check()


def test_a_refused_run_that_is_retried_asks_again_at_a_gate_of_its_own(server: Server, place: Place) -> None:
    workflow_id = server.new_run("try again")
    first = server.open_gate(workflow_id)
    assert server.reply(workflow_id, first, "no", "one").status_code == 200
    assert server.ended(workflow_id)["status"] == "ERROR"
    assert server.client.post(f"/api/runs/{workflow_id}/retry").status_code == 202
    again = server.open_gate(workflow_id)
    assert again != first
    assert server.reply(workflow_id, again, "yes", "one").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"
    steps = place.rows(f"SELECT attempt, step_id FROM app.run_steps WHERE run_id = '{workflow_id}'")
    assert sorted(steps) == [
        *([1, name] for name in ("ApplyPatchST", "CompileST")),
        *([2, name] for name in ("ApplyPatchST", "CompileST", "DecideST", "ExecuteST")),
    ]
    assert server.client.post(f"/api/runs/{workflow_id}/retry").status_code == 409


def test_of_three_parallel_approvals_all_must_pass(server: Server) -> None:
    workflow_id = server.new_run("three of us", {"parallelApprovals": 3})
    keys = server.open_gates(workflow_id, 3)
    for number, key in enumerate(keys):
        assert server.run(workflow_id)["status"] == "WAITING_INPUT"
        assert server.reply(workflow_id, key, "yes", f"approval-{number}").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"


def test_one_refusal_of_three_cancels_the_others(server: Server, place: Place) -> None:
    workflow_id = server.new_run("not all of us", {"parallelApprovals": 3})
    keys = server.open_gates(workflow_id, 3)
    assert server.reply(workflow_id, keys[0], "yes", "a").status_code == 200
    assert server.reply(workflow_id, keys[1], "no", "b").status_code == 200
    late = server.reply(workflow_id, keys[2], "yes", "c")
    assert (late.status_code, late.json()["code"]) == (409, "gate-cancelled")
    assert server.ended(workflow_id)["error"] == "Plan approval failed: no"
    states = [gate["state"] for gate in server.gates(workflow_id)]
    assert states == ["RECEIVED", "RECEIVED", "CANCELLED"]
    undone = f"SELECT COUNT(*) FROM app.artifacts WHERE run_id = '{workflow_id}' AND kind = 'rollback'"
    assert place.count(undone) == 1


def test_a_run_that_asks_first_waits_twice(server: Server) -> None:
    workflow_id = server.new_run("ask me", {"askUser": True})
    question = server.open_gate(workflow_id)
    assert question.startswith("ask-user-")
    assert server.run(workflow_id)["lastStep"] == "CompileST"
    assert server.reply(workflow_id, question, "yes", "one", answer="mind the gap").status_code == 200
    plan = until(
        lambda: keys[0] if (keys := [key for key in server.open_gates(workflow_id) if key != question]) else None,
        "the plan's gate",
    )
    assert plan.startswith("approve-plan-")
    assert server.reply(workflow_id, plan, "yes", "two").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"


def _waiting_gate(server: Server, has_worker: bool) -> tuple[str, str]:
    if has_worker:
        workflow_id = server.new_run("waits for long")
        return workflow_id, server.open_gate(workflow_id)
    body = {"workflowId": "deploy-42", "gateKey": "ship", "prompt": {"title": "Ship it?"}, "ttlS": 600}
    assert server.client.post("/api/gates", json=body).status_code == 201
    return "deploy-42", "ship"


def _connections(server: Server) -> int:
    """How many callers the process has taken in."""
    port = f":{urlsplit(server.url).port:04X}"
    table = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()]
    callers = {f"socket:[{row[9]}]" for row in table if row[1].endswith(port) and row[3] == "01"}
    return len(callers & set(open_files(server.process.pid)))


def _begun(folder: Path) -> list[int]:
    """The workers whose agent has begun."""
    return [int(path.name.removeprefix("begun-by-")) for path in folder.glob("begun-by-*")]


def _live_agents(folder: Path) -> list[int]:
    pids = [int(path.read_text("ascii")) for path in folder.glob("begun-by-*")]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _escalations(place: Place, workflow_id: str, status: str = "%") -> list[list[str]]:
    return place.rows(
        "SELECT workflow_uuid FROM dbos.workflow_status "
        f"WHERE workflow_uuid LIKE 'esc:{workflow_id}:%' AND status LIKE '{status}'"
    )


def _outbox(place: Place, workflow_id: str) -> list[list[str]]:
    return place.rows(f"SELECT id FROM app.outbox WHERE dedupe_key LIKE '%{workflow_id}%' AND done_at IS NULL")


def _live_workflows(place: Place, workflow_id: str) -> list[list[str]]:
    return place.rows(
        "SELECT workflow_uuid FROM dbos.workflow_status "
        f"WHERE workflow_uuid LIKE '{workflow_id}%' AND status IN ('PENDING', 'ENQUEUED', 'DELAYED')"
    )
