"""What each decision does to the state file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from story_checkpoints import COMMIT, PO, QA, STORY, state_of

from signoff.stories.asking import deferrals_of
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.choices import CHOICES, find_action
from signoff.stories.decision import OUTPUT_CHARS_MAX, Facts, apply, apply_failure, decision_of, recorded
from signoff.stories.state import PipelineState, read_state

FACTS = Facts("2026-11-21T11:00:00.000Z", "ada", "story:1:4.10", "po-1", "d" * 64, "hi_1", rationale="looked at it")


def decided(
    data: dict[str, Any], choice: str, *, in_pipeline: bool = False, facts: Facts = FACTS
) -> tuple[dict[str, Any], PipelineState]:
    """The pipeline as it was, and the state after the decision."""
    before = read_state(json.dumps(state_of(data, in_pipeline=in_pipeline)), path="state.json")
    checkpoint = find_checkpoint(before)
    action = find_action(checkpoint.kind, choice)
    assert action is not None
    return dict(before.pipeline), apply(before, checkpoint, action, facts)


@pytest.mark.parametrize("in_pipeline", [True, False])
@pytest.mark.parametrize(
    ("data", "choice", "expected", "stays", "event", "stage"),
    [
        (PO, "approve", {"status": "running"}, False, "user_approved", "approved"),
        (PO, "changes", {"status": "paused", "pausedAt": FACTS.at}, True, "user_deferred", "validating"),
        (
            PO,
            "abort",
            {"status": "failed", "error": "Aborted by user at po_approval"},
            False,
            "user_rejected",
            "backlog",
        ),
        (QA, "approve", {"status": "running"}, False, "user_approved", "validating"),
        (QA, "fix", {"status": "running", "phase": "fixing"}, False, "user_rejected", "fixing"),
        (
            *(QA, "abort", {"status": "failed", "error": "Aborted by user at qa_approval"}),
            *(False, "user_rejected", "implementing"),
        ),
        (COMMIT, "commit", {"status": "running"}, False, "user_approved", "validating"),
        (
            *(COMMIT, "abort"),
            {"status": "paused", "error": "Aborted by user at commit_approval", "pausedAt": FACTS.at},
            *(True, "user_rejected", "validating"),
        ),
    ],
    ids=lambda part: part["checkpoint"] if isinstance(part, dict) and "checkpoint" in part else str(part)[:12],
)
def test_each_decision_leaves_the_pipeline_as_the_table_says(
    data: dict[str, Any], choice: str, expected: dict[str, Any], stays: bool, event: str, stage: str, in_pipeline: bool
) -> None:
    before, after = decided(data, choice, in_pipeline=in_pipeline)
    document = json.loads(json.dumps(after.raw))
    holder = document["pipeline"] if in_pipeline else document
    assert holder.pop("checkpointData") == (data if stays else None)
    before.pop("checkpointData", None)
    assert document["pipeline"] == {**before, "checkpoint": data["checkpoint"] if stays else None, **expected}
    assert document["unknown"] == state_of(data)["unknown"]
    assert document["lastUpdated"] == FACTS.at
    assert document["stories"][STORY] == {"id": STORY, "title": "Coverage", "state": stage, "mood": "good"}
    first, entry = document["history"]
    assert first == state_of(data)["history"][0]
    assert (entry["timestamp"], entry["storyId"], entry["event"]) == (FACTS.at, STORY, event)
    assert entry["phase"] == before["phase"]


def test_the_history_says_who_decided_what_having_seen_what_and_why() -> None:
    _, after = decided(QA, "fix")
    entry = after.history[-1].raw
    assert entry["details"] == "fix at qa_approval by ada: looked at it"
    assert entry["signoff"] == {
        "checkpoint": "qa_approval",
        "action": "fix",
        "by": "ada",
        "rationale": "looked at it",
        "workflowID": "story:1:4.10",
        "gateKey": "po-1",
        "promptDigest": "d" * 64,
        "interactionId": "hi_1",
    }


def test_a_decision_that_the_history_has_changes_nothing_more() -> None:
    _, after = decided(COMMIT, "abort")
    checkpoint, action = find_checkpoint(after), CHOICES[find_checkpoint(after).kind][-1]
    assert apply(after, checkpoint, action, FACTS) == after
    assert apply_failure(after, checkpoint, action, FACTS, "why") == after
    assert recorded(after, "hi_1") == after.history[-1]
    assert recorded(after, "hi_2") is None


def test_a_commit_that_was_made_completes_the_story_and_is_told() -> None:
    facts = replace(FACTS, commit="c" * 40, message="another")
    _, after = decided(COMMIT, "commit", facts=facts)
    assert after.stories[STORY].raw["state"] == "complete"
    assert after.history[-1].facts["commit"] == "c" * 40
    checkpoint = find_checkpoint(PipelineState(state_of(COMMIT)))
    assert decision_of(checkpoint, checkpoint.actions[0], facts).document == {
        "decision": {
            "action": "continue",
            "checkpoint": "commit_approval",
            "custom_data": {"commit": "c" * 40, "commit_message": "another"},
        }
    }


def test_a_decision_with_nothing_to_add_has_no_custom_data() -> None:
    checkpoint = find_checkpoint(PipelineState(state_of(PO)))
    document = decision_of(checkpoint, checkpoint.actions[1], FACTS).document
    assert document == {"decision": {"action": "pause", "checkpoint": "po_approval", "custom_data": None}}


def test_a_commit_that_failed_is_asked_anew() -> None:
    before = PipelineState(state_of(COMMIT))
    checkpoint = find_checkpoint(before)
    after = apply_failure(before, checkpoint, checkpoint.actions[0], FACTS, "a hook refused")
    assert (after.pipeline, after.raw["checkpointData"]) == (before.pipeline, before.raw["checkpointData"])
    assert (after.history[-1].event, after.history[-1].raw["details"]) == ("error", "not committed: a hook refused")


def test_the_history_tells_what_a_hook_wrote_and_of_a_long_text_the_end() -> None:
    before = PipelineState(state_of(COMMIT))
    checkpoint = find_checkpoint(before)
    output = "x" * OUTPUT_CHARS_MAX + "\nline 7: no trailing spaces\n"
    after = apply_failure(before, checkpoint, checkpoint.actions[0], FACTS, "a hook refused", output)
    first, *rest = after.history[-1].raw["details"].splitlines()
    assert (first, rest[-1]) == ("not committed: a hook refused", "line 7: no trailing spaces")
    assert len(after.history[-1].raw["details"]) == len(first) + 1 + OUTPUT_CHARS_MAX


def test_data_in_both_places_are_taken_from_both_by_a_decision_and_kept_in_both_by_a_pause() -> None:
    document = state_of(PO, in_pipeline=True, checkpointData=PO)
    for choice, left in (("approve", None), ("changes", PO)):
        state = PipelineState(document)
        action = find_action(find_checkpoint(state).kind, choice)
        assert action is not None
        after = apply(state, find_checkpoint(state), action, FACTS)
        assert (after.raw["checkpointData"], after.pipeline["checkpointData"]) == (left, left)


def test_a_deferral_is_counted() -> None:
    _, after = decided(PO, "changes")
    checkpoint = find_checkpoint(after)
    assert deferrals_of(after, checkpoint) == 1


def test_an_error_is_taken_away_and_none_is_put_where_none_stood() -> None:
    state = PipelineState({**state_of(PO), "pipeline": {"checkpoint": "po_approval", "status": "checkpoint"}})
    checkpoint = find_checkpoint(state)
    after = apply(state, checkpoint, checkpoint.actions[0], FACTS)
    assert after.pipeline == {"checkpoint": None, "status": "running"}
