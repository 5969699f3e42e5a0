"""The one place that runs a program: bounded in time and output, leaving nothing of it running.

The program gets a session of its own, and at its end the whole process group is killed, whichever way it ended; only a
child that makes itself yet another session escapes that (under bubblewrap it does not). What the program wrote is kept
up to the limit, and told as it comes to whoever wants to show it. Waiting is done in `select`, never in a loop that
burns a core.
"""

from __future__ import annotations

import enum
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from signoff.errors import MissingProgramError, StepFailedError
from signoff.runners.excerpt import one_line

LOOK_EVERY_S = 0.1
CHUNK_BYTES = 65_536


class End(enum.Enum):
    """Why a program stopped."""

    EXITED = "exited"
    TIMED_OUT = "timed-out"
    WROTE_TOO_MUCH = "wrote-too-much"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Limits:
    """`output_bytes_max` holds for each of stdout and stderr; going beyond it ends the program."""

    timeout_s: float
    output_bytes_max: int


@dataclass(frozen=True)
class Outcome:
    """`exit_code` is negative for the signal that ended the program (-9 where we did)."""

    end: End
    exit_code: int
    stdout: bytes
    stderr: bytes
    is_stdout_cut: bool
    is_stderr_cut: bool


def run_program(
    argv: Sequence[str],
    limits: Limits,
    *,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
    on_output: Callable[[bytes], None] | None = None,
    pass_fds: Sequence[int] = (),
) -> Outcome:
    """Run a program to its end, or to the first limit it meets. A failing program is an outcome, not an error.

    `on_output` is given each piece of stdout and stderr when it comes, up to the limit, and is waited for. `pass_fds`
    are descriptors that stay open in it: a lock that is held through one lives as long as the program.

    Raises:
        MissingProgramError: there is no such program.
        StepFailedError: it is there but cannot be started.
    """
    process = _start(argv, cwd, env, pass_fds)
    with process:
        try:
            talk = _Talk(process, stdin, limits.output_bytes_max, on_output)
            end = _follow(process, talk, limits.timeout_s, is_cancelled)
        finally:
            _kill_group(process)
    return Outcome(
        end,
        process.returncode,
        bytes(talk.stdout[: limits.output_bytes_max]),
        bytes(talk.stderr[: limits.output_bytes_max]),
        len(talk.stdout) > limits.output_bytes_max,
        len(talk.stderr) > limits.output_bytes_max,
    )


def inherited_environment() -> dict[str, str]:
    """This process's environment without what is named `SIGNOFF_*`: a program that a person's decision is asked about
    must not be handed the means to take it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF_")}


class _Talk:
    """The three pipes of a program, read and written without blocking. At most one byte over the limit is kept."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stdin: bytes,
        bytes_max: int,
        on_output: Callable[[bytes], None] | None,
    ) -> None:
        assert process.stdin is not None  # noqa: S101 - tells mypy what PIPE means
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        self.stdout, self.stderr = bytearray(), bytearray()
        self._unsent = memoryview(stdin)
        self._bytes_max = bytes_max
        self._on_output = on_output
        self._selector = selectors.DefaultSelector()
        for pipe, kept in ((process.stdout, self.stdout), (process.stderr, self.stderr)):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, kept)
        os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(process.stdin, selectors.EVENT_WRITE, None)

    def __enter__(self) -> _Talk:
        return self

    def __exit__(self, *exc: object) -> None:
        self._selector.close()

    def is_over(self) -> bool:
        return not self._selector.get_map()

    def wrote_too_much(self) -> bool:
        return max(len(self.stdout), len(self.stderr)) > self._bytes_max

    def step(self, wait_s: float) -> bool:
        """Move what can be moved, waiting for it at most `wait_s`; False when there was nothing."""
        ready = self._selector.select(wait_s)
        for key, _ in ready:
            if key.data is None:
                self._write(key.fileobj)  # type: ignore[arg-type]
            else:
                self._read(key.fileobj, key.data)  # type: ignore[arg-type]
        return bool(ready)

    def drain(self) -> None:
        """Take what is already in the pipes; whoever else still holds them open is not waited for."""
        while not self.is_over() and not self.wrote_too_much() and self.step(0):
            pass

    def _write(self, pipe: IO[bytes]) -> None:
        try:
            self._unsent = self._unsent[os.write(pipe.fileno(), self._unsent[:CHUNK_BYTES]) :]
        except BrokenPipeError:  # it does not want to hear more; what it makes of that is its own business
            self._unsent = self._unsent[:0]
        if not self._unsent:
            self._close(pipe)

    def _read(self, pipe: IO[bytes], kept: bytearray) -> None:
        chunk = os.read(pipe.fileno(), CHUNK_BYTES)
        told = chunk[: max(0, self._bytes_max - len(kept))]
        kept += chunk[: self._bytes_max + 1 - len(kept)]
        if told and self._on_output is not None:
            self._on_output(told)
        if not chunk:
            self._close(pipe)

    def _close(self, pipe: IO[bytes]) -> None:
        self._selector.unregister(pipe)
        pipe.close()


def _start(
    argv: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None, pass_fds: Sequence[int]
) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    name = one_line(argv[0], 200)
    try:
        return subprocess.Popen(
            list(argv),
            bufsize=0,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=cwd,
            env=env,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (cwd is None or cwd.is_dir()):
            raise MissingProgramError(f"The program {name!r} is not installed.", details={"program": name}) from None
        message = f"The program {name!r} could not be started: {error.strerror}."
        raise StepFailedError(message, details={"program": name}) from None


def _follow(process: subprocess.Popen[bytes], talk: _Talk, timeout_s: float, is_cancelled: Callable[[], bool]) -> End:
    ends_at = time.monotonic() + timeout_s
    look_at = 0.0
    with talk:
        while process.poll() is None:
            now = time.monotonic()
            if now >= ends_at:
                return End.TIMED_OUT
            if now >= look_at:  # the question may cost a query, so it is not asked at every chunk
                look_at = now + LOOK_EVERY_S
                if is_cancelled():
                    return End.CANCELLED
            _wait(process, talk, min(ends_at, look_at) - now)
            if talk.wrote_too_much():
                return End.WROTE_TOO_MUCH
        talk.drain()
    return End.WROTE_TOO_MUCH if talk.wrote_too_much() else End.EXITED


def _wait(process: subprocess.Popen[bytes], talk: _Talk, wait_s: float) -> None:
    if not talk.is_over():
        talk.step(wait_s)
        return
    with suppress(subprocess.TimeoutExpired):
        process.wait(wait_s)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The group outlives its leader when a child was left in the background, so it is killed in every case.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
