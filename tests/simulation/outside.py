"""What is outside of signoff: what a step does, who gets notices, and who is called back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from signoff.app.deliver_notice import Notice
from signoff.app.steps import Artifact, StepContext, StepResult
from signoff.errors import DeliveryError, StepFailedError
from signoff.gates.digest import digest_of

from .schedule import Schedule

TASKS = [{"key": key, "title": key.upper()} for key in ("prepare", "check")]
ATTEMPTS_MAX = 3


class SimulatedSteps:
    """Steps take a while, fail now and then, and say what their plans need; a few find that they must go back."""

    def __init__(self, schedule: Schedule, goes_wrong: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._goes_wrong = goes_wrong

    def perform(self, action: str, context: StepContext) -> StepResult:
        self._try(action)
        output = {"prompt": {"title": f"Attempt {context.attempt}"}, "tasks": TASKS if action == "decide" else []}
        goes_back = action == "deliver" and context.attempt < ATTEMPTS_MAX and self._goes_wrong()
        return StepResult(output, _artifacts(action), leads_back=goes_back)

    def undo(self, action: str, context: StepContext) -> StepResult:
        self._try(action)
        return StepResult({"rolledBack": True})

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        self._try(action)
        return StepResult({"said": task["key"]}, _artifacts(str(task["key"])))

    def _try(self, action: str) -> None:
        self._schedule.pause()
        if self._goes_wrong():
            raise StepFailedError(f"{action} did not succeed")


def _artifacts(name: str) -> tuple[Artifact, ...]:
    return (Artifact("note", sha256=digest_of(name), inline=name),)


class Post:
    """A channel whose messages are numbered, and that is down now and then."""

    def __init__(self, schedule: Schedule, goes_wrong: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._goes_wrong = goes_wrong
        self.sent = 0

    def send(self, notice: Notice, target: str, earlier: Sequence[str]) -> str | None:
        self._schedule.pause()
        if self._goes_wrong():
            raise DeliveryError("nobody is there")
        self.sent += 1
        self._schedule.pause()
        return f"{self.sent:06d}"


class Receiver:
    """Is called back with what became of gates."""

    def __init__(self, schedule: Schedule, goes_wrong: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._goes_wrong = goes_wrong
        self.heard: list[Mapping[str, Any]] = []

    def call(self, payload: Mapping[str, Any], now: int) -> None:
        self._schedule.pause()
        if self._goes_wrong():
            raise DeliveryError("nobody is there")
        self.heard.append(payload["message"])
