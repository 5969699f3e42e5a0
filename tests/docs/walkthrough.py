"""Do what a page says, block by block.

A fenced block is tried if an HTML comment stands right before it:

    <!-- test -->                     `console` or `sh`: run it; `text`: what the command that still runs has written by
                                      its end
    <!-- test: waits -->              the last command goes on running; what is shown has come (`console`, `text`). A
                                      `python` block is such a program
    <!-- test: file NAME -->          write the block to this file
    <!-- test: terminal 2 -->         in another terminal; `waits, terminal 2` works too

and `<!-- test: kill -->` by itself kills what runs in the first terminal (`kill, terminal 2` in the second).

In `console` lines that begin with `$ ` are commands, which go on after a `\\` or inside quotes; the others are their
output. Where none is shown the command has to succeed. In `sh` every line is a command. All blocks of a page
share a directory.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .expected import Ids
from .terminal import Terminal

_MARKED = re.compile(
    r"^<!-- test(?:: (?P<how>[^>]*?))? -->\n+(?:^(?P<fence>`{3,})(?P<language>\w+)\n(?P<body>.*?)^(?P=fence)$)?",
    re.MULTILINE | re.DOTALL,
)
_ADDRESS = re.compile(r"\b127\.0\.0\.1:(87\d\d)\b")
_PORT = "8700"


@dataclass(frozen=True)
class Block:
    line: int
    language: str | None
    body: str
    how: tuple[str, ...]

    @property
    def terminal(self) -> str:
        return next((word for word in self.how if word.startswith("terminal ")), "terminal 1")

    @property
    def file(self) -> str | None:
        return next((word.removeprefix("file ") for word in self.how if word.startswith("file ")), None)


@dataclass(frozen=True)
class Command:
    text: str
    shown: str


def blocks_of(page: str) -> Iterator[Block]:
    for found in _MARKED.finditer(page):
        how = tuple(word.strip() for word in (found["how"] or "").split(",") if word.strip())
        yield Block(page.count("\n", 0, found.start()) + 1, found["language"], found["body"] or "", how)


def commands_of(block: Block) -> list[Command]:
    if block.language == "sh":
        return [Command(block.body, "")]
    commands: list[Command] = []
    for line in block.body.splitlines(keepends=True):
        if commands and not commands[-1].shown and goes_on(commands[-1].text):
            commands[-1] = Command(commands[-1].text + line, "")
        elif line.startswith("$ "):
            commands.append(Command(line.removeprefix("$ "), ""))
        else:
            assert commands, f"line {block.line}: output comes before any command"
            commands[-1] = Command(commands[-1].text, commands[-1].shown + line)
    return commands


def goes_on(command: str) -> bool:
    """Whether a shell would read on: after a `\\` at the end, or inside a quotation."""
    try:
        shlex.split(command)
    except ValueError:
        return True
    return command.endswith("\\\n")


def walk_through(path: Path, folder: Path) -> int:
    """Try every marked block of a page, in an empty folder; how many there were."""
    blocks = list(blocks_of(path.read_text("utf-8")))
    with ExitStack() as stack:
        walk = _Walk(folder, stack)
        for block in blocks:
            try:
                walk.through(block)
            except AssertionError as error:
                raise AssertionError(f"{path.name}, line {block.line}: {error}") from None
    return len(blocks)


class _Walk:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = {_PORT: _free_port()}
        self._ids = Ids()
        self._terminals: dict[str, Terminal] = {}

    def through(self, block: Block) -> None:
        if block.file is not None:
            self._write(block.file, block.body)
        elif "kill" in block.how:
            self._terminal(block).kill()
        elif block.language == "text" and "waits" in block.how:
            self._see(self._terminal(block), block.body)
        elif block.language == "text":
            self._compare(block.body, *self._terminal(block).finish())
        elif block.language == "python":
            self._write(f"line_{block.line}.py", block.body)
            self._terminal(block).start(f"python line_{block.line}.py")
        else:
            self._run(block)

    def _run(self, block: Block) -> None:
        terminal, commands = self._terminal(block), commands_of(block)
        for command in commands:
            terminal.start(self._here(self._ids.put_into(command.text.strip())))
            if command is commands[-1] and "waits" in block.how:
                self._see(terminal, command.shown)
            else:
                self._compare(command.shown, *terminal.finish(), command.text)

    def _see(self, terminal: Terminal, shown: str) -> None:
        """Wait until what is shown has come, and no longer."""
        terminal.until(lambda output: self._match(shown, output, is_whole=False) is not None)
        terminal.take(self._match(shown, terminal.output, is_whole=False) or 0)

    def _compare(self, shown: str, output: str, status: int, command: str = "") -> None:
        if not shown:
            assert status == 0, f"{command.strip()} ended with {status}:\n{output}"
            return
        matched = self._match(shown, output, is_whole=True)
        assert matched is not None, f"{command.strip()}\n--- the page shows\n{shown}--- what came\n{output}"

    def _match(self, shown: str, output: str, *, is_whole: bool) -> int | None:
        return self._ids.match(self._here(shown), output, is_whole=is_whole)

    def _here(self, text: str) -> str:
        """The pages use the default port and those after it, which may be taken here."""
        return _ADDRESS.sub(lambda found: f"127.0.0.1:{self._ports.setdefault(found[1], _free_port())}", text)

    def _write(self, name: str, body: str) -> None:
        path = self._folder / name
        path.write_text(body, "utf-8")
        path.chmod(0o755 if body.startswith("#!") else 0o644)

    def _terminal(self, block: Block) -> Terminal:
        if block.terminal not in self._terminals:
            terminal = Terminal(self._folder, self._environment())
            self._stack.callback(terminal.close)
            self._terminals[block.terminal] = terminal
        return self._terminals[block.terminal]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIGNOFF_", "PYTEST"))}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self._folder),
            "LOGNAME": "ada",
            "USER": "ada",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "SIGNOFF_PORT": str(self._ports[_PORT]),
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
