"""A Postgres of the tests' own, which they stop in any way and start again at the same port.

What it has confirmed survives its death, as with any that is set up with care: only a crash of the machine would lose
it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from processes import WAIT_S, until

from signoff.ledger.embedded_postgres import EmbeddedPostgres


class PrivatePostgres:
    def __init__(self, directory: Path) -> None:
        embedded = EmbeddedPostgres(directory, durable=False)
        self.url = embedded.start()
        self.cluster = embedded.cluster
        said = shlex.split((self.cluster / "postmaster.opts").read_text())
        embedded.stop()
        self._command = [word for word in said if word != "--synchronous_commit=off"]
        self._log = directory / "private.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """As often as it takes: until the last process of one that was killed is gone, a new one refuses to start."""
        until(self._try_to_start, f"Postgres to start; {self._log} says why not")

    def stop(self, number: int = signal.SIGINT) -> None:
        """SIGINT is Postgres's fast shutdown, SIGQUIT the immediate one; SIGKILL takes the first process alone."""
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(WAIT_S)
        self._process = None

    def remove(self) -> None:
        if self._process is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.cluster)

    def admin(self, *statements: str) -> None:
        with self._administrator() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def cut_all(self, url: str) -> int:
        """End every connection to that database, as an administrator does, and see them ended; how many there were."""
        with self._administrator() as connection:
            name = urlsplit(url).path.lstrip("/")
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            return len(cut.fetchall())

    def _administrator(self) -> psycopg.Connection[tuple[Any, ...]]:
        """On a database of its own, whatever becomes of the others."""
        return psycopg.connect(self.url, dbname="postgres", autocommit=True)

    def _try_to_start(self) -> bool:
        account = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd="/", **account)  # type: ignore[call-overload]
        until(lambda: self._is_ready(process.pid) or process.poll() is not None, "Postgres to be ready")
        self._process = process if process.poll() is None else None
        return self._process is not None

    def _is_ready(self, pid: int) -> bool:
        with suppress(FileNotFoundError, IndexError):
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
            return lines[0] == str(pid) and lines[7].strip() == "ready"
        return False
