"""No agent at all: a spec's prompts go to a person, and an intent has nobody to plan it."""

from __future__ import annotations

from pathlib import Path

from signoff.app.steps import Attend, Show, StepContext, StepResult
from signoff.errors import StepFailedError


class NoAgent:
    """Implements the port `Agent`."""

    def plan(self, context: StepContext) -> StepResult:
        """Always a StepFailedError: nobody else can say what the tasks are."""
        raise StepFailedError("An intent needs an agent to plan it, and the setting agent is none.")


class PersonStepAgent:
    """Shows the prompt. A person does what it says, and is waited for where `attend` asks them.

    Where nobody can be asked the step goes on: what its outputs are is looked at next, and a gate shows it.
    """

    def __init__(self, attend: Attend | None = None) -> None:
        self._attend = attend

    def carry_out(self, context: StepContext, root: Path, show: Show) -> StepResult:
        """See `StepAgent.carry_out`; the output is `{agent: "none", waited}`."""
        prompt = context.params["prompt"]
        show(prompt.encode() + b"\n")
        if self._attend is not None:
            self._attend(f"Step {context.params['number']}: {context.params['title']}", prompt)
        return StepResult({"agent": "none", "waited": self._attend is not None})
