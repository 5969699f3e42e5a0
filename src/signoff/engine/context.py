"""What the workflows of this process work with. DBOS registers functions, not objects, so it is kept here."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from signoff.app.steps import Steps
from signoff.app.world import World


@dataclass
class EngineContext:
    world: World
    steps: Steps
    is_partitioned: bool
    stopping: threading.Event

    def partition_key(self, key: str | None) -> str | None:
        """What a queue wants: a key while partitioning is on, none while it is off."""
        return (key or "unpartitioned") if self.is_partitioned else None


_current: list[EngineContext] = []


def install(context: EngineContext | None) -> None:
    _current[:] = [] if context is None else [context]


def current() -> EngineContext:
    return _current[0]
