"""A worker: one process's share of relaying, walking, sweeping and recovering."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from signoff.app.deliver_notice import Notices
from signoff.app.ports.ledger import Deliveries, Outbox
from signoff.app.sign_head import HeadSigner
from signoff.app.steps import Steps
from signoff.app.sweep_deadlines import BATCH, sweep_deadlines
from signoff.app.world import World
from signoff.engine import context
from signoff.engine.context import EngineContext
from signoff.engine.courier import Courier
from signoff.engine.health import HealthServer, TellMetrics
from signoff.engine.outage import wait_out_faults
from signoff.engine.pace import QUIET_S, Pace
from signoff.engine.recovery import has_unfinished, new_worker_id, recover
from signoff.engine.relay import CallBack, Relay
from signoff.errors import LedgerUnavailableError, SignoffError
from signoff.gates.keys import PARENT_QUEUE, SANDBOX_QUEUE

SWEEP_S = 1.0
BEAT_S = 2.0
HEAD_S = 2.0
AGAIN_S = 0.1
JOIN_S = 2.0
#: Whoever is told to end does so within 5 s, also where no database answers; one that is slow is waited for.
STOP_S, SLOW_STOP_S = 3.5, 20.0

_log = logging.getLogger("signoff.worker")


@dataclass(frozen=True)
class WorkerOptions:
    """`system_database_url` is DBOS's; `health_address` is (host, port), or None for none."""

    system_database_url: str
    app_version: str
    concurrency: int
    sandbox_concurrency: int
    is_partitioned: bool
    health_address: tuple[str, int] | None = None


def _no_metrics(*, token: str | None, accept: str) -> tuple[bytes, str]:
    return b"", "text/plain"


class Worker:
    """Start it once a process (DBOS is one a process); `stop` leaves what is unfinished to be resumed by others."""

    def __init__(
        self,
        world: World,
        *,
        outbox: Outbox,
        steps: Steps,
        options: WorkerOptions,
        signing_key: bytes,
        call_back: CallBack,
        deliveries: Deliveries,
        notices: Notices | None = None,
        tell_metrics: TellMetrics = _no_metrics,
    ) -> None:
        self.id = new_worker_id(world)
        self._world = world
        self._outbox = outbox
        self._options = options
        stopping = threading.Event()
        self._context = EngineContext(
            replace(world, is_stopping=stopping.is_set), steps, options.is_partitioned, stopping
        )
        self._pace = Pace()
        self._courier = None if notices is None else Courier(world, deliveries, notices, worker_id=self.id)
        self._relay = Relay(
            world,
            outbox,
            worker_id=self.id,
            call_back=call_back,
            on_leg=self._pace.quicken,
            routes=() if notices is None else notices.routes,
            on_notices=lambda: None if self._courier is None else self._courier.wake(),
        )
        self._tell_metrics = tell_metrics
        self._signer = HeadSigner(world, signing_key)
        self._threads: list[threading.Thread] = []
        self._beaten_at = time.monotonic()
        self._health: HealthServer | None = None

    def start(self) -> None:
        """Ready when it returns: what was decided before is being acted on."""
        self._outbox.beat(self.id, now=self._world.clock())
        context.install(self._context)
        wait_out_faults()
        DBOS(config=self._config())
        DBOS.launch()
        self._register_queues()
        recover(self._world, self._outbox, worker_id=self.id)
        self._spawn("relay", lambda: self._every(AGAIN_S, lambda: self._relay.run(self._context.stopping)))
        if self._courier is not None:
            courier = self._courier
            self._spawn("courier", lambda: self._every(AGAIN_S, lambda: courier.run(self._context.stopping)))
        self._spawn("sweep", lambda: self._every(SWEEP_S, self._sweep))
        self._spawn("heads", lambda: self._every(HEAD_S, self._signer.sign))
        self._spawn("beat", lambda: self._every(BEAT_S, self._beat))
        if self._options.health_address is not None:
            self._health = HealthServer(*self._options.health_address, self._told_health, self._tell_metrics)
            self._health.start()

    def stop(self) -> None:
        self._context.stopping.set()
        if self._health is not None:
            self._health.stop()
        self._relay.close()
        putting_away = threading.Thread(target=self._put_away, name="signoff-stop", daemon=True)
        putting_away.start()
        is_away = time.monotonic() - self._beaten_at > 2 * BEAT_S
        putting_away.join(STOP_S if is_away else SLOW_STOP_S)
        if putting_away.is_alive():
            _log.warning("a database does not answer: what was under way is left to whoever works next")
        context.install(None)

    def _put_away(self) -> None:
        is_delivered = self._courier is None or self._courier.stop()
        for thread in self._threads:
            thread.join(JOIN_S)
        try:
            self._signer.sign()
            # One that is not removed is found dead, and what it left is taken over.
            if is_delivered and not has_unfinished(self.id):
                self._outbox.remove_worker(self.id)
        except SignoffError as error:
            _log.warning("not everything could be put away: %s", error.message)
        DBOS.destroy()

    def _config(self) -> DBOSConfig:
        return {
            "name": "signoff",
            "system_database_url": self._options.system_database_url,
            "executor_id": self.id,
            # Legs are safe to do again whatever code began them, so every version may run every leg.
            "application_version": self._options.app_version,
            "serializer": DBOSPortableJSONSerializer(),
            # DBOS tries again what a lost connection broke; asking each time first costs a round trip a transaction.
            "db_engine_kwargs": {"pool_pre_ping": False},
            "log_level": "WARNING",
        }

    def _register_queues(self) -> None:
        for name, at_once in (
            (PARENT_QUEUE, self._options.concurrency),
            (SANDBOX_QUEUE, self._options.sandbox_concurrency),
        ):
            limits: dict[str, Any] = {"worker_concurrency": at_once}
            if self._options.is_partitioned:
                limits["partition_worker_concurrency"] = at_once
            DBOS.register_queue(name, polling_interval_sec=QUIET_S[name], on_conflict="always_update", **limits)

    def _sweep(self) -> None:
        while sweep_deadlines(self._world) == BATCH and not self._context.stopping.is_set():
            pass

    def _beat(self) -> None:
        self._outbox.beat(self.id, now=self._world.clock())
        self._beaten_at = time.monotonic()
        took_over = recover(self._world, self._outbox, worker_id=self.id)
        self._pace.beat(took_over=took_over > 0)

    def _every(self, seconds: float, do: Callable[[], object]) -> None:
        while not self._context.stopping.wait(seconds):
            try:
                do()
            except LedgerUnavailableError as error:
                _log.warning("waiting for the ledger: %s", error.message)
            except SignoffError as error:
                _log.error("%s", error.message)
            except Exception:  # noqa: BLE001
                # A thread that ends silently would leave deadlines unswept for as long as the process lives.
                _log.exception("a round of %s broke", threading.current_thread().name)

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"signoff-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _told_health(self) -> dict[str, Any]:
        is_well = all(thread.is_alive() for thread in self._threads)
        return {"ok": is_well, "worker": self.id, "threads": {t.name: t.is_alive() for t in self._threads}}
