"""Retry what was given up, as if it had never been tried."""

from __future__ import annotations

from signoff.app.find import find_deliveries
from signoff.app.page import ROWS_MAX
from signoff.app.world import World
from signoff.errors import ConflictError, NotFoundError


def retry_delivery(world: World, delivery_id: str) -> None:
    """
    Raises:
        NotFoundError: (`delivery-not-found`). ConflictError: (`delivery-not-failed`) it was sent, or still waits.
    """
    with world.ledger.read() as tx:
        found = tx.delivery(delivery_id)
    if found is None:
        raise NotFoundError(f"There is no delivery {delivery_id[:80]}.", code="delivery-not-found")
    if not _retry(world, found["workflow_id"], delivery_id):
        raise ConflictError(
            f"Delivery {delivery_id} is not given up: it was sent, or is tried again by itself.",
            code="delivery-not-failed",
        )


def retry_deliveries(world: World) -> list[str]:
    """All that was given up until now; their ids."""
    found: list[tuple[str, str]] = []
    cursor = None
    while True:
        page = find_deliveries(world, state="given-up", limit=ROWS_MAX, cursor=cursor)
        found.extend((row["workflow_id"], row["id"]) for row in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return [id_ for workflow_id, id_ in found if _retry(world, workflow_id, id_)]


def _retry(world: World, workflow_id: str, delivery_id: str) -> bool:
    with world.ledger.write(workflow_id, "retry_delivery") as tx:
        return tx.retry_delivery(delivery_id, now=world.clock())
