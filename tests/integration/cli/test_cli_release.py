"""`signoff release decide`, in a real repository, over what the lanes leave behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lanes
import pytest
from cli_shell import Answer, Shell
from release_samples import leave_all, part

from signoff.cli.release.part import PARTS
from signoff.gates.digest import sha256_hex

GIT = ("git", "-c", "user.name=ada", "-c", "user.email=ada@signoff.example", "-c", "commit.gpgsign=false")
REPORT_OF_TESTS = """
import sys
from pathlib import Path
Path(sys.argv[1]).write_text('<testsuite tests="1" errors="0" failures="0" skipped="0"><testcase/></testsuite>')
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """In a repository with one commit."""
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return Shell(tmp_path)


def git(folder: Path, *words: str) -> str:
    return subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "code.py")
    git(folder, "commit", "--quiet", "-m", "Change")
    return git(folder, "rev-parse", "HEAD")


def decide(shell: Shell, *arguments: str) -> Answer:
    return shell("release", "decide", *arguments, "--json")


def outcomes(answer: Answer) -> dict[str, str]:
    return {one["part"]: one["outcome"] for one in answer.document["parts"]}


def leave(shell: Shell, **changes: Any) -> Path:
    reports = shell.directory / "reports"
    head = git(shell.directory, "rev-parse", "HEAD")
    leave_all(reports, **{"commit": head, "started_at": 1, "ended_at": 2, **changes})
    return reports


def test_it_is_go_when_everything_ran_at_this_commit_and_passed(shell: Shell) -> None:
    reports = leave(shell)
    answer = decide(shell)
    assert (answer.code, answer.document["decision"], answer.document["reasons"]) == (0, "GO", [])
    assert set(outcomes(answer).values()) == {"passed"}
    written = shell.directory / "release-decision.json"
    assert json.loads(written.read_text("utf-8")) == answer.document
    told = {one["file"]: one["sha256"] for judged in answer.document["parts"] for one in judged["reports"]}
    assert told == {path.name: sha256_hex(path.read_bytes()) for path in reports.iterdir()}
    # The decision that was written is no change of what it is about.
    again = shell("release", "decide")
    assert again.code == 0
    assert f"GO for {answer.document['commit']}" in again.out
    assert "2 tests were skipped." in again.out


def test_nothing_at_all_is_no_go_and_says_what_to_run(shell: Shell) -> None:
    answer = decide(shell)
    assert (answer.code, answer.document["decision"]) == (1, "NO-GO")
    assert set(outcomes(answer).values()) == {"missing"}
    assert len(answer.document["reasons"]) == len(PARTS)
    assert "NO-GO" in shell("release", "decide").out


@pytest.mark.parametrize("name", ["lint.json", "test.junit.xml", "bench-race.report.json"])
def test_one_missing_or_damaged_file_is_no_go(shell: Shell, name: str) -> None:
    reports = leave(shell)
    (reports / name).write_bytes(b"damaged")
    assert decide(shell).code == 1
    (reports / name).unlink()
    answer = decide(shell, "--out", "elsewhere.json")
    assert answer.code == 1
    assert [one for one, outcome in outcomes(answer).items() if outcome != "passed"] == [name.split(".")[0]]
    assert json.loads((shell.directory / "elsewhere.json").read_text("utf-8"))["decision"] == "NO-GO"


def test_what_cannot_be_opened_is_no_go_and_no_traceback(shell: Shell) -> None:
    reports = leave(shell)
    (reports / "lint.json").unlink()
    (reports / "lint.json").mkdir()
    answer = decide(shell)
    assert (answer.code, outcomes(answer)["lint"]) == (1, "unreadable")


def test_evidence_of_another_commit_is_stale(shell: Shell) -> None:
    leave(shell)
    (shell.directory / "code.py").write_text("2\n")
    commit(shell.directory)
    answer = decide(shell)
    assert (answer.code, set(outcomes(answer).values())) == (1, {"stale"})


@pytest.mark.parametrize("file", ["code.py", "new file.py"])
def test_a_tree_with_changes_is_no_go_and_names_them(shell: Shell, file: str) -> None:
    leave(shell)
    (shell.directory / file).write_text("2\n")
    answer = decide(shell)
    assert answer.code == 1
    assert answer.document["reasons"] == [f"files are in no commit: {file}"]
    assert set(outcomes(answer).values()) == {"passed"}


def test_outside_of_a_repository_and_before_the_first_commit_is_bad_input(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert (decide(shell).code, decide(shell).document["code"]) == (2, "no-commit")
    git(tmp_path, "init", "--quiet")
    assert (decide(shell).code, decide(shell).document["code"]) == (2, "no-commit")
    (tmp_path / "file").write_text("")
    assert decide(shell, "--reports", "file").code == 2
    assert not (tmp_path / "release-decision.json").exists()


# What the lanes leave


def record(reports: Path, name: str) -> Any:
    return json.loads((reports / f"{name}.json").read_text("utf-8"))


def test_a_part_leaves_how_it_ended_and_the_digest_of_its_report(shell: Shell) -> None:
    reports = shell.directory / "reports"
    reports.mkdir()
    run = lanes.Run((sys.executable, "-c", REPORT_OF_TESTS, lanes.REPORT))
    assert lanes.run_part(part("test"), reports, run, root=shell.directory) == 0
    made = record(reports, "test")
    assert made["commit"] == git(shell.directory, "rev-parse", "HEAD")
    assert (made["exitCode"], made["isClean"]) == (0, True)
    assert made["startedAt"] <= made["endedAt"]
    assert made["reportSha256"] == sha256_hex((reports / "test.junit.xml").read_bytes())
    answer = decide(shell)
    assert [name for name, outcome in outcomes(answer).items() if outcome == "passed"] == ["test"]


def test_a_part_that_fails_or_leaves_no_report_is_recorded_as_that(shell: Shell) -> None:
    reports = shell.directory / "reports"
    reports.mkdir()
    (reports / "test.junit.xml").write_text("of an earlier run")
    fails, forgets = ([sys.executable, "-c", f"raise SystemExit({code})"] for code in (3, 0))
    assert lanes.run_part(part("lint"), reports, lanes.Run(fails), root=shell.directory) == 3
    assert lanes.run_part(part("test"), reports, lanes.Run(forgets), root=shell.directory) == 0
    assert (record(reports, "lint")["exitCode"], record(reports, "test")["reportSha256"]) == (3, None)
    found = outcomes(decide(shell))
    assert (found["lint"], found["test"]) == ("failed", "missing")


@pytest.mark.parametrize("code", ["open('code.py', 'w')", "open('beside.py', 'w')"])
def test_a_part_that_changes_the_tree_proves_nothing_of_the_commit(shell: Shell, code: str) -> None:
    reports = shell.directory / "reports"
    reports.mkdir()
    run = lanes.Run((sys.executable, "-c", code))
    assert lanes.run_part(part("lint"), reports, run, root=shell.directory) == 0
    assert record(reports, "lint")["isClean"] is False


def test_a_part_that_is_killed_leaves_no_record_not_even_an_old_one(shell: Shell) -> None:
    reports = leave(shell)
    run = lanes.Run((sys.executable, "-c", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"))
    program = (
        "from pathlib import Path\nimport lanes\nfrom release_samples import part\n"
        f"lanes.run_part(part('lint'), Path({str(reports)!r}), lanes.Run({run.command!r}), "
        f"root=Path({str(shell.directory)!r}))"
    )
    tests = str(Path(lanes.__file__).parent)
    done = subprocess.run([sys.executable, "-c", program], cwd=tests, capture_output=True, check=False)
    assert done.returncode == -9
    assert not (reports / "lint.json").exists()
    assert outcomes(decide(shell))["lint"] == "missing"


def test_full_is_check_and_more_and_every_part_is_run_by_some_task() -> None:
    assert lanes.parts_of("full") == list(PARTS)
    assert set(lanes.parts_of("check")) < set(PARTS)
    tasks = (lanes.ROOT / "pyproject.toml").read_text("utf-8").partition("[tool.poe.tasks]")[2]
    for one in PARTS:
        assert one.name in lanes.RUNS or f"\n{one.name} = " in tasks, one.name
        assert one.report is None or any(lanes.REPORT in word for word in lanes.RUNS[one.name].command)
