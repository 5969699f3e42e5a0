"""What the use cases need from the world, as Protocols; `bootstrap` names who provides it.

Time is epoch milliseconds. Rows are mappings from column names to plain values, JSON columns already read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from signoff.audit.entry import Entry
from signoff.audit.head import Head
from signoff.gates.gate import Gate
from signoff.gates.interaction import Interaction
from signoff.plans.run import Run

Row = Mapping[str, Any]


class Clock(Protocol):
    """Now, in epoch milliseconds."""

    def __call__(self) -> int: ...


class NewId(Protocol):
    """A fresh ULID (26 characters, ascending with time)."""

    def __call__(self) -> str: ...


class Reader(Protocol):
    """Reads of the ledger; inside a `Writer` they see the transaction's own writes."""

    def intent(self, intent_id: str) -> Row | None: ...
    def run(self, workflow_id: str) -> Run | None: ...
    def runs(self, *, status: str | None, before: tuple[int, str] | None, limit: int) -> list[Run]: ...
    def gate(self, workflow_id: str, gate_key: str) -> Gate | None: ...
    def gates_of(self, workflow_id: str) -> list[Gate]: ...
    def gates_named(self, gate_key: str) -> list[Gate]: ...
    def gates(
        self, *, state: str | None, role: str | None, risk: str | None, after: tuple[int, str, str] | None, limit: int
    ) -> list[Gate]: ...
    def due_gates(self, *, now: int, limit: int) -> list[Gate]: ...
    def interaction(self, interaction_id: str) -> Interaction | None: ...
    def same_reply(self, workflow_id: str, gate_key: str, topic: str, dedupe_key: str) -> Interaction | None: ...
    def interactions_at(self, workflow_id: str, gate_key: str) -> list[Interaction]: ...
    def interactions(self, workflow_id: str, *, after: tuple[int, str] | None, limit: int) -> list[Interaction]: ...
    def steps(self, run_id: str) -> list[Row]: ...
    def artifacts(self, run_id: str) -> list[Row]: ...
    def entries(self, *, workflow_id: str | None, after: int, limit: int) -> list[Entry]: ...
    def all_entries(self) -> Iterator[Entry]: ...
    def heads(self) -> list[Head]: ...
    def newest_head(self) -> Head | None: ...


class Writer(Reader, Protocol):
    """One transaction on one workflow; the only way anything is written."""

    def insert_intent(self, row: Row) -> None: ...
    def insert_run(self, run: Run) -> None: ...
    def update_run(self, run: Run) -> None: ...
    def insert_gate(self, gate: Gate) -> None: ...
    def update_gate(self, gate: Gate) -> None: ...
    def insert_interaction(self, interaction: Interaction) -> None: ...
    def insert_step(self, row: Row) -> bool:
        """False, and nothing written, where this step of this attempt is recorded already."""
        ...

    def insert_artifacts(self, rows: Sequence[Row]) -> None: ...
    def insert_outbox(self, *, kind: str, dedupe_key: str, payload: Mapping[str, Any], now: int) -> None: ...
    def append_entry(
        self, *, at: int, actor: str, event: str, body: Mapping[str, Any], gate_key: str | None = None
    ) -> Entry: ...


class Ledger(Protocol):
    """The ledger, whichever database it lives on."""

    def read(self) -> AbstractContextManager[Reader]: ...

    def write(self, workflow_id: str, verb: str) -> AbstractContextManager[Writer]:
        """A transaction in which this workflow has no other writer; `verb` names the use case (crash points)."""
        ...

    def append_head(self, after_seq: int, make: Callable[[Iterator[tuple[int, str]]], Head | None]) -> Head | None:
        """Store the head that `make` returns, if it returns one, while no entry is being written.

        `make` gets (seq, hash) of all entries after `after_seq`, in the order of seq: no other can come between them.
        """
        ...

    def watch(self) -> AbstractContextManager[Watch]:
        """Something to wait on until another transaction may have written."""
        ...

    def close(self) -> None: ...


class Outbox(Protocol):
    """The engine's side of the ledger: what was decided and has yet to take effect, and who is alive to do it."""

    def claim_outbox(self, *, now: int, worker: str, lapse_ms: int, limit: int) -> list[Row]: ...
    def finish_outbox(self, outbox_id: int, *, now: int) -> None: ...
    def postpone_outbox(self, outbox_id: int, *, retry_at: int, lapse_ms: int, error: str) -> None: ...
    def release_outbox(self, worker: str) -> None: ...
    def beat(self, worker: str, *, now: int) -> None: ...
    def workers(self) -> list[Row]: ...
    def remove_worker(self, worker: str) -> None: ...


class Watch(Protocol):
    def wait(self, timeout_s: float) -> bool:
        """True as soon as something was written; False when the time is over."""
        ...


@dataclass(frozen=True)
class Artifact:
    """Something a step leaves behind: text kept `inline`, or a `uri`; `sha256` is over its bytes."""

    kind: str
    sha256: str
    inline: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class StepResult:
    """`output` is a JSON object; the next steps and the gate's prompt are made from it."""

    output: Mapping[str, Any]
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class StepContext:
    """What a step may know. `outputs` are those of the steps before it, by step id."""

    run_id: str
    step_id: str
    attempt: int
    goal: str
    inputs: Mapping[str, Any]
    constraints: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workload: Mapping[str, int] = field(default_factory=dict)
    is_cancelled: Callable[[], bool] = lambda: False


class Steps(Protocol):
    """Does what a plan's steps name. All three are called again after a crash between effect and record.

    Raises:
        StepFailedError: the step did not succeed; the run ends.
    """

    def perform(self, action: str, context: StepContext) -> StepResult: ...
    def undo(self, action: str, context: StepContext) -> StepResult: ...

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        """One task of a fan-out; `context.workload` bounds it."""
        ...


class Agent(Protocol):
    """Turns a goal into a plan: `{summary, patch?, tasks: [{key, title, command?}], approvalTimeoutS?}`.

    Raises:
        StepFailedError: no plan could be had.
    """

    def plan(self, context: StepContext) -> StepResult: ...


class WorkTree(Protocol):
    """A scratch work tree for each run, to which a plan's patch is applied."""

    def apply(self, run_id: str, attempt: int, patch: str) -> StepResult: ...
    def roll_back(self, run_id: str, attempt: int, patch: str) -> StepResult: ...


class Sandbox(Protocol):
    """Runs one task apart from everything else.

    Raises:
        StepFailedError: the task failed, ran too long or wrote too much.
    """

    def run(self, task: Mapping[str, Any], context: StepContext) -> StepResult: ...
