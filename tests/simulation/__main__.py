"""Simulate signoff: `python -m tests.simulation --seed N [--events M]`, or `--seeds A..B [--jobs J]`.

With one seed its history is printed, and with it the end. With many a line says how far it is, and of each that fails
the shortest history that does is printed. The exit code is 1 where a violation was found.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence

from .simulate import Outcome, shortest, simulate


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.partition("\n")[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="simulate one seed, and print what happens")
    which.add_argument("--seeds", type=_range, metavar="A..B", help="simulate many, both ends included")
    parser.add_argument("--events", type=int, metavar="M", help="only the first M events of the seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes for many seeds")
    given = parser.parse_args(arguments)
    if given.seed is None:
        if given.events is not None:
            parser.error("--events goes with --seed")
        return _simulate_many(given.seeds, given.jobs)
    outcome = simulate(given.seed, given.events)
    _say(told(outcome))
    return 1 if outcome.violations else 0


def told(outcome: Outcome) -> str:
    """The history, what is wrong, and how to see it again."""
    if not outcome.violations:
        return "\n".join((*outcome.history, f"seed {outcome.seed}: nothing is wrong, ledger {outcome.digest[:16]}"))
    again = f"python -m tests.simulation --seed {outcome.seed} --events {outcome.events}"
    return "\n".join((*outcome.history, *(f"WRONG: {one}" for one in outcome.violations), f"again: {again}"))


def _simulate_many(seeds: range, jobs: int) -> int:
    failed = 0
    for done, outcome in enumerate(_outcomes(seeds, jobs), start=1):
        if outcome.violations:
            failed += 1
            _say(f"\r{told(outcome)}\n")
        if sys.stderr.isatty() or done % 100 == 0 or done == len(seeds):
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r{done} of {len(seeds)} seeds, {failed} with a violation", end=end, file=sys.stderr, flush=True)  # noqa: T201
    return 1 if failed else 0


def _outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(shortest, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(shortest, seeds, chunksize=5)


def _range(text: str) -> range:
    first, _, last = text.partition("..")
    try:
        seeds = range(int(first), int(last) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers, such as 1..1000") from None
    if not seeds:
        raise argparse.ArgumentTypeError("the last seed comes before the first")
    return seeds


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
