"""How many sessions of a Postgres database wait for locks of one another, looked at again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from signoff.cli.bench.place import Site

LOOK_S = 0.1

_WAITING = """
SELECT COUNT(*) FILTER (WHERE wait_event_type = 'Lock'), COUNT(*) FILTER (WHERE state = 'active')
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Pressure:
    """`samples` of (sessions that wait for a lock, sessions that do something)."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, int]] = []

    def to_wire(self) -> dict[str, int | float | None]:
        if not self.samples:
            return {"samples": 0, "maxWaitingLocks": None, "meanWaitingLocks": None, "maxActive": None}
        locks = [one for one, _ in self.samples]
        return {
            "samples": len(locks),
            "maxWaitingLocks": max(locks),
            "meanWaitingLocks": round(sum(locks) / len(locks), 2),
            "maxActive": max(active for _, active in self.samples),
        }


@contextmanager
def watched_pressure(site: Site) -> Iterator[Pressure]:
    """Of a server elsewhere, and of SQLite, there are no samples."""
    pressure = Pressure()
    url = None if site.settings is None else site.settings.database_url
    if url is None:
        yield pressure
        return
    import psycopg

    stopping = threading.Event()
    with psycopg.connect(url, autocommit=True) as connection:
        thread = threading.Thread(target=_sample, args=(connection, pressure, stopping), daemon=True)
        thread.start()
        try:
            yield pressure
        finally:
            stopping.set()
            thread.join()


def _sample(connection: Any, pressure: Pressure, stopping: threading.Event) -> None:
    while True:
        waiting, active = connection.execute(_WAITING).fetchone()
        pressure.samples.append((waiting, active))
        if stopping.wait(LOOK_S):
            return
