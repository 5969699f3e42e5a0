"""The same commands through a server, where SIGNOFF_URL names one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Answer, Shell


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    home = tmp_path / "server"
    home.mkdir()
    with Shell(home).start("up", "--port", "0") as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
        process.terminate()
        process.communicate(timeout=30)


def test_a_run_is_started_approved_and_proved_through_the_server(tmp_path: Path, url: str) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()

    def far(*words: str) -> Answer:
        return Shell(home)(*words, "--json", environ={"SIGNOFF_URL": url})

    run_id = far("run", "start", "Add a health check").document["workflowID"]
    assert far("run", "watch", run_id, "--until", "gate").code == 3
    (gate,) = far("gate", "list").document["items"]
    assert far("gate", "show", gate["gateKey"]).document["prompt"]["digest"] == gate["prompt"]["digest"]
    assert far("gate", "approve", gate["gateKey"], "--as", "grace").document["receipt"]["actor"] == "grace"
    lost = far("gate", "reject", gate["gateKey"])
    assert (lost.code, lost.document["code"]) == (4, "gate-decided")
    assert lost.document["receipt"]["actor"] == "grace"
    assert far("gate", "show", "nothing").code == 2
    assert far("run", "watch", run_id).code == 0
    assert far("audit", "verify").document["ok"]
    assert far("audit", "export", "--output", "trail.jsonl").code == 0
    assert Shell(home)("audit", "verify", "trail.jsonl").code == 0
    assert not (home / ".signoff").exists()


def test_a_server_that_is_not_there_is_a_failure(shell: Shell) -> None:
    answer = shell("gate", "list", "--url", "http://127.0.0.1:1", "--json")
    assert (answer.code, "error" in answer.document) == (1, True)
    assert shell("doctor", "--url", "http://127.0.0.1:1", "--port", "0").code == 1
