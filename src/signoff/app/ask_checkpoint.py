"""Ask at a checkpoint: find or open the gate that it is.

The pipeline's state file belongs to others, who restore and rewrite it: what was decided, and of what the file was
told, is in the ledger alone. A gate of whose decision the file was told is closed there, and never taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from signoff.app.close_gate import CLOSED
from signoff.errors import ConflictError, GateFinalError, InvalidInputError, NotFoundError
from signoff.gates.gate import State
from signoff.stories.asking import CHECKPOINT_TTL_S, gate_key_of, is_about, prompt_draft, round_of, workflow_id_of
from signoff.stories.changes import Changes, changes_from_wire
from signoff.stories.checkpoint import Checkpoint, find_checkpoint, newest_decision
from signoff.stories.decision import recorded
from signoff.stories.state import PipelineState

ENTRIES_AT_ONCE = 200
ASKS_ELSE = "the pipeline asks something else by now"

Wire = dict[str, Any]


class Gates(Protocol):
    """Gates in their wire forms, at a ledger at hand or behind a server."""

    def gate(self, workflow_id: str, gate_key: str) -> Wire: ...
    def gates_of(self, workflow_id: str) -> list[Wire]: ...
    def open_gate(self, body: Mapping[str, Any]) -> Wire: ...
    def reply(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire: ...
    def close_gate(self, workflow_id: str, gate_key: str, body: Mapping[str, Any]) -> Wire: ...
    def entries(self, workflow_id: str | None, after: int, limit: int) -> Wire: ...


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
    """A checkpoint as it is put before a person: what the file said, and the gate, as `views.gate_view` has it.
    `found` are the changes of a commit as they are now, where it is one."""

    state: PipelineState
    checkpoint: Checkpoint
    gate: Wire
    found: Changes | None = None

    @property
    def is_decided(self) -> bool:
        return bool(self.gate["state"] == State.RECEIVED)

    @property
    def changes(self) -> Changes | None:
        """What the commit is about, at that checkpoint, as it was shown."""
        wire = self.gate["prompt"]["payload"].get("changes")
        return None if wire is None else changes_from_wire(wire)


def state_changed(place: str) -> ConflictError:
    why = f"{place} was changed by somebody else meanwhile, and is left as it is. Look again, and decide again."
    return ConflictError(why, code="pipeline-state-changed", details={"path": place})


def ask_checkpoint(
    gates: Gates, file: StateFile, state: PipelineState, checkpoint: Checkpoint, changes: Changes | None
) -> Asked:
    """The checkpoint's gate: opened now, or found as it stands; also decided, where the file does not know it yet. What
    the file asked before is withdrawn.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) the data names a gate of a run that does not ask this.
        ConflictError: (`pipeline-state-changed`) the file says something else by now; nothing is asked.
    """
    if checkpoint.own_gate is not None:
        return Asked(state, checkpoint, _own_gate(gates, checkpoint, *checkpoint.own_gate), changes)
    earlier = _earlier(gates, state, workflow_id_of(file.place, checkpoint.story_id))
    gate = earlier.untold(checkpoint)
    if gate is None:
        draft = prompt_draft(checkpoint, round_=earlier.round_of(checkpoint), changes=changes)
        gate = _open(gates, earlier.workflow_id, draft)
        _check_current(gates, file, state, gate)
    earlier.withdraw_all_but(gate, gates)
    return Asked(state, checkpoint, gate, changes)


def asked_before(gates: Gates, state: PipelineState) -> Asked | None:
    """The checkpoint that the pipeline has just passed by a decision; None where something has happened since, or the
    ledger knows nothing of it."""
    entry = newest_decision(state)
    if entry is None or state.checkpoint is not None:
        return None
    try:
        gate = gates.gate(str(entry.facts.get("workflowID")), str(entry.facts.get("gateKey")))
    except (NotFoundError, InvalidInputError):
        return None
    payload = _payload(gate)
    if (gate.get("receipt") or {}).get("interactionId") != entry.facts["interactionId"] or not isinstance(
        payload, dict
    ):
        return None
    shown = PipelineState({"currentStory": entry.story_id, "checkpointData": payload.get("checkpointData")})
    return Asked(state, find_checkpoint(shown), gate)


def close_told(gates: Gates, place: str, receipt: Mapping[str, Any]) -> None:
    """Record in the ledger that the file at this place was told of a decision."""
    body = {"reason": f"{place} was told of it", "interactionId": receipt["interactionId"]}
    gates.close_gate(receipt["workflowID"], receipt["gateKey"], body)


def is_told(gates: Gates, gate: Wire) -> bool:
    """Whether the file was told of this gate's decision."""
    return gate["gateKey"] in set(_closed(gates, gate["workflowID"]))


@dataclass(frozen=True)
class _Earlier:
    """What was asked before of a story in its file. `told` are the keys of gates of whose decisions it was told."""

    workflow_id: str
    asked: list[Wire]
    told: frozenset[str]

    def round_of(self, checkpoint: Checkpoint) -> int:
        return round_of((_payload(gate) for gate in self.asked if gate["gateKey"] in self.told), checkpoint)

    def untold(self, checkpoint: Checkpoint) -> Wire | None:
        """The gate of this round that was decided, and of which the file does not know. For a commit its files may have
        changed since, or be committed."""
        round_ = self.round_of(checkpoint)
        decided = (one for one in self.asked if one["state"] == State.RECEIVED and one["gateKey"] not in self.told)
        return next((one for one in decided if is_about(_payload(one), checkpoint, round_)), None)

    def withdraw_all_but(self, gate: Wire, gates: Gates) -> None:
        for one in self.asked:
            if one["state"] == State.PENDING and one["gateKey"] != gate["gateKey"]:
                # Whoever has answered it meanwhile has answered what the file does not ask any more.
                with suppress(GateFinalError):
                    gates.close_gate(self.workflow_id, one["gateKey"], {"reason": ASKS_ELSE})


def _earlier(gates: Gates, state: PipelineState, workflow_id: str) -> _Earlier:
    try:
        asked = gates.gates_of(workflow_id)
    except NotFoundError:
        return _Earlier(workflow_id, [], frozenset())
    told = set(_closed(gates, workflow_id))
    for gate in asked:
        is_decided = gate["state"] == State.RECEIVED and gate["gateKey"] not in told
        if is_decided and recorded(state, gate["receipt"]["interactionId"]) is not None:
            # Whoever wrote it to the file died before the ledger knew.
            close_told(gates, "the state file", gate["receipt"])
            told.add(gate["gateKey"])
    return _Earlier(workflow_id, asked, frozenset(told))


def _closed(gates: Gates, workflow_id: str) -> Iterator[str]:
    """The keys of the gates whose decisions were taken up."""
    after: str | None = "0"
    while after is not None:
        page = gates.entries(workflow_id, int(after), ENTRIES_AT_ONCE)
        yield from (entry["gateKey"] for entry in page["items"] if entry["event"] == CLOSED)
        after = page["nextCursor"]


def _payload(gate: Wire) -> Any:
    return gate["prompt"].get("payload")


def _own_gate(gates: Gates, checkpoint: Checkpoint, workflow_id: str, gate_key: str) -> Wire:
    """The gate of a run, believed only where it asks what the file shows: somebody may have edited the file."""
    try:
        gate = gates.gate(workflow_id, gate_key)
    except NotFoundError:
        why = f"it names the gate {gate_key} of {workflow_id}, which is not in the ledger"
        raise InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state") from None
    payload = _payload(gate)
    round_ = payload.get("round") if isinstance(payload, dict) else None
    if not isinstance(round_, int) or not is_about(payload, checkpoint, round_):
        why = f"the file shows something else than the gate {gate_key} of {workflow_id} asks"
        raise InvalidInputError(f"Invalid checkpoint state: {why}.", code="invalid-checkpoint-state")
    return gate


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


def _check_current(gates: Gates, file: StateFile, state: PipelineState, gate: Wire) -> None:
    """Somebody may have answered, and told the file, since it was read: then this asks what nobody asks any more."""
    if file.read() == state:
        return
    if not gate["isReplay"]:
        gates.close_gate(gate["workflowID"], gate["gateKey"], {"reason": ASKS_ELSE})
    raise state_changed(file.place)
