"""A checkpoint at a person's desk: drawn, asked, answered, and shown again as long as it is not decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signoff.app.answer_checkpoint import (
    Asked,
    MakeCommit,
    Outcome,
    answer_checkpoint,
    ask_checkpoint,
    settle_checkpoint,
)
from signoff.app.project_story import project_story
from signoff.cli.call import Call
from signoff.cli.failure import DONE, WAITING, receipt_line
from signoff.cli.gate.answer import dedupe_key_of
from signoff.cli.gate.answering import answering_commands
from signoff.cli.gate.text import remaining_words
from signoff.cli.output import note
from signoff.cli.story.answering import Said, ask_action, ask_rationale, edit_message, is_attended
from signoff.cli.story.screens import Screen, show_diff
from signoff.errors import CallerError, ConflictError, GateDecidedError, InvalidInputError, NotFoundError
from signoff.runners.repository import changes_of
from signoff.runners.story.commit import commit
from signoff.runners.story.look import look
from signoff.runners.story.projected import write_projection
from signoff.runners.story.state_file import StateFile
from signoff.sdk.ledger_backend import LedgerBackend
from signoff.stories.asking import MESSAGE_FIELD, deferrals_of
from signoff.stories.checkpoint import Checkpoint, CommitData, find_checkpoint
from signoff.stories.choices import CONTINUE, EDIT, REVIEW, Action, find_action
from signoff.stories.decision import Decision
from signoff.stories.state import Kind

if TYPE_CHECKING:
    from signoff.cli.console.elsewhere import Elsewhere
    from signoff.sdk.backend import Backend

_PLACES = (Path(".bmad-core/state/pipeline-state.json"), Path("pipeline-state.json"))


def default_state() -> Path:
    """Where pipelines keep their state; the first place where none is there."""
    return next((path for path in _PLACES if path.exists()), _PLACES[0])


def print_decision(decision: Decision, *, is_json: bool) -> None:
    from signoff.plans.spec.emit import emit_yaml

    document = decision.document
    click.echo(json.dumps(document, indent=2) if is_json else emit_yaml(document).rstrip("\n"))


@dataclass
class Desk:
    call: Call
    backend: Backend
    path: Path
    expected: Kind | None
    said: Said
    #: Somebody follows the run whose checkpoint it is, and keeps the state file up.
    is_followed: bool = False

    def decide(self) -> tuple[int, Decision | None]:
        """The exit code, and the decision where one was taken."""
        while True:
            asked = self._ask()
            outcome = self._settle(asked) if asked.is_decided else self._put(asked)
            if outcome is None:
                return WAITING, None
            self._tell(outcome)
            if outcome.decision is not None:
                return DONE, outcome.decision
            if outcome.why is None:
                return WAITING, None
            # What was said on the command line was for what was shown before.
            self.said = replace(self.said, choice=None, rationale=None, message=None)

    @cached_property
    def _file(self) -> StateFile:
        return StateFile(self.path)

    @cached_property
    def _screen(self) -> Screen:
        return Screen()

    @cached_property
    def _root(self) -> Path:
        """The repository that the state file is in; else the one that we are in."""
        here = Path.cwd().resolve()
        folders = [*self.path.resolve().parents, here, *here.parents]
        return next((one for one in folders if (one / ".git").exists()), here)

    def _ask(self) -> Asked:
        state = self._file.read()
        try:
            checkpoint = find_checkpoint(state, self.expected)
        except InvalidInputError as error:
            raise InvalidInputError(f"{error.message} It is in {self.path}.", code=error.code) from None
        if self.said.message is not None and checkpoint.kind is not Kind.COMMIT:
            raise InvalidInputError(f"--message-file is for {Kind.COMMIT}; this is {checkpoint.kind}.", code="usage")
        is_own = checkpoint.own_gate is not None
        about = checkpoint.about
        changes = look(self._root, about.paths) if isinstance(about, CommitData) and not is_own else None
        return ask_checkpoint(self.backend, self._file, state, checkpoint, changes)

    def _settle(self, asked: Asked) -> Outcome:
        """It was decided before the file could be told, or elsewhere."""
        receipt = asked.gate["receipt"]
        wanted = None if self.said.choice is None else find_action(asked.checkpoint.kind, self.said.choice)
        if wanted is not None and wanted.key != receipt["decision"]:
            why = "This was decided before; without --choice the state file is brought up to date."
            raise GateDecidedError(why, receipt=receipt)
        note(f"Decided before: {receipt_line(receipt)}. Bringing {self.path} up to date.")
        return settle_checkpoint(self.backend, self._file, asked, make_commit=self._make_commit)

    def _put(self, asked: Asked) -> Outcome | None:
        """Draw it, and take the answer; None where nobody is there to give one."""
        message = self.said.message
        self._draw(asked, message)
        action = None if self.said.choice is None else self._chosen(asked.checkpoint, self.said.choice)
        if action is not None and action.effect is not None:
            return self._answer(asked, action, message, self.said.rationale)
        if action is not None and action.action == REVIEW:
            self._review(asked)
        elif action is not None:
            message = self._edited(asked, message)
        if is_attended():
            return self._ask_here(asked, message)
        self._say_where(asked)
        return None

    def _draw(self, asked: Asked, message: str | None) -> None:
        self._screen.checkpoint(asked.checkpoint, changes=asked.changes, message=message)
        self._screen.options(asked.checkpoint.actions)

    def _chosen(self, checkpoint: Checkpoint, wanted: str) -> Action | None:
        """None for an unexpected answer, where somebody is there to be asked again."""
        action = find_action(checkpoint.kind, wanted)
        if action is not None:
            return action
        ways = ", ".join(f"{one.number} ({one.key})" for one in checkpoint.actions)
        why = f"{wanted[:80]!r} is no choice at {checkpoint.kind}; choose one of {ways}."
        if not is_attended():
            raise InvalidInputError(
                why, code="bad-choice", details={"choices": [one.key for one in checkpoint.actions]}
            )
        self._screen.alarm(why)
        return None

    def _ask_here(self, asked: Asked, message: str | None) -> Outcome:
        from signoff.cli.console.elsewhere import Elsewhere, EndedElsewhereError

        note(f"You answer as {self.call.actor}. Ctrl-C leaves the checkpoint open.")
        try:
            with Elsewhere(self.backend, asked.gate) as elsewhere:
                return self._until_answered(asked, message, elsewhere)
        except EndedElsewhereError as ended:
            receipt = dict(ended.receipt)
        if receipt["decision"] is None:
            return Outcome(receipt, why="The time for this answer is over; it is asked anew.")
        note(f"Answered meanwhile: {receipt_line(receipt)}.")
        return settle_checkpoint(self.backend, self._file, asked, make_commit=self._make_commit)

    def _until_answered(self, asked: Asked, message: str | None, elsewhere: Elsewhere) -> Outcome:
        """Nobody is thrown out by a refusal: it is said why, and asked again."""
        while True:
            action = ask_action(elsewhere.ask, asked.checkpoint.actions)
            try:
                if action.action == REVIEW:
                    self._review(asked)
                elif action.action == EDIT:
                    message = self._edited(asked, message)
                else:
                    self._check_committable(asked, action)
                    rationale = self.said.rationale or ask_rationale(elsewhere.ask)
                    return self._answer(asked, action, message, rationale)
            except ConflictError:
                raise
            except CallerError as error:
                self._screen.alarm(f"Not taken: {error.message}")

    def _review(self, asked: Asked) -> None:
        if asked.changes is None:
            return
        found = changes_of(self._root, asked.changes.head, [file.path for file in asked.changes.files])
        show_diff("There are no changes.\n" if found is None else found.text)

    def _edited(self, asked: Asked, message: str | None) -> str:
        about = asked.checkpoint.about
        assert isinstance(about, CommitData)  # noqa: S101 - only a commit's message is edited
        if not is_attended():
            why = "There is no terminal to edit at. Give the message with --message-file FILE --choice commit."
            raise InvalidInputError(why, code="no-terminal")
        edited = edit_message(message or about.message)
        self._draw(asked, edited)
        return edited

    def _check_committable(self, asked: Asked, action: Action) -> None:
        """Nothing is approved that cannot be done; a run of its own looks for itself."""
        is_here = self._make_commit is not None and asked.checkpoint.own_gate is None
        if action.action == CONTINUE and asked.changes is not None and asked.changes.obstacles and is_here:
            why = " ".join(asked.changes.obstacles)
            raise CallerError(f"It cannot be committed as it stands. {why}", code="commit-refused")

    def _answer(self, asked: Asked, action: Action, message: str | None, rationale: str | None) -> Outcome:
        self._check_committable(asked, action)
        about, payload = asked.checkpoint.about, {"choice": action.key}
        if rationale is not None:
            payload["rationale"] = rationale
        if isinstance(about, CommitData) and action.action == CONTINUE and message not in (None, about.message):
            payload[MESSAGE_FIELD] = str(message)
        # Who pauses again after it went on says something new.
        deferrals = deferrals_of(asked.state, asked.checkpoint)
        return answer_checkpoint(
            self.backend,
            self._file,
            asked,
            payload=payload,
            dedupe_key=f"{dedupe_key_of(self.call.actor, self.call.settings.token, asked.gate, payload)}:{deferrals}",
            origin="console" if is_attended() else "manual",
            make_commit=self._make_commit,
        )

    @cached_property
    def _make_commit(self) -> MakeCommit | None:
        return None if self.said.no_commit else partial(commit, self._root)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.why is not None:
            self._screen.alarm(outcome.why)
            self._screen.output(outcome.output)
        elif outcome.decision is None:
            left = remaining_words(outcome.receipt.get("remaining") or {})
            note(f"Your approval counts. Still needed: {left}.")
        else:
            note(f"Recorded: {receipt_line(outcome.receipt)}.")
            self._tell_of_effect(outcome)

    def _tell_of_effect(self, outcome: Outcome) -> None:
        made = ((outcome.decision and outcome.decision.custom_data) or {}).get("commit")
        if made is not None:
            note(f"Committed {made}.")
        if outcome.remark is not None:
            note(outcome.remark)
        if outcome.is_of_run and not self.is_followed:
            self._bring_up(str(outcome.receipt["workflowID"]))
            note(f"The run goes on with: {self.call.again('story', 'resume')}")

    def _bring_up(self, workflow_id: str) -> None:
        """The file is what the run makes of it; where the ledger is elsewhere, whoever goes on with the run does it."""
        if not isinstance(self.backend, LedgerBackend):
            return
        try:
            project = project_story(self.backend.world, workflow_id)
        except NotFoundError:
            # The gate is that of another kind of workflow, which keeps the file itself.
            return
        write_projection(self.path, project)

    def _say_where(self, asked: Asked) -> None:
        """How to answer, here and from anywhere."""
        note("It waits for a person. Answer with one of:")
        for flags in _flags(asked.checkpoint.actions):
            note(f"  {self.call.again('story', 'checkpoint', f'--state={self.path}', *flags)}")
        note("or, from anywhere on the same ledger, with:")
        for command in answering_commands(self.call, (asked.gate["workflowID"], asked.gate["gateKey"]), asked.gate):
            note(f"  {command}")


def _flags(actions: Sequence[Action]) -> Iterator[tuple[str, ...]]:
    """How each action is said without a terminal: an edited message comes with its commit."""
    for action in actions:
        yield ("--choice=commit", "--message-file=FILE") if action.action == EDIT else (f"--choice={action.key}",)
