"""What stands against a merge or a release, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from mission_places import commit_file, git
from mission_repository import MissionRepository, new_mission

REJECTED = """---
cycle_number: {number}
mission_slug: mission-alpha
wp_id: WP01
verdict: rejected
reviewer_agent: Grace
reviewed_at: "2026-05-02T09:50:15.123456+00:00"
{more}---
{body}
"""
TWO_IN_A_LANE = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**
- Lane: lane-a

- [ ] T001 Write it

### WP04: More of the parser
- Owns: src/more/**
- Lane: lane-a

- [ ] T003 Write it
"""
OVERRIDE = "review_artifact_override_actor: Olga\nreview_artifact_override_reason: the finding was wrong\n"


def reject(repo: MissionRepository, number: int, *, more: str = "", body: str = "No.") -> Path:
    """A review cycle that some other tool has written."""
    path = repo.folder / "tasks" / "WP01-the-parser" / f"review-cycle-{number}.md"
    path.write_text(REJECTED.format(number=number, more=more, body=body))
    return path


def test_packages_that_are_not_accepted_stop_a_merge_and_nothing_is_merged(repo: MissionRepository) -> None:
    repo.approve("WP01")
    before = git(repo.root, "rev-parse", "main")
    refused = repo.json("mission", "merge", code=1)
    assert refused["diagnostic_code"] == "WORK_PACKAGE_NOT_ACCEPTED"
    assert [one["work_package_id"] for one in refused["findings"]] == ["WP04", "WP02"]
    assert git(repo.root, "rev-parse", "main") == before
    for wp_id in ("WP02", "WP04"):
        repo.json("mission", "move", wp_id, "--to", "canceled")
    assert repo.json("mission", "preflight")["ready"] is True
    merged = repo.json("mission", "merge")
    assert [part["branch"] for part in merged["branches"]] == ["mission/mission-alpha", "mission/mission-alpha-lane-a"]


def test_a_newest_review_that_rejects_stops_merge_and_ship_unless_it_was_overridden_completely(
    repo: MissionRepository,
) -> None:
    repo.approve_all()
    path = reject(repo, 2)
    for command in ("merge", "ship"):
        refused = repo.json("mission", command, code=1)
        assert refused["diagnostic_code"] == "REJECTED_REVIEW_ARTIFACT_CONFLICT"
        assert refused["branch_or_work_package"] == "WP01"
        assert refused["violated_invariant"] == "terminal_wp_latest_review_artifact_must_not_be_rejected"
        assert (refused["lane"], refused["review_cycle_number"]) == ("approved", 2)
        assert refused["latest_review_cycle_path"] == "tasks/WP01-the-parser/review-cycle-2.md"
        assert refused["latest_review_cycle_verdict"] == "rejected"
        assert refused["remediation"]
    reject(repo, 2, more=OVERRIDE.splitlines()[0] + "\n")
    assert repo.findings()["REJECTED_REVIEW_ARTIFACT_CONFLICT"] == "error"
    path.write_text("no front matter\n")
    assert repo.findings() == {"REVIEW_ARTIFACT_SCHEMA_INVALID": "error"}

    reject(repo, 2, more=OVERRIDE)
    assert repo.findings() == {}
    repo.json("mission", "merge")
    gate = repo.json("mission", "ship", code=3)["gate"]
    repo.answer("approve", gate)
    ended = repo.json("mission", "ship")
    (row,) = [row for row in ended["report"]["work_packages"] if row["work_package_id"] == "WP01"]
    assert (row["verdict"], row["override_actor"]) == ("rejected", "Olga")
    assert row["override_reason"] == "the finding was wrong"
    assert "overridden by Olga: the finding was wrong" in (repo.folder / "release-report.md").read_text()


def test_gaps_and_repetitions_are_warnings_and_let_a_merge_through(repo: MissionRepository) -> None:
    repo.approve_all()
    reject(repo, 4, body="The same.", more=OVERRIDE)
    reject(repo, 5, body="The same.", more=OVERRIDE)
    found = repo.findings()
    assert found == {"REVIEW_CYCLE_NUMBERING_GAP": "warning", "REVIEW_CYCLE_BODY_REPEATED": "warning"}
    warned = repo.json("mission", "merge")["warnings"]
    assert {one["diagnostic_code"] for one in warned} == set(found)


def test_a_lane_that_lost_what_was_approved_is_not_merged(repo: MissionRepository) -> None:
    repo.approve_all()
    git(repo.worktree("lane-a"), "reset", "--quiet", "--hard", "HEAD~1")
    refused = repo.json("mission", "merge", code=1)
    assert refused["diagnostic_code"] == "LANE_CHANGED_SINCE_REVIEW"
    assert "does not hold" in refused["error"]


def test_a_package_that_has_a_file_and_nothing_else_stops_the_release(repo: MissionRepository) -> None:
    repo.approve_all()
    first = next(repo.root.glob("missions/*/tasks/WP01*.md"))
    first.with_name("WP09-nine.md").write_text(first.read_text().replace("WP01", "WP09"), "utf-8")
    assert repo.findings()["WORK_PACKAGE_NOT_ACCEPTED"] == "error"


def test_commits_that_no_review_has_seen_are_not_merged(repo: MissionRepository) -> None:
    repo.approve_all()
    commit_file(repo.worktree("lane-a"), "src/more/late.py")
    assert repo.json("mission", "merge", code=1)["diagnostic_code"] == "LANE_CHANGED_SINCE_REVIEW"
    git(repo.root, "worktree", "remove", "--force", str(repo.worktree("lane-a")))
    git(repo.root, "branch", "--quiet", "-D", "mission/mission-alpha-lane-a")
    assert repo.findings() == {"LANE_BRANCH_MISSING": "error"}


@pytest.mark.parametrize(
    ("state", "blocks"),
    [("in_sync", False), ("ahead", False), ("behind", True), ("diverged", True), ("no_tracking_branch", False)],
)
def test_the_target_is_compared_with_what_it_tracks(repo: MissionRepository, state: str, blocks: bool) -> None:
    if state in ("ahead", "diverged"):
        commit_file(repo.root, "here.txt")
    if state in ("behind", "diverged"):
        repo.commit_to_remote("there.txt")
    if state == "no_tracking_branch":
        git(repo.root, "branch", "--unset-upstream", "main")
    found = repo("mission", "preflight", "--fetch", "--json").document
    assert found["sync_state"] == state
    assert ("TARGET_BRANCH_NOT_SYNCHRONIZED" in {one["diagnostic_code"] for one in found["findings"]}) is blocks


def test_a_target_that_is_not_there_is_said(repo: MissionRepository) -> None:
    git(repo.root, "branch", "--quiet", "--move", "main", "trunk")
    found = repo("mission", "preflight", "--json").document
    assert found["sync_state"] == "missing_local_branch"
    assert found["findings"][0]["diagnostic_code"] == "TARGET_BRANCH_NOT_SYNCHRONIZED"


def past_the_guard(worktree: Path, *names: str) -> None:
    for name in names:
        (worktree / name).parent.mkdir(parents=True, exist_ok=True)
        (worktree / name).write_text("changed\n")
    git(worktree, "add", ".")
    git(worktree, "commit", "--quiet", "--no-verify", "-m", "past the guard")


def test_what_went_past_the_guard_is_found_before_a_merge_and_before_a_release(tmp_path: Path) -> None:
    repo = new_mission(tmp_path, plan=TWO_IN_A_LANE)
    repo.approve("WP01")
    worktree = repo.start("WP04")
    past_the_guard(worktree, "src/parser/a.py", "elsewhere.txt")
    past_the_guard(worktree, f"missions/{repo.slug}/tasks/notes.md")
    repo.answer("approve", repo.ask("WP04")["gate"])
    refused = repo.json("mission", "merge", code=1)
    by_code = {one["diagnostic_code"]: one for one in refused["findings"]}
    found = by_code["WORK_PACKAGE_SCOPE_VIOLATION"]
    assert (found["work_package_id"], found["severity"], found["lane_id"]) == ("WP04", "error", "lane-a")
    assert found["files"] == ["elsewhere.txt", f"missions/{repo.slug}/tasks/notes.md", "src/parser/a.py"]
    assert found["owned_files"] == ["src/more/**"]
    assert "MISSION_FILES_CHANGED_BY_HAND" in by_code
    for mode, severity in (("warn", "warning"), ("off", None)):
        (repo.root / "signoff.yaml").write_text(f"mission_guard: {mode}\n")
        assert repo.findings().get("WORK_PACKAGE_SCOPE_VIOLATION") == severity
    repo.json("mission", "merge")
    (repo.root / "signoff.yaml").unlink()
    assert repo.findings("--for", "ship")["WORK_PACKAGE_SCOPE_VIOLATION"] == "error"
    file = next(repo.folder.glob("tasks/WP04-*.md"))
    file.write_text(file.read_text().replace("src/more/**", "**"))
    assert "WORK_PACKAGE_SCOPE_VIOLATION" not in repo.findings("--for", "ship")


def test_a_merge_that_took_in_more_than_git_merges_is_found_and_one_of_known_branches_is_not(tmp_path: Path) -> None:
    repo = new_mission(tmp_path, plan=TWO_IN_A_LANE)
    repo.approve("WP01")
    worktree = repo.start("WP04")
    for name in ("docs/news.md", "docs/more.md"):
        commit_file(repo.root, name)
        git(repo.root, "push", "--quiet")
    git(worktree, "merge", "--quiet", "--no-edit", "main~1")
    git(worktree, "merge", "--quiet", "--no-commit", "main")
    before = git(worktree, "rev-parse", "HEAD")
    past_the_guard(worktree, "elsewhere.txt")
    repo.answer("approve", repo.ask("WP04")["gate"])
    found = repo.json("mission", "preflight", code=1)["findings"]
    assert [one["files"] for one in found] == [["elsewhere.txt"]]
    git(worktree, "reset", "--quiet", "--hard", before)
    git(worktree, "merge", "--quiet", "--no-edit", "main")
    repo.json("mission", "move", "WP04", "--to", "in_progress", "--review-ref", "again")
    repo.answer("approve", repo.ask("WP04")["gate"], why="seen again")
    assert repo.findings() == {}
