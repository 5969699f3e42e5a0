"""What a state file cannot show in a single word, time or name."""

from __future__ import annotations

from typing import Any

import pytest
from story_checkpoints import COMMIT, PO, QA, STORY, state_of

from signoff.stories.record import gaps_in
from signoff.stories.state import PipelineState

START, END = "2026-01-12T10:00:00Z", "2026-01-12T11:00:00Z"


def gaps(raw: dict[str, Any], *missing: str) -> list[tuple[str, str | None]]:
    """Codes and stories, beside what the lives of the stories lack."""
    found = gaps_in(PipelineState(raw), exists=lambda path: path not in missing)
    return [(gap.code, gap.story) for gap in found if gap.code != "phase-skipped"]


def story(**members: Any) -> dict[str, Any]:
    return {"stories": {STORY: {"id": STORY, **members}}}


@pytest.mark.parametrize("data", [PO, QA, COMMIT], ids=lambda data: data["checkpoint"])
@pytest.mark.parametrize("in_pipeline", [True, False])
def test_a_file_that_waits_at_a_checkpoint_shows_what_it_can(data: dict[str, Any], in_pipeline: bool) -> None:
    assert gaps(state_of(data, in_pipeline=in_pipeline)) == []


@pytest.mark.parametrize(
    ("data", "count"),
    [
        ({**PO, "validationStatus": "MAYBE"}, 1),
        ({**PO, "validationStatus": "🛑 no go"}, 0),
        ({**QA, "qaFindings": {"gate": "RESOLVED"}}, 1),
        ({**QA, "qaFindings": {"gate": "✅ PASS"}}, 0),
        ({**QA, "qaFindings": []}, 0),
        ({**QA, "checkpoint": "cto_approval"}, 1),
    ],
)
def test_words_of_the_data_that_are_not_known_are_told(data: dict[str, Any], count: int) -> None:
    raw = {**story(), "checkpointData": data}
    assert gaps(raw) == [("unknown-state", STORY)] * count


def test_the_gate_of_a_story_is_one_of_four_words() -> None:
    assert gaps(story(qaGate="N/A")) == [("unknown-state", STORY)]
    assert gaps(story(qaGate="Waived")) == []


def test_a_story_that_is_done_is_complete_whatever_that_is_called() -> None:
    for word in ("complete", "✅ Done", "Completed"):
        assert gaps(story(state=word)) == [("completed-without-approval", STORY)] * 3


def test_files_of_stories_and_of_the_data_are_looked_for_each_once() -> None:
    raw = {**story(storyFile="s.md"), "checkpointData": {**QA, "storyFile": "s.md", "qaGateFile": "g.yml"}}
    assert gaps(raw, "s.md", "g.yml") == [("missing-file", STORY)] * 2
    nobodys = {"checkpointData": {"qaGateFile": "g.yml", "storyId": 4}}
    assert gaps(nobodys, "g.yml") == [("missing-file", None)]


@pytest.mark.parametrize(
    ("listed", "missing"),
    [
        ([{"path": "new.py", "status": "new"}], 1),
        ([{"file": "new.py", "status": "modified"}], 1),
        ([{"path": "new.py", "status": "🗑 deleted"}, "new.py", {"path": "new.py"}], 0),
        ({"deleted": ["new.py"]}, 0),
        ({"new.py": "M"}, 1),
        ("new.py", 0),
    ],
)
def test_files_of_a_commit_must_be_there_unless_it_deletes_them(listed: object, missing: int) -> None:
    raw = {**story(), "checkpointData": {**COMMIT, "changesForCommit": listed}}
    assert gaps(raw, "new.py") == [("missing-file", STORY)] * missing


@pytest.mark.parametrize("name", ["currentStory", "checkpointData"])
def test_a_story_of_which_the_file_says_nothing_is_told(name: str) -> None:
    raw = {"currentStory": "4.11"} if name == "currentStory" else {"checkpointData": {**PO, "storyId": "4.11"}}
    assert gaps({**story(), **raw}) == [("unknown-story", "4.11")]


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ({"timestamps": {"created": START, "drafting": END, "done": END, "updatedAt": "2026-02-01"}}, []),
        ({"timestamps": {"createdAt": END, "validated": START, "qa": END}}, ["times-out-of-order"]),
        ({"timestamps": {"started_at": START, "completed_at": START, "fixing": END}}, ["times-out-of-order"]),
        ({"timestamps": {"startedAt": END, "completedAt": START}}, ["times-out-of-order"]),
        ({"timestamps": {"drafting": {"startedAt": START, "completedAt": "soon"}}}, ["unreadable-time"]),
        ({"timestamps": {"drafting": {"at": {"deep": 1}}, "fixing": None}}, ["unreadable-time"]),
        ({"createdAt": "yesterday", "completedAt": None}, ["unreadable-time"]),
        ({"createdAt": 1768212930, "completedAt": "Mon, 12 Jan 2026 10:15:31 GMT"}, []),
        ({"agents": {"dev": {"startedAt": END, "completedAt": START}, "qa": None}}, ["times-out-of-order"]),
        ({"agents": ["dev"]}, []),
    ],
)
def test_each_time_of_a_story_is_read_and_none_is_before_the_first_or_after_the_last(
    members: dict[str, Any], codes: list[str]
) -> None:
    assert gaps(story(**members)) == [(code, STORY) for code in codes]


def test_times_of_the_pipeline_of_the_data_and_of_the_history_may_be_counts() -> None:
    raw = {
        **story(),
        "pipeline": {"startedAt": START, "pausedAt": "2026-01-12T12:00:00Z", "completedAt": END},
        "checkpointData": {**PO, "createdAt": "never"},
        "history": [
            {"timestamp": 1768212930500, "storyId": STORY, "event": "error"},
            {"timestamp": 1768212930, "storyId": STORY, "event": "error"},
        ],
    }
    assert gaps(raw) == [("times-out-of-order", None), ("unreadable-time", STORY), ("times-out-of-order", STORY)]
