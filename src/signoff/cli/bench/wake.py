"""`signoff bench wake`: from the commit of a decision to the leg that goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import Bench, measures

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.cli.bench.place import Place, Site
    from signoff.cli.bench.told import Told
    from signoff.settings import Settings

WAITING_MAX = 10_000_000
#: Documented, with 100,000 gates waiting beside.
P50_MS_MOST = {"sqlite": 40.0, "postgres": 20.0}
P99_MS_MOST = 80.0
LOOK_S = 0.02
HEARD_COUNT = 50

_EPILOG = """\b
Examples:
  signoff bench wake
  signoff bench wake --waiting 100000 --postgres --workers 1 --report wake.json
"""


@click.command(epilog=_EPILOG)
@click.option("--decisions", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@click.option("--waiting", type=click.IntRange(0, WAITING_MAX), default=0, show_default=True,
              help="Gates that wait beside, copied in by SQL.")  # fmt: skip
@measures(has_workers=True, has_clients=True)
def wake(bench: Bench, decisions: int, waiting: int) -> int:
    """Decide one gate after the other, and see when the run goes on: from the moment at which the decision is committed
    to the beginning of the next leg, and of its first step. It needs the ledger itself, and so has no --base."""
    from signoff.cli.bench.place import open_place
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        settings = place.new_ledger()
        with place.site(settings, bench.workers) as site:
            wakes = _wakes(bench, site, settings, decisions, waiting, told)
        heard_ms = _heard(place, min(decisions, HEARD_COUNT), told)
    return _report(bench, place, decisions, waiting, wakes, heard_ms)


@dataclass(frozen=True)
class _Wakes:
    """Milliseconds from each commit to the beginning of the leg, and of its first step."""

    legs_ms: Sequence[float]
    steps_ms: Sequence[float]
    violations: Sequence[str]


def _wakes(bench: Bench, site: Site, settings: Settings, decisions: int, waiting: int, told: Told) -> _Wakes:
    from signoff.bootstrap.world import open_world
    from signoff.cli.bench.judge import broken_laws
    from signoff.cli.bench.parked import park_gates
    from signoff.cli.bench.runs import open_runs
    from signoff.cli.bench.sight import LedgerSight
    from signoff.ledger.store import SqlLedger

    with open_world(settings) as world:
        assert isinstance(world.ledger, SqlLedger)  # noqa: S101 - open_world made it
        park_gates(world, world.ledger.database, waiting, told)
        opened = open_runs(bench, site, decisions, told)
        told.begin("deciding", decisions)
        committed = {}
        for workflow_id in opened.workflows:
            committed[workflow_id] = _decide(world, workflow_id)
            _wait_for_end(world, workflow_id, bench.timeout_s)
            told.on()
    sight = LedgerSight(settings)
    legs, steps = sight.legs_begun_at(), sight.first_steps_at()
    record = sight.record()
    return _Wakes(
        [legs[one] - at for one, at in committed.items()],
        [steps[one] - at for one, at in committed.items()],
        list(broken_laws(record)),
    )


def _decide(world: World, workflow_id: str) -> float:
    """The instant right after the commit, in epoch milliseconds."""
    from signoff.app.reply import reply
    from signoff.cli.bench.floor import PERSON

    with world.ledger.read() as tx:
        (gate,) = tx.gates_of(workflow_id)
    reply(
        world,
        workflow_id=workflow_id,
        gate_key=gate.gate_key,
        payload={"choice": "yes"},
        dedupe_key=f"bench-{workflow_id}",
        actor=PERSON,
    )
    return time.time_ns() / 1e6


def _wait_for_end(world: World, workflow_id: str, timeout_s: float) -> None:
    """Each alone: what is measured is waking, and not how many can be woken at once."""
    from signoff.cli.bench.crowd import check_time

    ends_at = time.monotonic() + timeout_s
    while True:
        with world.ledger.read() as tx:
            run = tx.run(workflow_id)
        if run is not None and run.is_finished:
            return
        check_time(ends_at, f"the end of {workflow_id}")
        time.sleep(LOOK_S)


def _heard(place: Place, count: int, told: Told) -> list[float]:
    """The floor: answers as plain SQL, and how long after each commit somebody who watches the ledger hears of it."""
    from signoff.cli.bench.floor import plain_answers

    heard_ms = []
    with plain_answers(place.new_ledger(), count, told) as (world, answers), world.ledger.watch() as watch:
        told.begin("measuring the floor", count)
        watch.wait(0)
        for send in answers:
            heard_ms.append(_heard_once(watch.wait, send))
            told.on()
    return heard_ms


def _heard_once(wait: Callable[[float], bool], send: Callable[[], object]) -> float:
    heard_at: list[int] = []

    def listen() -> None:
        wait(1.0)
        heard_at.append(time.perf_counter_ns())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    time.sleep(LOOK_S)
    send()
    committed_at = time.perf_counter_ns()
    listener.join()
    return max(0.0, (heard_at[0] - committed_at) / 1e6)


def _report(bench: Bench, place: Place, decisions: int, waiting: int, wakes: _Wakes, heard_ms: Sequence[float]) -> int:
    from signoff.cli.bench.parked import WORDS
    from signoff.cli.bench.report import Limit, finish
    from signoff.cli.bench.stats import percentile, spread

    legs = spread(wakes.legs_ms)
    p50_most = P50_MS_MOST["postgres" if place.is_postgres else "sqlite"]
    limits = [Limit("ms to the next leg, half of all", legs["p50Ms"], most=p50_most)]
    if place.is_postgres:
        limits.append(Limit("ms to the next leg, 99 of 100", legs["p99Ms"], most=P99_MS_MOST))
    floor: dict[str, Any] = {
        "what": "answers as plain SQL: from each commit until another connection that watches the ledger hears of it",
        "count": len(heard_ms),
        "heardP50Ms": round(percentile(heard_ms, 0.5), 2),
        "heardP99Ms": round(percentile(heard_ms, 0.99), 2),
    }
    beside = f"; {waiting} {WORDS} wait beside" if waiting else ""
    return finish(
        bench,
        "hitl-wake",
        {"waiting": waiting, "leg": legs, "firstStep": spread(wakes.steps_ms)},
        measured=f"{decisions} decisions through app.reply, one at a time, each of a run of the built-in recipe: from "
        "the commit, by the clock of the process that decides, to the first line of the next leg, as the engine "
        f"records it in whole milliseconds, and to the leg's first step, as the ledger does{beside}",
        database=place.database,
        floor=floor,
        violations=wakes.violations,
        limits=limits,
    )
