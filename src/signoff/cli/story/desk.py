"""A checkpoint at a person's desk: drawn, asked, answered, and shown again as long as it is not decided."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signoff.app.answer_checkpoint import (
    MakeCommit,
    Outcome,
    answer_again,
    answer_checkpoint,
    reply_at,
    settle_checkpoint,
)
from signoff.app.ask_checkpoint import Asked, ask_checkpoint, asked_before
from signoff.app.project_story import project_story
from signoff.cli.call import Call
from signoff.cli.failure import DONE, WAITING, receipt_line
from signoff.cli.gate.answer import dedupe_key_of
from signoff.cli.gate.answering import answering_commands
from signoff.cli.gate.text import remaining_words
from signoff.cli.output import note
from signoff.cli.story.answering import Said, ask_action, ask_rationale, edit_message, is_attended
from signoff.cli.story.project import repository_around
from signoff.cli.story.screens import Screen, show_diff
from signoff.errors import CallerError, ConflictError, GateDecidedError, InvalidInputError, NotFoundError
from signoff.gates.gate import State
from signoff.runners.repository import changes_of
from signoff.runners.story.commit import commit
from signoff.runners.story.look import lock_problem, look
from signoff.runners.story.projected import write_projection
from signoff.runners.story.state_file import StateFile
from signoff.sdk.ledger_backend import LedgerBackend
from signoff.stories.asking import MESSAGE_FIELD, deferrals_of
from signoff.stories.changes import Changes
from signoff.stories.checkpoint import Checkpoint, find_checkpoint, has_data
from signoff.stories.checkpoint_data import CommitData
from signoff.stories.choices import CONTINUE, EDIT, REVIEW, Action, find_action
from signoff.stories.decision import Decision
from signoff.stories.state import Kind, PipelineState

if TYPE_CHECKING:
    from signoff.cli.console.elsewhere import Elsewhere
    from signoff.sdk.backend import Backend


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
            outcome = self._said_again() or self._take()
            if outcome is None:
                return WAITING, None
            self._tell(outcome)
            if outcome.decision is not None:
                return DONE, outcome.decision
            if outcome.why is None:
                return WAITING, None
            # What was decided was about what was shown before. The message is still theirs, and is shown again.
            self.said = replace(self.said, choice=None, rationale=None)

    @cached_property
    def _file(self) -> StateFile:
        return StateFile(self.path)

    @cached_property
    def _screen(self) -> Screen:
        return Screen()

    @cached_property
    def _root(self) -> Path:
        """The repository that the state file is in; else the one that we are in."""
        return repository_around(self.path) or Path.cwd().resolve()

    def _take(self) -> Outcome | None:
        asked = self._ask()
        return self._settle(asked) if asked.is_decided else self._put(asked)

    def _said_again(self) -> Outcome | None:
        """A choice that comes after the pipeline has gone on is an answer to what it has passed: the same as there was,
        or one that comes too late."""
        state = self._file.read()
        is_passed = not has_data(state) and self.said.choice is not None
        asked = asked_before(self.backend, state) if is_passed else None
        if asked is None or self.expected not in (None, asked.checkpoint.kind):
            return None
        action = find_action(asked.checkpoint.kind, str(self.said.choice))
        if action is None or action.effect is None:
            return None
        note(f"Decided before: {receipt_line(asked.gate['receipt'])}.")
        return answer_again(self.backend, self._file, asked, **self._reply(asked, action, self.said.rationale))

    def _ask(self) -> Asked:
        """As the file has it now, also where somebody writes to it just then."""
        while True:
            state = self._file.read()
            checkpoint = self._checkpoint(state)
            try:
                return ask_checkpoint(self.backend, self._file, state, checkpoint, self._changes(checkpoint))
            except ConflictError as error:
                if error.code != "pipeline-state-changed":
                    raise

    def _checkpoint(self, state: PipelineState) -> Checkpoint:
        try:
            checkpoint = find_checkpoint(state, self.expected)
        except InvalidInputError as error:
            raise InvalidInputError(f"{error.message} It is in {self.path}.", code=error.code) from None
        if self.said.message is not None and checkpoint.kind is not Kind.COMMIT:
            raise InvalidInputError(f"--message-file is for {Kind.COMMIT}; this is {checkpoint.kind}.", code="usage")
        return checkpoint

    def _changes(self, checkpoint: Checkpoint) -> Changes | None:
        """What a commit would hold; that of a run the run looks at itself."""
        about = checkpoint.about
        if not isinstance(about, CommitData) or checkpoint.own_gate is not None:
            return None
        return look(self._root, about.paths)

    def _settle(self, asked: Asked) -> Outcome:
        """It was decided before the file could be told, or elsewhere."""
        receipt = asked.gate["receipt"]
        wanted = None if self.said.choice is None else find_action(asked.checkpoint.kind, self.said.choice)
        if wanted is not None and wanted.key != receipt["decision"]:
            why = "This was decided before; without --choice the state file is brought up to date."
            raise GateDecidedError(why, receipt=receipt)
        note(f"Decided before: {receipt_line(receipt)}. Bringing {self.path} up to date.")
        outcome = settle_checkpoint(self.backend, self._file, asked, make_commit=self._make_commit)
        if wanted is not None:
            self._say_the_same(asked, wanted, outcome)
        return outcome

    def _say_the_same(self, asked: Asked, wanted: Action, outcome: Outcome) -> None:
        """The same choice with another message or reason, or by somebody else, is another answer, and comes too late.

        Raises:
            GateDecidedError: it is, with the receipt of the one that decided.
        """
        try:
            reply_at(self.backend, asked, **self._reply(asked, wanted, self.said.rationale))
        except GateDecidedError:
            self._tell(outcome)
            raise

    def _put(self, asked: Asked) -> Outcome | None:
        """Draw it, and take the answer; None where nobody is there to give one."""
        self._draw(asked)
        action = None if self.said.choice is None else self._chosen(asked.checkpoint, self.said.choice)
        if action is not None and action.effect is not None:
            return self._answer(asked, action, self.said.rationale)
        if action is not None:
            self._do(asked, action)
        if is_attended():
            return self._ask_here(asked)
        self._say_where(asked)
        return None

    def _draw(self, asked: Asked) -> None:
        self._screen.checkpoint(asked.checkpoint, changes=asked.changes, message=self.said.message)
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

    def _ask_here(self, asked: Asked) -> Outcome:
        from signoff.cli.console.elsewhere import Elsewhere, EndedElsewhereError

        note(f"You answer as {self.call.actor}. Ctrl-C leaves the checkpoint open.")
        try:
            with Elsewhere(self.backend, asked.gate) as elsewhere:
                return self._until_answered(asked, elsewhere)
        except EndedElsewhereError as ended:
            receipt = dict(ended.receipt)
        if receipt["decision"] is None:
            why = "It was withdrawn" if receipt["state"] == State.CANCELLED else "The time for this answer is over"
            return Outcome(receipt, why=f"{why}; what the pipeline asks now is asked anew.")
        note(f"Answered meanwhile: {receipt_line(receipt)}.")
        return settle_checkpoint(self.backend, self._file, asked, make_commit=self._make_commit)

    def _until_answered(self, asked: Asked, elsewhere: Elsewhere) -> Outcome:
        """Nobody is thrown out by a refusal: it is said why, and asked again."""
        while True:
            action = ask_action(elsewhere.ask, asked.checkpoint.actions)
            try:
                if action.effect is None:
                    self._do(asked, action)
                else:
                    self._check_committable(asked, action)
                    rationale = self.said.rationale or ask_rationale(elsewhere.ask)
                    return self._answer(asked, action, rationale)
            except ConflictError:
                raise
            except CallerError as error:
                self._screen.alarm(f"Not taken: {error.message}")

    def _do(self, asked: Asked, action: Action) -> None:
        """What decides nothing."""
        if action.action == REVIEW:
            self._review(asked)
        else:
            self._edit(asked)

    def _review(self, asked: Asked) -> None:
        if asked.changes is None:
            return
        found = changes_of(self._root, asked.changes.head, [file.path for file in asked.changes.files])
        show_diff("There are no changes.\n" if found is None else found.text)

    def _edit(self, asked: Asked) -> None:
        about = asked.checkpoint.about
        assert isinstance(about, CommitData)  # noqa: S101 - only a commit's message is edited
        if not is_attended():
            why = "There is no terminal to edit at. Give the message with --message-file FILE --choice commit."
            raise InvalidInputError(why, code="no-terminal")
        self.said = replace(self.said, message=edit_message(self.said.message or about.message))
        self._draw(asked)

    def _check_committable(self, asked: Asked, action: Action) -> None:
        """Nothing is approved that cannot be done; a run of its own looks for itself."""
        is_here = self._make_commit is not None and asked.checkpoint.own_gate is None
        if action.action != CONTINUE or asked.changes is None or not is_here:
            return
        why = " ".join(filter(None, (*asked.changes.obstacles, lock_problem(self._root))))
        if why:
            raise CallerError(f"It cannot be committed as it stands. {why}", code="commit-refused")

    def _answer(self, asked: Asked, action: Action, rationale: str | None) -> Outcome:
        self._check_committable(asked, action)
        reply = self._reply(asked, action, rationale)
        return answer_checkpoint(self.backend, self._file, asked, **reply, make_commit=self._make_commit)

    def _reply(self, asked: Asked, action: Action, rationale: str | None) -> dict[str, Any]:
        """The answer, as `answer_checkpoint`, `answer_again` and `reply_at` take it."""
        about, message, payload = asked.checkpoint.about, self.said.message, {"choice": action.key}
        if rationale is not None:
            payload["rationale"] = rationale
        if isinstance(about, CommitData) and action.action == CONTINUE and message not in (None, about.message):
            payload[MESSAGE_FIELD] = str(message)
        # Who pauses again after it went on says something new.
        deferrals = deferrals_of(asked.state, asked.checkpoint)
        same = dedupe_key_of(self.call.actor, self.call.settings.token, asked.gate, payload)
        origin = "console" if is_attended() else "manual"
        return {"payload": payload, "dedupe_key": f"{same}:{deferrals}", "origin": origin}

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
