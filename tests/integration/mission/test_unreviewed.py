"""Nothing comes into the target that no review has looked at, whichever branch of the mission it is on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mission_places import commit_file, git
from mission_repository import FILES, MissionRepository, new_mission

MISSION_BRANCH = "mission/mission-alpha"
ONE_PACKAGE = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**
- Lane: lane-a

- [ ] T001 Write it
"""
WITH_NOTES = """\
# Plan

## Work packages

### WP01: The notes
- Owns: docs/**
- Mode: planning_artifact
- Lane: lane-a

- [ ] T001 Write them
"""


@pytest.fixture
def one(tmp_path: Path) -> MissionRepository:
    return new_mission(tmp_path, plan=ONE_PACKAGE)


def commit_on(repo: MissionRepository, branch: str, name: str) -> str:
    """As somebody does who goes past the guard; the primary checkout is on main again afterwards."""
    git(repo.root, "switch", "--quiet", branch)
    commit = commit_file(repo.root, name)
    git(repo.root, "switch", "--quiet", "main")
    return commit


def refusal(repo: MissionRepository) -> Any:
    """Of a merge, which leaves the target where it was."""
    before = git(repo.root, "rev-parse", "main")
    refused = repo.json("mission", "merge", code=1)
    assert git(repo.root, "rev-parse", "main") == before
    return refused


def test_what_was_committed_on_the_missions_own_branch_stops_a_merge(one: MissionRepository) -> None:
    one.approve("WP01")
    commit = commit_on(one, MISSION_BRANCH, "src/backdoor.py")
    refused = refusal(one)
    assert refused["diagnostic_code"] == "MISSION_BRANCH_NOT_REVIEWED"
    assert (refused["commits"], refused["files"]) == ([commit], ["src/backdoor.py"])
    assert refused["branch_or_work_package"] == MISSION_BRANCH
    # The mission's folder may be committed there, and what a lane has that was reviewed may be merged.
    git(one.root, "branch", "--quiet", "--force", MISSION_BRANCH, "main")
    commit_on(one, MISSION_BRANCH, f"missions/{one.slug}/notes.md")
    git(one.root, "switch", "--quiet", MISSION_BRANCH)
    git(one.root, "merge", "--quiet", "--no-ff", "--no-edit", f"{MISSION_BRANCH}-lane-a")
    git(one.root, "switch", "--quiet", "main")
    assert one.findings() == {}
    one.json("mission", "merge")
    assert one.findings("--for", "ship") == {}


def test_a_lane_that_began_behind_such_a_commit_is_not_merged_either_when_the_branch_is_brought_back(
    one: MissionRepository,
) -> None:
    git(one.root, "branch", MISSION_BRANCH, "main")
    commit = commit_on(one, MISSION_BRANCH, "src/backdoor.py")
    one.approve("WP01")
    assert one.findings()["MISSION_BRANCH_NOT_REVIEWED"] == "error"
    git(one.root, "branch", "--quiet", "--force", MISSION_BRANCH, "main")
    refused = refusal(one)
    assert (refused["diagnostic_code"], refused["commits"]) == ("LANE_CHANGED_SINCE_REVIEW", [commit])
    # Reviewed again, it is seen, and found to be nobody's.
    one.json("mission", "move", "WP01", "--to", "in_progress", "--review-ref", "again")
    one.answer("approve", one.ask("WP01")["gate"], why="seen again")
    one.json("mission", "status")
    assert one.findings() == {"WORK_PACKAGE_SCOPE_VIOLATION": "error"}


def test_a_lane_may_take_in_what_was_planned_on_the_missions_own_branch(one: MissionRepository) -> None:
    worktree = one.start("WP01")
    commit_on(one, MISSION_BRANCH, f"missions/{one.slug}/notes.md")
    git(worktree, "merge", "--quiet", "--no-edit", MISSION_BRANCH)
    commit_file(worktree, "src/parser/b.py")
    one.answer("approve", one.ask("WP01")["gate"])
    one.json("mission", "status")
    assert one.findings() == {}
    one.json("mission", "merge")
    assert one.findings("--for", "ship") == {}


def test_bringing_a_lanes_commits_to_the_missions_branch_hides_nothing_of_them(one: MissionRepository) -> None:
    worktree = one.start("WP01")
    commit_file(worktree, "elsewhere.txt")
    one.answer("approve", one.ask("WP01")["gate"])
    assert one.findings() == {"WORK_PACKAGE_SCOPE_VIOLATION": "error"}
    git(one.root, "branch", "--quiet", "--force", MISSION_BRANCH, f"{MISSION_BRANCH}-lane-a")
    assert one.findings() == {"WORK_PACKAGE_SCOPE_VIOLATION": "error"}


def test_the_branch_of_a_lane_in_which_nobody_works_is_not_merged(tmp_path: Path) -> None:
    repo = new_mission(tmp_path, plan=WITH_NOTES)
    repo.json("mission", "claim", "WP01")
    repo.json("mission", "start", "WP01")
    git(repo.root, "switch", "--quiet", "--create", MISSION_BRANCH)
    commit_file(repo.root, "docs/notes.md")
    repo.answer("approve", repo.ask("WP01")["gate"])
    repo.json("mission", "status")
    git(repo.root, "switch", "--quiet", "main")
    # Packages that change no code may be worked on there.
    assert (repo.lane_of("WP01"), repo.findings()) == ("approved", {})
    branch = f"{MISSION_BRANCH}-lane-a"
    git(repo.root, "branch", branch, "main")
    assert repo.findings() == {}
    commit = commit_on(repo, branch, "src/backdoor.py")
    refused = refusal(repo)
    assert (refused["diagnostic_code"], refused["commits"]) == ("LANE_CHANGED_SINCE_REVIEW", [commit])
    assert refused["branch_or_work_package"] == branch


@pytest.mark.parametrize("member", ["execution_mode", "base_commit"])
def test_an_approval_that_was_changed_in_the_log_is_none(one: MissionRepository, member: str) -> None:
    one.approve("WP01")
    log = one.folder / "status.events.jsonl"
    lines = log.read_text().splitlines()
    event = json.loads(lines[-1])
    repo = event["evidence"]["repos"][0]
    if member == "execution_mode":
        event["execution_mode"] = "direct_repo"
    else:
        repo["base_commit"] = repo["lane_commit"]
    log.write_text("\n".join([*lines[:-1], json.dumps(event), ""]))
    assert one.findings()["APPROVAL_WITHOUT_DECISION"] == "error"


def test_the_guard_judges_what_is_committed_on_the_missions_own_branch(one: MissionRepository) -> None:
    one.start("WP01")
    git(one.root, "switch", "--quiet", MISSION_BRANCH)
    for name in ("src/backdoor.py", FILES["WP01"], f"missions/{one.slug}/notes.md"):
        (one.root / name).parent.mkdir(parents=True, exist_ok=True)
        (one.root / name).write_text("text\n")
        git(one.root, "add", name)
    (found,) = one.json("mission", "guard", code=1)["findings"]
    assert found["diagnostic_code"] == "MISSION_BRANCH_NOT_REVIEWED"
    assert found["files"] == ["src/backdoor.py", FILES["WP01"]]
    git(one.root, "rm", "--quiet", "--cached", *found["files"])
    assert one.json("mission", "guard")["findings"] == []
