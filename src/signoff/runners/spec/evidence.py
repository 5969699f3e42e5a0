"""What else reviewers can look at beside the outputs: what the step's commands wrote, and what it changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signoff.app.steps import Artifact, StepContext
from signoff.runners.excerpt import to_artifact
from signoff.runners.repository import changes_since

_TITLES = {"stdout": "Output of command {n}", "stderr": "Standard error of command {n}"}


def commands_said(context: StepContext, steps: Sequence[str]) -> list[Mapping[str, str]]:
    """Of each block of commands of these steps, in their order."""
    return [piece for step_id in steps for piece in _said(context, step_id)]


def notes_on(context: StepContext, steps: Sequence[str]) -> tuple[str, ...]:
    """How the steps were done, where a reviewer would otherwise think more of it than was so."""
    asked = [context.outputs.get(f"{step_id}:prompt", {}) for step_id in steps]
    ran = [output.get("ran") for step_id in steps for output in _commands(context, step_id)]
    notes = {
        "The agent replays recordings and has none of this prompt: nothing was done.": any(
            one.get("recorded") is False for one in asked
        ),
        "There is no agent: a person was to do this.": any(one.get("agent") == "none" for one in asked),
        "The sandbox is a mock: the commands were not run.": False in ran,
    }
    return tuple(note for note, is_so in notes.items() if is_so)


def changes_of_steps(
    context: StepContext, steps: Sequence[str], root: Path, now: str | None, *, hidden: Path
) -> tuple[str, Artifact] | None:
    """The diff against the commit at which the first of the steps began (`now`, where nothing ran before), under its
    title."""
    since = _began_at(context, steps, now)
    changes = changes_since(root, since, without=hidden)
    if changes is None:
        return None
    title = f"Changes since {'the beginning' if since is None else since[:12]}"
    if changes.left_out is not None:
        title += f" (left out: {changes.left_out})"
    return title, to_artifact("diff", changes.text)


def _said(context: StepContext, step_id: str) -> Iterator[Mapping[str, str]]:
    for n, output in enumerate(_commands(context, step_id), start=1):
        for kept in output.get("artifacts", []):
            of = "" if step_id == context.step_id else f" of {step_id}"
            title = _TITLES[kept["kind"]].format(n=n) + of
            yield {"title": title, "uri": f"{step_id}:command-{n}/{kept['kind']}", "sha256": kept["sha256"]}


def _commands(context: StepContext, step_id: str) -> Iterator[Mapping[str, Any]]:
    """What the blocks of commands of a step left behind, in their order."""
    n = 1
    while (output := context.outputs.get(f"{step_id}:command-{n}")) is not None:
        yield output
        n += 1


def _began_at(context: StepContext, steps: Sequence[str], now: str | None) -> str | None:
    """The commit that the first node of the steps noted."""
    nodes = [f"{step_id}:{node}" for step_id in steps for node in ("ask", "prompt", "command-1")]
    noted: list[str | None] = [context.outputs[node]["commit"] for node in nodes if node in context.outputs]
    return noted[0] if noted else now
