"""What `signoff up` shows at a terminal: the gates that wait, and what happened last. Elsewhere it shows nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from signoff.cli.output import moment, time_left
from signoff.cli.terminal import one_line
from signoff.errors import LedgerUnavailableError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from signoff.app.world import World

GATES_SHOWN = 8
EVENTS_SHOWN = 6
ENTRIES_READ = 500


@contextmanager
def live_view(world: World) -> Iterator[None]:
    if not sys.stdout.isatty():
        yield
        return
    from rich.live import Live

    view = _View(world)
    with Live(get_renderable=view.draw, refresh_per_second=1, transient=True):
        yield


class _View:
    def __init__(self, world: World) -> None:
        self._world = world
        self._after = 0
        self._events: list[str] = []

    def draw(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        try:
            lines = [*self._gates(), "", *self._recent()]
        except LedgerUnavailableError as error:
            lines = [error.message]
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))

    def _gates(self) -> list[str]:
        with self._world.ledger.read() as tx:
            waiting = tx.gates(state="PENDING", role=None, risk=None, after=None, limit=GATES_SHOWN + 1)
        now = self._world.clock()
        shown = [
            f"  {time_left(gate.deadline_at - now):>12}  {gate.gate_key}  {one_line(gate.prompt.title)}"
            for gate in waiting[:GATES_SHOWN]
        ]
        if not shown:
            return ["No gate waits."]
        more = ["  and more: signoff gate list"] if len(waiting) > GATES_SHOWN else []
        return ["Waiting for a person (signoff gate show GATE):", *shown, *more]

    def _recent(self) -> list[str]:
        """The last entries of the audit trail; those from before the start only as far as they fit."""
        with self._world.ledger.read() as tx:
            while entries := tx.audit.entries(workflow_id=None, after=self._after, limit=ENTRIES_READ):
                self._after = entries[-1].seq
                lines = [
                    f"  {moment(entry.at)}  {entry.event:16} {one_line(entry.actor):12} {entry.workflow_id}"
                    for entry in entries[-EVENTS_SHOWN:]
                ]
                self._events = [*self._events, *lines][-EVENTS_SHOWN:]
        return self._events
