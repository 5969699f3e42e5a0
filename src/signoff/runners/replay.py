"""An agent that needs no model: recorded plans, and a general one for every goal that has no recording.

A recording is a JSON file `{goal, plan}` in the folder `recordings` beside this module, found by the digest of its
goal. It goes through the same checks as any agent's answer.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from signoff.app.steps import StepContext, StepResult
from signoff.errors import InvalidInputError, StepFailedError
from signoff.gates.digest import digest_of, parse_json
from signoff.runners.agent_plan import check_plan
from signoff.runners.excerpt import one_line

GOAL_SHOWN_CHARS = 300
SLUG_CHARS_MAX = 40


class ReplayAgent:
    """Answers at once and always the same: the recording for the goal, else `general_plan`."""

    def __init__(self, recordings: Traversable | None = None) -> None:
        folder = files("signoff.runners") / "recordings" if recordings is None else recordings
        self._plans = _read_recordings(folder)

    def plan(self, context: StepContext) -> StepResult:
        """See `Agent.plan`."""
        recorded = self._plans.get(digest_of(context.goal))
        return StepResult(check_plan(general_plan(context.goal) if recorded is None else recorded))


def general_plan(goal: str) -> dict[str, Any]:
    """A plan for any goal: a note in the work tree, and three tasks that change nothing.

    The goal is a stranger's text: it appears on one line of an indented block, where Markdown gives it no meaning.
    """
    shown = one_line(goal, GOAL_SHOWN_CHARS)
    path = f"plan/{_slug(goal)}.md"
    note = ["# Plan", "", "Goal:", "", f"    {shown}", "", "1. Prepare", "2. Carry out", "3. Check the result"]
    return {
        "summary": f"A general plan for this goal:\n\n    {shown}\n\n"
        f"- note the plan in `{path}`\n- prepare the work\n- carry it out\n- check the result",
        "patch": _new_file(path, note),
        "tasks": [
            {"key": "prepare", "title": "Prepare the work"},
            {"key": "carry-out", "title": "Carry out the plan"},
            {"key": "check", "title": "Check the result"},
        ],
    }


def _read_recordings(folder: Traversable) -> dict[str, Any]:
    plans = {}
    for entry in folder.iterdir():
        if entry.name.endswith(".json"):
            recording = _read_recording(entry)
            plans[digest_of(recording["goal"])] = recording["plan"]
    return plans


def _read_recording(entry: Traversable) -> dict[str, Any]:
    try:
        recording = parse_json(entry.read_bytes())
    except InvalidInputError as error:
        raise StepFailedError(f"The recording {entry.name} cannot be read: {error.message}") from None
    if not isinstance(recording, dict) or recording.keys() != {"goal", "plan"}:
        raise StepFailedError(f"The recording {entry.name} must be an object with the members 'goal' and 'plan'.")
    return recording


def _slug(goal: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", goal.lower())[:SLUG_CHARS_MAX].strip("-")
    # The digest keeps two goals with the same first words apart, and names a goal without any Latin letter.
    return f"{words or 'goal'}-{digest_of(goal)[:8]}"


def _new_file(path: str, lines: list[str]) -> str:
    head = (
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    )
    return head + "".join(f"+{line}\n" for line in lines)
