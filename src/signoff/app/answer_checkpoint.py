"""Answer a checkpoint: the gate that it is gets decided, and then the pipeline's state file is told.

The ledger comes first. Whoever dies between the two, or answers from elsewhere, leaves a decided gate and a file that
does not know of it: the next who looks finds the gate, and the file is brought up to date. What stands in the file is
compared before it is written over, so that nobody's change is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol

from signoff.app import moments
from signoff.errors import ConflictError, GateDecidedError, InvalidInputError, NotFoundError
from signoff.gates.gate import State
from signoff.gates.prompt import HOLD
from signoff.stories.asking import (
    CHECKPOINT_TTL_S,
    MESSAGE_FIELD,
    gate_key_of,
    is_about,
    prompt_draft,
    round_of,
    workflow_id_of,
)
from signoff.stories.changes import Changes, CommitOutcome, Committed, HookFailed, changes_from_wire, clean_message
from signoff.stories.checkpoint import Checkpoint, CommitData
from signoff.stories.choices import CONTINUE, Action, action_of
from signoff.stories.decision import Decision, Facts, apply, apply_failure, decision_of, recorded
from signoff.stories.state import Event, HistoryEntry, Kind, PipelineState

Wire = dict[str, Any]

#: Commits what was approved with its message.
MakeCommit = Callable[[Changes, str], CommitOutcome]


class Gates(Protocol):
    """Gates in their wire forms, at a ledger at hand or behind a server."""

    def gate(self, workflow_id: str, gate_key: str) -> Wire: ...
    def gates_of(self, workflow_id: str) -> list[Wire]: ...
    def open_gate(self, body: Mapping[str, Any]) -> Wire: ...
    def reply(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire: ...


class StateFile(Protocol):
    """The pipeline's state file. `place` is its absolute path."""

    @property
    def place(self) -> str: ...
    def read(self) -> PipelineState: ...

    def hold(self) -> AbstractContextManager[None]:
        """Whoever else of ours wants to write it waits."""
        ...

    def write(self, state: PipelineState, *, instead_of: PipelineState) -> None:
        """
        Raises:
            ConflictError: it says something else by now, and is left as it is.
        """
        ...


@dataclass(frozen=True)
class Asked:
    """A checkpoint as it is put before a person: what the file said, and the gate, as `views.gate_view` has it."""

    state: PipelineState
    checkpoint: Checkpoint
    gate: Wire

    @property
    def is_decided(self) -> bool:
        return bool(self.gate["state"] == State.RECEIVED)

    @property
    def changes(self) -> Changes | None:
        """What the commit is about, at that checkpoint."""
        wire = self.gate["prompt"]["payload"].get("changes")
        return None if wire is None else changes_from_wire(wire)


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


def state_changed(place: str) -> ConflictError:
    why = f"{place} was changed by somebody else meanwhile, and is left as it is. Look again, and decide again."
    return ConflictError(why, code="pipeline-state-changed", details={"path": place})


def ask_checkpoint(
    gates: Gates, file: StateFile, state: PipelineState, checkpoint: Checkpoint, changes: Changes | None
) -> Asked:
    """The checkpoint's gate: opened now, or found as it stands, also decided.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) the data names a gate of a run that does not ask this.
    """
    if checkpoint.own_gate is not None:
        return Asked(state, checkpoint, _own_gate(gates, checkpoint, *checkpoint.own_gate))
    workflow_id, round_ = workflow_id_of(file.place, checkpoint.story_id), round_of(state, checkpoint)
    found = _decided(gates, workflow_id, checkpoint, round_)
    if found is None:
        found = _open(gates, workflow_id, prompt_draft(checkpoint, round_=round_, changes=changes))
    return Asked(state, checkpoint, found)


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
        body = {
            "payload": dict(payload),
            "dedupeKey": dedupe_key,
            "origin": origin,
            "promptDigest": asked.gate["prompt"]["digest"],
        }
        receipt = gates.reply(asked.gate["workflowID"], asked.gate["gateKey"], body)["receipt"]
        moments.reach(moments.CHECKPOINT_DECIDED)
        action = action_of(asked.checkpoint.kind, receipt["decision"])
        if receipt["state"] == State.PENDING and action.effect != HOLD:
            return Outcome(receipt)
        return _tell(file, asked, receipt, payload, make_commit)


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
        if entry is not None:
            return _recorded(asked, receipt, said, entry)
        if state != asked.state:
            raise state_changed(file.place)
        return _tell(file, asked, receipt, said, make_commit)


def _own_gate(gates: Gates, checkpoint: Checkpoint, workflow_id: str, gate_key: str) -> Wire:
    """The gate of a run, believed only where it asks what the file shows: somebody may have edited the file."""
    try:
        gate = gates.gate(workflow_id, gate_key)
    except NotFoundError:
        why = f"it names the gate {gate_key} of {workflow_id}, which is not in the ledger"
        raise InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state") from None
    payload = gate["prompt"].get("payload")
    round_ = payload.get("round") if isinstance(payload, dict) else None
    if not isinstance(round_, int) or not is_about(payload, checkpoint, round_):
        why = f"the file shows something else than the gate {gate_key} of {workflow_id} asks"
        raise InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state")
    return gate


def _decided(gates: Gates, workflow_id: str, checkpoint: Checkpoint, round_: int) -> Wire | None:
    """The gate of this round that was decided, and of which the file does not know. For a commit its files may have
    changed since, or be committed."""
    try:
        found = gates.gates_of(workflow_id)
    except NotFoundError:
        return None
    decided = (gate for gate in found if gate["state"] == State.RECEIVED)
    return next((gate for gate in decided if is_about(gate["prompt"].get("payload"), checkpoint, round_)), None)


def _open(gates: Gates, workflow_id: str, draft: Mapping[str, Any]) -> Wire:
    """What ended without anybody's decision is asked once more."""
    for asked_before in count():
        body = {
            "workflowId": workflow_id,
            "gateKey": gate_key_of(draft, asked_before=asked_before),
            "prompt": {name: member for name, member in draft.items() if name != "payload"},
            "payload": draft["payload"],
            "ttlS": CHECKPOINT_TTL_S,
        }
        gate = gates.open_gate(body)
        if gate["state"] in (State.PENDING, State.RECEIVED):
            break
    return gate


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
    if make_commit is None or asked.checkpoint.kind is not Kind.COMMIT or action.action != CONTINUE:
        file.write(apply(asked.state, asked.checkpoint, action, facts), instead_of=asked.state)
        return Outcome(receipt, decision_of(asked.checkpoint, action, facts))
    about, changes = asked.checkpoint.about, asked.changes
    assert isinstance(about, CommitData)  # noqa: S101 - the checkpoint is of that kind
    assert changes is not None  # noqa: S101 - its gate was opened with them
    made = make_commit(changes, facts.message or about.message)
    return _tell_of_commit(file, asked, action, facts, receipt, made)


def _tell_of_commit(
    file: StateFile, asked: Asked, action: Action, facts: Facts, receipt: Wire, made: CommitOutcome
) -> Outcome:
    if isinstance(made, Committed):
        moments.reach(moments.STORY_COMMITTED)
        facts = replace(facts, commit=made.commit)
        file.write(apply(asked.state, asked.checkpoint, action, facts), instead_of=asked.state)
        return Outcome(receipt, decision_of(asked.checkpoint, action, facts), remark=made.remark)
    file.write(apply_failure(asked.state, asked.checkpoint, action, facts, made.why), instead_of=asked.state)
    return Outcome(receipt, why=made.why, output=made.output if isinstance(made, HookFailed) else "")


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
