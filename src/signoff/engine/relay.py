"""The relay: the only bridge from the ledger to the engine.

Woken by the database when somebody commits, and once a second anyhow. Claims lapse, so that what a worker claimed and
did not finish is claimed again; starts have deterministic ids, so that relaying twice starts once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from signoff.app.legs import CONTINUE
from signoff.app.moments import RELAYED, reach
from signoff.app.notify_gate import NOTIFY
from signoff.app.ports import Row
from signoff.app.ports.ledger import Outbox
from signoff.app.route_notice import Route, route_notices
from signoff.app.settle_gate import CALLBACK
from signoff.app.spans import span
from signoff.app.world import World
from signoff.engine.dispatch import dispatch
from signoff.errors import LedgerUnavailableError

CLAIM_LAPSE_MS = 60_000
CLAIM_BATCH = 50
LOOK_S = 1.0
BACKOFF_MS_MAX = 60_000
DELIVERIES_AT_ONCE = 4

#: Calls the URL of a callback's payload, at this instant.
CallBack = Callable[[Mapping[str, Any], int], None]

_log = logging.getLogger("signoff.relay")


class Relay:
    """`on_leg` hears that a leg was ordered, `on_notices` that notices were routed."""

    def __init__(
        self,
        world: World,
        outbox: Outbox,
        *,
        worker_id: str,
        call_back: CallBack,
        routes: Sequence[Route] = (),
        on_leg: Callable[[], None] = lambda: None,
        on_notices: Callable[[], None] = lambda: None,
    ) -> None:
        self._world = world
        self._outbox = outbox
        self._worker_id = worker_id
        self._call_back = call_back
        self._routes = routes
        self._on_leg = on_leg
        self._on_notices = on_notices
        self._broken_off: Sequence[Row] = ()
        self._deliveries = ThreadPoolExecutor(DELIVERIES_AT_ONCE, thread_name_prefix="signoff-deliver")

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                with self._world.ledger.watch() as watch:
                    while not stopping.is_set():
                        self.relay_all()
                        watch.wait(LOOK_S)
            except LedgerUnavailableError as error:
                _log.warning("waiting for the ledger: %s", error.message)
                stopping.wait(LOOK_S)

    def relay_all(self) -> None:
        """Relay until nothing is left to claim. What comes in meanwhile is announced.

        What an outage has broken off comes first: it is claimed, and would have to wait until its claims lapse.
        """
        broken_off, self._broken_off = self._broken_off, ()
        self._relay_batch(broken_off)
        is_more = True
        while is_more:
            rows = self._outbox.claim_outbox(
                now=self._world.clock(), worker=self._worker_id, lapse_ms=CLAIM_LAPSE_MS, limit=CLAIM_BATCH
            )
            is_more = len(rows) == CLAIM_BATCH
            for row in (row for row in rows if row["kind"] == CALLBACK):
                self._deliveries.submit(self._deliver, row)
            self._relay_batch([row for row in rows if row["kind"] != CALLBACK])

    def close(self) -> None:
        self._deliveries.shutdown(wait=False, cancel_futures=True)

    def _relay_batch(self, rows: Sequence[Row]) -> None:
        notices = [row for row in rows if row["kind"] == NOTIFY]
        with self._kept(rows):
            self._finish([row for row in rows if row["kind"] != NOTIFY and self._relay(row)])
        # Last: whoever is told of a decision is not to delay it.
        with self._kept(notices):
            self._route(notices)

    @contextmanager
    def _kept(self, rows: Sequence[Row]) -> Iterator[None]:
        """Where the ledger fails, and where nothing else does: what is wrong with a row stays wrong."""
        try:
            yield
        except LedgerUnavailableError:
            self._broken_off = rows
            raise

    def _deliver(self, row: Row) -> None:
        if self._relay(row):
            self._finish([row])

    def _relay(self, row: Row) -> bool:
        """Do what the row asks for; whether that worked."""
        try:
            with span("relay", parent=row["traceparent"], kind=row["kind"]) as facts:
                self._carry_out(row)
                facts["lag_ms"] = max(0, self._world.clock() - row["created_at"])
        except Exception as error:  # noqa: BLE001
            # Whatever went wrong with one row must not keep the others: it is said, kept and tried again.
            self._postpone(row, error)
            return False
        reach(RELAYED)
        return True

    def _carry_out(self, row: Row) -> None:
        if row["kind"] == CALLBACK:
            self._call_back(row["payload"], self._world.clock())
            return
        dispatch(row)
        if row["kind"] == CONTINUE:
            self._on_leg()

    def _finish(self, rows: Sequence[Row]) -> None:
        """All in one transaction. Rows of a relay that died before it are relayed again, and start nothing twice."""
        if rows:
            self._outbox.finish_outbox([row["id"] for row in rows], now=self._world.clock())

    def _route(self, rows: Sequence[Row]) -> None:
        """All in one transaction: of a thousand gates opened at once, with nobody to tell, it is a few commits."""
        if rows:
            route_notices(self._world, self._outbox, rows, self._routes, now=self._world.clock())
            self._on_notices()

    def _postpone(self, row: Row, error: Exception) -> None:
        wait_ms = min(BACKOFF_MS_MAX, 500 * 2 ** min(row["attempts"], 10))
        _log.warning("%s %s: %s; again in %d s", row["kind"], row["dedupe_key"], error, wait_ms // 1000)
        self._outbox.postpone_outbox(
            row["id"], retry_at=self._world.clock() + wait_ms, lapse_ms=CLAIM_LAPSE_MS, error=str(error)[:2_000]
        )
