"""Moments at which a crash would be most awkward, by name.

Nothing happens at them until a test installs `on_moment` (or the environment variable SIGNOFF_CRASH_AT does, through
`bootstrap`), which then dies there. Every commit has two: `<use case>: before commit` and `<use case>: after commit`;
the others are listed here. Tests die at every one of them and compare ledgers.
"""

from __future__ import annotations

from collections.abc import Callable

GATE_OPENED_BEFORE_EVENT = "gate opened: before its event"
STEP_DONE_BEFORE_RECORD = "step done: before its record"
TASK_DONE_BEFORE_RECORD = "task done: before its record"
RELAYED_BEFORE_DONE = "relayed: before its outbox row is done"
DECISION_EVENT_BEFORE_WALK = "decision event set: before the walk"

EFFECT_MOMENTS = (
    GATE_OPENED_BEFORE_EVENT,
    STEP_DONE_BEFORE_RECORD,
    TASK_DONE_BEFORE_RECORD,
    RELAYED_BEFORE_DONE,
    DECISION_EVENT_BEFORE_WALK,
)

on_moment: Callable[[str], None] | None = None


def reach(moment: str) -> None:
    if on_moment is not None:
        on_moment(moment)
