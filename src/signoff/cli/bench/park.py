"""`signoff bench park`: what gates that wait cost a worker that has nothing to do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import Bench, measures

if TYPE_CHECKING:
    from signoff.cli.bench.place import Place
    from signoff.cli.bench.told import Told
    from signoff.settings import Settings

WAITING_MAX = 10_000_000
#: Documented for a million gates.
RSS_MB_MORE = 5.0
CPU_POINTS_MORE = 3.0
READY_S_MOST = 2.0
SETTLE_S = 3.0

_EPILOG = """\b
Examples:
  signoff bench park --gates 100000
  signoff bench park --gates 1000000 --postgres --seconds 30 --report park.json
"""


@click.command(epilog=_EPILOG)
@click.option("--gates", type=click.IntRange(1, WAITING_MAX), default=100_000, show_default=True, help="How many wait.")
@click.option("--seconds", type=click.IntRange(1, 3600), default=10, show_default=True,
              help="For how long a worker is looked at, without gates and with them.")  # fmt: skip
@measures()
def park(bench: Bench, gates: int, seconds: int) -> int:
    """Weigh a worker when nothing waits and when many gates do: its memory, its processor time when idle, and how long
    it takes from a restart until it is ready. It needs the ledger itself, and so has no --base."""
    from signoff.cli.bench.judge import broken_laws
    from signoff.cli.bench.place import open_place
    from signoff.cli.bench.sight import LedgerSight
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        settings = place.new_ledger()
        told.begin("starting a worker for the first time")
        with place.running({"worker": place.process(settings, "worker")}):
            pass  # It has made the engine's tables.
        none = _look(place, settings, seconds, told)
        inserted_s = _park(settings, gates, told)
        many = _look(place, settings, seconds, told)
        sight = LedgerSight(settings)
        violations = list(broken_laws(sight.record()))
        if (waiting := sight.gates_that_wait()) != gates:
            violations.append(f"{gates} gates were to wait, and {waiting} do")
    return _report(bench, place, gates, seconds, none, many, inserted_s, violations)


@dataclass(frozen=True)
class _Idle:
    """Of a worker that has nothing to do; `cpu_percent` of one core."""

    ready_s: float
    rss_mb: float
    cpu_percent: float

    def to_wire(self) -> dict[str, Any]:
        return {"readyMs": round(self.ready_s * 1000), "rssMb": self.rss_mb, "cpuPercent": self.cpu_percent}


def _look(place: Place, settings: Settings, seconds: int, told: Told) -> _Idle:
    from signoff.cli.bench.weight import weigh

    process = place.process(settings, "worker")
    told.begin("looking at an idle worker", seconds)
    began_at = time.monotonic()
    with place.running({"worker": process}):
        ready_s = time.monotonic() - began_at
        time.sleep(min(SETTLE_S, seconds))
        before = weigh(process.pid)
        began_at = time.monotonic()
        for _ in range(seconds):
            time.sleep(1)
            told.on()
        after = weigh(process.pid)
        looked_s = time.monotonic() - began_at
    return _Idle(round(ready_s, 3), after.rss_mb, round((after.cpu_s - before.cpu_s) * 100 / looked_s, 2))


def _park(settings: Settings, gates: int, told: Told) -> float:
    from signoff.bootstrap.world import open_world
    from signoff.cli.bench.parked import park_gates
    from signoff.ledger.store import SqlLedger

    began_at = time.monotonic()
    with open_world(settings) as world:
        assert isinstance(world.ledger, SqlLedger)  # noqa: S101 - open_world made it
        park_gates(world, world.ledger.database, gates, told)
    return time.monotonic() - began_at


def _report(
    bench: Bench,
    place: Place,
    gates: int,
    seconds: int,
    none: _Idle,
    many: _Idle,
    inserted_s: float,
    violations: list[str],
) -> int:
    from signoff.cli.bench.parked import WORDS
    from signoff.cli.bench.report import Limit, finish

    rss_more, cpu_more = round(many.rss_mb - none.rss_mb, 1), round(many.cpu_percent - none.cpu_percent, 2)
    return finish(
        bench,
        "hitl-park",
        {
            "gates": gates,
            "seconds": seconds,
            "insertedMs": round(inserted_s * 1000),
            "worker": many.to_wire(),
            "more": {"rssMb": rss_more, "cpuPercent": cpu_more, "readyMs": round((many.ready_s - none.ready_s) * 1000)},
        },
        measured=f"one worker with nothing to do for {seconds} s, on an empty ledger and with {gates} {WORDS}",
        database=place.database,
        floor={"what": "the same worker when nothing waits", **none.to_wire()},
        violations=violations,
        limits=[
            Limit("MB more than when nothing waits", rss_more, most=RSS_MB_MORE),
            Limit("percent of a core more than when nothing waits", cpu_more, most=CPU_POINTS_MORE),
            Limit("seconds from a restart until it is ready", many.ready_s, most=READY_S_MOST),
        ],
    )
