"""A run's page: what was done, where people were waited for, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from signoff.app.cancel_run import cancel_run
from signoff.app.retry_run import retry_run
from signoff.app.show_run import ShownRun, show_run
from signoff.gates.gate import Gate
from signoff.inbox.outline import Outline, outline_of
from signoff.inbox.render import run_path
from signoff.inbox.visit import Visit
from signoff.plans.run import Status

if TYPE_CHECKING:
    from signoff.app.ports import Row

ARTIFACT_CHARS_SHOWN = 4_000
TITLE_CHARS_MAX = 200
STEP, GATE = "step", "gate"


@dataclass(frozen=True)
class Event:
    """A step or a gate on the timeline; `ended_at` is None while it goes on. `share` is its part of the run's time, in
    whole percent."""

    kind: str
    name: str
    started_at: int
    ended_at: int | None
    attempt: int
    share: int
    gate: Gate | None = None
    output: Outline | None = None
    artifacts: Sequence[Row] = ()


def show(visit: Visit) -> Response:
    shown = show_run(visit.world, visit.parameter("workflowID"))
    now = visit.world.clock()
    events = _timeline(shown, now)
    return visit.page(
        "run.html",
        shown=shown,
        run=shown.run,
        title=_title(shown),
        events=events,
        waited_ms=sum((event.ended_at or now) - event.started_at for event in events if event.kind == GATE),
        artifact_chars=ARTIFACT_CHARS_SHOWN,
        can_retry=shown.run is not None and shown.run.status is Status.ERROR,
        can_cancel=shown.run is not None and not shown.run.is_finished,
    )


def cancel(visit: Visit) -> Response:
    workflow_id = visit.parameter("workflowID")
    reason = visit.form.one("reason")
    cancel_run(visit.world, workflow_id=workflow_id, actor=visit.person().name, reason=reason)
    return visit.go(run_path(workflow_id))


def retry(visit: Visit) -> Response:
    workflow_id = visit.parameter("workflowID")
    retry_run(visit.world, workflow_id=workflow_id, actor=visit.person().name)
    return visit.go(run_path(workflow_id))


def _title(shown: ShownRun) -> str:
    """What it is about, in one line; its id where nobody has said."""
    about = (shown.run and shown.run.subject) or shown.goal or ""
    line = next((line for line in about.splitlines() if line.strip()), shown.workflow_id)
    return line if len(line) <= TITLE_CHARS_MAX else f"{line[:TITLE_CHARS_MAX]}…"


def _timeline(shown: ShownRun, now: int) -> list[Event]:
    """In the order in which things began."""
    began = [row["started_at"] for row in shown.steps] + [gate.opened_at for gate in shown.gates]
    ends = [row["finished_at"] for row in shown.steps] + [gate.decided_at or now for gate in shown.gates]
    whole = max(1, max(ends, default=now) - min(began, default=now))
    steps = [_step(row, shown.artifacts, whole) for row in shown.steps]
    gates = [_gate(gate, whole, now) for gate in shown.gates]
    return sorted([*steps, *gates], key=lambda event: (event.started_at, event.ended_at or now))


def _step(row: Row, artifacts: Sequence[Row], whole: int) -> Event:
    mine = [one for one in artifacts if (one["step_id"], one["attempt"]) == (row["step_id"], row["attempt"])]
    return Event(
        kind=STEP,
        name=row["step_id"],
        started_at=row["started_at"],
        ended_at=row["finished_at"],
        attempt=row["attempt"],
        share=round(100 * (row["finished_at"] - row["started_at"]) / whole),
        output=outline_of(row["output"]) if row["output"] else None,
        artifacts=mine,
    )


def _gate(gate: Gate, whole: int, now: int) -> Event:
    return Event(
        kind=GATE,
        name=gate.prompt.title,
        started_at=gate.opened_at,
        ended_at=gate.decided_at,
        attempt=int(gate.on_decision.get("attempt", 1)),
        share=round(100 * ((gate.decided_at or now) - gate.opened_at) / whole),
        gate=gate,
    )
