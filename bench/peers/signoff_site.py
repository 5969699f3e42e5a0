"""What both of signoff's own programs measure on: ledgers of their own, processes beside, and callbacks that really
arrive, each of them one effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from peer import WAIT_S_MOST, Options

from signoff.cli.bench.effects import Effects, counted_effects
from signoff.cli.bench.place import Place, Site
from signoff.cli.bench.scratch_database import scratch_databases, server_version
from signoff.cli.bench.sight import LedgerSight

GATE_KEY = "ship"
TTL_S = 3600
PACKAGES = ("signoff", "dbos", "fastapi", "uvicorn", "psycopg")


@contextmanager
def place_of(options: Options) -> Iterator[Place]:
    """On SQLite, or in new databases at the server that the URL names."""
    if options.database_url is None:
        yield Place(options.folder, None, "SQLite")
        return
    with scratch_databases(options.database_url) as new_database:
        yield Place(options.folder, new_database, f"Postgres {server_version(options.database_url)}")


def durability_of(options: Options) -> str:
    return "Postgres with `fsync` on" if options.is_postgres else "WAL, `synchronous=FULL`"


class Callbacks:
    """What decisions of gates on a site have set going."""

    def __init__(self, site: Site, effects: Effects) -> None:
        assert site.settings is not None  # noqa: S101 - it is one's own
        self.on_decision = effects.on_decision
        self._effects = effects
        self._sight = LedgerSight(site.settings)
        self._answered = 0

    def wait(self, gates: Sequence[str]) -> None:
        """Until each of these, and of those that were waited for before, has called, and no order is left."""
        self._answered += len(gates)
        self._effects.counts(self._sight, gates, at_least=self._answered, timeout_s=WAIT_S_MOST)

    def counts(self) -> Mapping[str, int]:
        return self._effects.counts(self._sight, (), at_least=0, timeout_s=WAIT_S_MOST)


@contextmanager
def callbacks_of(site: Site) -> Iterator[Callbacks]:
    with counted_effects(site) as effects:
        yield Callbacks(site, effects)
