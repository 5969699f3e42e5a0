"""The current sprint of a backlog, as people keep it."""

from __future__ import annotations

import pytest

from signoff.stories.backlog import Story, current_sprint, finished_stories, move_story, state_in

TEXT = """\
# Sprint

## Done before

| Story | Status  |
|-------|---------|
| 4.1   | âœ… Done |

## ğŸƒ Current  Sprint (3)

Words | with a bar.

| Story ID | Title | Points | Pipeline | Depends on |
|---|:---:|--:|---|---|
| [4.4](a.md) | A | 3 | âœ… Complete | - |
| **4.5** | Coverage *Progress* | 5 | ğŸš§ Backlog   | 4.1, 4.4 and 4.1 |
| 4.10 | Other \\| x | 5 | backlog | AUTH-12 |
|4.11|O||||
| none | | | backlog | |
| 4.12 |

### Notes

## Next

| ID | Pipeline |
|-|-|
| 5.1 | done |
"""


def test_stories_are_read_by_the_words_of_headers_and_cells() -> None:
    assert current_sprint(TEXT) == [
        Story("4.4", "A", "complete"),
        Story("4.5", "Coverage *Progress", "backlog", ("4.1", "4.4")),
        Story("4.10", "Other \\| x", "backlog", ("AUTH-12",)),
        Story("4.11", "O", None),
    ]
    assert finished_stories(TEXT) == {"4.1", "4.4", "5.1"}


@pytest.mark.parametrize(
    "text", ["", "# Sprint\n\n| Story | Pipeline |\n|---|---|\n| 1 | x |\n", "## Current Sprint\n"]
)
def test_without_a_table_under_the_heading_there_is_no_sprint(text: str) -> None:
    assert current_sprint(text) is None
    assert move_story(text, "1", "drafting") == text


def test_a_table_without_a_pipeline_is_moved_along_in_its_status_and_a_title_may_stand_beside_the_id() -> None:
    text = "## Current Sprint\n| Story | Status | Blocked by |\n|-|-|-|\n| 7 - Seven things | Backlog | 6 |"
    assert current_sprint(text) == [Story("7", "Seven things", "backlog", ("6",))]
    assert move_story(text, "7", "drafting").splitlines()[-1] == "| 7 - Seven things | drafting | 6 |"


def test_a_table_that_says_nothing_of_how_far_stories_are_is_passed_over() -> None:
    text = "## Current Sprint\n| Story | Points |\n|-|-|\n| 1 | 3 |\n\n| Story | Pipeline |\n|-|-|\n| 2 | backlog |\n"
    assert current_sprint(text) == [Story("2", "", "backlog")]


def test_a_row_whose_status_is_done_is_complete_whatever_its_pipeline_says() -> None:
    text = "## Current Sprint\nStory | Pipeline | Status\n-|-|-\n1.1 | backlog | Done\n"
    assert current_sprint(text) == [Story("1.1", "", "complete")]


@pytest.mark.parametrize(
    ("story", "state", "before", "after"),
    [
        ("4.5", "drafting", "| ğŸš§ Backlog   |", "| drafting       |"),
        ("4.5", "awaiting_commit", "| ğŸš§ Backlog   |", "| awaiting_commit |"),
        ("4.11", "qa_review", "|4.11|O||||", "|4.11|O||qa_review||"),
    ],
)
def test_moving_a_story_changes_one_cell(story: str, state: str, before: str, after: str) -> None:
    moved = move_story(TEXT, story, state)
    assert moved == TEXT.replace(before, after)
    assert moved != TEXT
    assert move_story(moved, story, state) == moved


def test_line_ends_and_bytes_that_are_no_text_stay() -> None:
    text = "## Current Sprint\r\n| ID | Pipeline |\r\n|-|-|\r\n| 1.1 | \udcf0 backlog |\r\nend\udcff"
    assert move_story(text, "1.1", "drafting") == text.replace("\udcf0 backlog |", "drafting  |")
    assert move_story(text, "9.9", "drafting") == text


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("ğŸš§ Implementing", "implementing"),
        ("QA review", "qa_review"),
        ("awaiting_commit", "awaiting_commit"),
        ("Awaiting QA", "qa_review"),
        ("not done", None),
        ("incomplete", None),
        ("", None),
    ],
)
def test_a_state_is_known_by_its_word(cell: str, state: str | None) -> None:
    assert state_in(cell) == state
