"""The current sprint of a backlog, as people keep it."""

from __future__ import annotations

import pytest

from signoff.errors import DocumentError
from signoff.stories.backlog import (
    Story,
    check_named_once,
    current_sprint,
    finished_stories,
    move_story,
    state_in,
)

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


def test_a_table_with_no_column_that_names_stories_is_passed_over() -> None:
    text = "## Current Sprint\n| Epic | Status |\n|-|-|\n| 1.1 | done |\n"
    assert current_sprint(text) is None
    assert finished_stories(text) == frozenset()


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


def sprint(head: str, *rows: str) -> list[Story]:
    rule = "|-" * head.count("|")
    stories = current_sprint("\n".join(["## Current Sprint", "", f"| {head} |", f"{rule}|", *rows]))
    assert stories is not None
    return stories


@pytest.mark.parametrize(
    ("cell", "id_"),
    [
        *((one, one) for one in ("STORY-4.5", "E4-S5", "v4.5", "4.10", "AUTH-12", "4.5a", "US_7", "S12", "4-5", "7")),
        *((cell, "4.10") for cell in ("[4.10](docs/3.9.md)", "**[4.10][ref]**", "_4.10_", "Story 4.10: x", "`4.10`")),
        ("[Coverage](docs/stories/4.10.story.md)", "4.10"),
        ("4.5-coverage-2", "4.5"),
        ("~~E4-S5~~ Login 2.0", "E4-S5"),
        ("#12", "12"),
        ("4.5_coverage", "4.5"),
    ],
)
def test_an_id_is_read_whole_as_it_is_written(cell: str, id_: str) -> None:
    assert [story.id for story in sprint("ID | Pipeline", f"| {cell} | backlog |")] == [id_]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("[4.1](docs/stories/9.9.md), STORY-4.5 and v4.6", ("4.1", "STORY-4.5", "v4.6")),
        ("S12, #13", ("S12", "13")),
        ("none", ()),
        ("-", ()),
    ],
)
def test_dependencies_are_what_is_read_not_where_links_lead(cell: str, ids: tuple[str, ...]) -> None:
    assert sprint("ID | Pipeline | Depends on", f"| 5.1 | backlog | {cell} |")[0].depends_on == ids


@pytest.mark.parametrize(
    ("head", "row", "story"),
    [
        ("# | Story | Pipeline", "| 1 | 4.5 - Coverage | backlog |", ("4.5", "Coverage")),
        ("# | Story | Pipeline", "| 1 | [4.5](a.md) Coverage | backlog |", ("4.5", "Coverage")),
        ("# | Story | Pipeline", "| 4.5 | Coverage of v2.0 | backlog |", ("4.5", "Coverage of v2.0")),
        ("# | Story | Pipeline", "| 3 | Coverage | backlog |", ("3", "Coverage")),
        ("# | Story ID | Title | Status", "| 1 | E4-S5 | Coverage | backlog |", ("E4-S5", "Coverage")),
        ("Epic ID | Story ID | Story Title | Status", "| 4 | 4.5 | Coverage | backlog |", ("4.5", "Coverage")),
        ("ID | Story Points | Story | Status", "| 7 | 3.5 | As 4.5 I want | backlog |", ("7", "As 4.5 I want")),
        ("No. | Key | Summary | Status", "| 1 | AUTH-12 | Coverage | backlog |", ("AUTH-12", "Coverage")),
        ("ID | Title | Status", "| 4.5 | Gr\udcfcn | backlog |", ("4.5", "Grün")),
    ],
)
def test_the_column_that_names_stories_is_found_by_what_stands_in_it(
    head: str, row: str, story: tuple[str, str]
) -> None:
    assert [(one.id, one.title, one.state) for one in sprint(head, row)] == [(*story, "backlog")]


TABLE = "| Story | Pipeline |\n|---|---|\n| {id} | backlog |\n"


@pytest.mark.parametrize(
    "hidden",
    [
        "```markdown\n{}```\n",
        "````\n```\n{}```\n````\n",
        "~~~ text\n```\n{}\n~~~\n",
        "  ```\n# Current Sprint\n{}  ```\n",
        "<!--\n{}-->\n",
        "<!-- ```\n{}\n-->\n",
    ],
)
def test_examples_in_code_blocks_and_comments_are_no_backlog(hidden: str) -> None:
    text = f"# Current Sprint\n\n{hidden.format(TABLE.format(id='1.1'))}\n<!-- note -->\n{TABLE.format(id='2.2')}"
    assert current_sprint(text) == [Story("2.2", "", "backlog")]
    before, _, after = text.rpartition("backlog |")
    assert move_story(text, "2.2", "drafting") == f"{before}drafting |{after}"
    assert finished_stories(text.replace("backlog", "done")) == {"2.2"}


def test_a_code_block_that_never_ends_hides_the_rest() -> None:
    assert current_sprint(f"# Current Sprint\n```\n{TABLE.format(id='1.1')}") is None
    inline = f"# Current Sprint\n```a``` is no block\n{TABLE.format(id='1.1')}"
    assert current_sprint(inline) == [Story("1.1", "", "backlog")]


def test_a_story_that_stands_twice_in_the_sprint_is_refused_with_its_lines() -> None:
    text = (
        f"# Current Sprint\n{TABLE.format(id='1.1')}| 2.2 | done |\n| 1.1 | done |\n\n# Done\n{TABLE.format(id='2.2')}"
    )
    with pytest.raises(DocumentError, match=r"backlog\.md:6: Story 1\.1 .* in lines 4, 6\.") as caught:
        check_named_once(text, "1.1", path="backlog.md")
    assert caught.value.code == "duplicate-story"
    for once in ("2.2", "9.9"):
        check_named_once(text, once, path="backlog.md")
    check_named_once("", "1.1", path="backlog.md")


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
