"""`signoff ask` as scripts use it: real processes, exit codes, and what survives them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest
from forked import Forked
from sdk_places import serving, settings_of, world_of

import signoff
from signoff.cli.question import read_choices, read_need, read_span
from signoff.errors import InvalidInputError

COMMAND = [sys.executable, "-m", "signoff", "ask"]
DEPLOY = "Deploy 1.4 to production?"


@dataclass(frozen=True)
class Asker:
    directory: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LOGNAME": "robot", "TERM": "xterm"}

    def __call__(
        self, *arguments: str, text: bytes = b"", environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        env = {**self.environ, **(environ or {})}
        with Forked("ask", *arguments, cwd=self.directory, env=env, text=text) as process:
            out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.wait(), out.encode(), err.encode())

    def start(self, *arguments: str) -> Forked:
        """A process that has asked: it has said where the answer can be given."""
        process = Forked("ask", *arguments, cwd=self.directory, env=self.environ)
        assert process.stderr is not None
        assert "Waiting for a person" in process.stderr.readline()
        return process

    def at_terminal(self, *arguments: str) -> pexpect.spawn[str]:
        return pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], *arguments],
            cwd=str(self.directory),
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 120),
        )

    def connect(self) -> signoff.Client:
        return signoff.connect(dir=self.directory / ".signoff", actor="ada")

    def only_gate(self) -> signoff.Gate:
        with self.connect() as client:
            (gate,) = client.gates(state=None)
        return gate

    def answer(self, choice: str) -> signoff.Receipt:
        gate = self.only_gate()
        with self.connect() as client:
            return client.reply(gate.workflow_id, gate.key, choice)


def rest_of(process: Forked) -> tuple[str, str]:
    """What it writes until its end. `communicate` would lose what came together with a line that was read before."""
    assert process.stderr is not None
    written = process.stdout.read(), process.stderr.read()
    process.wait(60)
    return written


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return Asker(tmp_path)


@pytest.mark.parametrize(("choice", "code"), [("yes", 0), ("no", 1)])
def test_who_waits_ends_by_the_answer_and_prints_the_receipt(asker: Asker, choice: str, code: int) -> None:
    with asker.start(DEPLOY) as process:
        receipt = asker.answer(choice)
        out, err = rest_of(process)
    assert process.returncode == code
    assert f"{choice} by ada" in out
    assert receipt.prompt_digest in out
    assert f"signoff gate approve ask {receipt.gate_key}" in err
    assert f"signoff gate reject ask {receipt.gate_key}" in err


@pytest.mark.parametrize(("choice", "code"), [("yes", 0), ("no", 1)])
def test_who_was_killed_while_waiting_gets_the_answer_by_asking_again(asker: Asker, choice: str, code: int) -> None:
    with asker.start(DEPLOY) as process:
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    receipt = asker.answer(choice)
    again = asker(DEPLOY)
    assert again.returncode == code
    assert receipt.prompt_digest in again.stdout.decode()
    assert f"{choice} by ada" in again.stdout.decode()
    assert f"Ended before: {choice} by ada" in again.stderr.decode()
    assert "--workflow" in again.stderr.decode()


def test_who_was_killed_before_the_answer_goes_on_waiting_at_the_same_gate(asker: Asker) -> None:
    with asker.start(DEPLOY) as process:
        process.kill()
    with asker.start(DEPLOY) as process:
        asker.answer("yes")  # there is one gate
        assert process.wait(60) == 0
        rest_of(process)


def test_an_earlier_answer_is_not_used_for_another_workflow(asker: Asker) -> None:
    asker(DEPLOY, "--no-wait")
    asker.answer("yes")
    assert asker(DEPLOY, "--no-wait").returncode == 0
    assert asker(DEPLOY, "--no-wait", "--workflow", "deploy-1.4").returncode == 3


def test_a_question_whose_time_is_over_is_asked_afresh_by_the_same_words(asker: Asker) -> None:
    over = asker(DEPLOY, "--timeout", "1s")
    assert over.returncode == 1
    assert asker(DEPLOY, "--timeout", "1s", "--no-wait").returncode == 3
    with asker.connect() as client:
        assert [gate.state for gate in client.gates(state="TIMED_OUT")] == ["TIMED_OUT"]
        assert len(list(client.gates())) == 1


def test_a_question_that_was_named_is_never_asked_twice(asker: Asker) -> None:
    assert asker(DEPLOY, "--timeout", "1s", "--key", "deploy").returncode == 1
    assert asker(DEPLOY, "--timeout", "1s", "--key", "deploy", "--no-wait").returncode == 1


def test_a_question_that_differs_in_anything_is_another_one(asker: Asker) -> None:
    (asker.directory / "report.txt").write_text("one")
    variants = [
        [DEPLOY],
        [DEPLOY + "?"],
        [DEPLOY, "--body", "-"],
        [DEPLOY, "--choice", "a=A", "--choice", "b=B"],
        [DEPLOY, "--need", "release:1"],
        [DEPLOY, "--evidence", "report.txt"],
        [DEPLOY, "--timeout", "2h"],
        [DEPLOY, "--as", "bob"],
    ]
    for arguments in variants:
        assert asker(*arguments, "--no-wait", text=b"more").returncode == 3
    (asker.directory / "report.txt").write_text("two")
    assert asker(DEPLOY, "--evidence", "report.txt", "--no-wait").returncode == 3
    with asker.connect() as client:
        assert len(list(client.gates())) == len(variants) + 1


def test_all_that_is_asked_is_shown_to_who_answers(asker: Asker) -> None:
    (asker.directory / "out").mkdir()
    (asker.directory / "out" / "report.xml").write_bytes(b"<ok/>")
    done = asker(
        *["Which one?", "--body", "-", "--workflow", "release-1.4", "--key", "pick", "--timeout", "90s", "--no-wait"],
        *["--choice", "blue=Take blue", "--choice", "red=Take red", "--choice", "stop=Take none"],
        *["--need", "release,lead:2", "--evidence", "out/report.xml", "--json"],
        text="# Größe".encode(),
    )
    view = json.loads(done.stdout)
    prompt = view["prompt"]
    assert (done.returncode, view["state"], view["isEarlier"], view["requestedBy"]) == (3, "PENDING", False, "robot")
    assert (view["workflowID"], view["gateKey"], prompt["ttlS"], prompt["body"]) == (
        "release-1.4",
        "pick",
        90,
        "# Größe",
    )
    assert [choice["effect"] for choice in prompt["choices"]] == ["approve", "reject", "reject"]
    assert view["requirement"]["needs"] == [{"any_of": ["release", "lead"], "count": 2}]
    digest = hashlib.sha256(b"<ok/>").hexdigest()
    assert prompt["evidence"] == [{"title": "report.xml", "uri": "out/report.xml", "sha256": digest}]
    said = done.stderr.decode()
    assert "signoff gate reject release-1.4 pick --choice red" in said
    assert "signoff gate reject release-1.4 pick --choice stop" in said


def test_the_commands_that_are_shown_answer_the_question(asker: Asker) -> None:
    shown = [line.split() for line in asker(DEPLOY, "--no-wait").stderr.decode().splitlines() if " gate " in line]
    approve = shown[0]
    assert approve[0] == "signoff"
    done = subprocess.run(
        [*COMMAND[:-1], *approve[1:]], cwd=asker.directory, env=asker.environ, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert asker(DEPLOY).returncode == 0


def test_the_same_names_for_another_question_are_refused(asker: Asker) -> None:
    asker(DEPLOY, "--key", "go-live", "--no-wait")
    other = asker("Deploy 1.5?", "--key", "go-live", "--no-wait")
    assert other.returncode == 4
    assert b"--key" in other.stderr


def test_nobody_in_time_is_not_an_approval(asker: Asker) -> None:
    done = asker(DEPLOY, "--timeout", "1s", "--json")
    assert (done.returncode, json.loads(done.stdout)["state"]) == (1, "TIMED_OUT")
    named = [DEPLOY, "--timeout", "1s", "--key", "deploy", "--json"]
    assert [json.loads(asker(*named).stdout)["isEarlier"] for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    "arguments",
    [
        [" "],
        [],
        [DEPLOY, "--timeout", "soon"],
        [DEPLOY, "--timeout", "31d"],
        [DEPLOY, "--choice", "yes"],
        [DEPLOY, "--choice", "yes=Yes"],
        [DEPLOY, "--choice", "a=A", "--choice", "a=B"],
        [DEPLOY, "--need", "release"],
        [DEPLOY, "--need", ":1"],
        [DEPLOY, "--need", "release:0"],
        [DEPLOY, "--evidence", "missing.txt"],
        [DEPLOY, "--body", "missing.md"],
        [DEPLOY, "--body", "-"],  # not UTF-8
        [DEPLOY, "--key", "Go Live"],
        [DEPLOY, "--workflow", "a b"],
        [DEPLOY, "--here"],
        [DEPLOY, "--as", " "],
    ],
)
def test_bad_input_asks_nothing(asker: Asker, arguments: list[str]) -> None:
    done = asker(*arguments, text=b"\xff")
    assert done.returncode == 2, done.stderr
    assert done.stdout == b""
    with asker.connect() as client:
        assert list(client.gates(state=None)) == []


def test_a_body_that_is_too_long_is_refused_and_not_cut(asker: Asker) -> None:
    assert asker(DEPLOY, "--body", "-", "--no-wait", text=b"x" * (5 * 1024 * 1024)).returncode == 2


def test_who_is_interrupted_leaves_the_question_open(asker: Asker) -> None:
    with asker.start(DEPLOY) as process:
        process.send_signal(signal.SIGINT)
        _, err = rest_of(process)
    # Interrupted in the middle of an import, Python itself ends by the signal; a shell calls both 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert "stays open" in err
    assert asker.only_gate().state == "PENDING"


def test_on_a_terminal_the_time_that_is_left_is_shown(asker: Asker) -> None:
    child = asker.at_terminal(DEPLOY, "--timeout", "30m")
    child.expect(r"(29|30) min[^\r\n]* left")
    asker.answer("yes")
    child.expect("yes by ada")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(("keys", "code", "decision"), [("\r", 0, "yes"), ("\x1b[B\x1b[B\r", 1, "no")])
def test_somebody_at_the_terminal_is_asked_on_the_spot(asker: Asker, keys: str, code: int, decision: str) -> None:
    child = asker.at_terminal("Deploy \x1b]0;evil\x07 1.4?", "--here", "--as", "bob")
    child.expect("Your decision")
    assert "\x1b]0;" not in str(child.before)
    child.send(keys)
    child.expect("Rationale")
    child.send("looked at it\r")
    child.expect(f"{decision} by bob")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    gate = asker.only_gate()
    assert gate.view["decision"]["payload"] == {"rationale": "looked at it"}
    assert gate.view["origin"] == "console"


def test_who_leaves_the_terminal_leaves_the_question_open(asker: Asker) -> None:
    child = asker.at_terminal(DEPLOY, "--here")
    child.expect("Your decision")
    child.sendintr()
    child.expect("stays open")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert asker.only_gate().state == "PENDING"


def test_a_server_is_asked_as_the_ledger_is(asker: Asker) -> None:
    with world_of(settings_of(asker.directory / ".signoff")) as world, serving(world) as url:
        environ = {"SIGNOFF_URL": url, "SIGNOFF_TOKEN": "so_secret"}
        waiting = asker(DEPLOY, "--no-wait", environ=environ)
        assert waiting.returncode == 3
        assert url in waiting.stderr.decode()
        asker.answer("yes")
        done = asker(DEPLOY, environ=environ)
    assert done.returncode == 0
    assert b"yes by ada" in done.stdout
    assert b"so_secret" not in waiting.stderr + waiting.stdout + done.stderr + done.stdout


def test_a_server_that_is_away_is_no_approval(asker: Asker) -> None:
    done = asker(DEPLOY, environ={"SIGNOFF_URL": "http://127.0.0.1:1", "SIGNOFF_TOKEN": "so_secret"})
    assert done.returncode == 1
    assert b"http://127.0.0.1:1" in done.stderr
    assert b"so_secret" not in done.stderr


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400)])
def test_times_are_read(text: str, seconds: int) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "-1s", "1.5h", "30 m", "30M", "1w", "٣s", "0s", "9999999999s"])
def test_times_that_are_not_understood_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_span(text)


def test_needs_and_choices_are_read() -> None:
    assert read_need("security:lead, release:2")["any_of"] == ["security:lead", "release"]
    labels: list[Any] = [choice["label"] for choice in read_choices(["a=x=y", "b=B"])]
    assert labels == ["x=y", "B"]
