"""The programs that are compared, and how each is run: signoff's own in this environment, each peer's in its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outcome import Outcome, OutcomeError, read_outcome

FOLDER = Path(__file__).parent
TIMEOUT_S = 900
LOG_LINES_SHOWN = 8


class ProgramError(Exception):
    """A program did not do its work; says which, and what it said last."""


@dataclass(frozen=True)
class Program:
    """A file of this folder."""

    file: str
    is_on_postgres: bool

    @property
    def is_own(self) -> bool:
        return self.file.startswith("signoff_")

    def argv(self) -> list[str]:
        path = str(FOLDER / self.file)
        return [sys.executable, path] if self.is_own else _in_its_environment(path)


PROGRAMS: Mapping[str, Program] = {
    "signoff-http-postgres": Program("signoff_http.py", is_on_postgres=True),
    "signoff-reply-postgres": Program("signoff_reply.py", is_on_postgres=True),
    "langgraph-postgres": Program("langgraph_saver.py", is_on_postgres=True),
    "dbos-postgres": Program("dbos_recv.py", is_on_postgres=True),
    "signoff-http-sqlite": Program("signoff_http.py", is_on_postgres=False),
    "signoff-reply-sqlite": Program("signoff_reply.py", is_on_postgres=False),
    "langgraph-sqlite": Program("langgraph_saver.py", is_on_postgres=False),
    "burr-sqlite": Program("burr_persister.py", is_on_postgres=False),
}


def prepare(program: Program) -> None:
    """Its environment is made now, so that no measurement waits for it."""
    if not program.is_own:
        _run([*program.argv(), "--help"], program.file)


def measure(program: Program, *, gates: int, clients: int, race: tuple[int, int], database_url: str | None) -> Outcome:
    """
    Raises:
        ProgramError: it failed, took too long, or printed something else than an outcome.
    """
    sizes = ["--gates", str(gates), "--clients", str(clients), "--race", f"{race[0]}x{race[1]}"]
    place = [] if database_url is None else ["--database-url", database_url]
    printed = _run([*program.argv(), *sizes, *place], program.file)
    try:
        return read_outcome(json.loads(printed))
    except (ValueError, OutcomeError) as error:
        raise ProgramError(f"{program.file} printed no outcome: {error}") from None


def draw(figures: str) -> str:
    """The SVG that `plot.py` makes of this document.

    Raises:
        ProgramError: it made none.
    """
    return _run(_in_its_environment(str(FOLDER / "plot.py")), "plot.py", said=figures)


def _run(argv: list[str], name: str, *, said: str = "") -> str:
    try:
        done = subprocess.run(
            argv, input=said, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{name} took more than {TIMEOUT_S} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()[-LOG_LINES_SHOWN:]
        raise ProgramError(f"{name} ended with {done.returncode}: " + "\n  ".join(lines))
    return done.stdout


def _environment() -> dict[str, str]:
    """Nothing of the shell's own set-up of signoff, and no virtual environment that is active in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SIGNOFF_", "VIRTUAL_ENV"))}


def _in_its_environment(path: str) -> list[str]:
    """The one that the file's first lines describe.

    Raises:
        ProgramError: uv, which makes it, is not there.
    """
    found = shutil.which("uv")
    if found is None:
        raise ProgramError("uv is not on PATH, and each peer runs in an environment that it makes: pip install uv")
    return [found, "run", "--quiet", "--script", path]
