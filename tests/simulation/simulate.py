"""One seed: what it makes happen, the end of all trouble, and what the ledger says then."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from random import Random

from signoff.ledger.sqlite import ENGINE_FILE, SqliteDatabase
from signoff.ledger.store import SqlLedger

from .checker import Ledger, read_ledger, violations_of
from .ledger import new_directory
from .story import Story
from .system import System

EVENTS_MIN, EVENTS_MAX = 8, 32
#: How far time goes on at once where everybody sleeps, and how often before the system is taken never to rest.
HOP_MS = 30_000
HOPS_MAX = 60
TURNS_MAX = 5_000
#: Every round ends what was open at its beginning; a run has a few gates, one after the other.
ROUNDS_MAX = 30
LATE_MS = 3_600_000


@dataclass(frozen=True)
class Outcome:
    """`events` is how many there were; `digest` is the same whenever this seed is simulated so far."""

    seed: int
    events: int
    history: tuple[str, ...]
    violations: tuple[str, ...]
    digest: str


def simulate(seed: int, events: int | None = None) -> Outcome:
    """`events`: only the first so many of this seed's."""
    dice = Random(seed)  # noqa: S311 - to be repeated is what it is for
    planned = dice.randint(EVENTS_MIN, EVENTS_MAX)
    with new_directory() as directory, closing(SqliteDatabase(directory)) as database:
        system = System(directory, database, dice)
        story = Story(system, dice, SqlLedger(database))
        with system.installed():
            try:
                story.begin()
                for _ in range(planned if events is None else min(events, planned)):
                    story.happen()
                found = _end_well(system, story)
            finally:
                system.end()
        system.engine.save(directory / ENGINE_FILE)
        ledger = read_ledger(directory)
        found += violations_of(ledger, story.requests, system.receiver.heard)
    happened = planned if events is None else min(events, planned)
    return Outcome(seed, happened, tuple(story.history), (*system.broken, *found), _digest(ledger))


def shortest(seed: int) -> Outcome:
    """The first events of a seed that are enough for a violation, or all where there is none."""
    whole = simulate(seed)
    enough, too_few = whole, 0
    while enough.violations and enough.events - too_few > 1:
        tried = simulate(seed, (enough.events + too_few) // 2)
        if tried.violations:
            enough = tried
        else:
            too_few = tried.events
    return enough


def _end_well(system: System, story: Story) -> list[str]:
    """Everybody alive and nothing wrong: whatever was left undone is done, and then what is open is answered."""
    system.heal()
    story.tell("everything is repaired")
    found = _rest(system, story)
    for _ in range(ROUNDS_MAX):
        if found or not story.answer_everything():
            return found
        # Whoever does not answer in time is late.
        found = _rest(system, story) or _rest(system, story, late_ms=LATE_MS)
    return ["there is always something to answer"]


def _rest(system: System, story: Story, late_ms: int = 0) -> list[str]:
    """Until nothing is left to be done; what broke on the way, or why it does not come to that."""
    system.schedule.now_ms += late_ms
    for _ in range(HOPS_MAX):
        turns = 0
        while system.schedule.turn():
            turns += 1
            if turns == TURNS_MAX:
                return ["it goes on without end"]
        if system.schedule.broken:
            return system.schedule.broken
        system.revive()
        story.send_again(is_patient=True)
        if not system.what_is_left() and not any(request.is_under_way for request in story.requests):
            return []
        system.schedule.now_ms += HOP_MS
    return [f"it does not come to rest: {system.what_is_left()}"]


def _digest(ledger: Ledger) -> str:
    return hashlib.sha256(repr(ledger).encode()).hexdigest()
