"""DBOS as a table: workflows that are started once for each id, whose steps are recorded, and that others resume.

It keeps DBOS's promises and no more. A step is done again where its process died before its record; a workflow that is
resumed while its first process still lives is walked twice at once, and whoever comes second to a record gives up.
"""

from __future__ import annotations

import inspect
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signoff.app.legs import LegInterrupted
from signoff.engine.workflows import NAMES

from .schedule import Process, Schedule

POLL_S = 1.0


class EngineLostError(Exception):
    """The engine's database did not answer; what was asked for may have been done."""


class _Given(BaseException):
    """Ends a walk whose workflow was cancelled, or has been walked further by somebody else."""


@dataclass
class Workflow:
    workflow_id: str
    function: Callable[..., Any]
    args: Any
    queue_name: str | None
    status: str = "ENQUEUED"
    executor_id: str | None = None
    outputs: list[Any] = field(default_factory=list)
    result: Any = None

    @property
    def is_over(self) -> bool:
        return self.status in ("SUCCESS", "ERROR", "CANCELLED")


@dataclass
class _Execution:
    workflow: Workflow
    step: int = 0


@dataclass(frozen=True)
class _Handle:
    schedule: Schedule
    workflow: Workflow

    def get_result(self, polling_interval_sec: float = POLL_S) -> Any:
        while not self.workflow.is_over:
            self.schedule.wait(lambda: self.workflow.is_over, polling_interval_sec)
        return self.workflow.result


class Engine:
    """Stands in for the class `DBOS`. `is_lost` draws whether a call from outside a workflow gets no answer."""

    def __init__(self, schedule: Schedule, is_lost: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._is_lost = is_lost
        self.workflows: dict[str, Workflow] = {}
        self.events: dict[tuple[str, str], Any] = {}
        self.messages: dict[str, Any] = {}
        self._executors: dict[Process, str] = {}

    # What a worker does with it when it starts and ends

    def __call__(self, config: Any) -> None:
        self._executors[self._schedule.current.process] = config["executor_id"]

    def launch(self) -> None:
        process = self._schedule.current.process
        self._schedule.spawn(process, "queues", lambda: self._work(process))

    def register_queue(self, *_: Any, **__: Any) -> None:
        """Every queue is there, and as wide as it is asked to be."""

    def retrieve_queue(self, name: str) -> None:
        """None is kept: how often they are looked at is drawn."""

    def destroy(self) -> None:
        self._executors.pop(self._schedule.current.process, None)

    # What is asked of it

    def enqueue_workflow(self, queue: str, function: Callable[..., Any], *args: Any) -> _Handle:
        return self._begin(queue, function, args)

    def start_workflow(self, function: Callable[..., Any], *args: Any) -> _Handle:
        return self._begin(None, function, args)

    def send(self, destination: str, message: Any, topic: str, idempotency_key: str) -> None:
        with self._answering():
            self.messages.setdefault(f"{destination}\n{topic}\n{idempotency_key}", message)

    def cancel_workflows(self, ids: Sequence[str]) -> None:
        with self._answering():
            for workflow in (self.workflows[one] for one in ids):
                if not workflow.is_over:
                    workflow.status = "CANCELLED"

    def list_workflows(
        self,
        *,
        status: str | Sequence[str],
        workflow_id_prefix: str = "",
        executor_id: str | None = None,
        name: Sequence[str] = NAMES,
        load_input: bool,
        load_output: bool,
    ) -> list[Workflow]:
        """All that there are have one of these names."""
        assert tuple(name) == NAMES
        wanted = [status] if isinstance(status, str) else status
        return [
            one
            for one in self.workflows.values()
            if one.status in wanted
            and one.workflow_id.startswith(workflow_id_prefix)
            and executor_id in (None, one.executor_id)
        ]

    def resume_workflows(self, ids: Sequence[str], *, queue_name: str | None) -> None:
        with self._answering():
            for workflow in (self.workflows[one] for one in ids):
                if not workflow.is_over:
                    workflow.status, workflow.executor_id = "ENQUEUED", None

    def set_event(self, key: str, value: Any) -> None:
        workflow = self._schedule.current.execution.workflow
        if workflow.status == "CANCELLED":
            raise _Given
        self.events[workflow.workflow_id, key] = value

    @contextmanager
    def name(self, workflow_id: str) -> Iterator[None]:
        """`SetWorkflowID`."""
        self._schedule.current.next_id = workflow_id
        yield
        self._schedule.current.next_id = None

    def recorded(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The step as the engine does it: once, unless a death comes between it and its record."""
        do = inspect.unwrap(step)

        def call(*args: Any) -> Any:
            execution: _Execution = self._schedule.current.execution
            workflow, n = execution.workflow, execution.step
            execution.step += 1
            if n < len(workflow.outputs):
                return workflow.outputs[n]
            if workflow.status == "CANCELLED":
                raise _Given
            output = json.loads(json.dumps(do(*args)))
            self._schedule.pause()
            if n < len(workflow.outputs):
                raise _Given
            workflow.outputs.append(output)
            return output

        return call

    @property
    def is_idle(self) -> bool:
        return all(workflow.is_over for workflow in self.workflows.values())

    def save(self, file: Path) -> None:
        """As DBOS's own tables, for whoever looks from outside."""
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("CREATE TABLE workflow_status (workflow_uuid TEXT, status TEXT, queue_name TEXT)")
            connection.execute("CREATE TABLE workflow_events (workflow_uuid TEXT, key TEXT, value TEXT)")
            statuses = [(one.workflow_id, one.status, one.queue_name) for one in self.workflows.values()]
            connection.executemany("INSERT INTO workflow_status VALUES (?, ?, ?)", statuses)
            events = [(one, key, json.dumps(value)) for (one, key), value in self.events.items()]
            connection.executemany("INSERT INTO workflow_events VALUES (?, ?, ?)", events)

    def _begin(self, queue: str | None, function: Callable[..., Any], args: Any) -> _Handle:
        task = self._schedule.current
        assert task.next_id is not None
        # Within a workflow DBOS waits for its database until it answers.
        with self._answering(is_patient=task.execution is not None):
            given = json.loads(json.dumps(args))
            begun = self.workflows.setdefault(task.next_id, Workflow(task.next_id, function, given, queue))
        return _Handle(self._schedule, begun)

    @contextmanager
    def _answering(self, *, is_patient: bool = False) -> Iterator[None]:
        if not is_patient and self._is_lost():
            raise EngineLostError("before it was done")
        yield
        if not is_patient and self._is_lost():
            raise EngineLostError("after it was done")

    def _work(self, process: Process) -> None:
        """Take from the queues what there is, as long as this process has the name that it was launched with."""
        while process in self._executors:
            waiting = [one for one in self.workflows.values() if one.status == "ENQUEUED"]
            if waiting:
                self._take(process, self._schedule.dice.choice(waiting))
            self._schedule.wait(self._has_enqueued, POLL_S)

    def _take(self, process: Process, workflow: Workflow) -> None:
        workflow.status, workflow.executor_id = "PENDING", self._executors[process]
        self._schedule.spawn(process, workflow.workflow_id, lambda: self._walk(workflow))

    def _has_enqueued(self) -> bool:
        return any(one.status == "ENQUEUED" for one in self.workflows.values())

    def _walk(self, workflow: Workflow) -> None:
        self._schedule.current.execution = _Execution(workflow)
        try:
            result = inspect.unwrap(workflow.function)(*workflow.args)
        except (_Given, LegInterrupted):
            return
        except Exception:
            # As the engine takes whatever a workflow raises; the checker asks why a run has not ended.
            workflow.status = "ERROR"
            raise
        if not workflow.is_over:
            workflow.status, workflow.result = "SUCCESS", result
