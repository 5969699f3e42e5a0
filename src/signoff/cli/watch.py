"""Following a run: drawn anew on a terminal, a line for every change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED, WAITING
from signoff.cli.output import duration, moment, print_json, say, time_left
from signoff.cli.terminal import is_terminal, one_line, sanitise
from signoff.plans.recipe import RECIPE, STEPS
from signoff.plans.run import FINISHED, Status

if TYPE_CHECKING:
    from signoff.sdk.backend import Backend

INTERVAL_S = 0.5


@dataclass(frozen=True)
class Sight:
    """A run as it stood at one moment, `at`; `waiting` are its open gates."""

    at: int
    run: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    waiting: Sequence[Mapping[str, Any]]

    @property
    def has_ended(self) -> bool:
        return self.run["status"] in {status.value for status in FINISHED}

    @property
    def exit_code(self) -> int:
        if not self.has_ended:
            return WAITING
        return DONE if self.run["status"] == Status.SUCCESS else FAILED


Draw = Callable[[Sight], None]


def watch_run(call: Call, workflow_id: str, *, stops_at_gate: bool) -> int:
    """The exit code; with `--json` the run as it stood last is the one document."""
    with call.backend() as backend, _drawing(call) as draw:
        while True:
            sight = _look(backend, workflow_id)
            draw(sight)
            if sight.has_ended or (stops_at_gate and sight.waiting):
                break
            time.sleep(INTERVAL_S)
    if call.is_json:
        print_json({**sight.run, "steps": list(sight.steps), "waitingGates": list(sight.waiting)})
    return sight.exit_code


def _look(backend: Backend, workflow_id: str) -> Sight:
    run = backend.run(workflow_id)
    # The run was read first: what its end left behind is then there to be read.
    steps = backend.steps(workflow_id)
    is_waiting = run["status"] == Status.WAITING_INPUT
    gates = backend.gates_of(workflow_id) if is_waiting else []
    return Sight(backend.now(), run, steps, [gate for gate in gates if gate["state"] == "PENDING"])


@contextmanager
def _drawing(call: Call) -> Iterator[Draw]:
    if call.is_json:
        yield lambda _sight: None
    elif is_terminal():
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        with Live(Text(""), console=Console(), auto_refresh=False, transient=False) as live:
            yield lambda sight: live.update(Text(sanitise("\n".join(_panel(call, sight)))), refresh=True)
    else:
        yield _Lines(call).draw


@dataclass
class _Lines:
    """Says each thing once."""

    call: Call
    said: set[str] = field(default_factory=set)

    def draw(self, sight: Sight) -> None:
        for row in sight.steps:
            self._say_once(f"{moment(row['finishedAt'])}  {_step_line(row)}")
        run = sight.run
        self._say_once(f"{moment(run['updatedAt'])}  {_status_line(run)}")
        for gate in sight.waiting:
            for line in _gate_lines(self.call, gate):
                self._say_once(line)

    def _say_once(self, line: str) -> None:
        if line not in self.said:
            self.said.add(line)
            say(line)


def _panel(call: Call, sight: Sight) -> Iterator[str]:
    """The whole picture, line by line."""
    run, now = sight.run, sight.at
    end = run["updatedAt"] if sight.has_ended else now
    yield f"{run['workflowID']}  {duration(end - run['createdAt'])}"
    done = [row["stepId"] for row in sight.steps]
    for row in sight.steps:
        yield f"  ✓ {_step_line(row)}"
    if run["recipeName"] == RECIPE and not sight.has_ended:
        yield from (f"  · {step}" for step in STEPS if step not in done)
    yield _status_line(run)
    for gate in sight.waiting:
        yield from _gate_lines(call, gate)
        yield f"  {time_left(gate['deadlineAt'] - now)} left"
    if not sight.has_ended:
        yield "Ctrl-C stops the watching, not the run."


def _step_line(row: Mapping[str, Any]) -> str:
    attempt = f" (attempt {row['attempt']})" if row["attempt"] > 1 else ""
    return one_line(f"{row['stepId']}{attempt} done in {duration(row['finishedAt'] - row['startedAt'])}")


def _status_line(run: Mapping[str, Any]) -> str:
    return one_line(f"{run['status']}: {run['error']}" if run["error"] else str(run["status"]))


def _gate_lines(call: Call, gate: Mapping[str, Any]) -> Iterator[str]:
    yield one_line(f"Waits for a person: {gate['prompt']['title']}")
    yield f"  {call.again('gate', 'show', gate['workflowID'], gate['gateKey'])}"
