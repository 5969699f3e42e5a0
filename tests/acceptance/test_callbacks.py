"""What the end of a gate sets going in somebody else's program: a signed call, or a message to a waiting workflow."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import WAIT_S, Place, Server
from receivers import Receiver, receive
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "correct horse battery staple"


def test_a_decision_is_called_out_signed_and_again_after_a_failure_under_the_same_id(
    signoff_dir: Path,
) -> None:
    place = Place(signoff_dir, environ={"SIGNOFF_CALLBACKS_SECRET": SECRET})
    with receive(500, 204) as receiver, place.start("up") as server:
        _open(server, "deploy-42", "ship", {"kind": "callback", "url": f"{receiver.url}/decided"})
        answer = server.reply("deploy-42", "ship", "yes", "one", rationale="looks good")
        assert answer.status_code == 200
        first, second = receiver.await_calls(2)
        for call in (first, second):
            assert call.path == "/decided"
            told = Webhook(base64.b64encode(SECRET.encode()).decode()).verify(call.body, dict(call.headers))
            assert told["workflowID"] == "deploy-42"
            assert told["gateKey"] == "ship"
            assert told["result"]["state"] == "RECEIVED"
            assert told["receipt"] == answer.json()["receipt"]
        assert first.headers["webhook-id"] == second.headers["webhook-id"]

        wrong = base64.b64encode(b"another secret").decode()
        with pytest.raises(WebhookVerificationError):
            Webhook(wrong).verify(second.body, dict(second.headers))
        assert server.reply("deploy-42", "ship", "yes", "one", rationale="looks good").json()["isReplay"] is True
        _assert_called(receiver, server, 2)
    place.check()


def test_a_gate_that_times_out_is_called_out_without_a_receipt_of_anybody(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    with receive() as receiver, place.start("up") as server:
        _open(server, "deploy-42", "ship", {"kind": "callback", "url": receiver.url}, ttl_s=1)
        told = json.loads(receiver.await_calls(1)[0].body)
        assert told["result"]["state"] == "TIMED_OUT"
        assert told["receipt"]["decision"] is None
    place.check()


def test_urls_beyond_loopback_are_not_called_unless_they_are_allowed(server: Server) -> None:
    for url in ("https://example.com/hook", "http://169.254.169.254/latest", "file:///etc/passwd"):
        answer = _post(server, "deploy-99", "ship", {"kind": "callback", "url": url})
        assert (answer.status_code, answer.json()["code"]) == (400, "callback-not-allowed")
    assert server.client.get("/api/runs/deploy-99/gates").status_code == 404


def test_a_workflow_that_blocks_in_recv_gets_the_decision_as_a_message(server: Server, place: Place) -> None:
    workflow_id, gate_key = "somebodys-deploy", "ship"
    url = place.database_url or f"sqlite:///{place.directory / 'dbos.db'}"
    with _waiting_program(url, workflow_id, f"human:{gate_key}") as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "waiting\n"
        _open(server, workflow_id, gate_key, {"kind": "message"})
        receipt = server.reply(workflow_id, gate_key, "no", "one", rationale="not today").json()["receipt"]
        out, _ = program.communicate(timeout=WAIT_S)
    told = json.loads(out)
    assert program.returncode == 0
    assert (told["workflowID"], told["gateKey"]) == (workflow_id, gate_key)
    assert told["result"]["payload"] == {"choice": "no", "rationale": "not today"}
    assert told["receipt"] == receipt


def _open(server: Server, workflow_id: str, gate_key: str, on_decision: dict[str, Any], ttl_s: int = 600) -> None:
    answer = _post(server, workflow_id, gate_key, on_decision, ttl_s)
    assert answer.status_code == 201, answer.text


def _post(server: Server, workflow_id: str, gate_key: str, on_decision: dict[str, Any], ttl_s: int = 600) -> Any:
    body = {"workflowId": workflow_id, "gateKey": gate_key, "prompt": {"title": "Ship it?"}, "ttlS": ttl_s}
    return server.client.post("/api/gates", json={**body, "onDecision": on_decision})


def _assert_called(receiver: Receiver, server: Server, count: int) -> None:
    """No more calls than these, once a later gate's call has come through."""
    _open(server, "deploy-43", "ship", {"kind": "callback", "url": f"{receiver.url}/later"})
    assert server.reply("deploy-43", "ship", "yes", "one").status_code == 200
    calls = receiver.await_calls(count + 1)
    assert [call.path for call in calls].count("/decided") == count


def _waiting_program(url: str, workflow_id: str, topic: str) -> subprocess.Popen[str]:
    program = Path(__file__).with_name("waiting_program.py")
    words = [sys.executable, str(program), url, workflow_id, topic]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
