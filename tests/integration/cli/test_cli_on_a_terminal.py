"""What somebody at a terminal sees, and how their answers are told from a script's."""

from __future__ import annotations

import re

import pexpect
from cli_shell import COMMAND, Shell

from signoff.app.cancel_run import cancel_run
from signoff.app.create_intent import create_intent
from signoff.app.start_run import start_run

_OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _typed(shell: Shell, *words: str) -> tuple[int | None, str]:
    """The exit code, and the screen with the formatting that is our own taken off."""
    program, *options = COMMAND
    child = pexpect.spawn(
        program,
        [*options, *words],
        cwd=str(shell.directory),
        env={**shell.environ, "TERM": "xterm-256color"},
        dimensions=(40, 90),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    screen = str(child.before)
    child.close()
    return child.exitstatus, _OURS.sub("", screen).replace("\r\n", "\n")


def test_markdown_is_drawn_and_the_address_of_a_link_is_seen(shell: Shell) -> None:
    body = "# What\n\nSome **bold** [text](https://ci.example/7)\x1b]8;;https://evil.example\x07"
    shell.open_gate(prompt={"body": body})
    code, screen = _typed(shell, "gate", "show", "ship")
    assert code == 0
    assert "**" not in screen
    assert "text (https://ci.example/7)" in screen
    assert "\x1b" not in screen
    assert "\x07" not in screen


def test_a_long_title_gives_way_and_keys_do_not(shell: Shell) -> None:
    shell.open_gate(gate_key="k" * 40, prompt={"title": "t" * 200})
    _, screen = _typed(shell, "gate", "list")
    header, row, *_ = screen.splitlines()
    assert "k" * 40 in row
    assert row.endswith("t…")
    assert len(row) <= 90 < len(header) + 200


def test_an_answer_typed_at_a_terminal_comes_from_the_console(shell: Shell) -> None:
    shell.open_gate()
    code, screen = _typed(shell, "gate", "approve", "ship")
    assert (code, "Recorded: yes by ada" in screen) == (0, True)
    assert shell.json("gate", "show", "ship")["origin"] == "console"


def test_a_watched_run_is_drawn_until_its_end(shell: Shell) -> None:
    with shell.world() as world:
        run_id = create_intent(world, goal="Tidy up", inputs={}, constraints={}, actor="ada")
        start_run(world, intent_id=run_id, actor="ada", queue_partition_key="default")
        cancel_run(world, workflow_id=run_id, actor="ada", reason="not\x1b[2J wanted")
    code, screen = _typed(shell, "run", "watch", run_id)
    assert code == 1
    assert "CANCELLED: not wanted" in screen
