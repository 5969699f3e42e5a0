"""Leaving the console, and others who answer meanwhile."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from cli_shell import Shell
from console_terminal import CTRL_C, CTRL_D, ENTER, Terminal, command, console, receipt
from processes import Place

from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.gates.requirement import Need, Requirement

CHECKLIST = [{"category": "Code", "items": [{"id": "1.1", "text": "Tests pass", "checked": False}]}]
#: As pagers do, it takes Ctrl-C for itself and stays.
PAGER = f"""#!{sys.executable}
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(sys.stdin.read()[-20:], "in the pager", flush=True)
open("/dev/tty").readline()
"""


def at_menu(at: Terminal) -> None:
    at.see("Your decision")
    at.until(lambda: at.pointed_at, "the list")


def at_checkbox(at: Terminal) -> None:
    at.choose("Tick items")
    at.see("? Code")
    at.until(lambda: "○" in at.pointed_at and "1.1" in at.pointed_at, "the items")


def at_text(at: Terminal) -> None:
    at.choose("Approve")
    at.see("Rationale (optional)")


def at_condition(at: Terminal) -> None:
    at.choose("Approve with conditions")
    at.see("Condition 1")


PLACES = pytest.mark.parametrize("go", [at_menu, at_checkbox, at_text, at_condition], ids=lambda go: go.__name__)


def is_open(shell: Shell) -> bool:
    view = shell.json("gate", "show", "ship")
    return bool(view["state"] == "PENDING" and not view["interactions"])


def ctrl_c(at: Terminal) -> None:
    at.press(CTRL_C)


def ctrl_d(at: Terminal) -> None:
    at.press(CTRL_D)


def signal(at: Terminal) -> None:
    at.interrupt()


@pytest.mark.parametrize("leave", [ctrl_c, ctrl_d, signal], ids=lambda leave: leave.__name__)
@PLACES
def test_whoever_leaves_leaves_the_gate_open(
    shell: Shell, go: Callable[[Terminal], None], leave: Callable[[Terminal], None]
) -> None:
    shell.open_gate(prompt={"checklist": CHECKLIST})
    with console(shell) as at:
        go(at)
        leave(at)
        assert at.end() == 130
    assert is_open(shell)
    assert "Traceback" not in at.written


def test_ctrl_c_in_the_pager_leaves_too(shell: Shell) -> None:
    pager = shell.directory / "pager"
    pager.write_text(PAGER)
    pager.chmod(pager.stat().st_mode | stat.S_IXUSR)
    log = "\n".join(f"line {n}" for n in range(500))
    (shell.directory / "build.log").write_text(log)
    evidence = [{"title": "build.log", "uri": "build.log", "sha256": sha256(log.encode()).hexdigest()}]
    shell.open_gate(prompt={"evidence": evidence})
    with console(shell, environ={"PAGER": str(pager)}) as at:
        at.choose("View build.log")
        at.see("in the pager")
        at.see("line 499")
        at.press(CTRL_C)
        assert at.end() == 130
    assert is_open(shell)


@PLACES
def test_an_answer_from_elsewhere_ends_the_question_wherever_the_person_is(
    shell: Shell, go: Callable[[Terminal], None]
) -> None:
    shell.open_gate(prompt={"checklist": CHECKLIST})
    with console(shell) as at:
        go(at)
        question = at.lines[max(n for n, line in enumerate(at.lines) if line.startswith("? "))]
        assert shell("gate", "reject", "ship", "--as", "maria", "--rationale", "saw it first").code == 0
        at.see("Answered meanwhile: no by maria")
        assert at.end() == 0
        assert question not in at.lines
    assert (receipt(shell)["actor"], receipt(shell)["decision"]) == ("maria", "no")
    assert len(shell.json("gate", "show", "ship")["interactions"]) == 1


def test_a_gate_that_times_out_ends_the_question(shell: Shell) -> None:
    shell.open_gate()
    with console(shell) as at:
        at_menu(at)
        with shell.world() as world:
            sweep_deadlines(replace(world, clock=lambda: world.clock() + 3_600_001))
        at.see("Ended meanwhile: TIMED_OUT")
        assert at.end() == 0
    assert receipt(shell)["state"] == "TIMED_OUT"


def test_an_approval_elsewhere_below_the_threshold_does_not_end_the_question(shell: Shell) -> None:
    shell.open_gate(requirement=Requirement(needs=(Need(("*",), 2),)))
    with console(shell) as at:
        at_menu(at)
        assert shell("gate", "approve", "ship", "--as", "maria").code == 0
        at.choose("Approve")
        at.type("Rationale", "")
        assert at.end() == 0
    assert (receipt(shell)["actor"], receipt(shell)["state"]) == ("ada", "RECEIVED")


def test_ask_here_goes_on_with_an_answer_from_elsewhere(shell: Shell) -> None:
    with command(shell, "ask", "Deploy?", "--key", "ship", "--here") as at:
        at_menu(at)
        assert shell("gate", "approve", "ship", "--as", "maria").code == 0
        at.see("Answered meanwhile: yes by maria")
        assert at.end() == 0


def test_ask_here_left_says_that_the_question_stays_open(shell: Shell) -> None:
    with command(shell, "ask", "Deploy?", "--key", "ship", "--here") as at:
        at_menu(at)
        at.press(CTRL_C)
        at.see("The question stays open.")
        assert at.end() == 130
    assert is_open(shell)


def test_an_answer_that_a_dying_server_did_not_take_is_still_there_to_be_given_again(shell: Shell) -> None:
    shell.open_gate()
    place = Place(shell.directory / ".signoff")
    with place.start("up") as server, console(shell, environ={"SIGNOFF_URL": str(server.url)}) as at:
        at.choose("Approve")
        at.see("? Rationale")
        server.kill()
        at.press("worth typing once", ENTER)
        at.see("Not taken, as far as is known:")
        at.until(lambda: at.text.count("? Your decision") == 2 and at.pointed_at, "the list again")
        with place.start("up", "--port", str(server.url).rpartition(":")[2]):
            at.choose("Approve")
            at.until(lambda: at.text.endswith("? Rationale (optional) worth typing once"), "the rationale again")
            at.press(ENTER)
            assert at.end() == 0
    assert receipt(shell)["state"] == "RECEIVED"
    assert len(shell.json("gate", "show", "ship")["interactions"]) == 1
