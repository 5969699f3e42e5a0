"""A process of signoff that stays (`up`, `api`, `worker`), started by a command and spoken to as anybody would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signoff.errors import OperationError

STOP_S = 10.0


class ServerProcess:
    """`arguments` are those of the command line; what it logs goes to the end of `log`.

    It has a session of its own: Ctrl-C is for the command, which ends it in its own time.
    """

    def __init__(self, *arguments: str, log: Path, environ: Mapping[str, str], cwd: Path | None = None) -> None:
        self._argv = [sys.executable, "-m", "signoff", *arguments, "--json"]
        self._log = log
        self._environ = environ
        self._cwd = cwd
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None  # noqa: S101 - it was started
        return self._process.pid

    def start(self) -> dict[str, Any]:
        """What it says when it is ready: `{ready, database, ...}`.

        Raises:
            OperationError: (`server-not-started`) it ended instead; its log says why.
        """
        with self._log.open("a") as log, _interrupts_held():
            self._process = subprocess.Popen(
                self._argv,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=dict(self._environ),
                cwd=self._cwd,
                start_new_session=True,
            )
        return self._ready(self._process)

    def kill(self) -> int:
        """End it as a crash would; the id that it had."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        assert self._process is not None  # noqa: S101 - it has an id
        self._process.wait()
        return pid

    def stop(self) -> None:
        """End it as a supervisor does; nothing happens where it has ended, or was never started."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ready(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        text = ""
        # The document ends with a brace on a line of its own; a server that fails closes the pipe instead.
        for line in process.stdout:
            text += line
            if line.startswith("}"):
                document: dict[str, Any] = json.loads(text)
                return document
        raise OperationError(f"The server did not start; its log is {self._log}.", code="server-not-started")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM act when this is left: a process that is begun and not yet known would be ended by nobody."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
    for one in came:
        signal.raise_signal(one)
