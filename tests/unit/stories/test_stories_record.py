"""What the record of a pipeline cannot show."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.stories.record import CODES, gaps_in
from signoff.stories.state import PipelineState

PHASES = {"po_approval": "validating", "qa_approval": "qa_review", "commit_approval": "committing"}


def entry(minute: int, event: str, phase: str | None = None, details: Any = None, story: str = "4.5") -> dict[str, Any]:
    at = f"2026-01-12T10:{minute:02}:00Z"
    return {"timestamp": at, "storyId": story, "event": event, "phase": phase, "details": details}


def history() -> list[dict[str, Any]]:
    told = [
        entry(0, "pipeline_started"),
        entry(1, "phase_changed", "drafting"),
        entry(2, "phase_changed", "validating"),
    ]
    told += [entry(3, "user_approved", "validating"), entry(4, "phase_changed", "implementing")]
    told += [entry(5, "checkpoint_reached", "qa_review", "qa_approval"), entry(6, "user_approved", None)]
    return [*told, entry(7, "user_approved", None, "at commit_approval"), entry(8, "completed", "committing")]


def document(**more: Any) -> dict[str, Any]:
    story = {"id": "4.5", "state": "complete", "storyFile": "a.md", "timestamps": {"startedAt": "2026-01-12"}}
    pipeline = {"status": "completed", "phase": None, "checkpoint": None, "startedAt": "2026-01-12T10:00:00Z"}
    return {
        "lastUpdated": "2026-01-12T10:08:00Z",
        "currentStory": "4.5",
        "pipeline": pipeline,
        "stories": {"4.5": story},
        "history": history(),
        **more,
    }


def codes(raw: dict[str, Any], *files: str) -> list[str]:
    return [gap.code for gap in gaps_in(PipelineState(raw), exists=lambda path: path in ("a.md", *files))]


def test_a_record_that_shows_every_approval_and_phase_has_no_gap() -> None:
    assert codes(document()) == []


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (3, ["completed-without-approval"]),
        (7, ["completed-without-approval"]),
        (1, ["phase-skipped"]),
        (4, ["phase-skipped"]),
    ],
)
def test_what_is_missing_from_the_history_is_named(without: int, expected: list[str]) -> None:
    told = history()
    del told[without]
    assert codes(document(history=told)) == expected


def test_what_an_agent_writes_about_a_later_checkpoint_takes_no_story_there() -> None:
    told = [*history()[:5], entry(5, "agent_completed", "implementing", "ready for qa_approval")]
    started = {"id": "4.5", "state": "implementing", "storyFile": "a.md"}
    told.append(entry(6, "phase_changed", "committing"))
    assert codes(document(history=told, stories={"4.5": started})) == ["phase-skipped"]


def test_a_story_that_is_complete_and_of_which_nothing_is_told_lacks_everything() -> None:
    found = codes(document(history=[]))
    assert found == ["phase-skipped"] * 5 + ["completed-without-approval"] * 3


@pytest.mark.parametrize(
    ("after", "more", "expected"),
    [
        # Refused, put off or asked again after the approval.
        (4, [("user_rejected", None, "fix at po_approval")], ["po"]),
        (7, [("user_deferred", None, "qa_approval")], ["qa"]),
        (8, [("user_rejected", "committing", None)], ["commit"]),
        (8, [("checkpoint_reached", "committing", "commit_approval")], ["commit"]),
        # What people read says less than the fields: of which checkpoint it is, and which phases were gone through.
        (4, [("user_rejected", "validating", "not before qa_approval")], ["po"]),
        (7, [("user_deferred", "qa_review", "as at po_approval")], ["qa"]),
        (8, [("user_approved", "qa_review", "ready for commit_approval")], ["commit"]),
        # Something was done since that it is to approve.
        (7, [("agent_started", "fixing", None), ("agent_completed", "qa_review", None)], ["qa"]),
        (8, [("agent_completed", "implementing", None), ("phase_changed", "qa_review", None)], ["qa", "commit"]),
        (4, [("agent_completed", "validating", None)], ["po"]),
        # It came too early: before the work, or before the checkpoint that comes first.
        (1, [("user_approved", None, "commit_approval")], []),
        (1, [("user_approved", None, None)], []),
        (8, [("checkpoint_reached", "validating", None), ("user_approved", "validating", None)], ["qa", "commit"]),
        # A commit is made after its approval, and what agents do wrong takes back nothing.
        (8, [("phase_changed", "committing", None), ("error", "committing", "push failed")], []),
    ],
)
def test_an_approval_covers_only_what_was_there_when_it_was_given_and_until_it_is_taken_back(
    after: int, more: list[tuple[str, str | None, str | None]], expected: list[str]
) -> None:
    told = history()
    entries = [entry(0, event, phase, details) for event, phase, details in more]
    told[after:after] = entries
    gaps = gaps_in(PipelineState(document(history=told)), exists=lambda _: True)
    assert [gap.message.rpartition(" ")[2] for gap in gaps if gap.code == "completed-without-approval"] == [
        f"{kind}_approval." for kind in expected
    ]


def test_an_early_approval_alone_is_none() -> None:
    told = [one for one in history() if one["details"] != "at commit_approval"]
    told.insert(1, entry(0, "user_approved", None, "commit_approval"))
    assert codes(document(history=told)) == ["completed-without-approval"]


def test_a_commit_that_failed_needs_another_approval_and_one_after_the_end_is_none() -> None:
    failed = {**entry(7, "error", "committing"), "signoff": {"checkpoint": "commit_approval"}}
    told = history()
    told.insert(8, failed)
    assert codes(document(history=told)) == ["completed-without-approval"]
    late = [*told, entry(9, "user_approved", None, "commit_approval")]
    assert (
        codes(document(history=late, lastUpdated=None))
        == ["completed-without-approval", "event-after-completion"][::-1]
    )


def test_after_a_fix_a_review_that_was_not_repeated_is_a_skipped_phase() -> None:
    told = history()
    told.insert(7, entry(6, "agent_started", "fixing"))
    gaps = gaps_in(PipelineState(document(history=told)), exists=lambda _: True)
    assert [gap.message for gap in gaps] == [
        "Story 4.5 went on, and nothing shows it qa_review.",
        "Story 4.5 is complete, and nothing shows an approval at qa_approval.",
    ]


def test_a_story_under_way_lacks_only_what_comes_before_where_it_is() -> None:
    story = {"id": "4.5", "state": "qa_review"}
    told = [entry(1, "phase_changed", "validating"), entry(2, "phase_changed", "qa_review")]
    gaps = gaps_in(PipelineState(document(stories={"4.5": story}, history=told)), exists=lambda _: True)
    assert [gap.message.rpartition(" ")[2] for gap in gaps] == ["drafting.", "implementing."]


def test_events_after_the_end_are_told_unless_the_pipeline_was_started_anew() -> None:
    late = document(lastUpdated=None, history=[*history(), entry(9, "agent_started", "drafting")])
    assert codes(late) == ["event-after-completion"]
    again = [*history(), entry(9, "pipeline_started"), entry(10, "agent_started", "drafting")]
    story = {"id": "4.5", "state": "drafting"}
    assert codes(document(lastUpdated=None, history=again, stories={"4.5": story})) == []


def test_words_times_files_and_stories_that_are_not_known_are_told() -> None:
    raw = document(
        lastUpdated="later",
        pipeline={
            "status": "stuck",
            "phase": "âœ… drafting",
            "checkpoint": "cto",
            "startedAt": "2",
            "completedAt": None,
        },
        stories={
            "4.5": {"state": "Parked", "storyFile": "gone.md", "qaGateFile": 5, "timestamps": "none"},
            "4.6": {"timestamps": {"startedAt": "2026-01-12", "completedAt": "2026-01-11"}},
        },
        history=[entry(5, "jumped", "asleep"), entry(4, "error", story="4.7"), {"event": "error"}],
    )
    assert codes(raw) == [
        *["unknown-state"] * 5,
        *("unreadable-time", "times-out-of-order", "times-out-of-order", "unreadable-time", "unreadable-time"),
        *("missing-file", "unknown-story"),
    ]


def test_a_file_that_was_updated_before_its_last_entry_is_out_of_order() -> None:
    assert codes(document(lastUpdated="2026-01-12T10:07:59Z")) == ["times-out-of-order"]


def test_every_code_is_one_that_is_documented() -> None:
    raw = document(history=[{"event": "?", "storyId": "x"}], lastUpdated="2026")
    assert set(codes(raw)) <= CODES
