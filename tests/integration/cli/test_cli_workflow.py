"""`signoff workflow` and `gate stats`, on the ledger at hand and on a server, as processes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_shell import COMMAND, Shell
from processes import Place

LOW = {"operation": "read"}
HIGH = {"task_id": "t-7", "operation": "deploy", "environment": "production", "description": "Deploy \x1b[31m4.2"}
CRITICAL = {"operation": "delete", "environment": "production"}


def task_file(shell: Shell, task: Any) -> str:
    (shell.directory / "task.json").write_text(json.dumps(task), "utf-8")
    return "task.json"


def asked(shell: Shell, task: Any) -> str:
    found = shell.json("workflow", "request", task_file(shell, task), "--requested-by", "agent")
    return str(found["workflow_id"])


def test_a_task_is_requested_listed_approved_and_told(any_shell: Shell) -> None:
    with any_shell.world():
        """The schema is there."""
    workflow_id = asked(any_shell, HIGH)
    [listed] = any_shell.json("workflow", "list-pending", "--role", "team_lead")["workflows"]
    assert (listed["workflow_id"], listed["task_id"], listed["risk_level"]) == (workflow_id, "t-7", "high")
    shown = any_shell("workflow", "list-pending")
    assert workflow_id in shown.out
    assert "There are more" not in shown.err
    assert "\x1b" not in shown.out
    answer = any_shell("workflow", "approve", workflow_id, "--justification", "canary is green", "--as", "tess")
    assert (answer.code, answer.out) == (0, f"Recorded: {workflow_id} approved, by tess\n")
    told = any_shell("workflow", "status", workflow_id)
    assert "approved" in told.out
    assert "canary is green" in told.out
    again = any_shell("workflow", "approve", workflow_id, "--as", "bob")
    assert again.code == 4
    assert "by tess" in again.err
    stats = any_shell.json("gate", "stats")
    assert stats["byDecision"]["approved"] == 1
    assert "tess" in any_shell("gate", "stats").out


def test_a_list_that_is_not_whole_says_so(shell: Shell) -> None:
    workflow_id = asked(shell, HIGH)
    asked(shell, {**HIGH, "description": "y" * 5_000})
    first = shell("workflow", "list-pending", "--limit", "1")
    assert workflow_id in first.out
    assert "There are more; these are the first 1." in first.err
    assert "y" * 2_000 not in shell("workflow", "list-pending").out


def test_low_risk_is_approved_at_once_from_standard_input(shell: Shell) -> None:
    done = subprocess.run(
        [*COMMAND, "workflow", "request", "-"], input=json.dumps(LOW), cwd=shell.directory, env=shell.environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "approved" in done.stdout


def test_a_rejection_needs_a_reason_and_critical_a_justification(shell: Shell) -> None:
    workflow_id = asked(shell, CRITICAL)
    assert shell("workflow", "reject", workflow_id).code == 2
    missing = shell("workflow", "approve", workflow_id, "--as", "tess", "--json")
    assert (missing.code, missing.document["code"]) == (2, "justification-required")
    answer = shell("workflow", "reject", workflow_id, "--reason", "freeze", "--as", "tess")
    assert (answer.code, answer.out) == (0, f"Recorded: {workflow_id} rejected, by tess\n")
    assert shell.json("workflow", "status", workflow_id)["workflow"]["status"] == "rejected"


@pytest.mark.parametrize("task", ["{", '{"estimated_cost": -1}', "[]"])
def test_a_task_that_cannot_be_taken_is_bad_input(shell: Shell, task: str) -> None:
    (shell.directory / "bad.json").write_text(task, "utf-8")
    assert shell("workflow", "request", "bad.json").code == 2


def test_an_unknown_workflow_is_bad_input(shell: Shell) -> None:
    asked(shell, HIGH)
    for words in (("status",), ("approve",), ("reject", "--reason", "x")):
        answer = shell("workflow", *words, "wf_missing", "--json")
        assert (answer.code, answer.document["code"]) == (2, "workflow-not-found")


def test_the_same_goes_for_a_server(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with Place(tmp_path / ".signoff").start("api", "--migrate") as server:
        remote = ("--url", str(server.url))
        name = task_file(shell, HIGH)
        workflow_id = shell.json("workflow", "request", name, "--requested-by", "agent", *remote)["workflow_id"]
        assert shell.json("workflow", "list-pending", *remote)["workflows"][0]["workflow_id"] == workflow_id
        approved = shell.json("workflow", "approve", workflow_id, "--as", "tess", *remote)
        assert (approved["status"], approved["approved_by"]) == ("approved", "tess")
        other = shell.json("workflow", "request", name, "--requested-by", "agent", *remote)["workflow_id"]
        rejected = shell.json("workflow", "reject", other, "--reason", "no", "--as", "tess", *remote)
        assert rejected["status"] == "rejected"
        assert shell.json("workflow", "status", other, *remote)["workflow"]["resolution_note"] == "no"
        assert shell.json("gate", "stats", *remote) == shell.json("gate", "stats")
        # Where a server is set, what a task is taken for is the server's to say.
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "rules.yaml").write_text("rules: []\n", encoding="utf-8")
        here = shell.json("policy", "assess", name, "--policy-dir", "rules")
        there = shell.json("policy", "assess", name, "--policy-dir", "rules", *remote)
        assert (here["risk_level"], there["risk_level"]) == ("low", "high")


def test_advice_names_the_flag_of_the_command_that_was_typed(shell: Shell) -> None:
    workflow_id = asked(shell, {"operation": "delete", "environment": "production"})
    for words, flag in (
        (("workflow", "approve", workflow_id, "--as", "tess"), "--justification"),
        (("workflow", "reject", workflow_id, "--reason", "\u200b", "--as", "tess"), "--reason"),
        (("gate", "override", workflow_id, "approval", "--reason", " ", "--as", "tess"), "--reason"),
        (("gate", "approve", workflow_id, "approval", "--as", "tess"), "--rationale"),
    ):
        answer = shell(*words)
        assert (answer.code, flag in answer.err) == (2, True), answer
