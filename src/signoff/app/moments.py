"""Moments at which a crash would be most awkward, by name.

Nothing happens at them until a test installs `on_moment` (or the environment variable SIGNOFF_CRASH_AT does, through
`bootstrap`), which then dies there. Every commit has two: `<use case>: before commit` and `<use case>: after commit`;
the others are listed here. Tests die at every one of them and compare ledgers.
"""

from __future__ import annotations

from collections.abc import Callable

LEG_BEGUN = "leg: begun, before its walk"
EVENT_UNPUBLISHED = "leg: written, before its event"
STEP_DONE = "step: done, before its record"
TASK_DONE = "task: done, before its record"
ROLLED_BACK = "rollback: done, before its record"
RELAYED = "relay: done, before its outbox row"
DELIVERED = "delivery: sent, before its record"
MOVED = "mission: event in the log, before its snapshot"
CYCLE_WRITTEN = "review: cycle written, before its event"
MERGED = "merge: lanes together, before the target branch"
TARGET_MOVED = "merge: target branch moved, before its events"
CHECKPOINT_DECIDED = "checkpoint: decided, before its state file"
STORY_COMMITTED = "checkpoint: committed, before its state file"
STATE_DRAFTED = "state file: drafted, before it is replaced"

BETWEEN_COMMITS = (
    *(LEG_BEGUN, EVENT_UNPUBLISHED, STEP_DONE, TASK_DONE, ROLLED_BACK, RELAYED, DELIVERED),
    *(MOVED, CYCLE_WRITTEN, MERGED, TARGET_MOVED),
    *(CHECKPOINT_DECIDED, STORY_COMMITTED, STATE_DRAFTED),
)

on_moment: Callable[[str], None] | None = None


def reach(moment: str) -> None:
    if on_moment is not None:
        on_moment(moment)
