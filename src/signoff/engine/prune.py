"""Remove what the engine still keeps of legs that ended long ago. The ledger, which is the record, is not touched.

A leg stays as long as its run has not ended, however long ago it ended itself: others may look for the events that it
has published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from dbos import DBOSClient

from signoff.app.world import World
from signoff.engine.workflows import NAMES

ENDED = ["SUCCESS", "ERROR", "CANCELLED"]
BATCH = 500


@dataclass(frozen=True)
class Pruned:
    """How many workflows of the engine were removed, or would be; `kept` are as old, and their runs have not ended."""

    removed: int
    kept: int


def prune(
    world: World, system_database_url: str, *, before: int, is_dry: bool, tell: Callable[[Pruned], None]
) -> Pruned:
    """Those that ended before this instant (epoch milliseconds), with their steps and events. The engine's tables must
    be there. `tell` hears of each batch.
    """
    client = DBOSClient(system_database_url=system_database_url)
    try:
        pruned = Pruned(0, 0)
        while old := _old(client, before, skipped=pruned.kept + (pruned.removed if is_dry else 0)):
            over = [one for one in old if _is_over(world, one, before)]
            if not is_dry and over:
                client.delete_workflows(over)
            pruned = Pruned(pruned.removed + len(over), pruned.kept + len(old) - len(over))
            tell(pruned)
        return pruned
    finally:
        client.destroy()


def _old(client: DBOSClient, before: int, *, skipped: int) -> list[str]:
    until = datetime.fromtimestamp(before / 1000, UTC).isoformat()
    found = client.list_workflows(
        name=list(NAMES), status=ENDED, completed_before=until, limit=BATCH, offset=skipped, load_input=False,
        load_output=False,
    )  # fmt: skip
    return [one.workflow_id for one in found]


def _is_over(world: World, workflow_id: str, before: int) -> bool:
    """Whether its run has ended too; a gate of somebody else's workflow has none."""
    parts = workflow_id.removeprefix("esc:").split(":")
    with world.ledger.read() as tx:
        names = (":".join(parts[: end + 1]) for end in range(len(parts)))
        run = next((found for name in names if (found := tx.run(name)) is not None), None)
    return run is None or (run.finished_at is not None and run.finished_at < before)
