"""`signoff policy`: assessing tasks, checking and explaining policies, as processes on files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_shell import COMMAND, Shell
from risk_table import ROWS

RULES = """\
rules:
  - name: main-is-ours
    when: {operation: merge, target_branch: {glob: "ma*"}}
    level: high
    because: Everybody builds on main.
"""
BAD = "rules:\n  - {name: a, when: {operation: purge}, level: high}\n  - {name: a, when: {x: 1}, level: severe}\n"


def write(directory: Path, name: str, text: str) -> str:
    path = directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return name


def task_file(shell: Shell, task: Any, name: str = "task.json") -> str:
    return write(shell.directory, name, json.dumps(task))


def assess_stdin(shell: Shell, text: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, "policy", "assess", "-", "--json"], input=text, cwd=shell.directory, env=shell.environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


#: The first row of each level: the API and the policy itself are asked for all of them.
ONE_EACH = {level: (task, level) for task, level in reversed(ROWS)}


@pytest.mark.parametrize(("task", "level"), ONE_EACH.values(), ids=ONE_EACH)
def test_each_task_is_taken_for_what_is_promised(shell: Shell, task: dict[str, Any], level: str) -> None:
    found = shell.json("policy", "assess", task_file(shell, task))
    assert (found["risk_level"], found["auto_approve"]) == (level, level == "low")


def test_an_assessment_is_told_in_words(shell: Shell) -> None:
    answer = shell(
        "policy", "assess", task_file(shell, {"operation": "delete", "environment": "production", "trigger": None})
    )
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "critical (9 of 10)",
        "  delete-in-production: What is deleted in production is gone.",
        "  asks         1 of tech_lead, cto; not whoever asks for it; with a reason",
        "  escalates    after 15 min, to security_team",
        "  ends         after 45 min, refused",
    ]


def test_a_task_may_come_on_standard_input(shell: Shell) -> None:
    code, out = assess_stdin(shell, '{"operation": "export", "resource_type": "data"}')
    assert (code, json.loads(out)["risk_level"]) == (0, "high")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"operation": "read", "estimated_cost": -5}', "invalid-task"),
        ('{"trigger": "none"}', "invalid-task"),
        ("[]", "invalid-task"),
        ("{", "malformed-json"),
        ('{"operation": "read", "operation": "delete"}', "malformed-json"),
        ('"' + "x" * 1024 * 1024 + '"', "invalid-task"),
    ],
)
def test_a_task_that_cannot_be_taken_is_bad_input(shell: Shell, text: str, code: str) -> None:
    exit_code, out = assess_stdin(shell, text)
    assert (exit_code, json.loads(out)["code"]) == (2, code)


def test_a_task_that_cannot_be_read_is_bad_input(shell: Shell) -> None:
    for name in ("none.json", "."):
        answer = shell("policy", "assess", name, "--json")
        assert (answer.code, answer.document["code"]) == (2, "unreadable-file")


def test_the_policy_is_that_of_the_folder_which_is_set(shell: Shell) -> None:
    write(shell.directory, "rules/mine.yaml", RULES)
    task = task_file(shell, {"operation": "merge", "target_branch": "main"})
    assert shell.json("policy", "assess", task)["risk_level"] == "low"
    assert shell.json("policy", "assess", task, "--policy-dir", "rules")["risk_level"] == "high"
    by_environment = shell("policy", "assess", task, "--json", environ={"SIGNOFF_POLICY_DIR": "rules"})
    assert by_environment.document["risk_level"] == "high"
    write(shell.directory, "signoff.yaml", "policy_dir: rules\n")
    assert shell.json("policy", "assess", task)["risk_level"] == "high"


def test_a_good_policy_is_said_to_be_so(shell: Shell) -> None:
    answer = shell("policy", "check")
    assert (answer.code, answer.out) == (
        0,
        "ok: the built-in policy: 4 levels, 9 rules, 7 triggers, 5 roles, 12 operations.\n",
    )
    write(shell.directory, "rules/mine.yaml", RULES)
    assert shell.json("policy", "check", "rules") == {
        "path": "rules", "valid": True, "levels": 4, "rules": 1, "triggers": 7, "roles": 5, "operations": 12,
    }  # fmt: skip


def test_a_bad_policy_is_bad_input_and_every_line_is_named(shell: Shell) -> None:
    write(shell.directory, "bad/a.yaml", BAD)
    write(shell.directory, "bad/b.yaml", "roles: {boss: [high, severe]}\n")
    answer = shell("policy", "check", "bad")
    assert (answer.code, answer.out) == (2, "")
    assert [line.removeprefix("Error: ").split(": ")[0] for line in answer.err.splitlines()
            if "built-in" not in line] == ["bad/a.yaml:2", "bad/a.yaml:3", "bad/a.yaml:3", "bad/b.yaml:1"]  # fmt: skip
    in_json = shell("policy", "check", "bad", "--json")
    assert (in_json.code, in_json.document["code"]) == (2, "invalid-policy")
    assert {"path": "bad/a.yaml", "line": 2, "code": "rule-never-fires"}.items() <= in_json.document["details"][
        "problems"
    ][0].items()


def test_every_command_stops_at_a_bad_policy_and_so_does_a_server(shell: Shell) -> None:
    write(shell.directory, "bad/a.yaml", BAD)
    task = task_file(shell, {"operation": "read"})
    for words in (["policy", "assess", task], ["policy", "explain"], ["up", "--port", "0"]):
        answer = shell(*words, "--policy-dir", "bad")
        assert (answer.code, "bad/a.yaml:2:" in answer.err) == (2, True)
    assert shell("policy", "check", "none").code == 2


def test_a_bad_policy_is_in_nobodys_way_who_does_not_ask_for_it(shell: Shell) -> None:
    write(shell.directory, "bad/a.yaml", BAD)
    shell.open_gate()
    write(shell.directory, "signoff.yaml", "policy_dir: bad\n")
    assert shell("gate", "list").code == 0


def test_a_level_is_explained_by_what_it_asks_and_what_leads_to_it(shell: Shell) -> None:
    found = shell.json("policy", "explain", "high")
    assert (found["level"], found["timeout_s"], found["may_approve"]) == (
        "high", 3600, ["team_lead", "tech_lead", "cto", "security_team"],
    )  # fmt: skip
    assert "deploy-to-production" in found["rules"]
    assert "data_export" in found["triggers"]
    text = shell("policy", "explain", "high").out
    assert "  escalates    after 30 min, to cto\n" in text
    assert "deploy-to-production" in text


def test_a_rule_and_a_trigger_are_explained(shell: Shell) -> None:
    write(shell.directory, "rules/mine.yaml", RULES)
    rule = shell("policy", "explain", "main-is-ours", "--policy-dir", "rules")
    assert rule.out.splitlines() == [
        "main-is-ours: high",
        "  when         operation is merge and target_branch matches ma*",
        "  because      Everybody builds on main.",
        f"  where        {shell.directory}/rules/mine.yaml:2",
    ]
    assert shell.json("policy", "explain", "data_export") == {
        "trigger": "data_export", "level": "high", "rules": ["export-of-data"],
    }  # fmt: skip
    answer = shell("policy", "explain", "nothing", "--json")
    assert (answer.code, answer.document["code"]) == (2, "no-such-rule")


def test_a_task_is_explained_rule_by_rule(shell: Shell) -> None:
    task = task_file(shell, {"operation": "deploy", "environment": "staging", "estimated_cost": 500})
    found = shell.json("policy", "explain", "--task", task)
    assert found["risk_level"] == "medium"
    assert [rule["rule"] for rule in found["rules"] if rule["fired"]] == ["cost-above-100"]
    (deploy,) = [rule for rule in found["rules"] if rule["rule"] == "deploy-to-production"]
    assert [one["holds"] for one in deploy["when"]] == [True, False]
    text = shell("policy", "explain", "--task", task).out
    assert "deploy-to-production (high): did not fire" in text
    assert "  yes operation is deploy\n  no  environment is production\n" in text
    assert shell("policy", "explain", "high", "--task", task).code == 2


def test_the_whole_policy_is_explained(shell: Shell) -> None:
    found = shell.json("policy", "explain")
    assert [level["level"] for level in found["levels"]] == ["low", "medium", "high", "critical"]
    assert (len(found["rules"]), len(found["triggers"]), found["unknown_operation"]) == (9, 7, "medium")
    text = shell("policy", "explain").out
    assert all(rule["rule"] in text for rule in found["rules"])
