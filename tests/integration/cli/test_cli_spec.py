"""`signoff spec`: making, compiling and checking specs, as processes on files."""

from __future__ import annotations

import re
from pathlib import Path

import pexpect
import pytest
from cli_shell import COMMAND, Shell

SPEC = """---
tier: B
title: Add a health check
owner: ada
goal: Operators see that it is up
---
## Plan
### Step 1: Plan [G0: Plan Approval]
**Prompt:** Plan it.
**Outputs:**
- `artifacts/plan.md`

<!-- GATE_REVIEW_START -->
#### Gate Review Checklist
##### Plan
- [ ] It is whole
<!-- GATE_REVIEW_END -->
### Step 2: Do [G1: Code Readiness]
**Commands:**
```bash
pytest -q
```
## Notes
"""


@pytest.fixture
def plan(shell: Shell) -> Path:
    path = shell.directory / "plan.md"
    path.write_text(SPEC, "utf-8")
    return path


def files_of(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_compiling_writes_the_file_beside_and_again_only_after_a_change(shell: Shell, plan: Path) -> None:
    first = shell("spec", "compile", "plan.md")
    assert (first.code, first.out) == (0, "plan.compiled.yaml is written: tier B, 2 steps, gates G0, G1.\n")
    assert "Notes" in first.err
    target = shell.directory / "plan.compiled.yaml"
    before = target.stat()
    assert shell.json("spec", "compile", "plan.md") == {
        "source": "plan.md",
        "output": "plan.compiled.yaml",
        "status": "unchanged",
        "tier": "B",
        "title": "Add a health check",
        "steps": 2,
        "gates": ["G0", "G1"],
    }
    assert (target.stat().st_mtime_ns, target.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    plan.write_text(SPEC.replace("Plan it.", "Plan it well."), "utf-8")
    assert shell.json("spec", "compile", "plan.md")["status"] == "written"
    assert target.stat().st_ino != before.st_ino
    assert files_of(shell.directory) == ["plan.compiled.yaml", "plan.md"]


def test_the_same_text_makes_the_same_file_wherever_the_command_is_called(shell: Shell) -> None:
    (shell.directory / ".git").mkdir()
    specs = shell.directory / "specs"
    specs.mkdir()
    (specs / "plan.md").write_text(SPEC, "utf-8")
    shell.json("spec", "compile", "specs/plan.md")
    text = (specs / "plan.compiled.yaml").read_text("utf-8")
    assert "source_md_path: specs/plan.md\n" in text
    assert Shell(specs).json("spec", "compile", "plan.md")["status"] == "unchanged"
    assert Shell(specs).json("spec", "diff", "plan.compiled.yaml")["differences"] == []


def test_a_check_writes_nothing_and_says_whether_it_is_stale(shell: Shell, plan: Path) -> None:
    stale = shell("spec", "compile", "plan.md", "--check", "--json")
    assert (stale.code, stale.document["status"]) == (1, "stale")
    assert files_of(shell.directory) == ["plan.md"]
    shell.json("spec", "compile", "plan.md")
    assert shell("spec", "compile", "plan.md", "--check").code == 0
    plan.write_text(SPEC + "\n", "utf-8")
    in_words = shell("spec", "compile", "plan.md", "--check")
    assert (in_words.code, "signoff spec compile plan.md" in in_words.err) == (1, True)


def test_bad_input_names_every_line_and_writes_nothing(shell: Shell, plan: Path) -> None:
    plan.write_text(
        SPEC.replace("tier: B", "tier: Q").replace("G1: Code", "G8: Code").replace("artifacts", ".."), "utf-8"
    )
    for command in ("compile", "validate", "diff"):
        answer = shell("spec", command, "plan.md")
        assert (answer.code, answer.out) == (2, "")
        assert re.findall(r"plan\.md:(\d+): found", answer.err) == ["2", "11", "18"]
    answer = shell("spec", "compile", "plan.md", "--json")
    assert (answer.code, answer.document["code"]) == (2, "invalid-spec")
    assert [problem["line"] for problem in answer.document["details"]["problems"]] == [2, 11, 18]
    assert files_of(shell.directory) == ["plan.md"]


def test_what_is_not_utf_8_or_not_there_is_bad_input(shell: Shell, plan: Path) -> None:
    plan.write_bytes(b"---\n\xff")
    answer = shell("spec", "compile", "plan.md")
    assert (answer.code, answer.err.startswith("Error: plan.md:1: ")) == (2, True)
    for words in (["compile", "none.md"], ["validate", "none.yaml"], ["diff", "none.yaml"], ["compile", "."]):
        assert shell("spec", *words, "--json").document["code"] == "unreadable-file"


def test_an_output_that_leaves_through_a_link_is_refused(shell: Shell, plan: Path) -> None:
    (shell.directory / "artifacts").symlink_to("/tmp")
    answer = shell("spec", "compile", "plan.md")
    assert (answer.code, "symbolic link" in answer.err) == (2, True)
    (shell.directory / "artifacts").unlink()
    (shell.directory / "artifacts").symlink_to("artifacts")
    assert shell("spec", "compile", "plan.md").code == 2
    (shell.directory / "artifacts").unlink()
    (shell.directory / "real").mkdir()
    (shell.directory / "artifacts").symlink_to("real")
    assert shell("spec", "compile", "plan.md").code == 0


def test_nothing_is_written_elsewhere_unless_it_is_said(shell: Shell, plan: Path) -> None:
    inside = shell.directory / "inside"
    inside.mkdir()
    elsewhere = Shell(inside)
    answer = elsewhere("spec", "compile", "../plan.md")
    assert (answer.code, "--output" in answer.err) == (2, True)
    assert elsewhere("spec", "compile", "../plan.md", "--check").code == 1
    assert elsewhere("spec", "compile", "../plan.md", "--output", "../other.yaml").code == 0
    assert files_of(shell.directory) == ["other.yaml", "plan.md"]


def test_the_markdown_is_never_overwritten(shell: Shell, plan: Path) -> None:
    assert shell("spec", "compile", "plan.md", "--output", "./plan.md").code == 2
    assert (
        shell("spec", "new", "--tier", "B", "--title", "t", "--owner", "o", "--goal", "g", "--output", "plan.md").code
        == 2
    )
    assert plan.read_text("utf-8") == SPEC
    assert (
        shell("spec", "compile", "plan.md", "--output", "no/such/folder.yaml", "--json").document["code"]
        == "unwritable-file"
    )
    assert shell("spec", "compile", "plan.yaml").code == 2


def test_both_files_can_be_validated(shell: Shell, plan: Path) -> None:
    shell.json("spec", "compile", "plan.md")
    assert shell("spec", "validate", "plan.md").out == "ok: plan.md: tier B, 2 steps, gates G0, G1.\n"
    assert shell.json("spec", "validate", "plan.compiled.yaml") == {
        "path": "plan.compiled.yaml",
        "kind": "compiled",
        "shape": "current",
        "valid": True,
        "tier": "B",
        "title": "Add a health check",
        "steps": 2,
        "gates": ["G0", "G1"],
    }
    target = shell.directory / "plan.compiled.yaml"
    target.write_text(target.read_text("utf-8").replace("tier: B", "tier: X"), "utf-8")
    assert shell("spec", "validate", "plan.compiled.yaml").code == 2


def test_the_older_shape_is_read_and_shown_as_such(shell: Shell, plan: Path) -> None:
    (shell.directory / "plan.compiled.yaml").write_text(
        "tier: B\ntitle: T\ngates: [{id: G0, checklist: {A: [b]}}]\n"
        "plan: [{step_id: step-001, title: a, gate_ref: 'G0: x'}]\n"
    )
    assert "older shape" in shell("spec", "validate", "plan.compiled.yaml").out
    answer = shell("spec", "diff", "plan.compiled.yaml", "--json")
    assert (answer.code, answer.document["source"]) == (1, "plan.md")


def test_a_diff_names_what_the_compiled_file_lacks(shell: Shell, plan: Path) -> None:
    assert shell("spec", "diff", "plan.md").code == 1
    shell.json("spec", "compile", "plan.md")
    same = shell("spec", "diff", "plan.md")
    assert (same.code, same.out) == (0, "The compiled file says what the Markdown says.\n")
    plan.write_text(SPEC.replace("- [ ] It is whole", "- [x] It is whole\n- [ ] It is read"), "utf-8")
    items = "plan[step-001].gate_review.checklist.Plan"
    for file in ("plan.md", "plan.compiled.yaml"):
        answer = shell("spec", "diff", file)
        assert answer.code == 1
        assert answer.out.splitlines()[:2] == [
            f"missing  {items}[It is read]  'text, checked'",
            f"changed  {items}[It is whole].checked  'False' instead of 'True'",
        ]


@pytest.mark.parametrize("tier", ["A", "b", "C"])
def test_a_new_spec_compiles_and_is_valid(shell: Shell, tier: str) -> None:
    made = shell.json(
        "spec", "new", "--tier", tier, "--title", "Move: the ledger", "--owner", "ada", "--goal", "It is # moved"
    )
    assert (made["path"], made["tier"]) == ("move-the-ledger.md", tier.upper())
    assert shell("spec", "compile", made["path"]).code == 0
    assert shell("spec", "validate", "move-the-ledger.compiled.yaml").code == 0
    again = shell(
        "spec", "new", "--tier", tier, "--title", "Move: the ledger", "--owner", "ada", "--goal", "g", "--json"
    )
    assert (again.code, again.document["code"]) == (2, "unwritable-file")


def test_what_is_missing_is_named_where_nobody_can_be_asked(shell: Shell) -> None:
    answer = shell("spec", "new", "--tier", "B", "--owner", " ")
    assert (answer.code, "--title, --owner, --goal" in answer.err) == (2, True)
    in_json = shell("spec", "new", "--json")
    assert in_json.document["details"] == {"missing": ["tier", "title", "owner", "goal"]}
    assert files_of(shell.directory) == []


def test_what_is_missing_is_asked_for_on_a_terminal(shell: Shell) -> None:
    program, *options = COMMAND
    child = pexpect.spawn(
        program,
        [*options, "spec", "new", "--title", "Add it", "--output", "add.md"],
        cwd=str(shell.directory),
        env={**shell.environ, "TERM": "xterm-256color"},
        dimensions=(40, 90),
        encoding="utf-8",
        timeout=60,
    )
    child.expect("Tier")
    child.expect("C")
    child.send("\r")
    child.expect("Owner")
    child.expect("ada")
    child.send("\r")
    child.expect("Goal")
    child.send("It is there\r")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    text = (shell.directory / "add.md").read_text("utf-8")
    assert "tier: B\ntitle: Add it\nowner: ada\ngoal: It is there\n" in text
