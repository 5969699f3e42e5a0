"""The steps of a spec, by the actions that its plan names (`plans.spec.plan`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from signoff.app.steps import Artifact, RepositorySandbox, Show, StepAgent, StepContext, StepResult
from signoff.errors import StepFailedError
from signoff.plans.spec.plan import ASK, COMMAND, OUTPUTS, PROMPT
from signoff.plans.spec.prompt import Output, StepFacts, gate_prompt
from signoff.runners.live_output import LiveOutput, live_output_path
from signoff.runners.repository import Head, head_of
from signoff.runners.routes import unknown_action
from signoff.runners.spec.evidence import changes_of_steps, commands_said, notes_on
from signoff.runners.spec.outputs import Found, look_at

ACTIONS = (ASK, PROMPT, COMMAND, OUTPUTS)
MISSING_SHOWN = 10


@dataclass(frozen=True)
class SpecSteps:
    """Implements the port `Steps`. `directory` is the signoff directory, without symbolic links.

    The commit at which a step began is noted by each of its nodes, and looked up by the one that looks at its outputs:
    between them a run may have failed, and gone on in another process.
    """

    agent: StepAgent
    sandbox: RepositorySandbox
    directory: Path

    def perform(self, action: str, context: StepContext) -> StepResult:
        """
        Raises:
            StepFailedError: also (`no-repository`) where the repository is not on this machine.
        """
        if action not in ACTIONS:
            raise unknown_action(action)
        root = _repository(context)
        if action == PROMPT:
            return self._run(self.agent.carry_out, context, root)
        if action == COMMAND:
            return self._run(self.sandbox.run_commands, context, root)
        return _ask(context, head_of(root)) if action == ASK else self._look_at_outputs(context, root)

    def undo(self, action: str, context: StepContext) -> StepResult:
        raise unknown_action(action)

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        raise unknown_action(action)

    def _run(
        self, carry_out: Callable[[StepContext, Path, Show], StepResult], context: StepContext, root: Path
    ) -> StepResult:
        """With what is written shown as it comes, and the digests of what is kept in the output."""
        began_at = head_of(root).commit
        path = live_output_path(self.directory, context.run_id, context.step_id, context.attempt)
        with LiveOutput(path) as live:
            result = carry_out(context, root, live.write)
        kept = [{"kind": artifact.kind, "sha256": artifact.sha256} for artifact in result.artifacts]
        return replace(result, output={**result.output, "commit": began_at, "artifacts": kept})

    def _look_at_outputs(self, context: StepContext, root: Path) -> StepResult:
        """Of this step and of those before it whose outputs nobody has been shown: what is there now."""
        own = context.params["outputs"]
        steps = (*context.params["since"], context.step_id)
        paths = dict.fromkeys([*_noted_paths(context), *own])
        found = {path: look_at(root, path, hidden=self.directory) for path in paths}
        head = head_of(root)
        changes = changes_of_steps(context, steps, root, head.commit, hidden=self.directory)
        evidence = commands_said(context, steps)
        artifacts = [one.to_artifact(path) for path, one in found.items() if one is not None]
        if changes is not None:
            title, diff = changes
            evidence.insert(0, {"title": title, "uri": f"{context.step_id}/diff", "sha256": diff.sha256})
            artifacts.append(diff)
        if context.params["must_exist"]:
            _check_complete(context, {path: found[path] for path in own}, artifacts)
        outputs = tuple(_output(path, one) for path, one in found.items())
        facts = StepFacts(outputs, head.branch, head.commit, tuple(evidence), notes_on(context, steps))
        return StepResult(_told(context, facts), tuple(artifacts))


def _repository(context: StepContext) -> Path:
    root = Path(context.about["root"])
    if not root.is_dir():
        raise StepFailedError(
            f"This worker has no folder {str(root)!r}, the repository of the spec. Retry the run with a worker on the "
            "machine that has it.",
            code="no-repository",
            details={"root": str(root)},
        )
    return root.resolve()


def _ask(context: StepContext, head: Head) -> StepResult:
    facts = StepFacts((), head.branch, head.commit)
    return StepResult({"commit": head.commit, "prompt": gate_prompt(context.params, context.about, facts=facts)})


def _output(path: str, found: Found | None) -> Output:
    return Output(path, None, None) if found is None else Output(path, found.sha256, found.bytes)


def _told(context: StepContext, facts: StepFacts) -> dict[str, Any]:
    told = {
        "outputs": [{"path": one.path, "sha256": one.sha256, "bytes": one.bytes} for one in facts.outputs],
        "branch": facts.branch,
        "commit": facts.commit,
        "evidence": [dict(piece) for piece in facts.evidence],
    }
    if context.params["gate"] is None:
        return told
    return {**told, "prompt": gate_prompt(context.params, context.about, facts=facts)}


def _noted_paths(context: StepContext) -> Iterator[str]:
    """The outputs of the steps since the last review; a run that began after them has none of their records."""
    for step_id in context.params["since"]:
        yield from (noted["path"] for noted in context.outputs.get(step_id, {}).get("outputs", []))


def _check_complete(context: StepContext, found: Mapping[str, Found | None], artifacts: list[Artifact]) -> None:
    """Where no gate follows nobody would see that something is missing."""
    missing = [path for path, one in found.items() if one is None]
    if not missing:
        return
    shown = ", ".join(missing[:MISSING_SHOWN]) + (", ..." if len(missing) > MISSING_SHOWN else "")
    raise StepFailedError(
        f"Step {context.params['number']} has not made what it names as its outputs: {shown}.",
        code="output-missing",
        details={"missing": missing},
        artifacts=artifacts,
    )
