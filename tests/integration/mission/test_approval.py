"""What may be approved: by whom, at which gate, and what the ledger has to know of it before a release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mission_places import commit_file, git, move
from mission_repository import FILES, MissionRepository, new_mission

from signoff.missions.lane import Lane

ONE_PACKAGE = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**

- [ ] T001 Write it
"""
NOTES = """\
# Plan

## Work packages

### WP01: The notes
- Owns: docs/**
- Mode: planning_artifact

- [ ] T001 Write them
"""
BY_GRACE = ("--reviewer", "Grace", "--verdict", "approved", "--reference", "PR-17")


@pytest.fixture
def one(tmp_path: Path) -> MissionRepository:
    return new_mission(tmp_path, plan=ONE_PACKAGE)


def refusal(repo: MissionRepository, *words: str) -> Any:
    return repo.json("mission", *words, code=1)


def troubles(repo: MissionRepository) -> dict[str, str]:
    """What the doctor finds, by its code: how bad it is."""
    found = repo("mission", "doctor", repo.slug, "--json").document["missions"][0]["findings"]
    assert all(each["remediation"] for each in found)
    return {each["diagnostic_code"]: each["severity"] for each in found}


def test_an_approval_that_was_typed_or_written_into_the_log_stops_the_release_until_somebody_answers_for_it(
    one: MissionRepository,
) -> None:
    one.start("WP01")
    by_ada = ("--reviewer", " ADA ", *BY_GRACE[2:])
    assert refusal(one, "move", "WP01", "--to", "approved", *by_ada)["guard"] == "other-reviewer"
    one.json("mission", "move", "WP01", "--to", "approved", *BY_GRACE)
    assert one.findings()["APPROVAL_WITHOUT_DECISION"] == "error"
    assert troubles(one) == {"APPROVAL_WITHOUT_DECISION": "warning"}
    for command in ("merge", "ship"):
        stopped = refusal(one, command)
        assert (stopped["diagnostic_code"], stopped["branch_or_work_package"]) == ("APPROVAL_WITHOUT_DECISION", "WP01")
        assert "--force --reason" in stopped["remediation"]
    one.json("mission", "move", "WP01", "--to", "approved", "--force", "--reason", "Grace said so, PR-17", *BY_GRACE)
    assert one.findings() == {"APPROVAL_FORCED": "warning"}
    merged = one.json("mission", "merge")
    assert [warning["diagnostic_code"] for warning in merged["warnings"]] == ["APPROVAL_FORCED"]
    assert one.lane_of("WP01") == "done"
    gate = one.json("mission", "ship", code=3)["gate"]
    assert "Grace said so, PR-17" in one("gate", "show", gate["workflowID"], gate["gateKey"]).out


def test_what_a_gate_has_decided_is_released_and_nothing_that_was_changed_in_the_log_since(
    one: MissionRepository,
) -> None:
    one.approve("WP01")
    assert one.findings() == {}
    log = one.folder / "status.events.jsonl"
    kept = log.read_text()
    lines = kept.splitlines()
    event = json.loads(lines[-1])
    event["evidence"]["repos"][0]["lane_commit"] = git(one.root, "rev-parse", "HEAD")
    log.write_text("\n".join([*lines[:-1], json.dumps(event), ""]))
    assert one.findings()["APPROVAL_WITHOUT_DECISION"] == "error"
    log.write_text(kept)
    assert one.findings() == {}
    # Another ledger knows nothing of it, and one that is not there neither.
    elsewhere = one.root.parent / "elsewhere"
    assert one.findings("--dir", str(elsewhere)) == {"APPROVAL_WITHOUT_DECISION": "error"}
    one.check()


def test_a_package_goes_into_its_review_and_out_of_it_by_its_gate_or_by_force_and_a_gate_that_is_left_is_given_up(
    one: MissionRepository,
) -> None:
    one.start("WP01")
    one.json("mission", "submit", "WP01", "--all-done")
    assert refusal(one, "move", "WP01", "--to", "in_review")["guard"] == "sole-reviewer"
    first = one.json("mission", "review", "WP01", code=3)["gate"]
    for lane in ("approved", "done", "in_progress", "blocked"):
        refused = refusal(one, "move", "WP01", "--to", lane, "--reason", "typed", *BY_GRACE)
        assert refused["guard"] == "review-result"
    moved = one("mission", "move", "WP01", "--to", "in_progress", "--force", "--reason", "one thing more", "--json")
    assert (moved.code, moved.document["to_lane"]) == (0, "in_progress")
    assert first["workflowID"] in moved.err
    one.answer("approve", first, code=4)
    assert one.json("gate", "list")["items"] == []
    assert troubles(one) == {}

    # Handed in again, on the very same commit, it is another question.
    one.json("mission", "submit", "WP01")
    second = one.json("mission", "review", "WP01", code=3)["gate"]
    assert second["workflowID"] != first["workflowID"]
    one.answer("approve", second)
    one.json("mission", "status")
    assert (one.lane_of("WP01"), one.findings()) == ("approved", {})


def test_a_gate_that_was_left_open_is_told_and_given_up_by_the_next_review(one: MissionRepository) -> None:
    one.start("WP01")
    first = one.ask("WP01")["gate"]
    move(one.place, "WP01", Lane.IN_PROGRESS, force=True, reason="by a tool that knows of no ledger")
    assert troubles(one) == {"REVIEW_GATE_LEFT_OPEN": "warning"}
    second = one.ask("WP01")["gate"]
    assert [gate["workflowID"] for gate in one.json("gate", "list")["items"]] == [second["workflowID"]]
    assert (troubles(one), first["workflowID"] == second["workflowID"]) == ({}, False)


def test_whoever_worked_on_it_before_it_was_taken_over_cannot_approve_it_either(one: MissionRepository) -> None:
    worktree = one.start("WP01")
    one.json("mission", "claim", "WP01", "--take-over", "--force", "--reason", "Ada is ill", "--actor", "Bob")
    commit_file(worktree, "src/parser/b.py")
    one.json("mission", "submit", "WP01", "--all-done", "--actor", "Bob")
    gate = one.json("mission", "review", "WP01", code=3)["gate"]
    for who in ("Ada", "ada ", "Bob"):
        one.answer("approve", gate, who=who, code=1)
    shown = one("gate", "show", gate["workflowID"], gate["gateKey"]).out
    assert "not by Ada" in shown
    one.answer("approve", gate)
    one.json("mission", "status")
    assert (one.lane_of("WP01"), one.findings()) == ("approved", {})


def test_a_package_that_changes_no_code_is_reviewed_merged_and_shipped(tmp_path: Path) -> None:
    repo = new_mission(tmp_path, plan=NOTES)
    before = git(repo.root, "rev-parse", "HEAD")
    repo.json("mission", "claim", "WP01")
    assert repo.json("mission", "start", "WP01")["workspace"] == str(repo.root)
    (repo.root / "docs").mkdir()
    (repo.root / "docs" / "notes.md").write_text("text\n")
    uncommitted = repo.json("mission", "submit", "WP01", "--all-done", code=2)
    assert (uncommitted["code"], uncommitted["details"]["count"]) == ("uncommitted-changes", 1)
    work = commit_file(repo.root, "docs/notes.md")
    git(repo.root, "commit", "--quiet", "--allow-empty", "-m", "of something else")
    repo.json("mission", "submit", "WP01", "--all-done")
    asked = repo.json("mission", "review", "WP01", code=3)
    assert (asked["base_commit"], asked["lane_commit"], asked["lane_branch"]) == (before, work, "main")
    assert f"git -C {repo.root} diff {before} {work}" in Path(asked["prompt_path"]).read_text()
    git(repo.root, "commit", "--quiet", "--allow-empty", "-m", "the log, say")
    assert repo.json("mission", "review", "WP01", code=3)["gate"] == asked["gate"]
    repo.answer("approve", asked["gate"], who="Ada", code=1)
    repo.answer("approve", asked["gate"])
    repo.json("mission", "status")
    event = repo.state.reduced.work_packages["WP01"].event
    assert (event.to_lane.value, event.execution_mode) == ("approved", "direct_repo")
    assert repo.findings() == {}
    repo.json("mission", "merge")
    repo.answer("approve", repo.json("mission", "ship", code=3)["gate"])
    assert repo.json("mission", "ship")["shipped"] is True
    assert repo.state.reduced.work_packages["WP01"].event.execution_mode == "direct_repo"


def test_commands_that_look_into_the_ledger_take_the_one_that_is_named(one: MissionRepository) -> None:
    ledger = ("--dir", str(one.root.parent / "ledger"))
    one.json("mission", "claim", "WP01", *ledger)
    worktree = Path(one.json("mission", "start", "WP01", *ledger)["workspace"])
    commit_file(worktree, FILES["WP01"])
    one.json("mission", "submit", "WP01", "--all-done", *ledger)
    gate = one.json("mission", "review", "WP01", *ledger, code=3)["gate"]
    where = (gate["workflowID"], gate["gateKey"])
    assert one("gate", "approve", *where, "--as", "Grace", "--rationale", "seen", *ledger).code == 0
    one.json("mission", "status")
    assert one.lane_of("WP01") == "in_review"
    one.json("mission", "status", *ledger)
    assert one.lane_of("WP01") == "approved"
    assert one.json("mission", "doctor", *ledger)["missions"][0]["findings"] == []
    assert not (one.root / ".signoff").exists()
