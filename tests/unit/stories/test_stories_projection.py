"""The state file of a run, made from the ledger: what it tells, whoever writes it and however often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from told_runs import ABOUT, DRAFTS, QA_GATE, STORY_FILE, answer, gate, run_of, step

from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.stories.projection import AGENTS, Row, RunFacts, is_shown, project
from signoff.stories.record import gaps_in
from signoff.stories.state import PipelineState, read_state, to_text

EMPTY = PipelineState({})
WORKED = [
    step("begin", 0),
    step("draft", 1, summary="drafted", storyFile=STORY_FILE, title="Coverage of it all"),
    step("validate", 3, summary="validated"),
    step("ask-po", 4),
]
BUILT = [step("accept", 7), step("implement", 8, summary="built", number=1), step("qa", 10, gate="CONCERNS")]


def told(
    run: RunFacts,
    *,
    steps: Sequence[Row] = (),
    gates: Sequence[Gate] = (),
    answers: Sequence[Interaction] = (),
    base: PipelineState = EMPTY,
) -> PipelineState:
    """The file; written once more, by whoever, it is the same."""
    state = project(base, run, steps=steps, gates=gates, answers=answers)
    again = read_state(to_text(state), path="state.json")
    assert project(again, run, steps=steps, gates=gates, answers=answers) == again == state
    return state


def story(state: PipelineState) -> dict[str, Any]:
    return dict(state.stories["4.10"].raw)


def events(state: PipelineState) -> list[str]:
    return [str(entry.raw["event"]) for entry in state.history]


def whole(outcome: dict[str, Any]) -> dict[str, Any]:
    """Everything that leads to a commit, and how it ended; with a fix on the way."""
    po, qa = gate("po-approval", 5, State.RECEIVED), gate("qa-approval", 11, State.RECEIVED)
    after_fix = gate("qa-approval", 16, State.RECEIVED, 2)
    asked = gate("commit-approval", 19, State.RECEIVED, 2)
    fixed = [step("implement", 13, 2, number=2, summary="fixed"), step("qa", 15, 2, gate="PASS", qaGateFile="g.yml")]
    return {
        "steps": [*WORKED, *BUILT, *fixed, step("screen", 18, 2), step("commit", 21, 2, **outcome)],
        "gates": [po, qa, after_fix, asked],
        "answers": [
            answer(po, "approve", 6, rationale="read it"),
            answer(qa, "fix", 12),
            answer(after_fix, "approve", 17),
            answer(asked, "commit", 20),
        ],
    }


def test_a_run_that_has_just_begun_is_the_story_in_its_backlog_with_four_agents_to_come() -> None:
    state = told(run_of())
    assert (state.status, state.phase, state.current_story) == ("running", None, "4.10")
    assert story(state)["agents"] == {agent: {"status": "pending", "output": None} for agent in AGENTS}
    assert (story(state)["title"], story(state)["epicId"], story(state)["state"]) == ("Coverage", "4", "backlog")
    assert events(state) == ["pipeline_started"]
    assert list(state.raw)[:5] == ["$schema", "version", "lastUpdated", "currentStory", "pipeline"]
    assert is_shown(state, "st_1")
    assert not is_shown(state, "st_2")


def test_what_an_agent_is_at_is_told_before_it_is_done_and_what_it_made_afterwards() -> None:
    state = told(run_of(node="validate"), steps=WORKED[:2])
    assert (state.status, state.phase) == ("running", "validating")
    agents = story(state)["agents"]
    assert agents["sm"] == {"status": "completed", "output": "drafted"}
    assert agents["po"] == {"status": "running", "output": None}
    assert (story(state)["title"], story(state)["storyFile"]) == ("Coverage of it all", STORY_FILE)


@pytest.mark.parametrize("base", [EMPTY, PipelineState({"pipeline": {"checkpointData": None}})])
def test_an_open_gate_is_a_checkpoint_with_its_data_where_the_file_keeps_them(base: PipelineState) -> None:
    asked = gate("po-approval", 5)
    state = told(run_of(node="po-approval"), steps=WORKED, gates=[asked], base=base)
    assert (state.status, state.checkpoint) == ("checkpoint", "po_approval")
    holder = state.pipeline if base.pipeline else state.raw
    data = holder["checkpointData"]
    assert data["signoff"] == {"workflowID": "st_1", "gateKey": asked.gate_key}
    assert {name: data[name] for name in data if name != "signoff"} == DRAFTS["po-approval"]()["payload"][
        "checkpointData"
    ]
    assert state.history[-1].facts["promptDigest"] == asked.prompt.digest


def test_a_story_that_was_fixed_once_and_committed_lacks_nothing() -> None:
    state = told(run_of("SUCCESS"), **whole({"commit": "f" * 40}))
    assert (state.status, state.phase, state.checkpoint) == ("completed", None, None)
    assert state.raw["checkpointData"] is None
    about = story(state)
    assert (about["state"], about["iterations"], about["qaGate"], about["qaGateFile"]) == (
        "complete",
        1,
        "PASS",
        "g.yml",
    )
    assert about["timestamps"]["completedAt"] == state.pipeline["completedAt"]
    decided = [entry.facts for entry in state.history if str(entry.raw["event"]).startswith("user_")]
    assert [facts["action"] for facts in decided] == ["continue", "fix", "continue", "continue"]
    assert decided[-1]["commit"] == "f" * 40
    assert decided[0]["rationale"] == "read it"
    assert gaps_in(state, exists=lambda _: True) == []


def test_a_commit_that_could_not_be_made_is_told_with_its_reason() -> None:
    state = told(run_of(node="screen", attempt=3), **whole({"why": "src/new.py has changed."}))
    error = next(entry for entry in state.history if entry.raw["event"] == "error")
    assert error.raw["details"] == "not committed: src/new.py has changed."
    assert error.facts["checkpoint"] == "commit_approval"
    assert (state.phase, story(state)["state"]) == ("committing", "awaiting_commit")


@pytest.mark.parametrize(
    ("run", "gates", "error"),
    [
        (run_of("ERROR", "implement", error="the agent failed"), [], "the agent failed"),
        (run_of("CANCELLED", "implement"), [], "cancelled"),
        (run_of("ERROR", "po-approval"), [gate("po-approval", 5, State.TIMED_OUT)], "po_approval timed out"),
    ],
)
def test_a_run_that_failed_says_why_and_is_at_no_checkpoint(run: RunFacts, gates: list[Gate], error: str) -> None:
    state = told(run, steps=WORKED, gates=gates)
    assert (state.status, state.checkpoint, state.raw["checkpointData"]) == ("failed", None, None)
    assert state.pipeline["error"] == story(state)["error"] == error
    assert events(state)[-1] == "error"


def test_a_step_that_is_recorded_is_not_told_as_under_way() -> None:
    state = told(run_of(node="draft"), steps=WORKED[:2])
    assert story(state)["agents"]["sm"]["status"] == "completed"
    ended = told(run_of("SUCCESS", "draft"), steps=WORKED[:1])
    assert story(ended)["agents"]["sm"]["status"] == "pending"


def test_a_gate_that_was_withdrawn_leaves_no_checkpoint_and_its_answers_count_for_nothing() -> None:
    asked = gate("po-approval", 5, State.CANCELLED)
    state = told(run_of(node="ask-po"), steps=WORKED, gates=[asked], answers=[answer(asked, "approve", 6)])
    assert (state.status, state.checkpoint, state.raw["checkpointData"]) == ("running", None, None)
    assert "user_approved" not in events(state)


def test_what_others_wrote_stays_and_comes_first() -> None:
    others = {"timestamp": "2025-01-01T00:00:00Z", "storyId": "4.9", "event": "completed", "x": 1}
    base = PipelineState(
        {
            "mine": {"kept": 4.1},
            "pipeline": {"attempt": 7},
            "stories": {"4.10": {"mood": "good"}, "4.9": {"id": "4.9"}},
            "history": [others],
        }
    )
    state = told(run_of(), base=base)
    assert (state.raw["mine"], state.pipeline["attempt"]) == ({"kept": 4.1}, 7)
    assert (story(state)["mood"], state.raw["stories"]["4.9"]) == ("good", {"id": "4.9"})
    assert state.raw["history"][0] == others


def test_the_gate_asks_what_the_agents_said() -> None:
    assert ABOUT["storyId"] in DRAFTS["po-approval"]()["title"]
    shown = DRAFTS["qa-approval"]()["payload"]["checkpointData"]
    assert shown["qaFindings"] == {
        "gate": QA_GATE.gate,
        "issues": [{"id": "T-1", "severity": "medium", "finding": "No test", "action": "Add one"}],
        "testsPassing": 12,
        "coveragePercent": 85,
    }
    commit = DRAFTS["commit-approval"]()["payload"]
    assert commit["checkpointData"]["changesForCommit"] == [{"path": "src/new.py", "status": "new"}]
    assert (commit["checkpointData"]["summary"], commit["checkpointData"]["leftOut"]) == (
        "One file is left out.",
        ["other.txt"],
    )
