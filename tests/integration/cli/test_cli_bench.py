"""`signoff bench`, whole: tiny measurements, on servers of their own and on one that runs already."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bench_reports import unlike_the_documented
from cli_shell import Shell
from forked import Forked
from processes import until


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "here").mkdir()
    return Shell(tmp_path / "here")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where measurements make their folders."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def measured(shell: Shell, scratch: Path, *arguments: str) -> Any:
    """The report of a measurement that found nothing wrong; all that it began has ended, and nothing of it is left."""
    answer = shell("bench", *arguments, "--json", environ={"TMPDIR": str(scratch)})
    assert answer.code == 0, answer
    assert unlike_the_documented(answer.document) == []
    assert answer.document["violations"] == []
    assert list(scratch.iterdir()) == []
    assert processes_in(scratch) == []
    return answer.document


def processes_in(scratch: Path) -> list[int]:
    """Those whose command line names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(scratch).encode() in words:
            found.append(int(process.name))
    return found


def test_of_racing_answers_one_wins_and_the_report_is_written_whole(shell: Shell, scratch: Path) -> None:
    report = measured(shell, scratch, "race", "--gates", "3", "--answers", "4", "--report", "race.json")
    told = {name: report[name] for name in ("gates", "answersPerGate", "accepted", "conflicts", "effects")}
    assert told == {"gates": 3, "answersPerGate": 4, "accepted": 3, "conflicts": 9, "effects": 3}
    assert report["untoldLosers"] == 0
    assert json.loads((shell.directory / "race.json").read_text("utf-8")) == report
    assert [path.name for path in shell.directory.iterdir()] == ["race.json"]


def test_a_burst_on_postgres_loses_nothing_and_leaves_no_database(
    shell: Shell, scratch: Path, postgres_server: str
) -> None:
    arguments = ("--gates", "4", "--clients", "4", "--workers", "1", "--database-url", postgres_server)
    report = measured(shell, scratch, "burst", *arguments)
    assert report["final"] == {"succeeded": 4, "active": 0, "errors": 0}
    assert report["interactions"] == {"totalRows": 4, "distinctDedupeKeys": 4, "expectedDistinct": 4}
    assert report["pressure"]["samples"] > 0
    assert postgres_server not in report["command"]
    with psycopg.connect(postgres_server) as admin:
        left = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'signoff_bench_%'").fetchall()
    assert left == []


def test_a_decision_wakes_its_run_with_others_waiting_beside(shell: Shell, scratch: Path) -> None:
    report = measured(shell, scratch, "wake", "--decisions", "2", "--waiting", "30")
    assert (report["waiting"], report["leg"]["count"], report["firstStep"]["count"]) == (30, 2, 2)
    assert report["floor"]["count"] == 2


def test_a_worker_is_weighed_without_gates_and_with_them(shell: Shell, scratch: Path) -> None:
    report = measured(shell, scratch, "park", "--gates", "50", "--seconds", "1")
    assert report["gates"] == 50
    assert report["worker"]["rssMb"] > 0
    assert report["more"]["rssMb"] == round(report["worker"]["rssMb"] - report["floor"]["rssMb"], 1)


def test_commands_are_timed_beside_a_bare_program(shell: Shell, scratch: Path) -> None:
    report = measured(shell, scratch, "cli", "--runs", "1")
    assert [row["name"] for row in report["commands"]] == ["--help", "gate list on SQLite"]
    assert [limit["isKept"] for limit in report["limits"]][2] is None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that somebody else runs."""
    shell = Shell(tmp_path_factory.mktemp("running"))
    with shell.start("up", "--port", "0") as process:
        words = process.stdout.readline().split()
        assert words[0] == "ready"
        yield words[1]
        process.terminate()
        process.wait(30)


def test_runs_on_a_server_elsewhere_wait_and_none_is_left_waiting(shell: Shell, scratch: Path, running: str) -> None:
    report = measured(shell, scratch, "load", "--gates", "3", "--base", running)
    assert report["waiting"] == {
        "readyCount": 3, "pendingCount": 0, "enqueuedCount": 0, "erroredCount": 0, "gateCount": 3,
    }  # fmt: skip
    assert (report["targetWaits"], report["floor"], report["pressure"]["maxWaitingLocks"]) == (3, None, None)
    listed = shell("gate", "list", "--json", environ={"SIGNOFF_URL": running}).document
    assert listed["items"] == []


def test_answers_at_an_even_rate_are_all_in_the_record(shell: Shell, scratch: Path, running: str) -> None:
    report = measured(shell, scratch, "soak", "--gates", "3", "--minutes", "0.02", "--rate", "3", "--base", running)
    assert report["answers"]["accepted"] == report["interactions"]["totalRows"] == 4
    assert report["memory"] == []


def test_gates_of_other_programs_soak_too_and_none_is_left_waiting(shell: Shell, scratch: Path, running: str) -> None:
    flags = ("--callbacks", "--gates", "3", "--minutes", "0.02", "--rate", "3", "--base", running)
    report = measured(shell, scratch, "soak", *flags)
    assert report["answers"]["accepted"] == report["interactions"]["totalRows"] == report["final"]["succeeded"] == 4
    assert (report["final"]["active"], report["final"]["errors"]) == (3, 0)
    listed = shell("gate", "list", "--json", environ={"SIGNOFF_URL": running}).document
    assert listed["items"] == []


def test_a_person_reads_a_table_and_what_was_measured(shell: Shell, running: str) -> None:
    answer = shell("bench", "race", "--gates", "1", "--answers", "2", "--base", running)
    assert answer.code == 0, answer
    assert "2 different answers at once to each of 1 gates" in answer.out
    assert "untoldLosers" in answer.out
    assert answer.out.endswith("Nothing was lost or doubled.\n")


def test_ctrl_c_leaves_no_process_and_no_folder(shell: Shell, scratch: Path) -> None:
    environ = {**shell.environ, "TMPDIR": str(scratch)}
    with Forked("bench", "load", "--gates", "500", cwd=shell.directory, env=environ) as process:
        until(lambda: processes_in(scratch), "the server of the measurement")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
    assert processes_in(scratch) == []
    assert list(scratch.iterdir()) == []


def test_flags_that_exclude_each_other_are_refused(shell: Shell) -> None:
    both = shell("bench", "load", "--postgres", "--base", "http://127.0.0.1:1")
    assert (both.code, "Choose one of" in both.err) == (2, True)
    beside = shell("bench", "burst", "--workers", "2", "--base", "http://127.0.0.1:1")
    assert (beside.code, "--workers" in beside.err) == (2, True)
    nobody = shell("bench", "race", "--base", "http://127.0.0.1:1", "--json")
    assert (nobody.code, nobody.document["code"]) == (1, "ledger-unavailable")
