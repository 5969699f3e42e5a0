"""`signoff bench cli`: how long the commands take that are typed most, beside a program that does nothing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import Bench, measures
from signoff.errors import OperationError

if TYPE_CHECKING:
    from signoff.cli.bench.place import Place
    from signoff.cli.bench.told import Told
    from signoff.settings import Settings

GATES = 20
BARE = "bare"
#: Of what a bare click program takes: documented as 100, 150 and 300 ms where that takes 85.
LIMITS = {"--help": 100 / 85, "gate list on SQLite": 150 / 85, "gate list on Postgres": 300 / 85}

_BARE_PROGRAM = '''\
import click


@click.command()
@click.option("--name", default="you")
def hello(name):
    """Greet."""
    click.echo(f"Hello, {name}.")


hello()
'''

_EPILOG = """\b
Examples:
  signoff bench cli
  signoff bench cli --runs 40 --postgres --must      on SQLite and on Postgres
"""


@click.command("cli", epilog=_EPILOG)
@click.option("--runs", type=click.IntRange(1, 1000), default=20, show_default=True, help="Of each command.")
@measures()
def commands(bench: Bench, runs: int) -> int:
    """Time `--help` and `gate list`, each a process of its own, by turns with a bare click program. SQLite is measured
    always, Postgres beside it where --postgres or --database-url says so."""
    from signoff.cli.bench.place import open_place
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        programs = _programs(place)
        told.begin("running commands", runs * len(programs))
        took = _by_turns(programs, runs, place.folder, told)
    return _report(bench, place, runs, took)


Took = Mapping[str, Sequence[tuple[float, float]]]
"""By program: milliseconds by the clock, and of processor time, of each run."""


def _programs(place: Place) -> dict[str, tuple[list[str], Mapping[str, str]]]:
    """By name: the words of the command, and what it finds in its environment."""
    bare = place.folder / "bare.py"
    bare.write_text(_BARE_PROGRAM, encoding="utf-8")
    plain = _plain_environment()
    listing = [*_signoff(), "gate", "list"]
    programs: dict[str, tuple[list[str], Mapping[str, str]]] = {
        BARE: ([sys.executable, str(bare)], plain),
        "--help": ([*_signoff(), "--help"], plain),
    }
    embedded = place.embedded_ledger()
    _fill(embedded)
    programs["gate list on SQLite"] = ([*listing, "--dir", str(embedded.dir)], plain)
    if place.is_postgres:
        other = place.new_ledger()
        _fill(other)
        environ = {**plain, "SIGNOFF_DATABASE_URL": str(other.database_url)}
        programs["gate list on Postgres"] = ([*listing, "--dir", str(other.dir)], environ)
    return programs


def _plain_environment() -> dict[str, str]:
    """Of the shell's own, nothing that sets signoff up, or keeps Python from keeping what it has compiled."""
    left_out = ("SIGNOFF_", "PYTHONDONTWRITEBYTECODE", "COVERAGE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def _signoff() -> list[str]:
    """As it was installed, where it was."""
    beside = Path(sys.executable).with_name("signoff")
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "signoff"]


def _fill(settings: Settings) -> None:
    from signoff.bootstrap.world import open_world
    from signoff.cli.bench.parked import open_sample

    with open_world(settings) as world:
        for number in range(GATES):
            open_sample(world, f"change-{number}")


def _by_turns(
    programs: Mapping[str, tuple[list[str], Mapping[str, str]]], runs: int, folder: Path, told: Told
) -> dict[str, list[tuple[float, float]]]:
    """Once each before it counts, so that every file was read."""
    for words, environ in programs.values():
        _time(words, environ, folder)
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, (words, environ) in programs.items():
            took[name].append(_time(words, environ, folder))
            told.on()
    return took


def _time(words: Sequence[str], environ: Mapping[str, str], folder: Path) -> tuple[float, float]:
    cpu_s, began_at = _children_s(), time.perf_counter()
    done = subprocess.run(words, env=dict(environ), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperationError(f"{' '.join(words[:3])} failed: {done.stderr.strip()}")
    return (time.perf_counter() - began_at) * 1000, (_children_s() - cpu_s) * 1000


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _report(bench: Bench, place: Place, runs: int, took: Took) -> int:
    from signoff.cli.bench.report import Limit, finish

    bare = _figures(took[BARE], took[BARE])
    rows = {name: _figures(each, took[BARE]) for name, each in took.items() if name != BARE}
    limits = [
        Limit(f"{name}, of a bare program", rows[name]["ofBare"] if name in rows else None, most=round(most, 2))
        for name, most in LIMITS.items()
    ]
    return finish(
        bench,
        "cli",
        {"runs": runs, "commands": [{"name": name, **row} for name, row in rows.items()]},
        measured=f"{runs} runs of each command, by turns, {GATES} gates waiting",
        database=f"{place.embedded}; {place.database}" if place.is_postgres else place.database,
        floor={"what": "a bare click program that prints a line", **{k: v for k, v in bare.items() if k != "ofBare"}},
        violations=[],
        limits=limits,
    )


def _figures(took: Sequence[tuple[float, float]], bare: Sequence[tuple[float, float]]) -> dict[str, Any]:
    from signoff.cli.bench.stats import percentile

    wall, cpu = [one for one, _ in took], [one for _, one in took]
    median = percentile(wall, 0.5)
    return {
        "medianMs": round(median, 1),
        "p95Ms": round(percentile(wall, 0.95), 1),
        "cpuMedianMs": round(percentile(cpu, 0.5), 1),
        "ofBare": round(median / percentile([one for one, _ in bare], 0.5), 2),
    }
