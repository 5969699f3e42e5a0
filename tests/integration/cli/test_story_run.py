"""`signoff story start`, `resume`, `status`, `audit` and `qa-check` as a person types them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Shell
from click.testing import CliRunner

from signoff.cli.root import cli
from signoff.cli.story.answers import read_answers
from signoff.errors import InvalidInputError, SignoffError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "story"
BACKLOG = "docs/prd/sprint-backlog.md"
STATE = ".bmad-core/state/pipeline-state.json"

#: An agent that is any program: it reads the prompt, and answers in the form that is asked for.
AGENT = """\
import json, os, pathlib, sys
prompt = sys.stdin.read()
assert "Story 4.10" in prompt, prompt
role = os.environ["STORY_AGENT"]
story, gate = "docs/stories/4.10.md", "docs/qa/gates/4.10.yml"
files = {
    "sm": {story: "# Story 4.10\\n"},
    "po": {},
    "dev": {"src/area.py": "AREA = 1\\n"},
    "qa": {gate: 'story: "4.10"\\ngate: PASS\\nupdated: "2026-01-01"\\n'},
}[role]
for path, text in files.items():
    pathlib.Path(path).write_text(text)
answer = {
    "sm": {"storyFile": story},
    "po": {"validationStatus": "GO", "validationScore": 9},
    "dev": {"commitMessage": "feat: areas"},
    "qa": {"qaGateFile": gate, "testsPass": True},
}[role]
print(json.dumps({**answer, "changedFiles": list(files)}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Shell:
    root = tmp_path / "project"
    shutil.copytree(EXAMPLE, root)
    for words in (("init", "--quiet"), ("config", "user.name", "ada"), ("config", "user.email", "a@example.org")):
        subprocess.run(["git", *words], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "begin"], cwd=root, check=True)
    return Shell(root)


def refused(project: Shell, monkeypatch: pytest.MonkeyPatch, *words: str) -> SignoffError:
    """Without a process: a command that is refused before it does anything."""
    monkeypatch.chdir(project.directory)
    result = CliRunner().invoke(cli, ["story", *words], standalone_mode=False)
    assert isinstance(result.exception, SignoffError), result
    return result.exception


def test_the_example_goes_from_the_backlog_to_a_commit_with_recorded_agents(project: Shell) -> None:
    stopped = project("story", "start", "--replay-dir", "recordings")
    assert stopped.code == 3
    assert "HITL CHECKPOINT #1: PO Validation Complete" in stopped.err
    assert "signoff story resume --replay-dir=recordings" in stopped.out + stopped.err
    status = project.json("story", "status")
    assert (status["story"], status["state"], status["pipeline"]["checkpoint"], status["isBehind"]) == (
        *("4.5", "validating", "po_approval"),
        False,
    )
    assert project("story", "checkpoint", "--choice", "changes").code == 0
    paused = json.loads((project.directory / STATE).read_text("utf-8"))["pipeline"]
    assert (paused["status"], paused["checkpoint"]) == ("paused", "po_approval")
    approved = project("story", "checkpoint", "--choice", "approve")
    assert approved.code == 0, approved
    answers = ("--answer", "qa=fix", "--answer", "qa=approve", "--answer", "commit=commit")
    ended = project("story", "resume", "--replay-dir", "recordings", *answers)
    assert ended.code == 0, ended
    assert "committed " in ended.out
    log = subprocess.run(["git", "log", "-1", "--format=%s"], cwd=project.directory, capture_output=True, text=True)
    assert log.stdout == "feat(4.5): track coverage progress\n"
    audited = project("story", "audit", STATE, "--json")
    assert (audited.code, audited.document["findings"]) == (0, [])
    assert project("story", "resume", "--json").document["code"] == "story-ended"
    # The next story depends on this one, which the backlog now says is complete; its agent is a program.
    (project.directory / "agent.py").write_text(AGENT)
    command = f"{sys.executable} agent.py"
    flags = ("--agent", "command", "--agent-command", command, "--answer", "approve", "--json")
    following = project("story", "start", *flags)
    assert (following.code, following.document["status"]) == (0, "SUCCESS"), following
    shown = subprocess.run(["git", "show", "--name-only", "--format="], cwd=project.directory, capture_output=True)
    assert set(shown.stdout.decode().split()) == {
        *(BACKLOG, "docs/stories/4.10.md", "src/area.py", "docs/qa/gates/4.10.yml")
    }


def test_who_comes_back_after_an_abort_that_nobody_has_ended_the_run_for_is_asked(project: Shell) -> None:
    waiting = project(
        "story", "start", "--replay-dir", "recordings", "--answer", "po=approve", "--answer", "qa=approve"
    )
    assert waiting.code == 3
    assert project("story", "checkpoint", "--choice", "abort").code == 0
    (project.directory / "docs" / "more").mkdir()
    below = Shell(project.directory / "docs" / "more")
    asked = below("story", "resume", "--replay-dir", "../../recordings")
    assert asked.code == 3, asked
    assert "HITL CHECKPOINT #3: Ready to Commit" in asked.err
    assert below.json("story", "status")["pipeline"]["checkpoint"] == "commit_approval"
    assert list(below.directory.iterdir()) == []
    # What a hook has refused, or changed, was not what was approved: it is shown, and nobody has answered it yet.
    hook = project.directory / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho '# more' >> src/progress.py\nrm .git/hooks/pre-commit\nexit 1\n")
    hook.chmod(0o755)
    refused = below("story", "resume", "--replay-dir", "../../recordings", "--answer", "commit=commit")
    assert refused.code == 3, refused
    assert "Not committed before: git, or a hook of the repository, refused" in refused.err
    aborted = below("story", "resume", "--replay-dir", "../../recordings", "--answer", "commit=abort")
    assert aborted.code == 1
    assert "Commit approval failed: abort" in aborted.out


def test_a_person_who_does_the_work_is_told_where_to_say_what_came_of_it(project: Shell) -> None:
    stopped = project("story", "start", "4.5", "--agent", "none")
    assert stopped.code == 1
    assert "nobody has said what came of sm: Coverage progress tracking: write it to" in stopped.out
    [path] = (project.directory / ".signoff" / "answers").glob("*/sm.1.json")
    path.write_text(json.dumps({"storyFile": BACKLOG, "title": "By hand"}))
    again = project("story", "resume", "--agent", "none", "--json")
    assert (again.code, again.document["nextAction"]) == (1, "REPAIR")
    assert [step["stepId"] for step in again.document["steps"]] == ["begin", "draft"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("start", "4.10", "--replay-dir", "recordings"), "dependencies-unfinished"),
        (("start", "4.4", "--replay-dir", "recordings"), "story-complete"),
        (("start", "9.9", "--replay-dir", "recordings"), "unknown-story"),
        (("start", "5.1", "--replay-dir", "recordings"), "unknown-story"),
        (("start",), "no-agent"),
        (("start", "--backlog", "src/belief.py"), "no-backlog"),
        (("start", "--backlog", "none.md"), "unreadable-file"),
        (("start", "--backlog", "/etc/hostname"), "outside-repository"),
        (("start", "--config", "src/belief.py"), "invalid-core-config"),
        (("start", "--answer", "cto=approve"), "unknown-gate"),
        (("start", "--answer", "po=fix"), "bad-choice"),
        (("start", "--answer", "maybe"), "bad-choice"),
        (("resume", "--replay-dir", "recordings"), "no-ledger"),
        (("status",), "no-ledger"),
        (("audit", "none.json"), "pipeline-state-not-found"),
        (("audit", BACKLOG), "invalid-pipeline-state"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else part,
)
def test_what_cannot_be_done_is_refused_by_name_before_anything_begins(
    project: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: str
) -> None:
    assert refused(project, monkeypatch, *words).code == code
    assert not (project.directory / STATE).exists()


def test_outside_of_a_repository_no_story_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(Shell(tmp_path), monkeypatch, "start", "4.5").code == "no-repository"


def checked(*paths: Path | str) -> tuple[int, Any]:
    result = CliRunner().invoke(cli, ["story", "qa-check", "--json", *map(str, paths)], standalone_mode=False)
    assert result.exception is None, result
    return result.return_value, json.loads(result.output)


def test_qa_gates_are_checked_file_by_file_and_what_cannot_be_read_is_one_of_them(tmp_path: Path) -> None:
    gate = "story: '4.5'\ngate: {gate}\nupdated: {updated}\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old.yml").write_text(gate.format(gate="PASS", updated="2026-01-01"))
    (tmp_path / "new.YAML").write_text(gate.format(gate="PASS", updated="2026-01-02"))
    (tmp_path / "note.md").write_text("gate: x")
    code, document = checked(tmp_path)
    assert code == 0
    assert [(file["path"], file["status"]) for file in document["files"]] == [
        (f"{tmp_path}/new.YAML", "ok"),
        (f"{tmp_path}/a/old.yml", "warning"),
    ]
    assert [finding["code"] for finding in document["files"][1]["findings"]] == ["superseded"]
    assert document["stories"] == [
        {"story": "4.5", "gate": "PASS", "updated": "2026-01-02", "path": f"{tmp_path}/new.YAML"}
    ]
    (tmp_path / "bad.yml").write_bytes(b"gate: PASS\nstory: \xff\n")
    (tmp_path / "link.yml").symlink_to("nowhere")
    code, document = checked(tmp_path / "bad.yml", tmp_path / "bad.yml", tmp_path)
    assert code == 1
    assert document["files"][0] == {
        "path": f"{tmp_path}/bad.yml",
        "status": "error",
        "findings": [
            {
                "code": "unreadable-file",
                "message": "It is not UTF-8 at byte 19. Save it as UTF-8, in your editor or with such as: iconv -f "
                "WINDOWS-1252 -t UTF-8",
                "line": 2,
            }
        ],
    }
    assert [file["status"] for file in document["files"]] == ["error", "error", "ok", "warning"]
    drawn = CliRunner().invoke(cli, ["story", "qa-check", str(tmp_path)], standalone_mode=False)
    assert "unreadable-file: line 2: It is not UTF-8" in drawn.output


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_qa_gate_in_utf_16_is_told_with_what_to_do(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "gate.yml").write_bytes("story: '4.5'\ngate: PASS\n".encode(encoding))
    code, document = checked(tmp_path)
    [finding] = document["files"][0]["findings"]
    assert (code, finding["code"]) == (1, "unreadable-file")
    assert finding["message"].startswith("It is UTF-16, not UTF-8. Save it as UTF-8")


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (("updated: 2026-01-01", "updated: 2026-01-02"), "a gate that was updated later: "),
        (("", ""), "neither says when it was updated; the last by its path holds: "),
        (("", "updated: 2026-01-02"), "says when it was updated, which this one does not; that one holds: "),
        (("updated: 2026-01-02",) * 2, "updated at the same time; the last by its path holds: "),
    ],
)
def test_it_is_said_why_another_gate_of_the_story_holds(tmp_path: Path, times: tuple[str, str], why: str) -> None:
    for name, time in zip(("a.yml", "b.yml"), times, strict=True):
        (tmp_path / name).write_text(f"story: '4.5'\ngate: PASS\n{time}\n")
    _, document = checked(tmp_path)
    findings = [file["findings"] for file in document["files"]]
    assert why in findings[0][0]["message"]
    assert findings[0][0]["message"].endswith(f"{tmp_path / 'b.yml'}.")
    assert findings[1] == []


def test_answers_are_said_one_after_the_other_and_each_once() -> None:
    def view(kind: str, key: str = "x-1") -> dict[str, Any]:
        return {"gateKey": key, "prompt": {"payload": {"subject": {"checkpoint": kind}}}}

    answers = read_answers(["qa=fix", "qa=1", "commit=abort", "po-approval-ab=changes"], "why")
    assert [answers.payload(view("qa_approval")) for _ in range(3)] == [
        {"choice": "fix", "rationale": "why"},
        {"choice": "approve", "rationale": "why"},
        None,
    ]
    assert answers.payload(view("commit_approval")) == {"choice": "abort", "rationale": "why"}
    assert answers.payload(view("commit_approval")) is None
    assert answers.payload(view("po_approval", "po-approval-ab")) == {"choice": "changes", "rationale": "why"}
    everywhere = read_answers(["approve"], None)
    kinds = ("po_approval", "qa_approval", "commit_approval")
    assert [everywhere.payload(view(kind)) for kind in kinds] == [
        {"choice": "approve"},
        {"choice": "approve"},
        {"choice": "commit"},
    ]
    assert [everywhere.payload(view(kind)) for kind in kinds] == [None, None, None]
    with pytest.raises(InvalidInputError):
        read_answers(["commit=review"], None)
