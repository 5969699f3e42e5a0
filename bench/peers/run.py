"""signoff and its peers side by side: `uv run python bench/peers/run.py [--write]`.

Every program does the same work: it opens gates, answers each once, and lets different answers race. They run by turns,
some rounds of them, so that whatever else the machine does meets all. One Postgres is started for those that want one,
with a new database for each turn. Speeds are the medians of the rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from outcome import Outcome, OutcomeError
from page import write_page
from peer import add_sizes, parse_count
from programs import PROGRAMS, ProgramError, measure, prepare
from report import Report, Sizes, read_report
from table import RACE_HEAD, SPEED_HEAD, aligned, race_rows, speed_rows

from signoff.cli.bench.machine import machine
from signoff.cli.bench.scratch_database import scratch_databases, server_version
from signoff.ledger.embedded_postgres import EmbeddedPostgres

ROUNDS = 3


def main(arguments: Sequence[str]) -> int:
    given = _parse(arguments)
    try:
        report = read_report(given.read.read_text("utf-8")) if given.read else _measured(given)
        if given.report:
            given.report.write_text(report.to_text(), "utf-8")
        sys.stdout.write(report.to_text() if given.json else _shown(report))
        for path in write_page(report) if given.write else ():
            _tell(f"wrote {path}")
    except (ProgramError, OutcomeError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_sizes(parser)
    parser.add_argument("--rounds", type=parse_count, default=ROUNDS, help=f"default: {ROUNDS}")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--json", action="store_true", help="print the report in place of tables")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--read", type=Path, metavar="FILE", help="measure nothing; take that report")
    parser.add_argument("--write", action="store_true", help="write docs/explanation/peers.md and its plot")
    given = parser.parse_args(arguments)
    if given.write and given.only:
        parser.error("--write wants all programs: leave --only out")
    return given


def _measured(given: argparse.Namespace) -> Report:
    names = [name for name in PROGRAMS if name in (given.only or PROGRAMS)]
    race_gates, race_answers = given.race
    sizes = Sizes(given.gates, given.clients, race_gates, race_answers, given.rounds)
    for name in names:
        prepare(PROGRAMS[name])
    load, rounds = os.getloadavg()[0], {name: list[Outcome]() for name in names}
    with _postgres(is_wanted=any(PROGRAMS[name].is_on_postgres for name in names)) as url:
        for number in range(sizes.rounds):
            for name in names:
                _tell(f"round {number + 1} of {sizes.rounds}: {name}")
                rounds[name].append(_tried_twice(name, sizes, url))
        postgres = server_version(url) if url else ""
    return Report(
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        machine=machine(),
        loads=[round(load, 2), round(os.getloadavg()[0], 2)],
        postgres=postgres,
        python=platform.python_version(),
        sizes=sizes,
        rounds=rounds,
    )


def _tried_twice(name: str, sizes: Sizes, server_url: str) -> Outcome:
    """One failure is said, and does not cost what the others have found."""
    try:
        return _turn(name, sizes, server_url)
    except ProgramError as error:
        _tell(f"once more, since {error}")
        return _turn(name, sizes, server_url)


def _turn(name: str, sizes: Sizes, server_url: str) -> Outcome:
    """In a database of its own, which is dropped afterwards."""
    program = PROGRAMS[name]
    with scratch_databases(server_url) if program.is_on_postgres else _no_databases() as new_database:
        return measure(
            program,
            gates=sizes.gates,
            clients=sizes.clients,
            race=(sizes.race_gates, sizes.race_answers),
            database_url=new_database() if new_database else None,
        )


@contextmanager
def _no_databases() -> Iterator[None]:
    yield None


@contextmanager
def _postgres(*, is_wanted: bool) -> Iterator[str]:
    """The URL of a durable server that is gone at the end; empty where nobody wants one."""
    if not is_wanted:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="signoff-peers-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            with server as url:
                yield url
        finally:
            # Of root, it is not in the folder.
            shutil.rmtree(server.cluster, ignore_errors=True)


def _shown(report: Report) -> str:
    sizes = report.sizes
    parts = {
        f"one client; medians of {sizes.rounds} rounds": (SPEED_HEAD, speed_rows(report, is_many=False)),
        f"{sizes.clients} clients": (SPEED_HEAD, speed_rows(report, is_many=True)),
        f"{sizes.race_answers} answers at once to each gate, all rounds": (RACE_HEAD, race_rows(report)),
    }
    return "\n".join(f"{title}\n{aligned(head, list(rows))}\n" for title, (head, rows) in parts.items())


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
