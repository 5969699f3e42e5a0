"""The program that carries out the prompts of a spec: the same that plans for intents, given work to do."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from signoff.app.steps import Show, StepContext, StepResult
from signoff.plans.markdown import in_code, line, paragraphs, quoted
from signoff.runners.excerpt import one_line
from signoff.runners.failure import artifacts_of, check_success
from signoff.runners.process import Limits, inherited_environment, run_program


class CommandStepAgent:
    """Runs `argv` in the repository, for at most `timeout_s` seconds and `output_bytes_max` bytes a stream.

    It is no more confined than whoever started the worker: agents need their own programs, keys and network.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float, output_bytes_max: int) -> None:
        self._argv = tuple(argv)
        self._limits = Limits(timeout_s, output_bytes_max)

    def carry_out(self, context: StepContext, root: Path, show: Show) -> StepResult:
        """See `StepAgent.carry_out`; the output is `{agent: "command", exitCode}`, with what it `said` kept."""
        # Found from where the worker is: the program of an agent is named there, and the repository is elsewhere.
        program = shutil.which(self._argv[0]) or self._argv[0]
        outcome = run_program(
            [str(Path(program).absolute()) if "/" in program else program, *self._argv[1:]],
            self._limits,
            stdin=step_prompt(context).encode(),
            cwd=root,
            env=inherited_environment(),
            is_cancelled=context.is_cancelled,
            on_output=show,
        )
        artifacts = artifacts_of(outcome, stdout="said")
        check_success(f"The agent {one_line(self._argv[0], 200)!r}", outcome, self._limits, artifacts)
        return StepResult({"agent": "command", "exitCode": outcome.exit_code}, artifacts)


def step_prompt(context: StepContext) -> str:
    """What the program reads: which spec and step it is, the prompt as it was written, and what must be there then."""
    params, about = context.params, context.about
    goal = about.get("goal") or context.goal
    outputs = "\n".join(f"- {in_code(path)}" for path in params.get("outputs", []))
    text = paragraphs(
        f"# {line(about['title'])}",
        f"Goal: {line(goal)}" if goal else "",
        f"## Step {params['number']}: {line(params['title'])}",
        "Do what follows in the working directory, which is the repository. What comes of it is looked at by a person.",
        params["prompt"],
        _refused_because(context),
        f"## Outputs\n\nThese must be there when you have ended:\n\n{outputs}" if outputs else "",
    )
    return f"{text}\n"


def _refused_because(context: StepContext) -> str:
    """What was said against the work of this step, where it is done again."""
    step_id = f"step-{context.params['number']:03}"
    said = [said for node, said in context.outputs.items() if node.startswith(f"{step_id}:G") and said.get("rationale")]
    reasons = [quoted(str(one["rationale"])) for one in said if one["choice"] == "reject"]
    return f"## Refused before\n\nThis was done once, and refused:\n\n{reasons[-1]}" if reasons else ""
