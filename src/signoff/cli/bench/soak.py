"""`signoff bench soak`: answers at an even rate, for as long as one likes."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import GATES_MAX, Bench, measures

if TYPE_CHECKING:
    from signoff.cli.bench.place import Place, Site
    from signoff.cli.bench.soaked import Ends, Soaked
    from signoff.cli.bench.told import Told
    from signoff.cli.bench.weight import Weight

MINUTES_MAX = 24 * 60
SAMPLE_S = 1.0
PATIENCE_S = 0.1
#: Memory is flat where its last quarter is no more than this above its second one.
FLAT_MB = 5.0
FLAT_SHARE = 0.03

_EPILOG = """\b
Examples:
  signoff bench soak --gates 120 --minutes 2
  signoff bench soak --gates 200 --minutes 10 --rate 5 --postgres --workers 2 --report soak.json
  signoff bench soak --callbacks --gates 200 --minutes 10 --rate 20 --postgres --workers 1
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--gates",
    type=click.IntRange(1, GATES_MAX),
    default=120,
    show_default=True,
    help="How many wait all the time: for each that is answered another is opened.",
)
@click.option(
    "--minutes", type=click.FloatRange(0, MINUTES_MAX, min_open=True), default=2.0, show_default=True, help="How long."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="Answers a second; without it as many as answer all gates once in that time.",
)
@click.option(
    "--callbacks",
    "has_callbacks",
    is_flag=True,
    help="Gates of other programs' workflows, each of which calls back, in place of runs of the built-in recipe.",
)
@measures(of_server=True, has_workers=True, has_clients=True)  # fmt: skip
def soak(bench: Bench, gates: int, minutes: float, rate: float | None, has_callbacks: bool) -> int:
    """Answer gates at an even rate while others wait. Memory has to stay flat, and the record clean."""
    from signoff.cli.bench.floor import answers_floor
    from signoff.cli.bench.place import open_place, open_site
    from signoff.cli.bench.soaked import soaked
    from signoff.cli.bench.told import telling

    a_second = rate or gates / (minutes * 60)
    with telling() as told, open_place(bench) as place:
        with open_site(bench, place) as site, soaked(bench, site, has_callbacks=has_callbacks) as subject:
            done = _soak(bench, site, subject, gates, minutes, a_second, told)
        floor = None if bench.base else answers_floor(place.new_ledger(), told, gates=gates)
    return _report(bench, place, gates, minutes, a_second, done, floor)


@dataclass
class _Course:
    """What happens while it soaks. `waiting` are workflows, that which waits longest first."""

    waiting: deque[str]
    workflows: list[str]
    answered_ms: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    late: int = 0


@dataclass(frozen=True)
class _Done:
    course: _Course
    seconds: float
    weights: Mapping[str, Sequence[Weight]]
    ends: Ends
    words: str


def _soak(bench: Bench, site: Site, subject: Soaked, gates: int, minutes: float, rate: float, told: Told) -> _Done:
    workflows = subject.open(gates, told)
    course = _Course(deque(workflows), list(workflows))
    answers = max(1, round(rate * minutes * 60))
    told.begin("answering", answers)
    with _weighed(site) as weights:
        seconds = _answer_evenly(bench, site, subject, course, answers, rate, told)
    ends = subject.ends(course.workflows, len(course.answered_ms), told)
    subject.leave_nothing(list(course.waiting))
    return _Done(course, seconds, weights, ends, subject.words)


def _answer_evenly(
    bench: Bench, site: Site, subject: Soaked, course: _Course, answers: int, rate: float, told: Told
) -> float:
    """How long it took. A server that cannot keep up is not asked for more than all clients can wait for."""
    from signoff.cli.bench.crowd import check_time

    began_at = time.monotonic()
    ends_at = began_at + answers / rate + bench.timeout_s
    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(bench.clients) as clients:
        try:
            for number in range(answers):
                time.sleep(max(0.0, began_at + number / rate - time.monotonic()))
                check_time(ends_at, f"{answers} answers; {number} were sent")
                under_way.append(clients.submit(_answer_one, site, subject, course, ends_at))
                while under_way and (under_way[0].done() or len(under_way) >= 2 * bench.clients):
                    under_way.popleft().result(timeout=bench.timeout_s)
                    told.on()
            for one in under_way:
                one.result(timeout=bench.timeout_s)
                told.on()
        finally:
            clients.shutdown(wait=False, cancel_futures=True)
    return time.monotonic() - began_at


def _answer_one(site: Site, subject: Soaked, course: _Course, ends_at: float) -> None:
    """That which waits longest; another is opened in its place."""
    view = _next_gate(site, course, ends_at)
    body = {
        "payload": {"choice": "yes"},
        "dedupeKey": f"bench-{view['workflowID']}",
        "promptDigest": view["prompt"]["digest"],
    }
    began_at = time.perf_counter()
    status, _ = site.wire.try_post(f"/api/runs/{view['workflowID']}/gates/{view['gateKey']}/reply", body)
    if status == 200:
        course.answered_ms.append((time.perf_counter() - began_at) * 1000)
    else:
        course.refused[status] += 1
    another = subject.open_another(len(course.workflows))
    course.workflows.append(another)
    course.waiting.append(another)


def _next_gate(site: Site, course: _Course, ends_at: float) -> Mapping[str, Any]:
    from signoff.cli.bench.crowd import check_time

    workflow_id = course.waiting.popleft()
    while True:
        views = site.wire.get(f"/api/runs/{workflow_id}/gates")
        if open_ones := [view for view in views if view["state"] == "PENDING"]:
            return dict(open_ones[0])
        course.late += 1
        check_time(ends_at, f"the gate of {workflow_id}")
        time.sleep(PATIENCE_S)


@contextmanager
def _weighed(site: Site) -> Iterator[Mapping[str, Sequence[Weight]]]:
    """Each process of the site, once a second."""
    from signoff.cli.bench.weight import weigh

    weights: dict[str, list[Weight]] = {name: [] for name in site.processes}
    stopping = threading.Event()

    def sample() -> None:
        while True:
            for name, process in site.processes.items():
                weights[name].append(weigh(process.pid))
            if stopping.wait(SAMPLE_S):
                return

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield weights
    finally:
        stopping.set()
        thread.join()


def _report(
    bench: Bench, place: Place, gates: int, minutes: float, rate: float, done: _Done, floor: dict[str, Any] | None
) -> int:
    from signoff.cli.bench.judge import broken_laws, lost_answers
    from signoff.cli.bench.report import Limit, finish

    course, accepted = done.course, len(done.course.answered_ms)
    violations = [*broken_laws(done.ends.record), *lost_answers(done.ends.record, accepted=accepted)]
    violations += [f"{count} answers were refused with {status}" for status, count in course.refused.items()]
    if done.ends.succeeded < accepted:
        violations.append(f"{accepted} gates were approved, and what is behind {done.ends.succeeded} succeeded")
    if done.ends.errors:
        violations.append(f"what is behind {done.ends.errors} gates failed, or happened twice")
    memory = [_of_process(name, weights, done.seconds) for name, weights in done.weights.items()]
    return finish(
        bench,
        "hitl-soak",
        _figures(gates, minutes, rate, done, memory),
        measured=f"{rate:g} answers a second over HTTP for {minutes:g} minutes, to {done.words}, while {gates} wait",
        database=place.database_of(bench),
        floor=floor,
        violations=violations,
        limits=[Limit(f"MB that {one['name']} grew", one["growthMb"], most=one["flatMb"]) for one in memory],
    )


def _figures(
    gates: int, minutes: float, rate: float, done: _Done, memory: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    from signoff.cli.bench.stats import per_second, spread

    course = done.course
    return {
        "gates": gates,
        "minutes": minutes,
        "rate": round(rate, 3),
        "answers": {
            "accepted": len(course.answered_ms),
            "refused": course.refused.total(),
            "lateGates": course.late,
            "perSecond": per_second(len(course.answered_ms), done.seconds),
            **spread(course.answered_ms),
        },
        "final": {
            "succeeded": done.ends.succeeded,
            "active": done.ends.active,
            "errors": done.ends.errors,
        },
        "interactions": {"totalRows": done.ends.record.rows, "distinctDedupeKeys": done.ends.record.keys},
        "memory": list(memory),
    }


def _of_process(name: str, weights: Sequence[Weight], seconds: float) -> dict[str, Any]:
    """How much its memory grew from the second quarter of the time to the last: what is new is filled in the first."""
    from signoff.cli.bench.stats import percentile

    rss = [one.rss_mb for one in weights]
    quarter = max(1, len(rss) // 4)
    early, last = percentile(rss[quarter : 2 * quarter] or rss, 0.5), percentile(rss[-quarter:], 0.5)
    flat_mb = round(max(FLAT_MB, FLAT_SHARE * early), 1)
    return {
        "name": name,
        "firstMb": rss[0],
        "lastMb": rss[-1],
        "maxMb": max(rss),
        "growthMb": round(last - early, 1),
        "flatMb": flat_mb,
        "isFlat": last - early <= flat_mb,
        "cpuPercent": round((weights[-1].cpu_s - weights[0].cpu_s) * 100 / seconds, 1),
    }
