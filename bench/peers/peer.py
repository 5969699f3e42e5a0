"""The work that every peer does, and how it is timed. Only the standard library is needed: each peer's program runs in
an environment of its own, with this folder on its path.

    one     one client opens the gates, then answers each
    many    several clients do it at once, for as many other gates
    race    several different answers to one gate at the same moment, one gate after the other
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from outcome import Floor, Outcome, Pace, Race

TITLE = "Deploy 1.4 to production?"
BODY = "- 3 migrations, all reversible\n- the canary has been green for 2 h"
CHOICES = ("yes", "no")
WAIT_S_MOST = 300.0
LOOK_S = 0.002
#: Before anything is timed, each client has opened and answered some, so that it has its connections.
WARM_UP_EACH = 2


class Told(Enum):
    """What an answer was told."""

    ACCEPTED = "it was accepted"
    LOST = "another was first, and which"
    REFUSED = "an error"


class Peer(Protocol):
    """A system under measurement. `open` and `answer` are called by several threads at once."""

    def open(self, gate: str) -> None:
        """Start what will wait at a gate of this name, with a prompt that people can read."""
        ...

    def wait_open(self, gates: Sequence[str]) -> None:
        """Until all of these wait for their answers."""
        ...

    def answer(self, gate: str, choice: str, by: str) -> Told: ...

    def wait_done(self, gates: Sequence[str]) -> None:
        """Until nothing that was set going by answers to these is left to happen."""
        ...

    def effects(self) -> Mapping[str, int]:
        """How often the workflow behind each gate has gone on."""
        ...


@dataclass(frozen=True)
class Options:
    """`database_url` is that of an empty Postgres database, None for SQLite in `folder`."""

    gates: int
    clients: int
    race: tuple[int, int]
    database_url: str | None
    folder: Path

    @property
    def is_postgres(self) -> bool:
        return self.database_url is not None


@dataclass(frozen=True)
class System:
    """What is measured, in words; `packages` are those whose versions matter."""

    name: str
    answer: str
    durability: str
    packages: Sequence[str]


class Effects:
    """What goes on inside of the measuring process, counted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def happen(self, gate: str) -> None:
        with self._lock:
            self._counts[gate] += 1

    def counts(self) -> Counter[str]:
        with self._lock:
            return Counter(self._counts)


def run(
    describe: Callable[[Options], System],
    start: Callable[[Options], AbstractContextManager[Peer]],
    *,
    floor: Callable[[Options], Floor] | None = None,
) -> None:
    """The whole program: reads the command line, measures, prints."""
    with tempfile.TemporaryDirectory(prefix="signoff-peers-") as folder:
        options = _options(Path(folder), sys.modules["__main__"].__doc__)
        with start(options) as peer:
            one = _pace(peer, "one", options.gates, 1)
            many = _pace(peer, "many", options.gates, options.clients)
            race = _race(peer, *options.race)
        system = describe(options)
        outcome = Outcome(
            system=system.name,
            database="Postgres" if options.is_postgres else "SQLite",
            answer=system.answer,
            durability=system.durability,
            versions={name: version(name) for name in system.packages},
            one=one,
            many=many,
            race=race,
            floor=None if floor is None else floor(options),
        )
    sys.stdout.write(json.dumps(outcome.to_wire(), indent=2) + "\n")


def until(is_so: Callable[[], bool], what: str) -> None:
    """
    Raises:
        TimeoutError: it did not become so.
    """
    ends_at = time.monotonic() + WAIT_S_MOST
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"waited {WAIT_S_MOST:g} s for {what}")
        time.sleep(LOOK_S)


def parse_race(text: str) -> tuple[int, int]:
    """Of `GATESxANSWERS`."""
    gates, _, answers = text.partition("x")
    if not (gates.isdecimal() and answers.isdecimal() and int(gates) > 0 and int(answers) > 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not GATESxANSWERS, like 40x4")
    return int(gates), int(answers)


def parse_count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def add_sizes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--gates", type=parse_count, default=200, help="how many are answered by one client, and as many by many"
    )
    parser.add_argument("--clients", type=parse_count, default=8, help="how many are many: default 8")
    parser.add_argument("--race", type=parse_race, default=(40, 4), metavar="GATESxANSWERS", help="default: 40x4")


def _options(folder: Path, description: str | None) -> Options:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sizes(parser)
    parser.add_argument("--database-url", metavar="URL", help="an empty Postgres database; without it SQLite")
    given = parser.parse_args()
    return Options(given.gates, given.clients, given.race, given.database_url, folder)


def _pace(peer: Peer, name: str, count: int, clients: int) -> Pace:
    gates = [f"{name}-{number}" for number in range(count)]
    with ThreadPoolExecutor(clients) as crowd:
        _warm_up(peer, crowd, name, clients * WARM_UP_EACH)
        began_at = time.perf_counter()
        list(crowd.map(peer.open, gates))
        peer.wait_open(gates)
        opened_s = time.perf_counter() - began_at
        began_at = time.perf_counter()
        answers = list(crowd.map(partial(_timed_answer, peer), gates))
        answered_s = time.perf_counter() - began_at
        peer.wait_done(gates)
        done_s = time.perf_counter() - began_at
    if refused := sum(told is not Told.ACCEPTED for told, _ in answers):
        raise SystemExit(f"{refused} of {count} answers were refused, though nobody else answered")
    took_ms = sorted(ms for _, ms in answers)
    return Pace(
        gates=count,
        clients=clients,
        opened_per_s=round(count / opened_s, 1),
        answered_per_s=round(count / answered_s, 1),
        done_per_s=round(count / done_s, 1),
        answer_p50_ms=_percentile(took_ms, 0.5),
        answer_p99_ms=_percentile(took_ms, 0.99),
        effects=_effects(peer, gates),
    )


def _warm_up(peer: Peer, crowd: ThreadPoolExecutor, name: str, count: int) -> None:
    gates = [f"warm-{name}-{number}" for number in range(count)]
    list(crowd.map(peer.open, gates))
    peer.wait_open(gates)
    list(crowd.map(lambda gate: peer.answer(gate, CHOICES[0], "warm"), gates))
    peer.wait_done(gates)


def _timed_answer(peer: Peer, gate: str) -> tuple[Told, float]:
    began_at = time.perf_counter()
    told = peer.answer(gate, CHOICES[0], "ada")
    return told, (time.perf_counter() - began_at) * 1000


def _race(peer: Peer, count: int, answers: int) -> Race:
    gates = [f"race-{number}" for number in range(count)]
    told: Counter[Told] = Counter()
    with ThreadPoolExecutor(answers) as crowd:
        _warm_up(peer, crowd, "race", answers * WARM_UP_EACH)
        list(map(peer.open, gates))
        peer.wait_open(gates)
        for gate in gates:
            told.update(_race_for(peer, crowd, gate, answers))
        peer.wait_done(gates)
    return Race(count, answers, told[Told.ACCEPTED], _effects(peer, gates), told[Told.LOST], told[Told.REFUSED])


def _race_for(peer: Peer, crowd: ThreadPoolExecutor, gate: str, answers: int) -> list[Told]:
    barrier = threading.Barrier(answers)

    def answer(number: int) -> Told:
        barrier.wait()
        return peer.answer(gate, CHOICES[number % 2], f"person-{number}")

    return list(crowd.map(answer, range(answers)))


def _effects(peer: Peer, gates: Sequence[str]) -> int:
    counts = peer.effects()
    return sum(counts.get(gate, 0) for gate in gates)


def _percentile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 2)
