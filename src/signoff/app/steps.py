"""What a step of a run is given and gives, and who performs it, as Protocols; `runners` implements them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

#: Takes what a program writes, piece by piece as it comes, to be shown.
Show = Callable[[bytes], None]

#: Shows a person the title and the text of what is theirs to do, and returns when they say that it is done.
Attend = Callable[[str, str], None]


@dataclass(frozen=True)
class Artifact:
    """Something a step leaves behind: text kept `inline`, or a `uri`; `sha256` is over its bytes."""

    kind: str
    sha256: str
    inline: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class StepResult:
    """`output` is a JSON object; the next steps and the gate's prompt are made from it. `leads_back` says that what was
    let through no longer holds: the run goes back to the step's `again`."""

    output: Mapping[str, Any]
    artifacts: tuple[Artifact, ...] = ()
    leads_back: bool = False


@dataclass(frozen=True)
class StepContext:
    """What a step may know. `outputs` are those of the steps before it, by step id; `params` are the step's own, and
    `about` says what its plan is of."""

    run_id: str
    step_id: str
    attempt: int
    goal: str
    inputs: Mapping[str, Any]
    constraints: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workload: Mapping[str, int] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
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


class StepAgent(Protocol):
    """Carries out the prompt of a spec's step, `context.params["prompt"]`, in the repository `root`.

    Raises:
        StepFailedError: it did not succeed.
    """

    def carry_out(self, context: StepContext, root: Path, show: Show) -> StepResult: ...


class RepositorySandbox(Protocol):
    """Runs the commands of a spec's step, `context.params` `{lang, script}`, in the repository `root`.

    Raises:
        StepFailedError: they failed, ran too long or wrote too much.
    """

    def run_commands(self, context: StepContext, root: Path, show: Show) -> StepResult: ...
