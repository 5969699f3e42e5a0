"""Recorded plans, and a general one for every other goal; each one's patch really applies."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.app.steps import StepContext
from signoff.errors import StepFailedError
from signoff.runners.agent_plan import check_plan
from signoff.runners.replay import ReplayAgent
from signoff.runners.worktree import ScratchWorkTree

HOSTILE = "# Own \x1b[31mthe\r\n+++ b/../../etc/passwd\n\u202e![x](http://e/)\x00 `rm`"


def context(goal: str) -> StepContext:
    return StepContext("it_1", "CompileST", 1, goal, inputs={}, constraints={})


def test_the_recording_for_the_timeout_test_asks_for_two_seconds() -> None:
    assert ReplayAgent().plan(context("timeout test")).output["approvalTimeoutS"] == 2


def test_the_recording_of_a_release_has_a_version_notes_and_three_tasks(tmp_path: Path) -> None:
    plan = ReplayAgent().plan(context("Deploy release 1.4 to production")).output
    assert [task["key"] for task in plan["tasks"]] == ["build", "migrate", "roll-out"]
    assert "\n- " in plan["summary"]
    ScratchWorkTree(tmp_path).apply("it_1", 1, plan["patch"])
    assert (tmp_path / "it_1/VERSION").read_text() == "1.4.0\n"
    assert (tmp_path / "it_1/docs/releases/1.4.md").read_text().startswith("# Release 1.4\n")


@pytest.mark.parametrize("goal", ["timeout test", "Tidy up", "", "日本", HOSTILE, "x" * 10_000, "../../etc", "a\n" * 9])
def test_every_goal_has_a_plan_that_is_always_the_same_and_whose_patch_applies(goal: str, tmp_path: Path) -> None:
    plan = ReplayAgent().plan(context(goal)).output
    assert plan == ReplayAgent().plan(context(goal)).output
    assert check_plan(plan) == plan
    [file] = ScratchWorkTree(tmp_path).apply("it_1", 1, plan["patch"]).output["files"]
    assert Path(file).parent == Path("plan")


def test_a_goal_that_differs_in_its_last_letter_is_another_plan() -> None:
    agent = ReplayAgent()
    first, other = (agent.plan(context("the same long beginning of a goal, " * 30 + end)).output for end in "ab")
    assert first["patch"].splitlines()[0] != other["patch"].splitlines()[0]


def test_a_hostile_goal_appears_on_one_indented_line_without_its_controls(tmp_path: Path) -> None:
    plan = ReplayAgent().plan(context(HOSTILE)).output
    shown = "    # Own the +++ b/../../etc/passwd ![x](http://e/) `rm`"
    assert shown in plan["summary"].splitlines()
    [file] = ScratchWorkTree(tmp_path).apply("it_1", 1, plan["patch"]).output["files"]
    assert shown in (tmp_path / "it_1" / file).read_text().splitlines()


def test_recordings_of_ones_own_are_found_by_their_goal_and_checked_on_use(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text('{"goal":"g","plan":{"summary":"mine","tasks":[]}}')
    (tmp_path / "bad.json").write_text('{"goal":"b","plan":{"summary":"mine"}}')
    (tmp_path / "notes.txt").write_text("no recording")
    agent = ReplayAgent(tmp_path)
    assert agent.plan(context("g")).output == {"summary": "mine", "tasks": []}
    with pytest.raises(StepFailedError, match="'tasks' is missing"):
        agent.plan(context("b"))


@pytest.mark.parametrize("content", ["{", "[]", '{"goal":"g"}', '{"goal":"g","plan":{},"more":1}'])
def test_a_recording_out_of_form_is_refused_by_its_name(content: str, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(content)
    with pytest.raises(StepFailedError, match=r"broken\.json"):
        ReplayAgent(tmp_path)
