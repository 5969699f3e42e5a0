"""Which workers are dead, and bringing back what they left.

A worker's id says where it runs: `<place>/<pid>/<ulid>`, where the place is a digest of host name, boot and process
namespace. Another worker in the same place can see at once that the process is gone; elsewhere its beat has to lapse.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import defaultdict
from pathlib import Path

from dbos import DBOS, WorkflowStatus

from signoff.app.measure import BEAT_LAPSE_MS
from signoff.app.ports.ledger import Outbox
from signoff.app.world import World
from signoff.engine.workflows import NAMES
from signoff.gates.digest import sha256_hex

_log = logging.getLogger("signoff.recovery")


def new_worker_id(world: World) -> str:
    return f"{_place()}/{os.getpid()}/{world.new_id()}"


def recover(world: World, outbox: Outbox, *, worker_id: str) -> int:
    """Resume the legs and release the claims of workers that died; how many workers those were."""
    # Before the rows are read: a worker has its row when it takes its first leg.
    at_work = _at_work()
    rows, now = outbox.workers(), world.clock()
    dead = [row["id"] for row in rows if row["id"] != worker_id and _is_dead(row["id"], row["beat_at"], now)]
    dead += sorted(at_work - {worker_id, *(row["id"] for row in rows)})
    for one in dead:
        _resume_legs(one)
        outbox.release_outbox(one)
        outbox.remove_worker(one)
        _log.warning("worker %s is gone; its work was taken over", one)
    return len(dead)


def has_unfinished(worker_id: str) -> bool:
    return bool(_pending(worker_id))


def _resume_legs(worker_id: str) -> None:
    by_queue: dict[str | None, list[str]] = defaultdict(list)
    for workflow in _pending(worker_id):
        by_queue[workflow.queue_name].append(workflow.workflow_id)
    for queue_name, ids in by_queue.items():
        DBOS.resume_workflows(ids, queue_name=queue_name)


def _at_work() -> set[str]:
    """Whose legs are under way, also without a row: one that was taken for dead and came back may have died before its
    next beat."""
    found = DBOS.list_workflows(status="PENDING", name=list(NAMES), load_input=False, load_output=False)
    return {workflow.executor_id for workflow in found if workflow.executor_id is not None}


def _pending(worker_id: str) -> list[WorkflowStatus]:
    return DBOS.list_workflows(status="PENDING", executor_id=worker_id, load_input=False, load_output=False)


def _is_dead(worker_id: str, beat_at: int, now: int) -> bool:
    if now - beat_at > BEAT_LAPSE_MS:
        return True
    place, pid, _ = worker_id.split("/")
    return place == _place() and not _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _place() -> str:
    parts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(str(Path(path).readlink()) if path.endswith("pid") else Path(path).read_text(encoding="ascii"))
        except OSError:
            parts.append("")
    return sha256_hex("\n".join(parts).encode())[:12]
