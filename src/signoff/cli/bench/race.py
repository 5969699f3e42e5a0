"""`signoff bench race`: different answers to one gate, at the same moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.bench.options import Bench, measures

if TYPE_CHECKING:
    from signoff.cli.bench.place import Site
    from signoff.cli.bench.told import Told

UNTOLD_SHOWN_MAX = 20
_EPILOG = """\b
Examples:
  signoff bench race --gates 40 --answers 4
  signoff bench race --postgres --report race.json
  signoff bench race --gates 40 --answers 8 --base http://127.0.0.1:8700
"""


@click.command(epilog=_EPILOG)
@click.option("--gates", type=click.IntRange(1, 10_000), default=40, show_default=True, help="How many gates.")
@click.option("--answers", type=click.IntRange(2, 64), default=4, show_default=True, help="To each gate, at once.")
@measures(of_server=True, has_workers=True)
def race(bench: Bench, gates: int, answers: int) -> int:
    """Send conflicting answers to one gate after the other, all at the same moment. One may win; each other has to be
    told who did. Exit 1 if a gate is decided twice, an effect is doubled, or a loser is not told."""
    from signoff.cli.bench.floor import answers_floor
    from signoff.cli.bench.place import open_place, open_site
    from signoff.cli.bench.told import telling

    with telling() as told, open_place(bench) as place:
        with open_site(bench, place) as site:
            outcome = _race(bench, site, gates, answers, told)
            database = place.database_of(bench)
        floor = None if bench.base else answers_floor(place.new_ledger(), told, gates=gates)
    return _report(bench, gates, answers, outcome, database, floor)


@dataclass(frozen=True)
class _Said:
    """What one answer was told."""

    gate: str
    dedupe_key: str
    status: int
    document: Any


@dataclass(frozen=True)
class _Outcome:
    said: Sequence[_Said]
    effects: int
    effects_twice: int
    violations: Sequence[str]
    seconds: float


def _race(bench: Bench, site: Site, gates: int, answers: int, told: Told) -> _Outcome:
    from signoff.cli.bench.effects import counted_effects
    from signoff.cli.bench.foreign import open_foreign
    from signoff.cli.bench.judge import broken_laws, lost_answers
    from signoff.cli.bench.sight import sight_of
    from signoff.clock import new_ulid

    workflows = [f"race-{new_ulid()}" for _ in range(gates)]
    sight = sight_of(site, workflows)
    with counted_effects(site) as effects:
        for workflow_id in workflows:
            open_foreign(site, workflow_id, effects.on_decision)
        told.begin("racing", gates)
        began_at = time.monotonic()
        said = [one for workflow_id in workflows for one in _race_one(site, workflow_id, answers, told)]
        seconds = time.monotonic() - began_at
        accepted = sum(one.status == 200 for one in said)
        told.begin("waiting for the effects")
        counts = effects.counts(sight, workflows, at_least=gates, timeout_s=bench.timeout_s)
    record = sight.record()
    violations = [*broken_laws(record), *lost_answers(record, accepted=accepted)]
    return _Outcome(said, counts.total(), sum(count > 1 for count in counts.values()), violations, seconds)


def _race_one(site: Site, workflow_id: str, answers: int, told: Told) -> list[_Said]:
    """Everybody has a connection of their own, and begins when all are there."""
    from signoff.cli.bench.foreign import GATE_KEY

    barrier = threading.Barrier(answers)
    said: list[_Said] = []
    errors: list[Exception] = []

    def answer(number: int) -> None:
        body: dict[str, Any] = {
            "payload": {"choice": ("yes", "no")[number % 2], "rationale": f"answer {number}"},
            "dedupeKey": f"{workflow_id}-{number}",
        }
        try:
            site.wire.get("/healthz")
            barrier.wait()
            told_back = site.wire.try_post(f"/api/runs/{workflow_id}/gates/{GATE_KEY}/reply", body)
            said.append(_Said(workflow_id, body["dedupeKey"], *told_back))
        except Exception as error:  # noqa: BLE001 - raised again below
            barrier.abort()
            errors.append(error)

    threads = [threading.Thread(target=answer, args=(number,), daemon=True) for number in range(answers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise next((one for one in errors if not isinstance(one, threading.BrokenBarrierError)), errors[0])
    told.on()
    return said


def _report(
    bench: Bench, gates: int, answers: int, outcome: _Outcome, database: str, floor: dict[str, Any] | None
) -> int:
    from signoff.cli.bench.effects import words_of
    from signoff.cli.bench.report import finish
    from signoff.cli.bench.stats import per_second

    accepted = [one for one in outcome.said if one.status == 200]
    untold = list(_untold(outcome.said))
    figures = {
        "gates": gates,
        "answersPerGate": answers,
        "accepted": len(accepted),
        "conflicts": sum(one.status == 409 for one in outcome.said),
        "effects": outcome.effects,
        "untoldLosers": len(untold),
        "answersPerSecond": per_second(gates * answers, outcome.seconds),
    }
    return finish(
        bench,
        "hitl-race",
        figures,
        measured=f"{answers} different answers at once to each of {gates} gates of other programs' workflows, over "
        f"HTTP; effects are {words_of(bench)}",
        database=database,
        floor=floor,
        violations=[*outcome.violations, *_doubled(outcome, accepted, gates), *untold[:UNTOLD_SHOWN_MAX]],
    )


def _doubled(outcome: _Outcome, accepted: Sequence[_Said], gates: int) -> list[str]:
    by_gate = Counter(one.gate for one in accepted)
    found = []
    if twice := sum(count > 1 for count in by_gate.values()):
        found.append(f"at {twice} gates more than one answer was told that it was accepted")
    if missing := gates - len(by_gate):
        found.append(f"at {missing} gates no answer was accepted")
    if outcome.effects_twice or outcome.effects > gates:
        found.append(f"{gates} gates had {outcome.effects} effects")
    if outcome.effects < gates:
        found.append(f"{gates} gates had {outcome.effects} effects only")
    return found


def _untold(said: Sequence[_Said]) -> list[str]:
    """Losers that were not told who won: by a 409 with the receipt of the answer that was accepted."""
    winners = {one.gate: one.document["receipt"]["interactionId"] for one in said if one.status == 200}
    found = []
    for one in said:
        if one.status == 200:
            continue
        receipt = one.document.get("receipt") if isinstance(one.document, dict) else None
        if one.status != 409 or not receipt or receipt.get("interactionId") != winners.get(one.gate):
            found.append(f"the answer {one.dedupe_key} lost and was not told to whom: it got a {one.status}")
    return found
