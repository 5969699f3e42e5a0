"""A spec's gates answered in a real terminal, while others may answer from theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from console_terminal import CTRL_C, ENTER, Terminal, command
from spec_repository import TWO_GATES, Repository, make_repository, step


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    made = make_repository(folder)
    made.write(TWO_GATES)
    return made


def at_g0(screen: Terminal) -> None:
    screen.see("G0: Plan Approval")
    screen.see("? Your decision")


def test_approving_at_the_terminal_goes_on_to_the_next_gate(repository: Repository) -> None:
    with command(repository.shell, "spec", "run", "plan.md") as screen:
        at_g0(screen)
        screen.choose("Approve")
        screen.type("Rationale (optional)", "fine")
        screen.see("G1: Code Readiness: step 2")
        screen.see("? Your decision")
        screen.choose("Reject")
        screen.type("Rationale", "not yet")
        screen.see("Stopped: G1: Code Readiness failed: reject (rationale: not yet)")
        assert screen.end() == 1
    assert repository.log == ["one", "two"]


def test_conditions_and_ticks_are_recorded(repository: Repository) -> None:
    with command(repository.shell, "spec", "run", "plan.md") as screen:
        at_g0(screen)
        screen.choose("Tick items")
        screen.see("It is done")
        screen.tick()
        screen.choose("Approve with conditions")
        screen.type("Condition 1", "only on staging")
        screen.type("Condition 2", "")
        screen.type("Rationale", "")
        screen.see("? Your decision")
        screen.choose("Defer")
        screen.type("Rationale", "")
        assert screen.end() == 3
    [first, _] = repository.gates()
    assert first["decision"]["payload"] == {"conditions": ["only on staging"]}
    reported = repository.shell.json("gate", "report", "--spec", "plan.md")
    assert "only on staging" in str(reported)


def test_leaving_keeps_the_gate_open_and_the_run_goes_on_later(repository: Repository) -> None:
    with command(repository.shell, "spec", "run", "plan.md") as screen:
        at_g0(screen)
        screen.press(CTRL_C)
        screen.see("The run goes on from here")
        assert screen.end() == 3
    assert repository.gates()[0]["state"] == "PENDING"
    assert repository.run("--answer", "approve").code == 0


def test_an_answer_from_elsewhere_is_told_and_the_run_goes_on(repository: Repository) -> None:
    with command(repository.shell, "spec", "run", "plan.md") as screen:
        at_g0(screen)
        assert repository.shell("gate", "approve", "--spec", "plan.md", "--as", "zoe").code == 0
        screen.see("approve by zoe")
        screen.see("G1: Code Readiness: step 2")
        screen.press(CTRL_C)
        assert screen.end() == 3
    assert repository.log == ["one", "two"]


def test_what_a_step_made_and_changed_can_be_looked_at(repository: Repository) -> None:
    with command(repository.shell, "spec", "run", "plan.md", environ={"PAGER": "cat"}) as screen:
        at_g0(screen)
        screen.choose("View Changes since")
        screen.see("+one")
        screen.press(CTRL_C)
        screen.end()


@pytest.mark.parametrize("columns", [40, 160])
def test_hostile_output_and_prompts_do_not_reach_the_terminal(repository: Repository, columns: int) -> None:
    hostile = "printf '\\033]0;owned\\007\\033[2J\\033[31mred\\n'"
    repository.write(step(1, gate="G0: Plan Approval", commands=hostile))
    flags = {"columns": columns, "environ": {"NO_COLOR": "1"}}
    with command(repository.shell, "spec", "run", "plan.md", **flags) as screen:
        at_g0(screen)
        assert "\x1b]0;owned" not in screen.written
        assert "\x1b[31m" not in screen.written
        screen.see("red")
        screen.press(CTRL_C)
        assert screen.end() == 3


def test_where_no_agent_works_the_person_is_waited_for(repository: Repository) -> None:
    text = "\n### Step 1: Notes\n\n**Prompt:**\n\nWrite the notes.\n\n**Outputs:**\n\n- `notes.md`\n"
    repository.write(text)
    with command(repository.shell, "spec", "run", "plan.md", "--agent", "none") as screen:
        screen.see("Write the notes.")
        screen.see("Press a key when Step 1: Notes is done")
        (repository.folder / "notes.md").touch()
        screen.press(ENTER)
        screen.see("Done: every step")
        assert screen.end() == 0
