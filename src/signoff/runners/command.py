"""An agent that is any program: the prompt on its stdin, the plan as JSON on its stdout."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from signoff.app.steps import StepContext, StepResult
from signoff.errors import MissingProgramError, StepFailedError
from signoff.runners.agent_plan import PLAN_CONTRACT, read_plan
from signoff.runners.excerpt import one_line, to_artifact
from signoff.runners.failure import artifacts_of, check_success
from signoff.runners.process import Limits, Outcome, inherited_environment, run_program


class CommandAgent:
    """Runs `argv` once for each plan, for at most `timeout_s` seconds and `output_bytes_max` bytes a stream.

    The program gets the environment of this process but nothing named `SIGNOFF_*`: whoever plans must not be handed
    the means to approve the plan.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float, output_bytes_max: int) -> None:
        self._argv = tuple(argv)
        self._limits = Limits(timeout_s, output_bytes_max)

    def check(self) -> None:
        """Find the program, without running it.

        Raises:
            MissingProgramError: there is no such program.
        """
        if not self._argv:
            raise MissingProgramError("The agent 'command' needs a program to run, and none is set.")
        if shutil.which(self._argv[0]) is None:
            name = one_line(self._argv[0], 200)
            raise MissingProgramError(f"The agent's program {name!r} is not installed.", details={"program": name})

    def plan(self, context: StepContext) -> StepResult:
        """See `Agent.plan`. What the program wrote to stderr is kept as an artifact."""
        self.check()
        outcome = run_program(
            self._argv,
            self._limits,
            stdin=prompt_of(context).encode(),
            env=inherited_environment(),
            is_cancelled=context.is_cancelled,
        )
        who = f"The agent {one_line(self._argv[0], 200)!r}"
        check_success(who, outcome, self._limits, artifacts_of(outcome))
        return StepResult(_plan_in(outcome), (to_artifact("stderr", outcome.stderr),) if outcome.stderr else ())


def _plan_in(outcome: Outcome) -> dict[str, Any]:
    try:
        return read_plan(outcome.stdout)
    except StepFailedError as error:
        # Whoever repairs the agent needs what it said, whole.
        raise StepFailedError(error.message, details=error.details, artifacts=artifacts_of(outcome)) from None


def prompt_of(context: StepContext) -> str:
    """What the program reads: the goal, inputs and constraints, and the form of the answer."""
    return "\n\n".join(
        (
            "Make a plan for the goal below. Nothing of it runs before a person has approved it.",
            "# Goal",
            context.goal,
            "# Inputs",
            _to_json(context.inputs),
            "# Constraints",
            _to_json(context.constraints),
            "# Answer",
            PLAN_CONTRACT,
        )
    )


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), indent=2, sort_keys=True, ensure_ascii=False)
