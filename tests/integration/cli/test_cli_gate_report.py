"""`signoff gate report`: for people, for pages and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shell import Answer, Shell
from spec_run_samples import a_spec_gate, a_spec_run

from signoff.gates.requirement import Need, Requirement

HOSTILE = (
    "ok | <b>x</b> `rm` \\| **no**\n| a | b |\n# title [l](http://evil) \x1b[2J \u202eback\u202c @all ~~s~~ $x$ &amp;"
)


def cells(line: str) -> list[str]:
    """A row of a table in GitHub's Markdown, by its rules: a bar that is escaped parts nothing."""
    parts, text, escaped = [], "", False
    for character in line.strip():
        if character == "|" and not escaped:
            parts.append(text.strip())
            text = ""
        else:
            text += character
        escaped = character == "\\" and not escaped
    return parts[1:]


@pytest.fixture
def told(any_shell: Shell) -> Shell:
    """Two runs of a spec and a gate of somebody else's."""
    with any_shell.world() as world:
        a_spec_run(world, "sp_1")
        a_spec_gate(world, "sp_1", "G0")
        a_spec_gate(world, "sp_1", "G1", requirement=Requirement(needs=(Need(("*",), 2),)))
        a_spec_run(world, "sp_2")
        a_spec_gate(world, "sp_2", "G0")
    any_shell.open_gate()
    any_shell("gate", "approve", "g0-of-sp_1", "--item", "i1", "--condition", "slowly", "--rationale", "read it")
    any_shell("gate", "approve", "g1-of-sp_1", "--as", "grace")
    any_shell("gate", "approve", "ship", "--rationale", "why not")
    return any_shell


def test_a_report_on_a_spec_is_about_its_runs_newest_first(told: Shell) -> None:
    report = told.json("gate", "report", "--spec", "plan.md")
    found = [(item["workflowID"], item["code"], item["decision"]) for item in report["items"]]
    assert found == [
        ("sp_2", "G0", "waiting"),
        ("sp_1", "G0", "approved with conditions"),
        ("sp_1", "G1", "waiting"),
    ]
    assert report["totals"]["decisions"]["waiting"] == 2
    assert report["isWhole"]


def test_a_report_on_a_run_is_about_that_run_of_whatever_door(told: Shell) -> None:
    assert [item["gateKey"] for item in told.json("gate", "report", "--run", "sp_2")["items"]] == ["g0-of-sp_2"]
    (foreign,) = told.json("gate", "report", "--run", "deploy-42")["items"]
    assert (foreign["title"], foreign["decision"], foreign["rationale"]) == ("Ship it?", "approved", "why not")
    missing = told("gate", "report", "--run", "nothing", "--json")
    assert (missing.code, missing.document["code"]) == (2, "run-not-found")


def test_without_either_it_is_about_the_newest_gates(told: Shell) -> None:
    report = told.json("gate", "report")
    opened = [item["openedAt"] for item in report["items"]]
    assert (len(opened), opened) == (4, sorted(opened, reverse=True))
    assert report["items"][0]["gateKey"] == "ship"
    cut = told("gate", "report", "--limit", "2")
    assert "There are more gates; these are the first 2. Ask for more with --limit." in cut.err
    document = told.json("gate", "report", "--limit", "2")
    assert (len(document["items"]), document["totals"]["gates"], document["isWhole"]) == (2, 2, False)
    assert told.json("gate", "report", "--limit", "4")["isWhole"]


def test_the_table_says_what_was_decided_and_what_is_waited_for(told: Shell) -> None:
    answer = told("gate", "report", "--spec", "plan.md")
    header, second, first, open_one, totals = answer.out.splitlines()
    assert header.split() == [
        "GATE", "STEP", "STATE", "DECISION", "BY", "WHEN", "WAITED", "ITEMS", "CONDITIONS", "RATIONALE",
        "ORIGIN", "RUN",
    ]  # fmt: skip
    assert first.startswith("G0 Plan Approval ")
    for word in ("step-001", "RECEIVED", "approved with conditions", "ada", "1/3", "slowly", "read it", "manual"):
        assert word in first
    assert "waiting: needs 1 of anyone" in open_one
    assert "grace" in open_one
    assert second.endswith("sp_2")
    assert totals == "3 gates: 1 approved with conditions, 2 waiting; 0 automatic, 0 overridden"
    assert answer.err == ""


def test_columns_in_which_nothing_stands_are_left_out(shell: Shell) -> None:
    shell.open_gate()
    header, row, _ = shell("gate", "report").out.splitlines()
    assert header.split() == ["GATE", "STATE", "DECISION", "WAITED", "RUN"]
    assert row.startswith("ship: Ship it?")


def test_a_report_on_nothing_says_so(shell: Shell) -> None:
    with shell.world():
        pass
    assert shell("gate", "report").out == "No gates.\n"
    assert shell.json("gate", "report")["items"] == []


def test_json_is_the_same_whichever_way_it_is_asked_for(told: Shell) -> None:
    one = told("gate", "report", "--run", "deploy-42", "--format", "json").document
    assert one == told.json("gate", "report", "--run", "deploy-42")
    assert one == told.json("gate", "report", "--run", "deploy-42", "--format", "md")


def test_what_people_write_cannot_break_the_page_nor_act_on_it(any_shell: Shell) -> None:
    with any_shell.world() as world:
        a_spec_run(world, "sp_1")
        a_spec_gate(world, "sp_1")
    any_shell.json("gate", "approve", "g0-of-sp_1", "--rationale", HOSTILE, "--condition", HOSTILE, "--as", "a|b*c*")
    page = any_shell("gate", "report", "--format", "md").out
    header, rule, row, blank, totals = page.splitlines()
    assert blank == ""
    assert totals.startswith("1 gate: 1 approved with conditions;")
    assert len(cells(header)) == len(cells(rule)) == len(cells(row)) == 12
    assert set(cells(rule)) == {"---"}
    by_title = dict(zip(cells(header), cells(row), strict=True))
    assert by_title["By"] == "a\\|b\\*c\\*"
    assert by_title["Rationale"] == by_title["Conditions"]
    assert by_title["Rationale"].startswith("ok \\| \\<b\\>x\\</b\\> \\`rm\\` \\\\\\| \\*\\*no\\*\\* \\| a \\| b \\|")
    assert not any(sign in page for sign in ("\x1b", "\u202e", "\u202c"))
    assert any_shell.json("gate", "report")["items"][0]["rationale"] == HOSTILE.strip()


def test_a_spec_and_a_run_are_not_asked_for_at_once(shell: Shell) -> None:
    shell.open_gate()
    answer = shell("gate", "report", "--spec", "plan.md", "--run", "deploy-42", "--json")
    assert (answer.code, answer.document["code"]) == (2, "usage")
    assert shell("gate", "report", "--limit", "0").code == 2


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A server on the ledger of a spec that was run."""
    home = Shell(tmp_path / "server")
    home.directory.mkdir()
    with home.world() as world:
        for run_id in ("sp_1", "sp_2"):
            a_spec_run(world, run_id, spec="plan.md")
            a_spec_gate(world, run_id)
    with home.start("up", "--port", "0") as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1]
        process.terminate()
        process.communicate(timeout=30)


def test_a_spec_is_listed_answered_reported_and_exported_through_a_server(tmp_path: Path, url: str) -> None:
    home = tmp_path / "elsewhere"
    home.mkdir()

    def far(*words: str) -> Answer:
        return Shell(home)(*words, "--json", environ={"SIGNOFF_URL": url})

    of_spec = ("--spec", "plan.md")
    assert len(far("gate", "list", *of_spec).document["items"]) == 2
    assert far("gate", "show", *of_spec).document["code"] == "several-gates-wait"
    assert far("gate", "reject", "G0", *of_spec, "--as", "grace").document["receipt"]["workflowID"] == "sp_2"
    assert far("gate", "approve", *of_spec, "--as", "grace").document["receipt"]["workflowID"] == "sp_1"
    report = far("gate", "report", *of_spec).document
    assert [item["decision"] for item in report["items"]] == ["rejected", "approved"]
    assert far("gate", "report").document["items"] == report["items"]
    assert [entry["seq"] for entry in far("audit", "log", *of_spec).document["items"]] == [1, 2, 3, 4, 5, 6]
    assert far("audit", "export", *of_spec).document == {
        "output": str(home / ".signoff/history/plan.jsonl"),
        "lines": 7,
    }
    assert Shell(home)("audit", "verify", ".signoff/history/plan.jsonl").code == 0
