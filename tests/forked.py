"""`signoff` as a process of its own, forked from one that has imported it already.

A command spends most of its time importing, and a worker more than two seconds. Whatever starts here is a process as
any other: its own number, directory, environment, streams, signals and end. Tests of the start itself (what is
imported, the installed command, a locale) start the program instead.
"""

from __future__ import annotations

import fcntl
import functools
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import connection, forkserver
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

from measured import go_on_measuring, save_measured

#: Whoever starts a process looks after all others meanwhile, and an end can be read but once.
_LOOKING = threading.Lock()


class Process:
    """`python -m signoff ARGUMENTS`, or `python PROGRAM ARGUMENTS`. Where standard input is a terminal, it becomes the
    terminal of the process."""

    def __init__(
        self,
        program: Path | None,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        streams: tuple[int, int, int],
    ) -> None:
        self._code: int | None = None
        handed = [_Handed(number) for number in streams]
        with _LOOKING:
            self._process = _context().Process(target=_run, args=(program, arguments, cwd, dict(env), handed))
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        with _LOOKING:
            if self._code is None:
                self._code = self._process.exitcode
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            connection.wait([self._process.sentinel], timeout)
        code = self.code
        if code is None:
            raise subprocess.TimeoutExpired("signoff", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Forked:
    """`python -m signoff ARGUMENTS`, or `python PROGRAM ARGUMENTS`, with what of `subprocess.Popen[str]` tests use.
    `text` is its standard input; without `stderr` what it says there is a pipe, as all that it prints is."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str],
        program: Path | None = None,
        text: bytes = b"",
        stderr: IO[str] | None = None,
    ) -> None:
        self.stdout, out = _pipe()
        self.stderr: IO[str] | None = None
        if stderr is None:
            self.stderr, err = _pipe()
        else:
            err = os.dup(stderr.fileno())
        with tempfile.TemporaryFile() as given:
            given.write(text)
            given.seek(0)
            self._process = Process(program, arguments, cwd, env, (given.fileno(), out, err))
        os.close(out)
        os.close(err)
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.code

    def poll(self) -> int | None:
        return self._process.code

    def wait(self, timeout: float | None = None) -> int:
        return self._process.wait(timeout)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed, and what it said on standard error, once it has ended."""
        read = [_Reading(stream) for stream in (self.stdout, self.stderr) if stream is not None]
        self.wait(timeout)
        texts = [one.text() for one in read]
        return texts[0], "".join(texts[1:])

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


class _Reading(threading.Thread):
    """Takes what comes while the process is waited for: a full pipe would hold it up."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._text = ""
        self.start()

    def run(self) -> None:
        self._text = self._stream.read()

    def text(self) -> str:
        self.join()
        return self._text


class _Handed:
    """An open file, under its number here, and under its number there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:
        return DupFd(self.number)

    def __setstate__(self, handed: Any) -> None:
        self.number = handed.detach()


@functools.cache
def _context() -> multiprocessing.context.ForkServerContext:
    """The server runs already when this returns; it finds the tests' modules by its path."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["preloaded", "forked"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *([before] if before else [])])
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def _pipe() -> tuple[IO[str], int]:
    here, there = os.pipe()
    return os.fdopen(here, encoding="utf-8"), there


def _run(
    program: Path | None, arguments: Sequence[str], cwd: Path, env: Mapping[str, str], streams: Sequence[_Handed]
) -> None:
    """In the forked process."""
    go_on_measuring(env)
    for stands_for, handed in enumerate(streams):
        os.dup2(handed.number, stands_for)
    os.closerange(3, 256)
    if os.isatty(0):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if "PYTHONPATH" in env:
        # Other code than what was imported here.
        os.chdir(cwd)
        os.execve(sys.executable, [sys.executable, "-m", "signoff", *arguments], dict(env))  # noqa: S606
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own, as the next two are
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = [str(program or "signoff"), *arguments]
    try:
        if program is None:
            runpy.run_module("signoff", run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(str(program), run_name="__main__")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        save_measured(env)
