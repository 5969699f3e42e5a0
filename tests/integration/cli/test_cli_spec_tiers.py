"""What a spec asks of people, as the project sets it; and which specs are taken to be run."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Shell

from signoff.cli.spec.files import open_runnable
from signoff.plans.spec.plan import LANGUAGES
from signoff.plans.spec.policies import policies_in_force
from signoff.settings import load

SPEC = """---
tier: B
title: Add a health check
owner: ada
goal: Operators see that it is up
---
## Plan
### Step 1: Plan [G0: Plan Approval]
**Prompt:** Plan it.

<!-- GATE_REVIEW_START -->
#### Gate Review Checklist
##### Plan
- [ ] It is whole
<!-- GATE_REVIEW_END -->
### Step 2: Draw
**Commands:**
```mermaid
graph TD
```
```bash
true
```
### Step 3: Look
**Commands:**
```powershell
dir
```
"""
RUNS = re.sub("```(?:mermaid|powershell)\n.*\n```\n", "", SPEC)
OLDER = "tier: C\ntitle: T\nowner: ada\nplan:\n- {step_id: step-001, title: a, gate_ref: 'G2: x', commands: [ls]}\n"


@pytest.fixture(autouse=True)
def _here(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called here without a process is called in the same place."""
    monkeypatch.chdir(shell.directory)


@pytest.fixture
def plan(shell: Shell) -> Path:
    """A compiled spec."""
    path = shell.directory / "plan.md"
    path.write_text(RUNS, "utf-8")
    shell.json("spec", "compile", "plan.md")
    return path


def set_up(shell: Shell, text: str) -> None:
    (shell.directory / "signoff.yaml").write_text(text, "utf-8")


def own_defaults(shell: Shell, found: str, replaced: str, tier: str = "B") -> Path:
    """The built-in defaults with one change, in the folder `tiers`."""
    text = shell("spec", "defaults", "--tier", tier).out
    assert found in text
    (shell.directory / "tiers").mkdir(exist_ok=True)
    path = shell.directory / "tiers" / f"tier-{tier.lower()}.yaml"
    path.write_text(text.replace(found, replaced), "utf-8")
    set_up(shell, "tier_defaults: tiers\n")
    return path


def contents(directory: Path) -> Mapping[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


# Defaults of one's own


def test_the_defaults_in_force_are_printed_and_make_a_file_to_edit(shell: Shell) -> None:
    builtin = shell("spec", "defaults", "--tier", "b")
    assert (builtin.code, builtin.err) == (0, "Tier B: built in.\n")
    assert "# What tier B asks of people" in builtin.out
    set_up(shell, "tier_defaults: tiers\n")
    (shell.directory / "tiers").mkdir()
    redirected = "python -m signoff spec defaults --tier B > tiers/tier-b.yaml"
    subprocess.run(["bash", "-c", redirected], cwd=shell.directory, env=shell.environ, check=True)
    own = shell("spec", "defaults", "--tier", "B")
    assert (own.out, own.err) == (builtin.out, "Tier B: tiers/tier-b.yaml.\n")
    shown = shell.json("spec", "defaults")["tiers"]
    assert [one["defaults"]["tier"] for one in shown] == ["A", "B", "C"]
    assert [one["path"] for one in shown] == [None, "tiers/tier-b.yaml", None]
    assert shell("spec", "defaults").out.count("\n---\n") == 2


def test_ones_own_defaults_hold_wherever_a_spec_is_compiled(shell: Shell, plan: Path) -> None:
    assert shell("spec", "compile", "plan.md", "--check").code == 0
    own_defaults(
        shell, "G0: {mode: blocking, review: peer, roles: [developer", "G0: {mode: blocking, review: peer, roles: [ops"
    )
    stale = shell("spec", "compile", "plan.md", "--check")
    assert (stale.code, "--tier-defaults=tiers" in stale.err) == (1, True)
    assert "gate_policies.G0.roles" in shell("spec", "diff", "plan.md").out
    assert shell("spec", "compile", "plan.md").code == 0
    assert "- ops\n" in (shell.directory / "plan.compiled.yaml").read_text("utf-8")
    assert shell("spec", "diff", "plan.compiled.yaml").code == 0
    (shell.directory / "signoff.yaml").unlink()
    assert shell("spec", "compile", "plan.md", "--check").code == 1
    assert shell("spec", "compile", "plan.md", "--check", "--tier-defaults", "tiers").code == 0
    assert shell("spec", "compile", "plan.md", "--check", environ={"SIGNOFF_TIER_DEFAULTS": "tiers"}).code == 0


def test_what_is_wrong_in_ones_own_defaults_is_told_with_its_line_and_nothing_is_written(
    shell: Shell, plan: Path
) -> None:
    path = own_defaults(
        shell, "mode: blocking, review: peer, roles: [team_lead", "mode: automatic, review: peer, roles: [team_lead"
    )
    before = contents(shell.directory)
    new = ("new", "--tier", "B", "--title", "t", "--owner", "o", "--goal", "g")
    for words in (
        ("compile", "plan.md"),
        ("validate", "plan.md"),
        ("diff", "plan.md"),
        ("run", "plan.md"),
        new,
        ("defaults",),
    ):
        answer = shell("spec", *words)
        assert (answer.code, answer.out) == (2, ""), words
        assert re.findall(r"tiers/tier-b\.yaml:(\d+): found G(.): automatic", answer.err) == [("10", "3"), ("11", "4")]
    assert contents(shell.directory) == before
    path.unlink()
    assert shell("spec", "validate", "plan.md").code == 0
    path.parent.rmdir()
    gone = shell("spec", "validate", "plan.md", "--json")
    assert (gone.code, gone.document["code"]) == (2, "unreadable-file")


def test_tier_a_cannot_be_relaxed_by_ones_own_defaults(shell: Shell) -> None:
    own_defaults(shell, "owner_may_approve: false", "owner_may_approve: true", tier="A")
    answer = shell("spec", "new", "--tier", "A", "--title", "t", "--owner", "o", "--goal", "g")
    assert (answer.code, "owner_may_approve: true; expected false in tier A" in answer.err) == (2, True)


# What the project says of a gate


def test_the_doctor_shows_what_is_set_of_gates(shell: Shell) -> None:
    set_up(shell, "gates:\n  G1: advisory\n")
    shown = {one["name"]: one for one in shell("doctor", "--json").document["settings"]}
    assert shown["gates.G1"] == {"name": "gates.G1", "value": "advisory", "origin": "signoff.yaml:2"}
    assert shown["gates.G0"]["value"] == "not set"


def test_what_is_not_understood_of_gates_is_told_with_its_line_and_nothing_runs(shell: Shell, plan: Path) -> None:
    set_up(shell, "gates:\n  G1: advisory\n  G8: advisory\n  G0: seldom\n")
    before = contents(shell.directory)
    answer = shell("spec", "run", "plan.md", "--answer", "approve")
    assert (answer.code, re.findall(r"signoff\.yaml:(\d+): ", answer.err)) == (2, ["3", "4"])
    set_up(shell, "gates: {G0: automatic}\n")
    before = contents(shell.directory)
    refused = shell("spec", "run", "plan.md", "--json")
    assert (refused.code, refused.document["code"]) == (2, "invalid-setting")
    assert contents(shell.directory) == before


# What may run


@pytest.mark.parametrize("what", ["changed", "gone", "defaults", "edited", "elsewhere"])
def test_a_stale_file_is_refused_with_the_command_that_puts_it_right(shell: Shell, plan: Path, what: str) -> None:
    compiled = shell.directory / "plan.compiled.yaml"
    if what == "changed":
        plan.write_text(RUNS + "\n", "utf-8")
    elif what == "gone":
        plan.rename(shell.directory / "away.md")
    elif what == "defaults":
        own_defaults(shell, "hours: 24", "hours: 25")
    elif what == "edited":
        compiled.write_text(compiled.read_text("utf-8").replace("mode: blocking", "mode: advisory"), "utf-8")
    else:
        (shell.directory / "build").mkdir()
        compiled = compiled.rename(shell.directory / "build" / "plan.yaml")
        plan.write_text(RUNS + "\n", "utf-8")
    before = contents(shell.directory)
    answer = shell("spec", "run", str(compiled.relative_to(shell.directory)), "--json")
    assert (answer.code, answer.document["code"]) == (2, "stale-spec")
    assert contents(shell.directory) == before
    if what == "gone":
        (shell.directory / "away.md").rename(plan)
    program, *words = shlex.split(answer.document["error"].rpartition("it again: ")[2])
    assert (program, shell(*words).code) == ("signoff", 0)
    assert runnable(shell, compiled).source_path is not None


def runnable(shell: Shell, path: Path) -> Any:
    return open_runnable(path, load({}, {}, cwd=shell.directory))


def test_either_file_is_the_same_to_a_run(shell: Shell, plan: Path) -> None:
    (shell.directory / ".git").mkdir()
    specs = shell.directory / "specs"
    specs.mkdir()
    plan.rename(specs / "plan.md")
    shell.json("spec", "compile", "specs/plan.md")
    found = runnable(shell, Path("specs/plan.md"))
    assert (found.subject, found.root, found.is_older) == ("specs/plan.md", shell.directory, False)
    assert found.spec_sha256 == found.document["source_md_sha256"]
    assert runnable(shell, specs / "plan.compiled.yaml") == found


def test_an_older_file_that_names_no_source_is_taken_as_it_is(shell: Shell) -> None:
    path = shell.directory / "old.yaml"
    path.write_text(OLDER, "utf-8")
    found = runnable(shell, path)
    assert (found.is_older, found.source_path, found.root) == (True, None, shell.directory)
    assert len(found.spec_sha256) == 64
    assert policies_in_force(found.document, {}, found.defaults)["G2"].hours == 8
    path.write_text(OLDER.replace("owner: ada\n", ""), "utf-8")
    nobodys = shell("spec", "run", "old.yaml")
    assert (nobodys.code, "found no owner" in nobodys.err) == (2, True)
    path.write_text(f"{OLDER}gates: []\nsource_md_path: old.md\nsource_md_sha256: {'0' * 64}\n", "utf-8")
    assert shell("spec", "run", "old.yaml", "--json").document["code"] == "stale-spec"


def test_blocks_that_nothing_can_run_may_stand_in_a_spec_but_not_run(shell: Shell) -> None:
    (shell.directory / "plan.md").write_text(SPEC, "utf-8")
    assert shell("spec", "compile", "plan.md").code == 0
    assert shell("spec", "validate", "plan.md").code == 0
    before = contents(shell.directory)
    for file in ("plan.md", "plan.compiled.yaml"):
        answer = shell("spec", "run", file)
        assert (answer.code, re.findall(r"plan\.md:(\d+): found the language '(\w+)'", answer.err)) == (
            2,
            [("16", "mermaid"), ("24", "powershell")],
        )
        assert shell("spec", "run", file, "--json").document["code"] == "unknown-language"
    assert contents(shell.directory) == before
    (shell.directory / "old.yaml").write_text(OLDER.replace("[ls]", "[{lang: mermaid, script: a}]"), "utf-8")
    assert "old.yaml:5: found the language 'mermaid'" in shell("spec", "run", "old.yaml").err


# Templates


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_an_untouched_template_makes_what_it_promises_and_keeps_what_is_there(shell: Shell, tier: str) -> None:
    shell.json("spec", "new", "--tier", tier, "--title", "T", "--owner", "ada", "--goal", "G", "--output", "t.md")
    steps = runnable(shell, shell.directory / "t.md").document["plan"]
    written = shell.directory / "artifacts" / "code" / "changes.md"
    written.parent.mkdir(parents=True)
    written.write_text("by the agent\n", "utf-8")
    for step in steps:
        for command in step["commands"]:
            assert command["lang"] in LANGUAGES
            subprocess.run(["bash", "-c", command["script"]], cwd=shell.directory, check=True, capture_output=True)
        assert step["outputs"]
        assert all((shell.directory / output).stat().st_size for output in step["outputs"])
    assert written.read_text("utf-8") == "by the agent\n"
