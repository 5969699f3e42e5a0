"""The try-out of pages fails where a page is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from .walkthrough import blocks_of, walk_through

ID = "it_01M7YA8VZCGK8AZ2KYPYE2Z7T8"
OTHER_ID = "it_01M7YAD51D0V1K3M4N5P6Q7R8S"


def walk(folder: Path, page: str) -> int:
    path = folder / "page.md"
    path.write_text(page, "utf-8")
    (folder / "here").mkdir()
    return walk_through(path, folder / "here")


def console(text: str, mark: str = "<!-- test -->") -> str:
    return f"{mark}\n```console\n{text}\n```\n\n"


def test_output_that_is_as_shown_passes(tmp_path: Path) -> None:
    assert walk(tmp_path, console("$ echo one; echo two >&2\none\ntwo\n$ printf 'a\\nb\\nc\\n'\na\n...\n$ true")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "$ echo one\ntwo",
        "$ echo one; echo two\none",
        "$ echo one\none\ntwo",
        "$ false",
        "$ echo one\n$ exit 3",
        "$ printf 'a\\nb\\n'\n...\na",
    ],
)
def test_output_that_differs_and_commands_that_fail_are_told(tmp_path: Path, text: str) -> None:
    with pytest.raises((AssertionError, BrokenPipeError, ValueError)):
        walk(tmp_path, console(text))


def test_what_a_page_does_not_mark_is_not_run(tmp_path: Path) -> None:
    assert walk(tmp_path, "```console\n$ false\n```\n" + console("$ true")) == 1


def test_digests_times_and_lengths_of_time_are_compared_by_their_form(tmp_path: Path) -> None:
    shown = f"at 2026-11-21 05:44:23 UTC (29 min) {'0' * 64}"
    came = f"at 2027-01-02 03:04:05 UTC (3 h) {'ab' * 32}"
    assert walk(tmp_path, console(f"$ echo '{came}'\n{shown}")) == 1


def test_an_id_of_the_page_is_put_into_later_commands_as_it_was_in_this_try(tmp_path: Path) -> None:
    # The id is made of two parts, so that the command does not hold it.
    made = f"{OTHER_ID[:9]}''{OTHER_ID[9:]}"
    assert walk(tmp_path, console(f"$ echo {made}\n{ID}\n$ test {ID} = {made}\n$ echo {made} {made}\n{ID} {ID}")) == 1


def test_one_id_of_the_page_cannot_stand_for_two(tmp_path: Path) -> None:
    made = f"{OTHER_ID[:9]}''{OTHER_ID[9:]}"
    with pytest.raises(AssertionError):
        walk(tmp_path, console(f"$ echo {made} {made[:-1]}0\n{ID} {ID}"))


def test_a_command_that_goes_on_is_answered_from_another_terminal(tmp_path: Path) -> None:
    page = (
        console("$ mkfifo pipe; echo waiting; cat pipe\nwaiting", "<!-- test: waits -->")
        + console("$ echo answer > pipe", "<!-- test: terminal 2 -->")
        + "<!-- test -->\n```text\nanswer\n```\n"
    )
    assert walk(tmp_path, page) == 3


def test_what_runs_can_be_killed_with_all_that_it_started(tmp_path: Path) -> None:
    script = "<!-- test: file wait.sh -->\n```sh\n#!/bin/sh\necho waiting\nsleep 600 | cat\necho went on\n```\n"
    page = (
        script
        + console("$ ./wait.sh\nwaiting", "<!-- test: waits -->")
        + "<!-- test: kill -->\n\nText.\n\n"
        + console("$ echo here\nhere")
    )
    assert walk(tmp_path, page) == 4


def test_a_program_is_started_and_waited_for(tmp_path: Path) -> None:
    page = '<!-- test: waits -->\n```python\nprint("ran")\n```\n<!-- test -->\n```text\nran\n```\n'
    assert walk(tmp_path, page) == 2


def test_where_a_page_is_wrong_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"page\.md, line 3: "):
        walk(tmp_path, "# Page\n\n" + console("$ echo one\ntwo"))


def test_a_mark_applies_to_the_block_right_after_it_alone() -> None:
    page = "<!-- test: kill -->\n\nText.\n\n```sh\nrm precious\n```\n"
    assert [(block.language, block.how) for block in blocks_of(page)] == [(None, ("kill",))]
