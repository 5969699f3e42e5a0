"""A rehearsal: the agent is asked for a plan, and one harmless task of our own runs in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from signoff.app.steps import Agent, StepContext, StepResult
from signoff.runners.excerpt import one_line

GOAL = (
    "This is a rehearsal of the connection to you. Change nothing. Answer with a plan whose summary says in one"
    " sentence that you were reached, without a patch, and without tasks."
)
#: What the task writes into a file of its scratch directory, reads again, and prints.
WORD = "signoff was here"
TASK: Mapping[str, Any] = {
    "key": "rehearse",
    "title": "Write a word, and read it again",
    "script": f"set -eu; echo '{WORD}' > word; cat word",
}
SUMMARY_CHARS_SHOWN = 200


class RehearsedAgent:
    """Implements the port `Agent`. Its plan has to be one, and is taken for a sign of life alone: nobody has looked at
    what it wants done, and none of it is."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def plan(self, context: StepContext) -> StepResult:
        """See `Agent.plan`; the plan is one task, `TASK`, under the agent's summary."""
        result = self._agent.plan(context)
        summary = one_line(str(result.output["summary"]), SUMMARY_CHARS_SHOWN)
        return replace(result, output={"summary": summary, "tasks": [dict(TASK)]})
