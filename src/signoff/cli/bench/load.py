"""`signoff bench load`: many runs, opened to their gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import GATES_MAX, Bench, measures

if TYPE_CHECKING:
    from signoff.cli.bench.runs import Opened

_EPILOG = """\b
Examples:
  signoff bench load --gates 1000
  signoff bench load --gates 1000 --postgres --workers 2 --report load.json
  signoff bench load --gates 50 --base http://127.0.0.1:8700
"""


@click.command(epilog=_EPILOG)
@click.option("--gates", type=click.IntRange(1, GATES_MAX), default=1000, show_default=True, help="How many runs.")
@measures(of_server=True, has_workers=True, has_clients=True)
def load(bench: Bench, gates: int) -> int:
    """Open many runs to their gates, and wait until all of them wait."""
    from signoff.cli.bench.floor import openings_floor
    from signoff.cli.bench.judge import broken_laws
    from signoff.cli.bench.place import open_place, open_site
    from signoff.cli.bench.pressure import watched_pressure
    from signoff.cli.bench.report import finish
    from signoff.cli.bench.runs import RECIPE_WORDS, leave_nothing, open_runs
    from signoff.cli.bench.sight import sight_of
    from signoff.cli.bench.stats import per_item_ms
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        with open_site(bench, place) as site:
            with watched_pressure(site) as pressure:
                began_s = site.cpu_s()
                opened = open_runs(bench, site, gates, told)
                cpu_ms = per_item_ms(began_s, site.cpu_s(), gates)
            record = sight_of(site, opened.workflows).record()
            leave_nothing(bench, site, opened.workflows)
            database = place.database_of(bench)
        floor = None if bench.base else openings_floor(place.new_ledger(), told, gates=gates)
    violations = list(broken_laws(record))
    if opened.gates != gates:
        violations.append(f"{gates} runs wait, and {opened.gates} gates are open")
    return finish(
        bench,
        "hitl-load-1k",
        _figures(gates, opened, pressure.to_wire(), cpu_ms),
        measured=f"{gates} {RECIPE_WORDS}, started over HTTP by {bench.clients} clients, until all wait at their gates",
        database=database,
        floor=floor,
        violations=violations,
    )


def _figures(gates: int, opened: Opened, pressure: Mapping[str, Any], cpu_ms: float | None) -> dict[str, Any]:
    from signoff.cli.bench.runs import CADENCE_MS
    from signoff.cli.bench.stats import per_second

    statuses = opened.statuses
    return {
        "targetWaits": gates,
        "polling": {
            "iterations": opened.iterations,
            "elapsedMs": round(opened.waited_s * 1000),
            "cadenceMs": CADENCE_MS,
        },
        "waiting": {
            "readyCount": statuses["WAITING_INPUT"],
            "pendingCount": statuses["PENDING"],
            "enqueuedCount": statuses["ENQUEUED"],
            "erroredCount": statuses["ERROR"],
            "gateCount": opened.gates,
        },
        "pressure": pressure,
        "rates": {
            "startsPerSecond": per_second(gates, opened.started_s),
            "gatesPerSecond": per_second(gates, opened.waited_s),
            "cpuMsPerGate": cpu_ms,
        },
    }
