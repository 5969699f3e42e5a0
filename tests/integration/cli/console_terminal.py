"""A person's terminal: a real pty with a program at it, its screen as pyte draws it, and all that was written to it."""

from __future__ import annotations

import json
import os
import pty
import signal
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pexpect
import pyte
from cli_shell import Shell
from forked import Process
from pexpect.fdpexpect import fdspawn

ENTER, DOWN, SPACE, CTRL_C, CTRL_D, CTRL_U, ESCAPE = "\r", "\x1b[B", " ", "\x03", "\x04", "\x15", "\x1b"
POINTER = "»"
INDENT = "   "
PROGRAM = Path(__file__).with_name("console_program.py")
WAIT_S = 60


class _Screen(pyte.Screen):
    """Answers what programs ask of it, as terminals do."""

    answer: Callable[[str], object]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    def __init__(self, process: Process, child: fdspawn[str], columns: int, rows: int) -> None:
        self.written = ""
        self._process = process
        self._child = child
        self._screen = _Screen(columns, rows)
        self._screen.answer = child.send
        self._stream = pyte.Stream(self._screen)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen in one line, so that what was wrapped is found; borders and bars are left out."""
        return " ".join(" ".join(self.lines).replace("│", " ").split())

    @property
    def pointed_at(self) -> str:
        """The line of the list that Enter would choose; nothing in the middle of a drawing, which ends with the cursor
        after the question, above the entries."""
        lines, cursor = self.lines, self._screen.cursor
        if lines[cursor.y].startswith((INDENT, f" {POINTER}")) or cursor.x < len(lines[cursor.y]):
            return ""
        return next((line for line in lines[cursor.y :] if line.startswith(f" {POINTER}")), "")

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Read what comes until it is so. The time is only how long to hope."""
        ends_at = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < ends_at, f"waited in vain for {what}:\n" + "\n".join(self.lines)
            try:
                self._take(self._child.read_nonblocking(65536, timeout=1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert is_so(), f"ended without {what}:\n" + "\n".join(self.lines)

    def see(self, text: str) -> None:
        self.until(lambda: text in self.text, repr(text))

    def see_gone(self, text: str) -> None:
        self.until(lambda: text not in self.text, f"{text!r} to go")

    def press(self, *keys: str) -> None:
        for key in keys:
            self._child.send(key)

    def interrupt(self) -> None:
        """As Ctrl-C does where no program takes the keys of the terminal for itself."""
        self._process.send_signal(signal.SIGINT)

    def point(self, label: str) -> None:
        """Move to the entry of the list that has these words."""
        self.until(lambda: self.pointed_at, "a list")
        for _ in self.lines:
            before = self.pointed_at
            if label in before:
                return
            self.press(DOWN)
            self.until(lambda before=before: self.pointed_at not in {"", before}, "the pointer to move")  # type: ignore[misc]
        raise AssertionError(f"no {label!r} in the list:\n" + "\n".join(self.lines))

    def choose(self, label: str) -> None:
        """Take this entry, and see it taken: the next key is for what comes after the list."""
        self.point(label)
        shown = self.lines
        self.press(ENTER)
        self.until(lambda: self.lines != shown, f"{label!r} to be taken")

    def tick(self) -> None:
        """Tick the entry that a checklist points at, and be done with the checklist."""
        listed = self.pointed_at
        self.press(SPACE)
        self.until(lambda: self.pointed_at not in {"", listed}, "the tick")
        ticked = self.pointed_at
        self.press(ENTER)
        self.until(lambda: self.pointed_at != ticked, "the checklist to go")

    def type(self, question: str, words: str) -> None:
        """Answer a question for text that begins with these words."""
        self.see(f"? {question}")
        self.press(words, ENTER)

    def end(self) -> int:
        """Its exit code."""
        while True:
            try:
                self._take(self._child.read_nonblocking(65536, timeout=WAIT_S))
            except pexpect.EOF:
                return self._process.wait(WAIT_S)

    def _take(self, data: str) -> None:
        self.written += data
        self._stream.feed(data)


@contextmanager
def terminal(
    shell: Shell,
    *words: str,
    program: Path | None = None,
    columns: int = 100,
    rows: int = 120,
    environ: Mapping[str, str] | None = None,
    caught: IO[str] | None = None,
) -> Iterator[Terminal]:
    """A process of `signoff`, or of another program, at a terminal of its own; where its standard output is caught,
    only the other two streams are at it."""
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (rows, columns))
    without_echo = termios.tcgetattr(there)
    without_echo[3] &= ~termios.ECHO
    termios.tcsetattr(there, termios.TCSANOW, without_echo)
    env = {**shell.environ, "TERM": "xterm-256color", **(environ or {})}
    out = there if caught is None else caught.fileno()
    process = Process(program, words, shell.directory, env, (there, out, there))
    os.close(there)
    screen = fdspawn(here, encoding="utf-8", codec_errors="replace", timeout=WAIT_S)
    screen.delaybeforesend = None
    try:
        yield Terminal(process, screen, columns, rows)
    finally:
        process.send_signal(signal.SIGKILL)
        screen.close()
        process.wait()


@contextmanager
def console(shell: Shell, *flags: str, actor: str = "ada", **more: Any) -> Iterator[Terminal]:
    """Somebody is asked at the gate `ship` of `deploy-42` (or another: see `console_program`)."""
    with terminal(shell, actor, *flags, program=PROGRAM, **more) as screen:
        yield screen


@contextmanager
def command(shell: Shell, *words: str, **more: Any) -> Iterator[Terminal]:
    with terminal(shell, *words, **more) as screen:
        yield screen


def receipt(shell: Shell) -> Any:
    """What the console gave back."""
    return json.loads((shell.directory / "receipt.json").read_text())


def payload(shell: Shell, *where: str) -> Any:
    """The last answer at the gate, as the ledger has it."""
    return shell.json("gate", "show", *(where or ("ship",)))["interactions"][-1]["payload"]
