"""`signoff doctor`: settings with their origin, and what a start would need."""

from __future__ import annotations

import socket

from cli_shell import Answer, Shell


def _checks(answer: Answer) -> dict[str, dict[str, str]]:
    return {one["check"]: one for one in answer.document["checks"]}


def test_every_setting_is_shown_with_its_origin_and_no_secret(shell: Shell) -> None:
    (shell.directory / "signoff.yaml").write_text("agent: replay\nconcurrency: 3\n")
    answer = shell("doctor", "--port", "0", "--json", environ={"SIGNOFF_TOKEN": "hush-hush"})
    shown = {one["name"]: (one["value"], one["origin"]) for one in answer.document["settings"]}
    assert shown["port"] == ("0", "flag --port")
    assert shown["concurrency"] == ("3", "signoff.yaml:2")
    assert shown["token"][1] == "environment SIGNOFF_TOKEN"
    assert "hush-hush" not in answer.out


def test_a_fresh_directory_is_ready_to_start(any_shell: Shell) -> None:
    any_shell.json("db", "upgrade")
    answer = any_shell("doctor", "--port", "0", "--json")
    assert answer.code == 0
    assert _checks(answer)["ledger"]["status"] == "ok"
    assert "ok   ledger: reachable" in any_shell("doctor", "--port", "0").out


def test_looking_makes_nothing(shell: Shell) -> None:
    assert _checks(shell("doctor", "--json"))["ledger"]["status"] == "warn"
    assert list(shell.directory.iterdir()) == []


def test_what_is_wrong_is_said_with_what_to_do(shell: Shell) -> None:
    shell.json("db", "upgrade")
    folder = shell.directory / ".signoff"
    folder.chmod(0o755)
    key = folder / "signing-key"
    key.write_text("00" * 32)
    key.chmod(0o644)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        agent = ["--agent", "command", "--agent-command", "no-such-program --fast"]
        answer = shell("doctor", "--port", port, *agent, "--json")
    checks = _checks(answer)
    assert answer.code == 1
    assert {name: checks[name]["status"] for name in ("directory", "signing key", "agent", "port")} == {
        "directory": "warn",
        "signing key": "fail",
        "agent": "fail",
        "port": "warn",
    }
    assert checks["directory"]["action"] == f"Run: chmod 700 {folder}"


def test_a_ledger_out_of_reach_fails(shell: Shell) -> None:
    answer = shell("doctor", "--database-url", "postgresql://me:hunter2@127.0.0.1:1/none", "--json")
    assert answer.code == 1
    assert _checks(answer)["ledger"]["status"] == "fail"
    assert "hunter2" not in answer.out
