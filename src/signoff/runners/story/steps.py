"""The steps of a story, by the actions that its plan names (`plans.story`).

What an agent said is read strictly and recorded; which files are shown at the commit comes from git. The story's place
in the backlog is moved by the steps themselves, so that it is where the run is, whoever performs it. The cell says
`complete` before the commit is shown, for the commit is to hold it; an abort takes that back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signoff.app.steps import StepContext, StepResult
from signoff.errors import InvalidInputError, StepFailedError
from signoff.plans.story import (
    ACCEPT,
    ACTIONS,
    ASK,
    BEGIN,
    COMMIT,
    COMMIT_GATE,
    DRAFT,
    IMPLEMENT,
    QA,
    QA_GATE,
    SCREEN,
    VALIDATE,
)
from signoff.runners.excerpt import one_line, to_artifact
from signoff.runners.live_output import LiveOutput, live_output_path
from signoff.runners.repository import head_of
from signoff.runners.routes import unknown_action
from signoff.runners.spec.inside import place_inside
from signoff.runners.spec.outputs import Found, look_at
from signoff.runners.story import answers
from signoff.runners.story.agents import StoryAgent
from signoff.runners.story.asked import Asked
from signoff.runners.story.backlog_file import move_in_backlog
from signoff.runners.story.commit import commit
from signoff.runners.story.gate_files import look_at_gate_file, look_at_gate_files
from signoff.runners.story.look import look
from signoff.runners.story.work_tree import changed_files
from signoff.stories import data
from signoff.stories.changes import Changed, Changes, Committed, changes_from_wire, clean_message, clean_path
from signoff.stories.qa_gate import QaGate, newest_of
from signoff.stories.state import Stage

NAMED_MAX = 20

#: Where the story is in the backlog while a step runs, and after what follows was refused.
_MOVES = {
    DRAFT: Stage.DRAFTING,
    VALIDATE: Stage.VALIDATING,
    ASK: Stage.VALIDATING,
    ACCEPT: Stage.APPROVED,
    IMPLEMENT: Stage.IMPLEMENTING,
    QA: Stage.QA_REVIEW,
}
_MOVES_BACK = {DRAFT: Stage.BACKLOG, IMPLEMENT: Stage.IMPLEMENTING, SCREEN: Stage.AWAITING_COMMIT}


@dataclass(frozen=True)
class StorySteps:
    """Implements the port `Steps`. `directory` is the signoff directory, without symbolic links."""

    agent: StoryAgent
    directory: Path

    def perform(self, action: str, context: StepContext) -> StepResult:
        """
        Raises:
            StepFailedError: also (`no-repository`) where the repository is not on this machine.
        """
        if action not in ACTIONS:
            raise unknown_action(action)
        step = _Step(self.agent, self.directory, context, _repository(context))
        if action in _MOVES:
            is_fix = action == IMPLEMENT and step.number > 1
            step.move(Stage.FIXING if is_fix else _MOVES[action])
        perform = {
            BEGIN: step.begin,
            DRAFT: step.draft,
            VALIDATE: step.validate,
            ASK: step.ask,
            ACCEPT: step.accept,
            IMPLEMENT: step.implement,
            QA: step.review,
            SCREEN: step.screen,
            COMMIT: step.commit,
        }
        try:
            return perform[action]()
        except InvalidInputError as error:
            raise StepFailedError(error.message, code=error.code, details=error.details) from None

    def undo(self, action: str, context: StepContext) -> StepResult:
        """Take back the story's place in the backlog; work is kept."""
        if action not in _MOVES_BACK:
            raise unknown_action(action)
        stage = _MOVES_BACK[action]
        _Step(self.agent, self.directory, context, _repository(context)).move(stage)
        return StepResult({"backlog": stage.value})

    def perform_task(self, action: str, task: Mapping[str, Any], context: StepContext) -> StepResult:
        raise unknown_action(action)


@dataclass(frozen=True)
class _Step:
    """One step, in the repository `root`."""

    agent: StoryAgent
    directory: Path
    context: StepContext
    root: Path

    @property
    def about(self) -> Mapping[str, str]:
        """With the title that the story was given when it was written."""
        title = self._output("draft").get("title")
        return {**self.context.about, **({"title": title} if title else {})}

    @property
    def number(self) -> int:
        """Which time this is, from 1: a step that was recorded is done anew only by a way back."""
        return int(self._output(self.context.step_id).get("number", 0)) + 1

    def begin(self) -> StepResult:
        head = head_of(self.root)
        return StepResult({"branch": head.branch, "commit": head.commit, "changed": self._changed()})

    def draft(self) -> StepResult:
        result = self._work(answers.SM, {})
        path = result.output["storyFile"]
        self._found(path, "the story's file")
        return self._with(result, storyFile=clean_path(path), title=result.output.get("title") or self.about["title"])

    def validate(self) -> StepResult:
        result = self._work(answers.PO, {})
        critical = result.output["criticalIssues"]
        if result.output["validationStatus"] == answers.NO_GO and critical:
            raise StepFailedError(
                f"The story is not ready ({answers.NO_GO}): {'; '.join(one_line(one, 300) for one in critical)}",
                code="story-not-ready",
                details={"criticalIssues": critical},
                artifacts=result.artifacts,
            )
        return result

    def ask(self) -> StepResult:
        """The first checkpoint, with the story file as it is now."""
        path, found = self._story()
        shown = data.po_data(self.about, self._output("validate"), story_file=path, sha256=found.sha256)
        return self._asked(shown, {path: found})

    def accept(self) -> StepResult:
        """What is handed to the developer is what was approved."""
        _, found = self._story()
        approved = self._output("ask-po")["data"]["storySha256"]
        return StepResult({"storySha256": found.sha256, "approved": approved}, leads_back=found.sha256 != approved)

    def implement(self) -> StepResult:
        review, said = self._output("qa"), self._output(QA_GATE)
        again = {"findings": review["data"]["qaFindings"], "asked": said.get("rationale")} if review else {}
        result = self._work(answers.DEV, again)
        return self._with(result, commitMessage=clean_message(result.output["commitMessage"]))

    def review(self) -> StepResult:
        result = self._work(answers.QA, {"changedFiles": self._output("implement")["changedFiles"]})
        path, gate = self._gate_that_holds(clean_path(result.output["qaGateFile"]))
        found = self._found(path, "the QA gate file")
        story_path, _ = self._story()
        shown = data.qa_data(self.about, result.output, gate, story_file=story_path, path=path, sha256=found.sha256)
        asked = self._asked(shown, {path: found})
        output = {**result.output, **asked.output, "qaGateFile": path, "gate": gate.gate}
        return StepResult(output, (*result.artifacts, *asked.artifacts))

    def screen(self) -> StepResult:
        """What the commit would hold: what has changed since the run began, as far as an agent named it."""
        self.move(Stage.COMPLETE)
        before = self._output("begin")["changed"]
        changed = [path for path, sha256 in self._changed().items() if path not in before or before[path] != sha256]
        named = self._named()
        files = [path for path in changed if path in named]
        left_out = [path for path in changed if path not in named]
        if not files:
            raise StepFailedError(
                f"There is nothing to commit: nothing that an agent named has changed.{_left_out(left_out)}",
                code="nothing-to-commit",
                details={"leftOut": left_out},
            )
        changes = look(self.root, files)
        path, _ = self._story()
        notes = [*self._not_committed(), *filter(None, [_left_out(left_out).strip()])]
        shown = data.commit_data(self.about, self._message(), changes, story_file=path, notes=notes, left_out=left_out)
        asked = self._asked(shown, {}, changes)
        return self._with(asked, changes=changes.to_wire())

    def commit(self) -> StepResult:
        shown, said = self._output("screen"), self._output(COMMIT_GATE)
        message = clean_message(said.get("message") or shown["data"]["commitMessage"])
        outcome = commit(self.root, changes_from_wire(shown["changes"]), message)
        if isinstance(outcome, Committed):
            return StepResult({"commit": outcome.commit, "remark": outcome.remark})
        if isinstance(outcome, Changed):
            return StepResult({"why": outcome.why, "files": list(outcome.files)}, leads_back=True)
        why = f"git, or a hook of the repository, refused: {outcome.output}"
        return StepResult({"why": why}, (to_artifact("stderr", outcome.output),), leads_back=True)

    def move(self, stage: Stage) -> None:
        if backlog := self.about["backlog"]:
            move_in_backlog(self.root / backlog, self.about["storyId"], stage.value)

    def _work(self, role: str, more: Mapping[str, Any]) -> StepResult:
        """What the agent says, with every file that it has named until now."""
        facts = {
            "storyId": self.about["storyId"],
            "title": self.about["title"],
            "storyFile": self._output("draft").get("storyFile"),
            "storiesFolder": self.about["stories"],
            "qaGatesFolder": self.about["qaGates"],
            "backlog": self.about["backlog"] or None,
            "config": json.loads(self.about["config"]),
            **more,
        }
        path = live_output_path(self.directory, self.context.run_id, self.context.step_id, self.context.attempt)
        with LiveOutput(path) as live:
            said, artifacts = self.agent.work(Asked(role, self.number, facts), self.context, self.root, live.write)
        named = [*self._output(self.context.step_id).get("changedFiles", []), *map(clean_path, said["changedFiles"])]
        output = {**said, "agent": role, "number": self.number, "changedFiles": list(dict.fromkeys(named))}
        return StepResult(output, artifacts)

    def _asked(
        self, shown: Mapping[str, Any], files: Mapping[str, Found], changes: Changes | None = None
    ) -> StepResult:
        evidence = [{"title": path, "uri": path, "sha256": found.sha256} for path, found in files.items()]
        prompt = data.ask(shown, changes=changes)
        if evidence:
            prompt["evidence"] = evidence
        artifacts = tuple(found.to_artifact(path) for path, found in files.items())
        return StepResult({"data": dict(shown), "prompt": prompt}, artifacts)

    def _gate_that_holds(self, path: str) -> tuple[str, QaGate]:
        """Of the file that the agent named and those of the same story beside it, the one that was updated last."""
        gates = {path: self._gate(path)}
        folder = place_inside(self.root, self.about["qaGates"], hidden=self.directory)
        for place, checked in look_at_gate_files([folder] if folder.is_dir() else []):
            gate = checked.gate
            if gate is not None and gate.gate is not None and gate.story == gates[path].story:
                gates.setdefault(place.relative_to(self.root).as_posix(), gate)
        holds = newest_of(gates).get(self.about["storyId"])
        if holds is None:
            raise _bad_gate(path, [f"it is of story {gates[path].story or 'none'}"])
        return holds, self._gate(holds)

    def _gate(self, path: str) -> QaGate:
        """
        Raises:
            StepFailedError: (`bad-qa-gate`) it cannot be believed.
        """
        self._found(path, "the QA gate file")
        checked = look_at_gate_file(place_inside(self.root, path, hidden=self.directory))
        errors = [finding.message for finding in checked.findings if finding.is_error]
        if checked.gate is None or errors:
            raise _bad_gate(path, errors)
        return checked.gate

    def _story(self) -> tuple[str, Found]:
        path = str(self._output("draft")["storyFile"])
        return path, self._found(path, "the story's file")

    def _found(self, path: str, what: str) -> Found:
        found = look_at(self.root, clean_path(path), hidden=self.directory)
        if found is None:
            raise StepFailedError(
                f"There is no file {path!r}, which was to be {what}.",
                code="output-missing",
                details={"missing": [path]},
            )
        return found

    def _changed(self) -> dict[str, str | None]:
        return changed_files(self.root, hidden=self.directory)

    def _named(self) -> set[str]:
        """Every path that an agent said it changed, the files that they answered with, and the backlog."""
        outputs = [self._output(node) for node in ("draft", "validate", "implement", "qa")]
        named = {path for output in outputs for path in output.get("changedFiles", [])}
        answered = {output[name] for output in outputs for name in ("storyFile", "qaGateFile") if name in output}
        return {clean_path(path) for path in (*named, *answered, self.about["backlog"]) if path}

    def _message(self) -> str:
        """The one that a person wrote, where it could not be committed before, else the one shown before, else the
        agent's: behind the screen no agent works."""
        said, shown = self._output(COMMIT_GATE).get("message"), self._output("screen").get("data", {})
        return str(said or shown.get("commitMessage") or self._output("implement")["commitMessage"])

    def _not_committed(self) -> Iterator[str]:
        """Why it was not committed before, where that is so."""
        if why := self._output("commit").get("why"):
            yield f"Not committed before: {one_line(why, 2_000)}"

    def _output(self, node: str) -> Mapping[str, Any]:
        """The newest output of a node, or what was said at a gate; nothing where it has none yet."""
        return self.context.outputs.get(node, {})

    def _with(self, result: StepResult, **more: Any) -> StepResult:
        return StepResult({**result.output, **more}, result.artifacts)


def _repository(context: StepContext) -> Path:
    root = Path(context.about["root"])
    if not root.is_dir():
        raise StepFailedError(
            f"This worker has no folder {str(root)!r}, the repository of the story. Retry the run with a worker on the "
            "machine that has it.",
            code="no-repository",
            details={"root": str(root)},
        )
    return root.resolve()


def _left_out(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - NAMED_MAX} more" if len(paths) > NAMED_MAX else ""
    return f" Left out, as no agent named them: {', '.join(paths[:NAMED_MAX])}{more}."


def _bad_gate(path: str, why: Sequence[str]) -> StepFailedError:
    said = "; ".join(one.removesuffix(".") for one in why) or "it cannot be read"
    return StepFailedError(
        f"The QA gate file {path} cannot be believed: {said}.", code="bad-qa-gate", details={"path": path}
    )
