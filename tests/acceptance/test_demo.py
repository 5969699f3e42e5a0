"""The main job in one command, as somebody sees it who has just installed signoff."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pexpect
import pytest
from processes import COMMAND, PLAIN

ENVIRON = {**PLAIN, "TERM": "xterm"}
WAIT_S = 90


def demo(directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "demo", *arguments],
        cwd=directory,
        env={**ENVIRON, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def command(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=directory, env=ENVIRON, capture_output=True, text=True, timeout=WAIT_S, check=True
    )
    return done.stdout


def test_without_a_terminal_the_answer_has_to_be_given_and_that_is_said(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 2
    assert "signoff demo --answer yes" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_yes_lets_the_run_go_on_and_the_record_is_verified(tmp_path: Path) -> None:
    # A shell that is set up for a database or a server does not turn the demo there.
    done = demo(tmp_path, "--answer", "yes", SIGNOFF_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert done.returncode == 0, done.stderr
    for shown in ("Migrate", "signoff gate approve approve-plan-", "curl -X POST", "decision      yes", "SUCCESS"):
        assert shown in done.stdout
    assert "audit verify: ok" in done.stdout
    assert str(tmp_path / ".signoff") in done.stdout


def test_a_no_ends_the_run_and_the_command_says_refused(tmp_path: Path) -> None:
    done = demo(tmp_path, "--answer", "no", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert (document["run"]["status"], document["run"]["nextAction"]) == ("ERROR", "REPAIR")
    assert document["run"]["error"].startswith("Plan approval failed: no")
    assert document["audit"]["findings"] == []


def test_killing_the_server_while_the_gate_waits_loses_nothing(tmp_path: Path) -> None:
    done = demo(tmp_path, "--kill", "--answer", "yes")
    assert done.returncode == 0, done.stderr
    assert "was killed with SIGKILL" in done.stdout
    assert "1 gate, the same prompt, byte for byte. Nothing was lost." in done.stdout
    assert "SUCCESS" in done.stdout
    counts = json.loads(command(tmp_path, "db", "check", "--json"))
    assert set(counts.values()) == {0}


@pytest.fixture
def terminal(tmp_path: Path) -> pexpect.spawn[str]:
    return pexpect.spawn(
        COMMAND[0],
        [*COMMAND[1:], "demo"],
        cwd=str(tmp_path),
        env=ENVIRON,
        encoding="utf-8",
        timeout=WAIT_S,
        dimensions=(60, 140),
    )


def test_whoever_sits_at_the_terminal_is_asked(terminal: pexpect.spawn[str]) -> None:
    terminal.expect("Your decision")
    terminal.send("\r")
    terminal.expect("Rationale")
    terminal.send("looks fine\r")
    terminal.expect("SUCCESS")
    terminal.expect("audit verify: ok")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_an_answer_from_a_second_terminal_ends_the_question_and_is_named(
    terminal: pexpect.spawn[str], tmp_path: Path
) -> None:
    terminal.expect("Your decision")
    (gate,) = json.loads(command(tmp_path, "gate", "list", "--json"))["items"]
    command(tmp_path, "gate", "approve", gate["gateKey"], "--as", "maria")
    terminal.expect("Answered meanwhile: yes by maria")
    terminal.expect("SUCCESS")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
