"""The courier: notices on their way to people.

It sends in threads of its own, one delivery at a time to each target and a few to each channel, so that a receiver who
hangs delays neither a decision nor anybody else's notices. What is tried again later waits as a row. The threads end
with the process, whatever they wait for: a delivery that was under way is made again, under the same id.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections import Counter

from signoff.app.deliver_notice import Notices, deliver_notice, record_failure
from signoff.app.ports import Row
from signoff.app.ports.ledger import Deliveries
from signoff.app.world import World
from signoff.errors import LedgerUnavailableError, SignoffError

CLAIM_LAPSE_MS = 300_000
LOOK_S = 1.0
AT_ONCE = 4
JOIN_S = 1.0

Place = tuple[str, str]

_log = logging.getLogger("signoff.courier")


class Courier:
    def __init__(self, world: World, deliveries: Deliveries, notices: Notices, *, worker_id: str) -> None:
        self._world = world
        self._deliveries = deliveries
        self._notices = notices
        self._worker_id = worker_id
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._under_way: dict[Place, threading.Thread] = {}

    def wake(self) -> None:
        """There may be something to send."""
        self._woken.set()

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._woken.clear()
            self.send_all()
            self._woken.wait(LOOK_S)

    def send_all(self) -> None:
        """Begin what is due and finds a free thread; each that ends wakes the courier again."""
        now = self._world.clock()
        free = self._free(self._deliveries.due_targets(now=now, lapse_ms=CLAIM_LAPSE_MS))
        if not free:
            return
        for row in self._deliveries.claim_deliveries(free, now=now, worker=self._worker_id, lapse_ms=CLAIM_LAPSE_MS):
            self._begin(row)

    def stop(self) -> bool:
        """Whether everything that was begun has ended; it is given a moment for that."""
        self._woken.set()
        with self._lock:
            threads = list(self._under_way.values())
        for thread in threads:
            thread.join(JOIN_S / len(threads))
        return not any(thread.is_alive() for thread in threads)

    def _free(self, due: list[Place]) -> list[Place]:
        with self._lock:
            busy = set(self._under_way)
        at_once = Counter(channel for channel, _ in busy)
        free = []
        for place in due:
            if place not in busy and at_once[place[0]] < AT_ONCE:
                at_once[place[0]] += 1
                free.append(place)
        return free

    def _begin(self, row: Row) -> None:
        place = (row["channel"], row["target"])
        thread = threading.Thread(target=self._send, args=(place, row), name="signoff-notify", daemon=True)
        with self._lock:
            self._under_way[place] = thread
        thread.start()

    def _send(self, place: Place, row: Row) -> None:
        try:
            self._try(row)
        except LedgerUnavailableError as error:
            # The claim lapses, and what may have been sent is sent again under the same id.
            _log.warning("waiting for the ledger: %s", error.message)
        finally:
            with self._lock:
                del self._under_way[place]
            self._woken.set()

    def _try(self, row: Row) -> None:
        told = f"{row['event']} to {row['target']} by {row['channel']}"
        try:
            deliver_notice(self._world, self._deliveries, self._notices, row)
        except LedgerUnavailableError:
            raise
        except SignoffError as error:
            _log.warning("%s: %s", told, error.message)
            record_failure(self._world, self._deliveries, self._notices, row, error)
        except Exception as error:  # noqa: BLE001
            # Whatever a channel throws, its delivery must not be tried without end. What it says may hold a secret.
            at = traceback.extract_tb(error.__traceback__)[-1]
            _log.error("%s broke: %s in %s, line %s", told, type(error).__name__, at.filename, at.lineno)
            record_failure(self._world, self._deliveries, self._notices, row, error)
