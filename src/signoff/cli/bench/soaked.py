"""What a soak answers: runs of the built-in recipe, or gates of other programs' workflows, each of which calls back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from signoff.cli.bench.crowd import do_all
from signoff.cli.bench.effects import Effects, counted_effects, words_of
from signoff.cli.bench.foreign import GATE_KEY, open_foreign
from signoff.cli.bench.options import Bench
from signoff.cli.bench.place import Site
from signoff.cli.bench.runs import RECIPE_WORDS, leave_nothing, open_runs, start_run, wait_for_ends
from signoff.cli.bench.sight import ACTIVE, Record, sight_of
from signoff.cli.bench.told import Told
from signoff.clock import new_ulid


@dataclass(frozen=True)
class Ends:
    """What became of all that was opened: how many went on as they should, still wait, and did neither."""

    succeeded: int
    active: int
    errors: int
    record: Record


class Soaked(Protocol):
    words: str

    def open(self, count: int, told: Told) -> Sequence[str]:
        """So many that wait; their workflows."""
        ...

    def open_another(self, number: int) -> str:
        """Its workflow. It need not wait yet."""
        ...

    def ends(self, workflows: Sequence[str], accepted: int, told: Told) -> Ends:
        """Once whatever was set going by so many answers has happened."""
        ...

    def leave_nothing(self, waiting: Sequence[str]) -> None:
        """On a server elsewhere nothing is left waiting."""
        ...


@contextmanager
def soaked(bench: Bench, site: Site, *, has_callbacks: bool) -> Iterator[Soaked]:
    if not has_callbacks:
        yield _Runs(bench, site)
        return
    with counted_effects(site) as effects:
        yield _Callbacks(bench, site, effects)


class _Runs:
    words = RECIPE_WORDS

    def __init__(self, bench: Bench, site: Site) -> None:
        self._bench = bench
        self._site = site

    def open(self, count: int, told: Told) -> Sequence[str]:
        return open_runs(self._bench, self._site, count, told).workflows

    def open_another(self, number: int) -> str:
        return start_run(self._site, number)

    def ends(self, workflows: Sequence[str], accepted: int, told: Told) -> Ends:
        sight = sight_of(self._site, workflows)
        statuses = wait_for_ends(sight, accepted, told=told, timeout_s=self._bench.timeout_s)
        return Ends(
            succeeded=statuses["SUCCESS"],
            active=sum(statuses[status] for status in ACTIVE),
            errors=statuses["ERROR"] + statuses["CANCELLED"],
            record=sight.record(),
        )

    def leave_nothing(self, waiting: Sequence[str]) -> None:
        leave_nothing(self._bench, self._site, waiting)


class _Callbacks:
    def __init__(self, bench: Bench, site: Site, effects: Effects) -> None:
        self.words = f"gates of other programs' workflows; what goes on are {words_of(bench)}"
        self._bench = bench
        self._site = site
        self._effects = effects

    def open(self, count: int, told: Told) -> Sequence[str]:
        told.begin("opening gates", count)
        return do_all(range(count), self.open_another, clients=self._bench.clients,
                      timeout_s=self._bench.timeout_s, what=f"{count} gates to open", on_done=told.on)  # fmt: skip

    def open_another(self, number: int) -> str:
        workflow_id = f"soak-{number}-{new_ulid()}"
        open_foreign(self._site, workflow_id, self._effects.on_decision)
        return workflow_id

    def ends(self, workflows: Sequence[str], accepted: int, told: Told) -> Ends:
        told.begin("waiting for the effects")
        sight = sight_of(self._site, workflows)
        counts = self._effects.counts(sight, workflows, at_least=accepted, timeout_s=self._bench.timeout_s)
        once = sum(count == 1 for count in counts.values())
        return Ends(
            succeeded=once,
            active=sight.gates_that_wait(),
            errors=sum(count > 1 for count in counts.values()),
            record=sight.record(),
        )

    def leave_nothing(self, waiting: Sequence[str]) -> None:
        if self._site.settings is not None:
            return

        def refuse(workflow_id: str) -> None:
            body = {"payload": {"choice": "no"}, "dedupeKey": f"bench-{workflow_id}"}
            self._site.wire.try_post(f"/api/runs/{workflow_id}/gates/{GATE_KEY}/reply", body)

        do_all(waiting, refuse, clients=self._bench.clients, timeout_s=self._bench.timeout_s, what="gates to close")
