"""`signoff bench burst`: everybody answers at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import GATES_MAX, Bench, measures

if TYPE_CHECKING:
    from signoff.cli.bench.place import Site
    from signoff.cli.bench.pressure import Pressure
    from signoff.cli.bench.sight import Record
    from signoff.cli.bench.told import Told

#: Documented for a burst of a thousand.
TERMINAL_S_MOST = 6.0
FLOOR_RATIO_LEAST = 0.6

_EPILOG = """\b
Examples:
  signoff bench burst
  signoff bench burst --gates 1000 --postgres --workers 2 --report burst.json
  signoff bench burst --gates 1000 --postgres --workers 2 --must
"""


@click.command(epilog=_EPILOG)
@click.option("--gates", type=click.IntRange(1, GATES_MAX), default=1000, show_default=True, help="How many answers.")
@measures(of_server=True, has_workers=True, has_clients=True)
def burst(bench: Bench, gates: int) -> int:
    """Open many runs to their gates, answer all at once, and wait for every end. Nothing may be lost or doubled."""
    from signoff.cli.bench.floor import answers_floor
    from signoff.cli.bench.place import open_place, open_site
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        with open_site(bench, place) as site:
            done = _burst(bench, site, gates, told)
            database = place.database_of(bench)
        floor = None if bench.base else answers_floor(place.new_ledger(), told, gates=gates)
    return _report(bench, gates, done, database, floor)


@dataclass(frozen=True)
class _Burst:
    answered: Sequence[int]
    answers_ms: Sequence[float]
    answered_s: float
    terminal_s: float
    statuses: Counter[str]
    record: Record
    pressure: Pressure
    cpu_ms: float | None


def _burst(bench: Bench, site: Site, gates: int, told: Told) -> _Burst:
    from signoff.cli.bench.crowd import do_all
    from signoff.cli.bench.pressure import watched_pressure
    from signoff.cli.bench.runs import open_gate_of, open_runs, wait_for_ends
    from signoff.cli.bench.sight import sight_of
    from signoff.cli.bench.stats import per_item_ms

    opened = open_runs(bench, site, gates, told)
    at_once = partial(do_all, clients=bench.clients, timeout_s=bench.timeout_s)
    views = at_once(opened.workflows, lambda one: open_gate_of(site, one), what="the gates")
    sight = sight_of(site, opened.workflows)
    told.begin("answering", gates)
    with watched_pressure(site) as pressure:
        began_at, began_s = time.monotonic(), site.cpu_s()
        answered = at_once(views, lambda view: _answer(site, view), what=f"{gates} answers", on_done=told.on)
        answered_s = time.monotonic() - began_at
        accepted = sum(status == 200 for status, _ in answered)
        statuses = wait_for_ends(sight, accepted, told=told, timeout_s=bench.timeout_s)
        terminal_s = time.monotonic() - began_at
        cpu_ms = per_item_ms(began_s, site.cpu_s(), gates)
    return _Burst([status for status, _ in answered], [ms for _, ms in answered], answered_s, terminal_s, statuses,
                  sight.record(), pressure, cpu_ms)  # fmt: skip


def _answer(site: Site, view: Mapping[str, Any]) -> tuple[int, float]:
    """The status, and how long it took in milliseconds."""
    body = {
        "payload": {"choice": "yes"},
        "dedupeKey": f"bench-{view['workflowID']}",
        "promptDigest": view["prompt"]["digest"],
    }
    began_at = time.perf_counter()
    status, _ = site.wire.try_post(f"/api/runs/{view['workflowID']}/gates/{view['gateKey']}/reply", body)
    return status, (time.perf_counter() - began_at) * 1000


def _report(bench: Bench, gates: int, done: _Burst, database: str, floor: dict[str, Any] | None) -> int:
    from signoff.cli.bench.judge import broken_laws, lost_answers
    from signoff.cli.bench.report import Limit, finish
    from signoff.cli.bench.runs import RECIPE_WORDS

    accepted = sum(status == 200 for status in done.answered)
    violations = [*broken_laws(done.record), *lost_answers(done.record, accepted=accepted)]
    if accepted < gates:
        violations.append(f"{gates - accepted} of {gates} answers were refused")
    if done.statuses["SUCCESS"] < accepted:
        violations.append(f"{accepted} runs were approved and {done.statuses['SUCCESS']} succeeded")
    return finish(
        bench,
        "hitl-burst-reply",
        _figures(gates, accepted, done),
        measured=f"{gates} answers at once over HTTP by {bench.clients} clients, to {RECIPE_WORDS}, until every run "
        "has ended",
        database=database,
        floor=floor,
        violations=violations,
        limits=[
            Limit("seconds to every end, of a thousand", _of_a_thousand(done, gates), most=TERMINAL_S_MOST),
            Limit(
                "answers through app.reply, of plain SQL",
                None if floor is None else floor["ratio"],
                least=FLOOR_RATIO_LEAST,
            ),
        ],
    )


def _of_a_thousand(done: _Burst, gates: int) -> float | None:
    """Of fewer, what takes its time however many there are would weigh too much."""
    return round(done.terminal_s * 1000 / gates, 2) if gates >= 1000 else None


def _figures(gates: int, accepted: int, done: _Burst) -> dict[str, Any]:
    from signoff.cli.bench.sight import ACTIVE
    from signoff.cli.bench.stats import per_second, spread

    record = done.record
    return {
        "gates": gates,
        "accepted": accepted,
        "final": {
            "succeeded": done.statuses["SUCCESS"],
            "active": sum(done.statuses[status] for status in ACTIVE),
            "errors": done.statuses["ERROR"] + done.statuses["CANCELLED"],
        },
        "interactions": {
            "totalRows": record.rows,
            "distinctDedupeKeys": record.keys,
            "expectedDistinct": gates,
        },
        "decisions": {"duplicateDecisionKeys": record.decided_twice},
        "timeline": {
            "duplicateStepAttempts": record.steps_twice,
            "answeredMs": round(done.answered_s * 1000),
            "terminalMs": round(done.terminal_s * 1000),
            "cpuMsPerRun": done.cpu_ms,
        },
        "answers": {"perSecond": per_second(gates, done.answered_s), **spread(done.answers_ms)},
        "pressure": done.pressure.to_wire(),
    }
