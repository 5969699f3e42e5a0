"""`signoff doctor --live`: a real agent program and a real task, and nothing of it is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from cli_shell import Answer, Shell
from forked import Forked
from processes import until

PLANS = """
import json, sys
prompt = sys.stdin.read()
assert "# Goal" in prompt
evil = {"key": "evil", "title": "What nobody has allowed", "script": "touch ~/evil"}
json.dump({"summary": "I was reached.", "patch": "", "tasks": [evil]}, sys.stdout)
"""
HANGS = """
import os, pathlib, time
draft = pathlib.Path("pid.draft")
draft.write_text(str(os.getpid()))
draft.rename("pid")
time.sleep(600)
"""
FAILS = "import sys; sys.exit('no quota is left')"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where the program makes its temporary folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "here").mkdir()
    return Shell(tmp_path / "here")


def configure(shell: Shell, agent: str, *lines: str) -> None:
    (shell.directory / "agent.py").write_text(agent)
    text = "\n".join(
        ["agent: command", f"agent_command: {sys.executable} agent.py", "sandbox: local", "port: 0", *lines]
    )
    (shell.directory / "signoff.yaml").write_text(text + "\n")


def checks(answer: Answer) -> dict[str, tuple[str, str]]:
    """Those of the live run: status, and what is said."""
    found = {one["check"]: (one["status"], one["message"]) for one in answer.document["checks"]}
    return {name: said for name, said in found.items() if name.startswith("live")}


def test_a_real_agent_and_a_real_task_are_tried_and_nothing_is_left_or_done_that_the_agent_wants(
    shell: Shell, scratch: Path
) -> None:
    # Whoever is told of gates hears nothing of a rehearsal: a file that cannot be read would end a worker.
    (shell.directory / "notify.yaml").write_text("routes: nonsense\n")
    configure(shell, PLANS, "database_url: postgresql://nobody@127.0.0.1:1/none")
    answer = shell("doctor", "--live", "--json", environ={"TMPDIR": str(scratch), "HOME": str(shell.directory)})
    live = checks(answer)
    assert list(live) == ["live agent", "live sandbox", "live run"]
    assert {status for status, _ in live.values()} <= {"ok", "warn"}
    assert "I was reached." in live["live agent"][1]
    assert "agent, gate, sandbox, record" in live["live run"][1]
    assert (answer.err, list(scratch.iterdir())) == ("", [])
    assert sorted(path.name for path in shell.directory.iterdir()) == ["agent.py", "notify.yaml", "signoff.yaml"]


def test_without_bubblewrap_it_says_what_tasks_fall_back_to_and_goes_on(shell: Shell, scratch: Path) -> None:
    configure(shell, PLANS)
    programs = scratch.parent / "programs"
    programs.mkdir()
    for name in ("git", "bash", "cat"):
        (programs / name).symlink_to(str(shutil.which(name)))
    answer = shell("doctor", "--live", environ={"TMPDIR": str(scratch), "PATH": str(programs)})
    assert answer.code == 0, answer
    assert "warn live sandbox: a task ran with resource limits alone: bwrap is not installed" in answer.out
    assert "Install bubblewrap" in answer.out
    assert answer.err.splitlines() == [
        "The agent is asked for a plan ...",
        "Its gate is passed; a task runs in the sandbox ...",
    ]


def test_what_is_not_configured_is_named_with_its_setting_and_nothing_is_made(shell: Shell, scratch: Path) -> None:
    answer = shell("doctor", "--live", "--json", environ={"TMPDIR": str(scratch)})
    assert answer.code == 1
    assert {name: status for name, (status, _) in checks(answer).items()} == {
        "live agent": "fail",
        "live sandbox": "fail",
    }
    actions = {one["check"]: one["action"] for one in answer.document["checks"]}
    assert "agent_command" in actions["live agent"]
    assert "sandbox to local" in actions["live sandbox"]
    assert list(shell.directory.iterdir()) == []


def test_an_agent_that_fails_is_told_with_what_it_said(shell: Shell, scratch: Path) -> None:
    configure(shell, FAILS)
    answer = shell("doctor", "--live", "--json", environ={"TMPDIR": str(scratch)})
    live = checks(answer)
    assert answer.code == 1
    assert live["live agent"][0] == "fail"
    assert live["live agent"][1].endswith("failed with exit code 1: no quota is left")
    assert live["live run"] == ("fail", "it ended with ERROR")


def test_an_agent_that_hangs_is_given_up_and_ended(shell: Shell, scratch: Path) -> None:
    configure(shell, HANGS)
    answer = shell("doctor", "--live", "--within", "2s", "--json", environ={"TMPDIR": str(scratch)})
    live = checks(answer)
    assert answer.code == 1
    assert {live["live agent"][0], live["live run"][0]} == {"fail"}
    assert list(scratch.iterdir()) == []
    pid = shell.directory / "pid"
    assert not pid.exists() or is_gone(int(pid.read_text()))


def test_whoever_ends_it_ends_the_agent_too(shell: Shell, scratch: Path) -> None:
    configure(shell, HANGS)
    pid = shell.directory / "pid"
    environ = {**shell.environ, "TMPDIR": str(scratch)}
    with Forked("doctor", "--live", cwd=shell.directory, env=environ) as process:
        until(pid.exists, "the agent")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    assert is_gone(int(pid.read_text()))
    assert list(scratch.iterdir()) == []


def test_no_time_at_all_is_bad_input(shell: Shell) -> None:
    answer = shell("doctor", "--live", "--within", "0s", "--json")
    assert (answer.code, answer.document["code"]) == (2, "invalid-instant")


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
