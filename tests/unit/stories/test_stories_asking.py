"""What the gate of a checkpoint asks, and what is known of those who were asked before."""

from __future__ import annotations

from typing import Any

from story_checkpoints import PO, QA, STORY, state_of

from signoff.stories.asking import deferrals_of, prompt_draft
from signoff.stories.changes import HookFailed
from signoff.stories.checkpoint import find_checkpoint, has_data
from signoff.stories.state import PipelineState


def body(data: dict[str, Any]) -> list[str]:
    draft = prompt_draft(find_checkpoint(PipelineState(state_of(data))))
    return str(draft["body"]).splitlines()


def test_the_body_says_of_each_issue_as_much_as_is_known() -> None:
    issues = [
        {"id": "T-1", "severity": "high", "finding": "No test", "action": "Add one"},
        {"finding": "No docs"},
        "Just said",
    ]
    lines = body({**QA, "qaFindings": {"issues": issues}})
    assert lines[-3:] == ["- T-1 (high) No test: Add one", "- No docs", "- Just said"]


def test_the_body_says_the_score_as_the_screen_does() -> None:
    assert "Validation: **GO** (score 8/10)" in body({**PO, "validationScore": "8/10"})
    assert "Validation: **not said** (score -)" in body({**PO, "validationScore": None, "validationStatus": None})


def test_deferrals_of_others_are_known_by_their_phase_alone() -> None:
    state = PipelineState(
        state_of(
            QA,
            history=[
                {"storyId": STORY, "event": "user_deferred", "phase": "qa_review"},
                {"storyId": STORY, "event": "user_deferred", "phase": "validating"},
                {"storyId": STORY, "event": "user_deferred"},
                {"storyId": "4.9", "event": "user_deferred", "phase": "qa_review"},
            ],
        )
    )
    assert deferrals_of(state, find_checkpoint(state)) == 1


def test_data_are_there_at_the_root_or_under_pipeline() -> None:
    assert has_data(PipelineState(state_of(PO)))
    assert has_data(PipelineState(state_of(PO, in_pipeline=True)))
    assert not has_data(PipelineState({"checkpointData": None, "pipeline": {}}))


def test_a_hook_that_failed_says_so_beside_what_it_wrote() -> None:
    assert HookFailed("lint says no").why == "Git refused the commit, or a hook did."
