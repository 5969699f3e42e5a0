"""The state file of a run: the same for the same ledger, whoever writes it and however often.

What happened is told in the order of the plan: attempt by attempt, node by node. What others wrote in the file stays,
and so does what is not known; the entries of this run, and what the file says of its story, are made anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.choices import action_of
from signoff.stories.decision import Facts, apply
from signoff.stories.instant import to_text
from signoff.stories.state import Event, Kind, Phase, PipelineState, Stage, Status

SCHEMA, VERSION = "pipeline-state-schema-v1", "1.0"

#: The nodes of the plan (`plans.story`) in their order: who works there, in which phase, and how far the story is then.
_WORK: Mapping[str, tuple[str | None, Phase, Stage]] = {
    "draft": ("sm", Phase.DRAFTING, Stage.DRAFTING),
    "validate": ("po", Phase.VALIDATING, Stage.VALIDATING),
    "implement": ("dev", Phase.IMPLEMENTING, Stage.IMPLEMENTING),
    "qa": ("qa", Phase.QA_REVIEW, Stage.QA_REVIEW),
    "screen": (None, Phase.COMMITTING, Stage.AWAITING_COMMIT),
}
_KINDS = {"po-approval": Kind.PO, "qa-approval": Kind.QA, "commit-approval": Kind.COMMIT}
_ORDER = (
    *("begin", "draft", "validate", "ask-po", "po-approval", "accept", "implement", "qa"),
    *("qa-approval", "screen", "commit-approval", "commit"),
)
AGENTS = ("sm", "po", "dev", "qa")


@dataclass(frozen=True)
class RunFacts:
    """A run as the ledger has it: `about` of its plan, `status` and `node` as in `app.runs`; instants in epoch
    milliseconds."""

    id: str
    about: Mapping[str, str]
    status: str
    node: str | None
    attempt: int
    error: str | None
    created_at: int
    updated_at: int


Row = Mapping[str, Any]
Change = Callable[[PipelineState], PipelineState]
#: When in the plan (attempt, node, part of it), when by the clock, and what it does to the state.
_Told = tuple[tuple[int, int, int], int, Change]


def project(
    base: PipelineState,
    run: RunFacts,
    *,
    steps: Sequence[Row],
    gates: Sequence[Gate],
    answers: Sequence[Interaction],
) -> PipelineState:
    """The file as the ledger has the run; `base` is the file as it is. `steps` are rows of `app.run_steps`."""
    telling = _Telling(run, steps, gates, answers)
    state = telling.begun(base)
    for _, at, change in sorted(telling.told(), key=lambda told: told[:2]):
        state = change(state).with_members(lastUpdated=to_text(at))
    return state


def is_shown(state: PipelineState, run_id: str) -> bool:
    """Whether the file tells of this run."""
    return any(entry.facts.get("workflowID") == run_id for entry in state.history)


@dataclass(frozen=True)
class _Telling:
    run: RunFacts
    steps: Sequence[Row]
    gates: Sequence[Gate]
    answers: Sequence[Interaction]

    @property
    def story_id(self) -> str:
        return self.run.about["storyId"]

    def begun(self, base: PipelineState) -> PipelineState:
        """The file when the run began."""
        run = self.run
        others = [entry.raw for entry in base.history if entry.facts.get("workflowID") != run.id]
        # The first of all keys are in the order in which people expect them.
        head: dict[str, Any] = {
            "$schema": SCHEMA,
            "version": VERSION,
            "lastUpdated": None,
            "currentStory": None,
            "pipeline": {},
        }
        place = "checkpointData" in base.pipeline
        state = PipelineState({**head, "stories": {}, **base.raw, "currentStory": self.story_id, "history": others})
        state = state.with_members(stories={**(state.raw["stories"] or {}), self.story_id: self._story(base)})
        data = {"checkpointData": None}
        state = state.with_pipeline(
            status=Status.RUNNING.value,
            phase=None,
            checkpoint=None,
            startedAt=to_text(run.created_at),
            pausedAt=None,
            completedAt=None,
            error=None,
            **(data if place else {}),
        )
        state = state if place else state.with_members(**data)
        entry = self._entry(run.created_at, Event.PIPELINE_STARTED, None, f"run {run.id}")
        return state.with_entry(entry).with_members(lastUpdated=to_text(run.created_at))

    def told(self) -> Iterator[_Told]:
        for row in self.steps:
            yield from self._told_of_step(row)
        for gate in self.gates:
            yield from self._told_of_gate(gate)
        yield from self._told_of_now()

    def _story(self, base: PipelineState) -> dict[str, Any]:
        before = base.stories.get(self.story_id)
        about = self.run.about
        return {
            **({} if before is None else before.raw),
            "id": self.story_id,
            "title": self._title() or about["title"],
            "epicId": about.get("epicId") or None,
            "state": Stage.BACKLOG.value,
            "storyFile": None,
            "timestamps": {"startedAt": to_text(self.run.created_at)},
            "agents": {agent: {"status": "pending", "output": None} for agent in AGENTS},
            "qaGate": None,
            "qaGateFile": None,
            "iterations": 0,
            "error": None,
        }

    def _told_of_step(self, row: Row) -> Iterator[_Told]:
        node, attempt, output = row["step_id"], row["attempt"], row["output"]
        if node in _WORK:
            yield self._place(attempt, node, 0), row["started_at"], self._begin(node, row["started_at"], output)
            yield self._place(attempt, node, 1), row["finished_at"], self._finish(node, row["finished_at"], output)
        elif node == "commit":
            change = self._committed if "commit" in output else self._not_committed
            yield self._place(attempt, node, 1), row["finished_at"], lambda state: change(state, row)

    def _told_of_gate(self, gate: Gate) -> Iterator[_Told]:
        node, attempt = gate.on_decision["node"], gate.on_decision["attempt"]
        yield self._place(attempt, node, 0), gate.opened_at, lambda state: self._reached(state, gate)
        for answer in self.answers:
            if answer.gate_key == gate.gate_key:
                yield self._place(attempt, node, 1), answer.created_at, self._answered(gate, answer, attempt)
        if gate.state is State.TIMED_OUT:
            at = gate.decided_at or gate.deadline_at
            change = lambda state: self._failed(state, at, f"{_KINDS[node].value} timed out")  # noqa: E731
            yield self._place(attempt, node, 2), at, change

    def _told_of_now(self) -> Iterator[_Told]:
        """What has begun and is not recorded, and how the run ended where no gate ended it."""
        run, node = self.run, self.run.node or ""
        last = self._place(run.attempt + 1, _ORDER[0], 0)
        if run.status in ("PENDING", "ERROR") and node in _WORK and not self._is_recorded(node):
            yield last, run.updated_at, self._begin(node, run.updated_at, {"number": self._number(node) + 1})
        if run.status == "CANCELLED" or (run.status == "ERROR" and node not in _KINDS):
            why = run.error or run.status.lower()
            yield last, run.updated_at, lambda state: self._failed(state, run.updated_at, why)

    def _begin(self, node: str, at: int, output: Mapping[str, Any]) -> Change:
        agent, phase, stage = _WORK[node]
        number = output.get("number", 1)
        if node == "implement" and number > 1:
            phase, stage = Phase.FIXING, Stage.FIXING

        def change(state: PipelineState) -> PipelineState:
            state = _without_checkpoint(state)
            if state.phase is not phase:
                state = state.with_entry(self._entry(at, Event.PHASE_CHANGED, phase, f"to {phase.value}"))
            state = state.with_pipeline(status=Status.RUNNING.value, phase=phase.value, pausedAt=None, error=None)
            changes: dict[str, Any] = {"state": stage.value, "error": None}
            if node == "implement":
                changes["iterations"] = number - 1
            state = state.with_story(self.story_id, **changes)
            if agent is None:
                return state
            state = self._with_agent(state, agent, "running", None)
            return state.with_entry(self._entry(at, Event.AGENT_STARTED, phase, agent))

        return change

    def _finish(self, node: str, at: int, output: Mapping[str, Any]) -> Change:
        agent, _, _ = _WORK[node]
        files = {
            "storyFile": output.get("storyFile"),
            "qaGate": output.get("gate"),
            "qaGateFile": output.get("qaGateFile"),
        }
        known = {name: value for name, value in files.items() if value is not None}

        def change(state: PipelineState) -> PipelineState:
            state = state.with_story(self.story_id, **known)
            if agent is None:
                return state
            state = self._with_agent(state, agent, "completed", output.get("summary"))
            return state.with_entry(self._entry(at, Event.AGENT_COMPLETED, state.phase, agent))

        return change

    def _reached(self, state: PipelineState, gate: Gate) -> PipelineState:
        kind = _KINDS[gate.on_decision["node"]]
        data = {
            **gate.prompt.wire["payload"]["checkpointData"],
            "signoff": {"workflowID": gate.workflow_id, "gateKey": gate.gate_key},
        }
        state = _without_checkpoint(state)
        if gate.state is State.CANCELLED:
            # It was withdrawn, and asked anew in another attempt or not at all.
            return state
        holder = state.with_pipeline if "checkpointData" in state.pipeline else state.with_members
        state = holder(checkpointData=data)
        state = state.with_pipeline(status=Status.CHECKPOINT.value, checkpoint=kind.value)
        if kind is Kind.PO:
            # It may have been approved before, and be asked anew.
            state = state.with_story(self.story_id, state=Stage.VALIDATING.value)
        entry = self._entry(gate.opened_at, Event.CHECKPOINT_REACHED, state.phase, kind.value)
        entry["signoff"] |= {"checkpoint": kind.value, "gateKey": gate.gate_key, "promptDigest": gate.prompt.digest}
        return state.with_entry(entry)

    def _answered(self, gate: Gate, answer: Interaction, attempt: int) -> Change:
        kind = _KINDS[gate.on_decision["node"]]
        action = action_of(kind, answer.choice)
        payload = answer.payload
        facts = Facts(
            at=to_text(answer.created_at),
            who=answer.actor,
            workflow_id=gate.workflow_id,
            gate_key=gate.gate_key,
            prompt_digest=gate.prompt.digest,
            interaction_id=answer.id,
            rationale=payload.get("rationale"),
            commit=self._commit_of(attempt) if kind is Kind.COMMIT else None,
        )

        def change(state: PipelineState) -> PipelineState:
            if gate.state is State.CANCELLED:
                return state
            return apply(state, find_checkpoint(state), action, facts)

        return change

    def _committed(self, state: PipelineState, row: Row) -> PipelineState:
        at, commit = row["finished_at"], row["output"]["commit"]
        entry = self._entry(at, Event.COMPLETED, Phase.COMMITTING, f"commit {commit}")
        timestamps = {**(state.stories[self.story_id].raw.get("timestamps") or {}), "completedAt": to_text(at)}
        state = state.with_story(self.story_id, state=Stage.COMPLETE.value, timestamps=timestamps)
        state = state.with_pipeline(status=Status.COMPLETED.value, phase=None, completedAt=to_text(at))
        return state.with_entry(entry)

    def _not_committed(self, state: PipelineState, row: Row) -> PipelineState:
        entry = self._entry(row["finished_at"], Event.ERROR, Phase.COMMITTING, f"not committed: {row['output']['why']}")
        entry["signoff"]["checkpoint"] = Kind.COMMIT.value
        return state.with_entry(entry)

    def _failed(self, state: PipelineState, at: int, why: str) -> PipelineState:
        state = _without_checkpoint(state).with_pipeline(status=Status.FAILED.value, error=why)
        state = state.with_story(self.story_id, error=why)
        return state.with_entry(self._entry(at, Event.ERROR, state.phase, why))

    def _with_agent(self, state: PipelineState, agent: str, status: str, output: str | None) -> PipelineState:
        agents = state.stories[self.story_id].raw["agents"]
        return state.with_story(self.story_id, agents={**agents, agent: {"status": status, "output": output}})

    def _entry(self, at: int, event: Event, phase: Phase | None, details: str) -> dict[str, Any]:
        return {
            "timestamp": to_text(at),
            "storyId": self.story_id,
            "event": event.value,
            "phase": None if phase is None else phase.value,
            "details": details,
            "signoff": {"workflowID": self.run.id},
        }

    def _title(self) -> str | None:
        """The one that the story was given when it was written."""
        rows = [row for row in self.steps if row["step_id"] == "draft"]
        return rows[-1]["output"].get("title") if rows else None

    def _commit_of(self, attempt: int) -> str | None:
        rows = [row for row in self.steps if (row["step_id"], row["attempt"]) == ("commit", attempt)]
        return next((row["output"].get("commit") for row in rows), None)

    def _is_recorded(self, node: str) -> bool:
        return any((row["step_id"], row["attempt"]) == (node, self.run.attempt) for row in self.steps)

    def _number(self, node: str) -> int:
        return max((row["output"].get("number", 0) for row in self.steps if row["step_id"] == node), default=0)

    def _place(self, attempt: int, node: str, part: int) -> tuple[int, int, int]:
        return attempt, _ORDER.index(node), part


def _without_checkpoint(state: PipelineState) -> PipelineState:
    holder = state.with_pipeline if "checkpointData" in state.pipeline else state.with_members
    return holder(checkpointData=None).with_pipeline(checkpoint=None)
