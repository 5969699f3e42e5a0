"""What the engine alone needs: workflows that do nothing, through a queue of DBOS, on a Postgres with `fsync` on.

uv run python bench/engine_floor.py [WORKFLOWS] [WORKERS]        1,000 and 2 without them

Every run that goes on costs one of these and more, so no burst of runs ends sooner. Workflows are enqueued one after
the other, as a relay does, while the workers run them; with a step each, and without.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from dbos import DBOS, DBOSPortableJSONSerializer, SetWorkflowID

from signoff.ledger.embedded_postgres import EmbeddedPostgres

QUEUE, POLL_S, AT_ONCE = "floor", 0.01, 10
WORKER = "--worker"
LOOK_S = 0.02


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.workflow()
def with_a_step(number: int) -> int:
    return step(number)


@DBOS.workflow()
def without_a_step(number: int) -> int:
    return number


def main(arguments: list[str]) -> int:
    if WORKER in arguments:
        return work(arguments[-1])
    workflows, workers = (int(given) for given in (*arguments, *("1000", "2")[len(arguments) :]))
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder, EmbeddedPostgres(Path(folder)) as url:
        launch(url, [])
        with ExitStack() as stack:
            pids = [stack.enter_context(worker(url)) for _ in range(workers)]
            for workflow in (without_a_step, with_a_step):
                tell(workflow.__name__, workflows, *measure(url, workflow, workflows, pids))
        DBOS.destroy()
    return 0


def measure(url: str, workflow: Callable[[int], int], count: int, pids: list[int]) -> tuple[float, float, float]:
    """Seconds until all are enqueued, and until all have ended; the workers' processor time in seconds."""
    name = workflow.__name__
    cpu_s, began_at = sum(map(cpu_s_of, pids)), time.monotonic()
    for number in range(count):
        with SetWorkflowID(f"{name}-{number}"):
            DBOS.enqueue_workflow(QUEUE, workflow, number)
    enqueued_s = time.monotonic() - began_at
    with psycopg.connect(url, autocommit=True) as connection:
        while ended(connection, name) < count:
            time.sleep(LOOK_S)
    return enqueued_s, time.monotonic() - began_at, sum(map(cpu_s_of, pids)) - cpu_s


def tell(name: str, count: int, enqueued_s: float, ended_s: float, cpu_s: float) -> None:
    sys.stdout.write(
        f"{count} workflows {name.replace('_', ' ')}: all enqueued after {enqueued_s:.2f} s, all ended after "
        f"{ended_s:.2f} s, {cpu_s / count * 1000:.1f} ms of the workers' processor time each\n"
    )


def ended(connection: psycopg.Connection[tuple[int]], name: str) -> int:
    query = "SELECT COUNT(*) FROM dbos.workflow_status WHERE status = 'SUCCESS' AND workflow_uuid LIKE %s"
    row = connection.execute(query, (f"{name}-%",)).fetchone()
    return 0 if row is None else row[0]


def work(url: str) -> int:
    launch(url, [QUEUE])
    DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL_S, on_conflict="always_update")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    DBOS.destroy()
    return 0


def launch(url: str, queues: list[str]) -> None:
    """To work on these queues only: whoever enqueues stands for the relay of a worker, and works on none."""
    DBOS(
        config={
            "name": "signoff-floor",
            "system_database_url": url,
            "executor_id": str(os.getpid()),
            "application_version": "1",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "db_engine_kwargs": {"pool_pre_ping": False},
        }
    )
    DBOS.listen_queues(queues)
    DBOS.launch()


@contextmanager
def worker(url: str) -> Iterator[int]:
    """Its process id, once it works."""
    command = [sys.executable, __file__, WORKER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("a worker did not start")
        yield process.pid


def cpu_s_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
