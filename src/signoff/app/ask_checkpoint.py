"""Ask at a checkpoint: find or open the gate that it is.

The pipeline's state file belongs to others, who restore and rewrite it: what was decided, and of what the file was
told, is in the ledger alone. A gate of whose decision the file was told is closed there, and never taken up again; so
is one whose decision came when the file asked something else.
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
from signoff.stories.asking import (
    CHECKPOINT_TTL_S,
    gate_key_of,
    is_about,
    is_asked_in,
    prompt_draft,
    round_of,
    workflow_id_of,
)
from signoff.stories.changes import Changes, changes_from_wire
from signoff.stories.checkpoint import Checkpoint, find_checkpoint, newest_decision
from signoff.stories.choices import CONTINUE, action_of
from signoff.stories.decision import is_as_left, recorded
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
    if gate is None and changes is not None and changes.are_none:
        gate = earlier.committed(checkpoint, changes)
        checkpoint = checkpoint if gate is None else _shown_at(gate, checkpoint.story_id)
    if gate is None:
        draft = prompt_draft(checkpoint, round_=earlier.round_of(checkpoint), changes=changes)
        gate = _open(gates, earlier, draft)
        _check_current(gates, file, state, gate)
    earlier.drop_all_but(gate, gates)
    return Asked(state, checkpoint, gate, changes)


def asked_before(gates: Gates, state: PipelineState) -> Asked | None:
    """The checkpoint that the pipeline has just passed by a decision; None where something has happened since, or the
    ledger knows nothing of it."""
    entry = newest_decision(state)
    if entry is None:
        return None
    try:
        gate = gates.gate(str(entry.facts.get("workflowID")), str(entry.facts.get("gateKey")))
    except (NotFoundError, InvalidInputError):
        return None
    receipt = gate.get("receipt") or {}
    if receipt.get("interactionId") != entry.facts["interactionId"] or not isinstance(_payload(gate), dict):
        return None
    passed = _shown_at(gate, entry.story_id)
    action = action_of(passed.kind, receipt["decision"])
    return Asked(state, passed, gate) if is_as_left(state, passed, action, entry) else None


def close_told(gates: Gates, place: str, receipt: Mapping[str, Any]) -> None:
    """Record in the ledger that the file at this place was told of a decision."""
    body = {"reason": f"{place} was told of it", "interactionId": receipt["interactionId"]}
    gates.close_gate(receipt["workflowID"], receipt["gateKey"], body)


def is_told(gates: Gates, gate: Wire) -> bool:
    """Whether the file was told of this gate's decision."""
    return _closed(gates, gate["workflowID"]).get(gate["gateKey"], ASKS_ELSE) != ASKS_ELSE


@dataclass(frozen=True)
class _Earlier:
    """What was asked before of a story in its file, as gates. `told` are the keys of those of whose decisions it was
    told, `dropped` of those whose decisions came when it asked something else."""

    workflow_id: str
    asked: list[Wire]
    told: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    @property
    def closed(self) -> frozenset[str]:
        return self.told | self.dropped

    def round_of(self, checkpoint: Checkpoint) -> int:
        return round_of((_payload(gate) for gate in self.asked if gate["gateKey"] in self.told), checkpoint)

    def untold(self, checkpoint: Checkpoint) -> Wire | None:
        """The gate of this round that was decided, and of which the file does not know. For a commit its files may have
        changed since, or be committed."""
        round_ = self.round_of(checkpoint)
        decided = (one for one in self._decided() if one["gateKey"] not in self.dropped)
        return next((one for one in decided if is_about(_payload(one), checkpoint, round_)), None)

    def committed(self, checkpoint: Checkpoint, now: Changes) -> Wire | None:
        """The gate of a commit that was approved in this round and made, maybe, while the file came to say something
        else: HEAD has moved, and nothing is left to be committed. Whoever settles it looks for that commit."""
        round_ = self.round_of(checkpoint)
        for one in self._decided():
            payload = _payload(one)
            if not is_asked_in(payload, checkpoint, round_) or "changes" not in payload:
                continue
            action = action_of(checkpoint.kind, one["receipt"]["decision"])
            if action.action == CONTINUE and payload["changes"]["head"] != now.head:
                return one
        return None

    def drop_all_but(self, gate: Wire, gates: Gates) -> None:
        """An answer to what the file does not ask any more must not have an effect when it asks that again."""
        for one in self.asked:
            if one["state"] == State.PENDING and one["gateKey"] != gate["gateKey"]:
                # Whoever has answered it meanwhile has answered what the file does not ask any more.
                with suppress(GateFinalError):
                    gates.close_gate(self.workflow_id, one["gateKey"], {"reason": ASKS_ELSE})
        for one in self._decided():
            if one["gateKey"] not in (gate["gateKey"], *self.dropped):
                body = {"reason": ASKS_ELSE, "interactionId": one["receipt"]["interactionId"]}
                gates.close_gate(self.workflow_id, one["gateKey"], body)

    def _decided(self) -> Iterator[Wire]:
        """Those of whose decisions the file does not know."""
        yield from (one for one in self.asked if one["state"] == State.RECEIVED and one["gateKey"] not in self.told)


def _earlier(gates: Gates, state: PipelineState, workflow_id: str) -> _Earlier:
    try:
        asked = gates.gates_of(workflow_id)
    except NotFoundError:
        return _Earlier(workflow_id, [])
    closed = _closed(gates, workflow_id)
    told = {key for key, reason in closed.items() if reason != ASKS_ELSE}
    for gate in asked:
        is_decided = gate["state"] == State.RECEIVED and gate["gateKey"] not in told
        if is_decided and recorded(state, gate["receipt"]["interactionId"]) is not None:
            # Whoever wrote it to the file died before the ledger knew.
            close_told(gates, "the state file", gate["receipt"])
            told.add(gate["gateKey"])
    return _Earlier(workflow_id, asked, frozenset(told), frozenset(closed.keys() - told))


def _closed(gates: Gates, workflow_id: str) -> dict[str, str]:
    """Why each gate whose decision was taken up, or dropped, is closed: by its key."""
    reasons: dict[str, str] = {}
    after: str | None = "0"
    while after is not None:
        page = gates.entries(workflow_id, int(after), ENTRIES_AT_ONCE)
        closings = (entry for entry in page["items"] if entry["event"] == CLOSED)
        reasons |= {entry["gateKey"]: entry["body"]["reason"] for entry in closings}
        after = page["nextCursor"]
    return reasons


def _payload(gate: Wire) -> Any:
    return gate["prompt"].get("payload")


def _shown_at(gate: Wire, story_id: str | None) -> Checkpoint:
    """The checkpoint as it was put before people, whatever the file says by now."""
    data = _payload(gate).get("checkpointData")
    return find_checkpoint(PipelineState({"currentStory": story_id, "checkpointData": data}))


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


def _open(gates: Gates, earlier: _Earlier, draft: Mapping[str, Any]) -> Wire:
    """What ended without a decision that has an effect is asked once more."""
    for asked_before in count():
        body = {
            "workflowId": earlier.workflow_id,
            "gateKey": gate_key_of(draft, asked_before=asked_before),
            "prompt": {name: member for name, member in draft.items() if name != "payload"},
            "payload": draft["payload"],
            "ttlS": CHECKPOINT_TTL_S,
        }
        gate = gates.open_gate(body)
        if gate["state"] in (State.PENDING, State.RECEIVED) and gate["gateKey"] not in earlier.closed:
            break
    return gate


def _check_current(gates: Gates, file: StateFile, state: PipelineState, gate: Wire) -> None:
    """Somebody may have answered, and told the file, since it was read: then this asks what nobody asks any more."""
    if file.read() == state:
        return
    if not gate["isReplay"]:
        gates.close_gate(gate["workflowID"], gate["gateKey"], {"reason": ASKS_ELSE})
    raise state_changed(file.place)
