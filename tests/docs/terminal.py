"""One shell, as somebody sits at it: commands go in, output comes out, and what runs may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

#: Nothing in the docs takes as long; a command that does is stuck.
PATIENCE_S = 60.0
_LOOK_S = 0.05


class StuckError(AssertionError):
    """Something that should have come did not; says what came."""


class Terminal:
    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._raw = bytearray()
        self._taken = 0
        self._marks = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        # Each command is a process group of its own, as it is for whoever types it.
        self._type("set -m\n")

    @property
    def is_busy(self) -> bool:
        return self._marks > 0 and self._mark not in self._new()

    @property
    def output(self) -> str:
        """What the command has written so far and nobody has taken."""
        return self._new().split(self._mark)[0]

    def start(self, command: str) -> None:
        """Type a command; its output is what comes from now on."""
        self._taken = len(self._raw)
        self._marks += 1
        self._type(f"{{ {command}\n}} </dev/null\nprintf '%s%s\\n' '{self._mark}' $?\n")

    def take(self, count: int) -> None:
        """The first so many characters of the output have been looked at."""
        self._taken += len(self._new()[:count].encode())

    def until(self, is_enough: Callable[[str], bool]) -> None:
        """Wait for output that is enough.

        Raises:
            StuckError: the command ended without it, or it does not come.
        """
        until = time.monotonic() + PATIENCE_S
        while not is_enough(self.output):
            was_busy = self.is_busy and time.monotonic() < until
            if not was_busy and not is_enough(self.output):
                raise StuckError(f"what came instead:\n{self.output}")
            time.sleep(_LOOK_S)

    def finish(self) -> tuple[str, int]:
        """What was written until the end of the command, and its exit status."""
        until = time.monotonic() + PATIENCE_S
        while self.is_busy or not self._new().endswith("\n"):
            if time.monotonic() > until or not self._reader.is_alive():
                raise StuckError(f"it does not end, or took the shell with it; what came:\n{self._new()}")
            time.sleep(_LOOK_S)
        output, _, status = self._new().rpartition(self._mark)
        return output, int(status)

    def kill(self) -> None:
        """SIGKILL what runs here, with everything that it has started in its process group."""
        for child in self._children():
            os.killpg(child, signal.SIGKILL)
        self.finish()

    def close(self) -> None:
        for child in self._children():
            os.killpg(child, signal.SIGTERM)
        self._shell.terminate()
        self._shell.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.stdout.close()

    @property
    def _mark(self) -> str:
        return f"-- command {self._marks} ended: "

    def _new(self) -> str:
        return bytes(self._raw[self._taken :]).decode(errors="replace")

    def _children(self) -> list[int]:
        listed = Path(f"/proc/{self._shell.pid}/task/{self._shell.pid}/children")
        return [int(child) for child in listed.read_text().split()]

    def _type(self, text: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(text.encode())
        self._shell.stdin.flush()

    def _read(self) -> None:
        assert self._shell.stdout is not None
        while chunk := os.read(self._shell.stdout.fileno(), 65_536):
            self._raw += chunk
