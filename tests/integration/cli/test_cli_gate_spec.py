"""The gates of a spec's runs: listed, found and answered by the spec's file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_shell import Shell
from spec_run_samples import a_spec_gate, a_spec_run

from signoff.app.cancel_run import cancel_run
from signoff.gates.requirement import Need, Requirement
from signoff.plans.run import Status

SPEC = """---
tier: B
title: Add a health check
owner: ada
goal: Operators see that it is up
---
## Plan
### Step 1: Plan [G0: Plan Approval]
**Prompt:** Plan it.
"""


def waiting(shell: Shell, run_id: str = "sp_1", *codes: str, spec: str = "plan.md") -> None:
    with shell.world() as world:
        a_spec_run(world, run_id, spec=spec)
        for code in codes or ("G0",):
            a_spec_gate(world, run_id, code, spec=spec)


def keys(shell: Shell, *words: str) -> list[str]:
    return [view["gateKey"] for view in shell.json("gate", "list", *words)["items"]]


def test_the_list_is_narrowed_to_the_gates_of_a_spec(any_shell: Shell) -> None:
    waiting(any_shell, "sp_1", "G0", "G1")
    waiting(any_shell, "sp_2", spec="other.md")
    any_shell.open_gate()
    any_shell("gate", "approve", "g0-of-sp_1")
    assert keys(any_shell, "--spec", "plan.md") == ["g1-of-sp_1"]
    assert keys(any_shell, "--spec", "plan.md", "--all") == ["g0-of-sp_1", "g1-of-sp_1"]
    assert keys(any_shell, "--spec", "plan.md", "--state", "RECEIVED") == ["g0-of-sp_1"]
    assert keys(any_shell, "--spec", "other.md") == ["g0-of-sp_2"]
    assert len(keys(any_shell)) == 3


def test_the_list_of_a_spec_is_filtered_and_paged_as_the_inbox_is(shell: Shell) -> None:
    with shell.world() as world:
        a_spec_run(world, "sp_1")
        a_spec_gate(world, "sp_1", "G0", ttl_s=300, requirement=Requirement(needs=(Need(("lead",), 1),)))
        a_spec_gate(world, "sp_1", "G1", ttl_s=200, risk_level="high")
        a_spec_gate(world, "sp_1", "G2", ttl_s=100)
    of_spec = ("--spec", "plan.md")
    assert keys(shell, *of_spec) == ["g2-of-sp_1", "g1-of-sp_1", "g0-of-sp_1"]
    assert keys(shell, *of_spec) == keys(shell)
    for which in (("--role", "lead"), ("--role", "guest"), ("--risk", "high"), ("--limit", "2")):
        assert keys(shell, *of_spec, *which) == keys(shell, *which)
    first = shell.json("gate", "list", *of_spec, "--limit", "2")
    assert keys(shell, *of_spec, "--limit", "2", "--cursor", first["nextCursor"]) == ["g0-of-sp_1"]
    assert set(first["items"][0]) == set(shell.json("gate", "list")["items"][0])
    assert shell("gate", "list", *of_spec, "--cursor", "nonsense", "--json").document["code"] == "invalid-cursor"


def test_what_i_asked_for_myself_comes_after_what_i_may_approve(any_shell: Shell) -> None:
    strict = Requirement(not_requester=True)
    any_shell.open_gate("w-1", "own", ttl_s=100, requirement=strict, requested_by="ada")
    any_shell.open_gate("w-2", "of-bob", ttl_s=300, requirement=strict, requested_by="bob")
    any_shell.open_gate("w-3", "lenient", ttl_s=200, requested_by="ada")
    assert keys(any_shell) == ["lenient", "of-bob", "own"]
    assert keys(any_shell, "--as", "bob") == ["own", "lenient", "of-bob"]
    shown = any_shell("gate", "list")
    marked = [line for line in shown.out.splitlines() if " * " in line]
    assert [line.split(" * ")[1].split()[0] for line in marked] == ["own"]
    assert "* asked for by ada: somebody else has to approve it." in shown.err
    assert " * " not in any_shell("gate", "list", "--as", "eve").out


def test_the_one_gate_that_waits_needs_no_name(any_shell: Shell) -> None:
    waiting(any_shell, "sp_1", "G0", "G1")
    any_shell("gate", "approve", "g0-of-sp_1")
    assert any_shell.json("gate", "show", "--spec", "plan.md")["gateKey"] == "g1-of-sp_1"
    assert any_shell.json("gate", "defer", "--spec", "plan.md")["receipt"]["state"] == "PENDING"
    decided = any_shell.json("gate", "approve", "--spec", "plan.md", "--condition", "slowly", "--all-items")
    assert (decided["receipt"]["gateKey"], decided["receipt"]["decision"]) == ("g1-of-sp_1", "approve")


def test_the_commands_that_are_shown_name_the_gate_itself(shell: Shell) -> None:
    waiting(shell)
    assert "signoff gate approve sp_1 g0-of-sp_1" in shell("gate", "show", "--spec", "plan.md").out


def test_when_nothing_waits_the_newest_run_is_named(shell: Shell) -> None:
    with shell.world() as world:
        a_spec_run(world, "sp_1", status=Status.SUCCESS)
    answer = shell("gate", "approve", "--spec", "plan.md")
    assert answer.code == 2
    assert "No gate of plan.md waits. Its newest run, sp_1, is SUCCESS." in answer.err
    assert shell("gate", "approve", "--spec", "plan.md", "--json").document["code"] == "gate-not-found"


@pytest.mark.parametrize("words", [["list"], ["show"], ["reject"], ["report"]])
def test_a_spec_that_was_never_run_is_said_to_be_so(shell: Shell, words: list[str]) -> None:
    waiting(shell, spec="other.md")
    answer = shell("gate", *words, "--spec", "plan.md", "--json")
    assert (answer.code, answer.document["code"]) == (2, "run-not-found")
    assert answer.document["error"] == "There is no run of plan.md."


def test_of_several_that_wait_one_must_be_named(shell: Shell) -> None:
    waiting(shell, "sp_1", "G0", "G1")
    waiting(shell, "sp_2")
    answer = shell("gate", "approve", "--spec", "plan.md", "--json")
    assert (answer.code, answer.document["code"]) == (2, "several-gates-wait")
    assert "G1 (g1-of-sp_1 of sp_1)" in answer.document["error"]
    assert answer.document["details"]["gates"][0] == {"workflowID": "sp_2", "gateKey": "g0-of-sp_2"}
    assert shell.json("gate", "approve", "g1-of-sp_1", "--spec", "plan.md")["receipt"]["workflowID"] == "sp_1"
    assert len(keys(shell)) == 2


def test_a_code_is_that_gate_of_the_newest_run(any_shell: Shell) -> None:
    waiting(any_shell, "sp_1", "G0", "G1")
    waiting(any_shell, "sp_2", "G0")
    assert any_shell.json("gate", "show", "G0", "--spec", "plan.md")["workflowID"] == "sp_2"
    any_shell("gate", "reject", "G0", "--spec", "plan.md")
    assert any_shell.json("gate", "show", "G0", "--spec", "plan.md")["state"] == "RECEIVED"
    missing = any_shell("gate", "show", "G1", "--spec", "plan.md")
    assert missing.code == 2
    assert "The newest run of plan.md, sp_2, has come to no gate G1 yet. Its gates: G0." in missing.err


def test_of_several_gates_of_a_code_the_one_that_waits_is_meant_and_else_the_last(shell: Shell) -> None:
    with shell.world() as world:
        a_spec_run(world, "sp_1")
        for key in ("first", "second", "third"):
            a_spec_gate(world, "sp_1", gate_key=key)
    shell("gate", "reject", "first")
    shell("gate", "reject", "third")
    assert shell.json("gate", "show", "G0", "--spec", "plan.md")["gateKey"] == "second"
    with shell.world() as world:
        cancel_run(world, workflow_id="sp_1", actor="eve", reason=None)
    opened = [view["gateKey"] for view in shell.json("run", "show", "sp_1")["gates"]]
    assert shell.json("gate", "show", "G0", "--spec", "plan.md")["gateKey"] == opened[-1]


def test_a_key_must_be_that_of_a_gate_of_the_spec(shell: Shell) -> None:
    waiting(shell)
    shell.open_gate()
    answer = shell("gate", "show", "ship", "--spec", "plan.md", "--json")
    assert (answer.code, answer.document["code"]) == (2, "gate-not-found")
    assert shell("gate", "show", "G9", "--spec", "plan.md", "--json").document["code"] == "bad-gate-key"


@pytest.mark.parametrize("words", [["sp_1", "g0-of-sp_1", "--spec", "plan.md"], [], ["a", "b", "c"]])
def test_a_gate_that_is_named_in_no_way_or_in_two_is_a_matter_of_usage(shell: Shell, words: list[str]) -> None:
    waiting(shell)
    for command in ("show", "approve"):
        answer = shell("gate", command, *words, "--json")
        assert (answer.code, answer.document["code"]) == (2, "usage")


def test_the_file_may_be_the_markdown_or_what_is_compiled_from_it_from_any_folder(shell: Shell) -> None:
    (shell.directory / ".git").mkdir()
    docs = shell.directory / "docs"
    docs.mkdir()
    (docs / "plan.md").write_text(SPEC, "utf-8")
    shell.json("spec", "compile", "docs/plan.md")
    waiting(shell, spec="docs/plan.md")
    for name in ("docs/plan.md", "docs/plan.compiled.yaml", "./docs/../docs/plan.md", str(docs / "plan.md")):
        assert keys(shell, "--spec", name) == ["g0-of-sp_1"]
    elsewhere = ("--dir", str(shell.directory / ".signoff"))
    assert keys(Shell(docs), "--spec", "plan.compiled.yaml", *elsewhere) == ["g0-of-sp_1"]
    (docs / "plan.compiled.yaml").write_text("- no spec", "utf-8")
    assert shell("gate", "list", "--spec", "docs/plan.compiled.yaml", "--json").document["code"] == "invalid-spec"


def test_a_spec_that_was_deleted_still_has_its_gates(shell: Shell) -> None:
    waiting(shell)
    assert not Path(shell.directory / "plan.md").exists()
    assert keys(shell, "--spec", "plan.md") == ["g0-of-sp_1"]


OLDER = """tier: B
title: Ship it
owner: ada
plan:
  - step_id: step-001
    title: Plan
    description: Plan it.
    gate_ref: "G0: Plan Approval"
"""


def test_an_older_file_that_names_no_markdown_is_what_its_runs_are_about(shell: Shell) -> None:
    (shell.directory / "old.yaml").write_text(OLDER, "utf-8")
    waiting(shell, spec="old.yaml")
    assert keys(shell, "--spec", "old.yaml") == ["g0-of-sp_1"]
