"""signoff as it is run: servers, commands and workers, each with a clock of its own, on one ledger and one engine.

The workers are the real ones. What they have of threads, of DBOS and of time is the simulator's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from signoff.app import moments
from signoff.app.deliver_notice import Notices
from signoff.app.route_notice import Route, Target
from signoff.app.world import World
from signoff.engine import context, courier, dispatch, pace, recovery, relay, worker, workflows
from signoff.engine.worker import Worker, WorkerOptions
from signoff.errors import SignoffError
from signoff.ledger import queries, sqlite
from signoff.ledger.database import transaction
from signoff.ledger.sqlite import SqliteDatabase
from signoff.ledger.store import SqlLedger

from .engine import Engine, EngineLostError
from .ledger import AFTER, AT_COMMIT, SteppedDatabase, unavailable
from .outside import Post, Receiver, SimulatedSteps
from .schedule import Process, Schedule
from .stand_ins import Executor, put, threading_of

T0 = 1_767_225_600_000
SERVERS = ("api-1", "api-2", "cli")
WORKERS = ("worker-1", "worker-2")
SIGNING_KEY = bytes(range(32))
ROUTES = (
    Route((Target("mail", "ada@example.org"), Target("chat", "#ops"))),
    Route((Target("mail", "boss@example.org"),), events=("gate.escalated", "gate.overridden", "gate.timed-out")),
)
_LEFT = """
SELECT dedupe_key AS name FROM app.outbox WHERE done_at IS NULL
UNION ALL SELECT id FROM app.deliveries WHERE state = 'pending'
UNION ALL SELECT id FROM app.runs WHERE status IN ('ENQUEUED', 'PENDING')
UNION ALL SELECT workflow_id FROM app.human_gates WHERE state = 'PENDING' AND deadline_at <= :now
"""


class System:
    """`trouble` is how often, of 100 times, something outside goes wrong; nothing does from `heal` on."""

    def __init__(self, directory: Path, looking: SqliteDatabase, dice: Random) -> None:
        self.dice = dice
        self._looking = looking
        self.schedule = Schedule(dice)
        self.trouble = dice.choice((0, 2, 10, 30))
        self.engine = Engine(self.schedule, self.goes_wrong)
        self.steps = SimulatedSteps(self.schedule, self.goes_wrong)
        self.post = Post(self.schedule, self.goes_wrong)
        self.receiver = Receiver(self.schedule, self.goes_wrong)
        self.processes: dict[str, Process] = {}
        self.worlds: dict[str, World] = {}
        self.broken: list[str] = []
        self._directory = directory
        self._workers: dict[Process, Worker] = {}
        self._databases: dict[str, SteppedDatabase] = {}
        self._ids = count(1)

    def goes_wrong(self) -> bool:
        return self.dice.randrange(100) < self.trouble

    def start(self, name: str) -> None:
        """A process of this name, on the machine whose clock it had before."""
        before = self.processes.get(name)
        process = Process(name, skew_ms=0 if before is None else before.skew_ms)
        database = SteppedDatabase(
            self._directory,
            self.schedule,
            process,
            hears=lambda: not self.goes_wrong(),
            on_commit=self._notify,
        )
        if name in self._databases:
            self._databases[name].close()
        self.processes[name], self._databases[name] = process, database
        self.worlds[name] = World(
            ledger=SqlLedger(database),
            clock=lambda: T0 + self.schedule.now_ms + process.skew_ms,
            new_id=lambda: f"{next(self._ids):026d}",
            callbacks_allow=("https://example.org/*",),
        )
        if name in WORKERS:
            self.schedule.spawn(process, "start", lambda: self._start_worker(process))

    def stop(self, name: str) -> None:
        """As SIGTERM does it."""
        process = self.processes[name]
        stopping = self._workers.pop(process, None)
        if stopping is not None:
            self.schedule.spawn(process, "stop", lambda: self._stop_worker(process, stopping))

    def kill(self, name: str) -> None:
        self.schedule.kill(self.processes[name])

    def is_alive(self, name: str) -> bool:
        return not self.processes[name].is_dead

    def heal(self) -> None:
        """From now on everybody lives, every clock is right and nothing goes wrong."""
        self.trouble = 0
        for process in self.processes.values():
            process.dies_in, process.skew_ms, process.stalled_until = None, 0, 0
            process.fails.clear()
        self.revive()

    def revive(self) -> None:
        """Whoever is dead is started."""
        for name in (*SERVERS, *WORKERS):
            if not self.is_alive(name):
                self.start(name)

    def what_is_left(self) -> list[str]:
        """What has been ordered and not been done yet."""
        with transaction(self._looking, self._looking.begin_read) as session:
            rows = session.connection.execute(_LEFT, {"now": T0 + self.schedule.now_ms}).fetchall()
        live = [one.workflow_id for one in self.engine.workflows.values() if not one.is_over]
        return [*(str(row["name"]) for row in rows), *live]

    def end(self) -> None:
        for process in self.processes.values():
            self.schedule.kill(process)
        for database in self._databases.values():
            database.close()

    def reach(self, moment: str) -> None:
        """What happens at a moment: a death, or a ledger that goes away."""
        if not self.schedule.has_task:
            return
        process = self.schedule.current.process
        if process.dies_in is not None:
            process.dies_in -= 1
            if process.dies_in <= 0:
                self.schedule.kill(process)
        for edge, failure in (("before commit", AT_COMMIT), ("after commit", AFTER)):
            if moment.endswith(edge) and process.fails[:1] == [failure]:
                process.fails.pop(0)
                raise unavailable(failure)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """In the place of what a real process has."""
        threads = threading_of(self.schedule)
        stand_ins: list[tuple[Any, str, Any]] = [
            *((module, "DBOS", self.engine) for module in (worker, dispatch, pace, recovery, workflows)),
            *((module, "SetWorkflowID", self.engine.name) for module in (dispatch, workflows)),
            *((module, "threading", threads) for module in (worker, courier)),
            *((module, "current", self._context) for module in (dispatch, workflows)),
            *((workflows, step, self.engine.recorded(getattr(workflows, step))) for step in ("_walk", "_walk_on")),
            (sqlite, "load_queries", cache(queries.load_queries)),
            (relay, "ThreadPoolExecutor", lambda *_, **__: Executor(self.schedule)),
            (worker, "new_worker_id", lambda world: f"{self.schedule.current.process.name}/0/{world.new_id()}"),
            (context, "install", self._install),
            (moments, "on_moment", self.reach),
        ]
        with ExitStack() as stack:
            for owner, name, value in stand_ins:
                stack.enter_context(put(owner, name, value))
            stack.enter_context(self._listening())
            yield

    def _notify(self) -> None:
        for database in self._databases.values():
            database.notify()

    def _start_worker(self, process: Process) -> None:
        world = self.worlds[process.name]
        ledger = self._ledger_of(world)
        made = Worker(
            world,
            outbox=ledger,
            steps=self.steps,
            options=WorkerOptions("", "simulated", 4, 4, is_partitioned=True),
            signing_key=SIGNING_KEY,
            call_back=self.receiver.call,
            deliveries=ledger,
            notices=Notices(ROUTES, {"mail": self.post, "chat": self.post}, 1_000, self.dice.random),
        )
        try:
            made.start()
        except (SignoffError, EngineLostError):
            # It says why, and ends.
            self.schedule.kill(process)
        self._workers[process] = made

    def _stop_worker(self, process: Process, stopping: Worker) -> None:
        stopping.stop()
        self.schedule.kill(process)

    def _ledger_of(self, world: World) -> SqlLedger:
        assert isinstance(world.ledger, SqlLedger)
        return world.ledger

    def _context(self) -> Any:
        return self.schedule.current.process.context

    def _install(self, given: Any) -> None:
        self.schedule.current.process.context = given

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Nothing is printed; what a worker's wide catches have caught is kept."""
        logger = logging.getLogger("signoff")
        kept = _Kept(self.broken)
        before = logger.propagate
        logger.propagate = False
        logger.addHandler(kept)
        try:
            yield
        finally:
            logger.removeHandler(kept)
            logger.propagate = before


class _Kept(logging.Handler):
    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, EngineLostError):
            self._into.append(f"{record.name}: {record.getMessage()}" + ("" if error is None else f": {error!r}"))
