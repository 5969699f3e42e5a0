"""`Taskfile.yml` with go-task: thin calls of `signoff workflow`, here and on a server."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from processes import COMMAND, PLAIN, Place

TASKFILE = Path(__file__).parents[2] / "Taskfile.yml"
GO_TASK = Path(sys.executable).with_name("task")
HIGH = {"operation": "deploy", "environment": "production"}


@dataclass(frozen=True)
class Tasks:
    directory: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        given = {"SIGNOFF": " ".join(COMMAND), "HOME": str(self.directory), **self.environ}
        return subprocess.run(
            [GO_TASK, "--taskfile", TASKFILE, "--dir", self.directory, *words],
            cwd=self.directory, env={**PLAIN, **given}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def signoff(self, *words: str) -> Any:
        done = subprocess.run(
            [*COMMAND, *words, "--json"],
            cwd=self.directory, env={**PLAIN, **self.environ}, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    def ask(self) -> str:
        (self.directory / "task.json").write_text(json.dumps(HIGH), "utf-8")
        return str(self.signoff("workflow", "request", "task.json", "--requested-by", "agent")["workflow_id"])

    def status(self, workflow_id: str) -> Any:
        return self.signoff("workflow", "status", workflow_id)["workflow"]


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return Tasks(tmp_path)


def test_workflows_are_listed_told_approved_and_rejected(tasks: Tasks) -> None:
    workflow_id, other = tasks.ask(), tasks.ask()
    listed = tasks("workflow:list-pending")
    assert listed.returncode == 0, listed.stderr
    assert workflow_id in listed.stdout
    assert other in tasks("workflow:status", f"WORKFLOW_ID={other}").stdout
    done = tasks("workflow:approve", f"WORKFLOW_ID={workflow_id}", "JUSTIFICATION=canary is green")
    assert done.returncode == 0, done.stderr
    done = tasks("workflow:reject", f"WORKFLOW_ID={other}", "REASON=not during the freeze")
    assert done.returncode == 0, done.stderr
    assert (tasks.status(workflow_id)["status"], tasks.status(other)["status"]) == ("approved", "rejected")


@pytest.mark.parametrize(
    "words",
    [
        ("workflow:approve", "JUSTIFICATION=x"),
        ("workflow:approve", "WORKFLOW_ID=wf_1"),
        ("workflow:reject", "WORKFLOW_ID=wf_1"),
        ("workflow:reject", "REASON=x"),
        ("workflow:status",),
    ],
    ids=" ".join,
)
def test_a_variable_that_is_missing_is_an_error(tasks: Tasks, words: tuple[str, ...]) -> None:
    done = tasks(*words)
    assert done.returncode != 0
    assert "missing required variables" in done.stderr


@pytest.mark.parametrize("why", ['it\'s "fine"; touch pwned', "$(touch pwned) `touch pwned`", "--as=mallory", "-x"])
def test_what_is_said_is_said_and_never_run(tasks: Tasks, why: str) -> None:
    workflow_id = tasks.ask()
    done = tasks("workflow:approve", f"WORKFLOW_ID={workflow_id}", f"JUSTIFICATION={why}")
    assert done.returncode == 0, done.stderr
    told = tasks.status(workflow_id)
    assert (told["resolution_note"], told["resolved_by"]) == (why, "ada")
    assert not (tasks.directory / "pwned").exists()
    assert tasks("workflow:status", "WORKFLOW_ID=wf_1; touch pwned").returncode != 0
    assert not (tasks.directory / "pwned").exists()


def test_a_refusal_fails_the_task(tasks: Tasks) -> None:
    tasks.ask()
    done = tasks("workflow:approve", "WORKFLOW_ID=wf_missing", "JUSTIFICATION=x")
    assert done.returncode != 0
    assert "There is no workflow wf_missing" in done.stderr


def test_a_server_is_named_by_variable_or_flag(tasks: Tasks) -> None:
    with Place(tasks.directory / "server").start("api", "--migrate") as server:
        remote = Tasks(tasks.directory, {"SIGNOFF_URL": str(server.url)})
        workflow_id = remote.ask()
        assert workflow_id in remote("workflow:list-pending").stdout
        assert workflow_id in tasks("workflow:list-pending", f"SIGNOFF_URL={server.url}").stdout
        assert workflow_id in tasks("workflow:list-pending", "--", "--url", str(server.url), "--json").stdout
        assert tasks("workflow:list-pending").returncode != 0
