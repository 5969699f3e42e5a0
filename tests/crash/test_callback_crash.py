"""A worker that dies over a callback which failed leaves it to the next one."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from processes import WAIT_S, Place, until
from receivers import receive


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_callback_that_failed_when_its_worker_died_is_made_by_the_next_one(signoff_dir: Path, edge: str) -> None:
    place = Place(signoff_dir)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with place.start("up", environ={"SIGNOFF_CRASH_AT": f"postpone_outbox: {edge} commit"}) as server:
        body = {
            "workflowId": "deploy-42",
            "gateKey": "ship",
            "prompt": {"title": "Ship it?"},
            "ttlS": 600,
            "onDecision": {"kind": "callback", "url": f"http://127.0.0.1:{port}/done"},
        }
        assert server.client.post("/api/gates", json=body).status_code == 201
        assert server.reply("deploy-42", "ship", "yes", "one").status_code == 200
        assert server.process.wait(WAIT_S) == -signal.SIGKILL

    with receive(port=port) as receiver, place.start("up"):
        calls = receiver.await_calls(1)
        until(
            lambda: place.rows("SELECT 1 FROM app.outbox WHERE kind = 'callback' AND done_at IS NOT NULL"),
            "the callback to be recorded as done",
        )
        assert [call.path for call in calls] == ["/done"]
    place.check()
