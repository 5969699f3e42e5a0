"""Answer a checkpoint: the gate that it is gets decided, and then the pipeline's state file is told.

The ledger comes first. Whoever dies between the two, or answers from elsewhere, leaves a decided gate and a file that
does not know of it: the next who looks finds the gate, and the file is brought up to date. What stands in the file is
compared before it is written over, so that nobody's change is lost. Once the file was told the ledger knows that too,
and the decision is not applied again, whatever becomes of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from signoff.app import moments
from signoff.app.ask_checkpoint import Asked, Gates, StateFile, Wire, close_told, is_told, state_changed
from signoff.errors import ConflictError, GateDecidedError
from signoff.gates.gate import State
from signoff.gates.prompt import HOLD
from signoff.stories.asking import MESSAGE_FIELD
from signoff.stories.changes import Changed, Changes, CommitOutcome, HookFailed, clean_message
from signoff.stories.checkpoint_data import CommitData
from signoff.stories.choices import CONTINUE, Action, action_of
from signoff.stories.decision import Decision, Facts, apply, apply_failure, decision_of, recorded
from signoff.stories.state import Event, HistoryEntry, Kind

#: Commits what was approved with its message.
MakeCommit = Callable[[Changes, str], CommitOutcome]


@dataclass(frozen=True)
class Outcome:
    """`decision` is None where others have yet to approve, and where an approved commit could not be made: `why` then
    says so, and `output` is what git wrote. `remark` is about a commit that was made; `is_of_run` says that a run of
    signoff's own goes on by itself."""

    receipt: Wire
    decision: Decision | None = None
    why: str | None = None
    output: str = ""
    remark: str | None = None
    is_of_run: bool = False


def answer_checkpoint(
    gates: Gates,
    file: StateFile,
    asked: Asked,
    *,
    payload: Mapping[str, Any],
    dedupe_key: str,
    origin: str,
    make_commit: MakeCommit | None,
) -> Outcome:
    """Decide, and tell the file. Without `make_commit` a commit is left to whoever runs the pipeline.

    Raises:
        ConflictError: somebody else has decided, with the receipt; or the file has changed. InvalidInputError,
        NotEntitledError: as `app.reply`; nothing was written.
    """
    with file.hold():
        _check_unchanged(gates, file, asked)
        receipt = reply_at(gates, asked, payload=payload, dedupe_key=dedupe_key, origin=origin)
        moments.reach(moments.CHECKPOINT_DECIDED)
        action = action_of(asked.checkpoint.kind, receipt["decision"])
        if receipt["state"] == State.PENDING and action.effect != HOLD:
            return Outcome(receipt)
        outcome = _tell(file, asked, receipt, payload, make_commit)
        _close(gates, file, asked, receipt)
        return outcome


def answer_again(
    gates: Gates, file: StateFile, asked: Asked, *, payload: Mapping[str, Any], dedupe_key: str, origin: str
) -> Outcome:
    """Say what was said at a checkpoint that the pipeline has passed: the same answer has the same outcome.

    Raises:
        GateDecidedError: it is another answer, or somebody else's, with the receipt of the one that decided.
    """
    receipt = reply_at(gates, asked, payload=payload, dedupe_key=dedupe_key, origin=origin)
    entry = recorded(asked.state, receipt["interactionId"])
    assert entry is not None  # noqa: S101 - `asked_before` has found it in the history
    _close(gates, file, asked, receipt)
    return _recorded(asked, receipt, payload, entry)


def settle_checkpoint(gates: Gates, file: StateFile, asked: Asked, *, make_commit: MakeCommit | None) -> Outcome:
    """Tell the file what was decided before, or elsewhere.

    Raises:
        ConflictError: the file has changed, and not by this decision.
    """
    gate = gates.gate(asked.gate["workflowID"], asked.gate["gateKey"])
    receipt = gate["receipt"]
    # Whatever a rationale was called in the reply, here it has one name.
    said = {**gate["result"]["payload"], **(gate["decision"].get("payload") or {})}
    with file.hold():
        state = file.read()
        entry = recorded(state, receipt["interactionId"])
        if entry is None and (state != asked.state or is_told(gates, asked.gate)):
            raise state_changed(file.place)
        if entry is not None:
            outcome = _recorded(asked, receipt, said, entry)
        else:
            outcome = _tell(file, asked, receipt, said, make_commit)
        _close(gates, file, asked, receipt)
        return outcome


def reply_at(gates: Gates, asked: Asked, *, payload: Mapping[str, Any], dedupe_key: str, origin: str) -> Wire:
    """The receipt; at a gate that was decided by the very same answer, the same one again.

    Raises:
        GateDecidedError: another answer has decided it, with its receipt. InvalidInputError, NotEntitledError: as
        `app.reply`.
    """
    body = {
        "payload": dict(payload),
        "dedupeKey": dedupe_key,
        "origin": origin,
        "promptDigest": asked.gate["prompt"]["digest"],
    }
    receipt: Wire = gates.reply(asked.gate["workflowID"], asked.gate["gateKey"], body)["receipt"]
    return receipt


def _close(gates: Gates, file: StateFile, asked: Asked, receipt: Wire) -> None:
    """A run of signoff's own knows by itself what it has taken up; and a pause ends nothing."""
    if receipt["state"] == State.RECEIVED and asked.checkpoint.own_gate is None:
        close_told(gates, file.place, receipt)


def _check_unchanged(gates: Gates, file: StateFile, asked: Asked) -> None:
    if file.read() == asked.state:
        return
    receipt = gates.gate(asked.gate["workflowID"], asked.gate["gateKey"]).get("receipt")
    if receipt is None or receipt["decision"] is None:
        raise state_changed(file.place)
    why = f"This checkpoint was decided meanwhile: {receipt['decision']} by {receipt['actor']}."
    raise GateDecidedError(why, receipt=receipt)


def _tell(
    file: StateFile, asked: Asked, receipt: Wire, said: Mapping[str, Any], make_commit: MakeCommit | None
) -> Outcome:
    action, facts = action_of(asked.checkpoint.kind, receipt["decision"]), _facts(asked, receipt, said)
    if asked.checkpoint.own_gate is not None:
        # The file is what the run makes of it, and so is the commit.
        return Outcome(receipt, decision_of(asked.checkpoint, action, facts), is_of_run=True)
    if asked.checkpoint.kind is Kind.COMMIT and action.action == CONTINUE:
        return _tell_of_commit(file, asked, action, facts, receipt, _commit(asked, facts, make_commit))
    file.write(apply(asked.state, asked.checkpoint, action, facts), instead_of=asked.state)
    return Outcome(receipt, decision_of(asked.checkpoint, action, facts))


def _commit(asked: Asked, facts: Facts, make_commit: MakeCommit | None) -> CommitOutcome | None:
    """What became of the commit; None where it is left to others, and is still what was approved."""
    about, changes = asked.checkpoint.about, asked.changes
    assert isinstance(about, CommitData)  # noqa: S101 - the checkpoint is of that kind
    assert changes is not None  # noqa: S101 - its gate was opened with them
    if make_commit is not None:
        return make_commit(changes, facts.message or about.message)
    if asked.found is None or replace(asked.found, obstacles=()) == replace(changes, obstacles=()):
        return None
    return Changed("What is to be committed has changed since it was approved.")


def _tell_of_commit(
    file: StateFile, asked: Asked, action: Action, facts: Facts, receipt: Wire, made: CommitOutcome | None
) -> Outcome:
    if isinstance(made, Changed | HookFailed):
        output = made.output if isinstance(made, HookFailed) else ""
        failed = apply_failure(asked.state, asked.checkpoint, action, facts, made.why, output)
        file.write(failed, instead_of=asked.state)
        return Outcome(receipt, why=made.why, output=output)
    if made is not None:
        moments.reach(moments.STORY_COMMITTED)
        facts = replace(facts, commit=made.commit)
    try:
        file.write(apply(asked.state, asked.checkpoint, action, facts), instead_of=asked.state)
    except ConflictError as error:
        raise error if made is None else _made_untold(file.place, made.commit, receipt) from None
    remark = None if made is None else made.remark
    return Outcome(receipt, decision_of(asked.checkpoint, action, facts), remark=remark)


def _made_untold(place: str, commit: str, receipt: Wire) -> ConflictError:
    why = (
        f"The commit {commit} was made as approved, but {place} was changed by somebody else meanwhile, and is left as "
        "it is. Look again: the commit is found, and the file is told of it."
    )
    return ConflictError(why, code="pipeline-state-changed", details={"path": place, "commit": commit}, receipt=receipt)


def _recorded(asked: Asked, receipt: Wire, said: Mapping[str, Any], entry: HistoryEntry) -> Outcome:
    """What the file was told before."""
    if entry.event is Event.ERROR:
        return Outcome(receipt, why=str(entry.raw.get("details")))
    facts = replace(_facts(asked, receipt, said), commit=entry.facts.get("commit"))
    action = action_of(asked.checkpoint.kind, receipt["decision"])
    return Outcome(receipt, decision_of(asked.checkpoint, action, facts))


def _facts(asked: Asked, receipt: Wire, said: Mapping[str, Any]) -> Facts:
    at = datetime.fromtimestamp(receipt["at"] / 1000, UTC).isoformat(timespec="milliseconds")
    return Facts(
        at=at.replace("+00:00", "Z"),
        who=receipt["actor"],
        workflow_id=receipt["workflowID"],
        gate_key=receipt["gateKey"],
        prompt_digest=receipt["promptDigest"],
        interaction_id=receipt["interactionId"],
        rationale=said.get("rationale"),
        message=_other_message(asked, said),
    )


def _other_message(asked: Asked, said: Mapping[str, Any]) -> str | None:
    """The message in the reply, where it is not the proposed one."""
    about = asked.checkpoint.about
    message = said.get(MESSAGE_FIELD)
    if not isinstance(about, CommitData) or not isinstance(message, str) or not message.strip():
        return None
    message = clean_message(message)
    return None if message == about.message else message
