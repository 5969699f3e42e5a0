"""`mission merge`: all lanes or none, whatever comes in between."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from mission_places import commit_file, git
from mission_repository import FILES, MissionRepository

from signoff.app import moments


def main_of(repo: MissionRepository) -> str:
    return git(repo.root, "rev-parse", "main")


def test_lanes_are_merged_in_the_order_of_what_depends_on_what_and_their_packages_are_done(
    repo: MissionRepository,
) -> None:
    repo.approve_all()
    merged = repo.json("mission", "merge", "--push")
    branches = [part["branch"] for part in merged["branches"]]
    assert branches == ["mission/mission-alpha", "mission/mission-alpha-lane-a", "mission/mission-alpha-lane-b"]
    assert merged["target_commit"] == main_of(repo) == git(repo.remote, "rev-parse", "main")
    assert merged["pushed_to"] == "origin/main"
    for name in FILES.values():
        assert (repo.root / name).exists()
    assert {repo.lane_of(wp_id) for wp_id in FILES} == {"done"}
    last = repo.state.reduced.work_packages["WP02"].event
    assert last.evidence is not None
    assert last.evidence["repos"] == [{"target_branch": "main", "merged_commit": main_of(repo)}]
    again = repo.json("mission", "merge")
    assert (again["target_commit"], again["done"]) == (merged["target_commit"], [])
    assert not list(repo.root.glob(".signoff/merges/*/tree"))
    assert repo.findings("--for", "ship") == {}
    repo.check()


def test_a_conflict_leaves_the_target_as_it_was_and_the_merge_goes_on_once_it_is_resolved(
    repo: MissionRepository,
) -> None:
    repo.approve_all()
    other = commit_file(repo.root, FILES["WP02"], "another text\n")
    refused = repo.json("mission", "merge", code=1)
    assert (refused["diagnostic_code"], refused["files"]) == ("MERGE_CONFLICT", [FILES["WP02"]])
    assert main_of(repo) == other
    assert (repo.root / FILES["WP02"]).read_text() == "another text\n"
    assert not (repo.root / FILES["WP01"]).exists()
    assert repo.lane_of("WP01") == "approved"

    tree = Path(refused["worktree"])
    assert repo.json("mission", "merge", code=1)["diagnostic_code"] == "MERGE_CONFLICT"
    (tree / FILES["WP02"]).write_text("both\n")
    git(tree, "add", FILES["WP02"])
    repo.json("mission", "merge")
    assert (repo.root / FILES["WP02"]).read_text() == "both\n"
    assert {repo.lane_of(wp_id) for wp_id in FILES} == {"done"}
    assert not tree.exists()


def test_a_merge_that_is_given_up_leaves_nothing_behind(repo: MissionRepository) -> None:
    repo.approve_all()
    other = commit_file(repo.root, FILES["WP02"], "another text\n")
    tree = Path(repo.json("mission", "merge", code=1)["worktree"])
    assert repo.json("mission", "merge", "--abort")["given_up"] is True
    assert (main_of(repo), tree.exists()) == (other, False)
    assert str(tree) not in git(repo.root, "worktree", "list")
    assert repo.json("mission", "merge", "--abort")["given_up"] is False


@pytest.mark.parametrize("moment", [moments.MERGED, moments.TARGET_MOVED])
def test_a_merge_that_was_killed_goes_on(repo: MissionRepository, moment: str) -> None:
    repo.approve_all()
    before = main_of(repo)
    died = repo.process("mission", "merge", environ={"SIGNOFF_CRASH_AT": moment})
    assert died.code == -signal.SIGKILL, died
    assert {repo.lane_of(wp_id) for wp_id in FILES} == {"approved"}
    assert (main_of(repo) == before) is (moment == moments.MERGED)
    repo.json("mission", "merge")
    assert {repo.lane_of(wp_id) for wp_id in FILES} == {"done"}
    parents = git(repo.root, "rev-list", "--count", "--first-parent", f"{before}..main")
    assert parents == "2"
    assert git(repo.root, "status", "--porcelain", "--untracked-files=no", "--", "src") == ""
    repo.check()


def test_a_merge_that_goes_on_takes_nothing_along_that_was_withdrawn_meanwhile(repo: MissionRepository) -> None:
    repo.approve_all()
    died = repo.process("mission", "merge", environ={"SIGNOFF_CRASH_AT": moments.MERGED})
    assert died.code == -signal.SIGKILL, died
    repo.json("mission", "move", "WP02", "--to", "canceled")
    repo.json("mission", "merge")
    assert (repo.root / FILES["WP01"]).exists()
    assert not (repo.root / FILES["WP02"]).exists()
    assert (repo.lane_of("WP01"), repo.lane_of("WP02")) == ("done", "canceled")


def test_a_resolution_that_holds_withdrawn_work_is_given_up_first(repo: MissionRepository) -> None:
    repo.approve_all()
    commit_file(repo.root, FILES["WP02"], "another text\n")
    tree = Path(repo.json("mission", "merge", code=1)["worktree"])
    # Both packages of its lane.
    for wp_id in ("WP01", "WP04"):
        repo.json("mission", "move", wp_id, "--to", "canceled")
    (tree / FILES["WP02"]).write_text("both\n")
    git(tree, "add", FILES["WP02"])
    refused = repo.json("mission", "merge", code=1)
    assert refused["diagnostic_code"] == "MERGE_CONFLICT"
    assert "--abort" in refused["remediation"]
    assert not (repo.root / FILES["WP01"]).exists()


def test_a_target_whose_files_were_changed_is_not_moved(repo: MissionRepository) -> None:
    repo.approve_all()
    before = main_of(repo)
    (repo.root / "src/parser").mkdir(parents=True)
    (repo.root / FILES["WP01"]).write_text("not committed\n")
    refused = repo.json("mission", "merge", code=1)
    assert refused["diagnostic_code"] == "TARGET_BRANCH_NOT_MOVED"
    assert (main_of(repo), (repo.root / FILES["WP01"]).read_text()) == (before, "not committed\n")
    (repo.root / FILES["WP01"]).unlink()
    repo.json("mission", "merge")
    assert main_of(repo) == refused["merged_commit"] or main_of(repo) != before


def test_a_target_that_is_checked_out_nowhere_is_moved_too(repo: MissionRepository) -> None:
    repo.approve_all()
    git(repo.root, "switch", "--quiet", "--create", "aside")
    merged = repo.json("mission", "merge")
    assert main_of(repo) == merged["target_commit"]
    assert not (repo.root / FILES["WP01"]).exists()


def test_a_target_that_has_diverged_stops_merge_and_ship_with_counts_until_a_focused_branch_is_built(
    repo: MissionRepository,
) -> None:
    repo.approve_all()
    commit_file(repo.root, "somebody-elses.txt")
    theirs = repo.commit_to_remote("pushed.txt")
    refused = repo.json("mission", "merge", "--push", code=1)
    assert refused["diagnostic_code"] == "TARGET_BRANCH_NOT_SYNCHRONIZED"
    assert (refused["ahead_count"], refused["behind_count"], refused["sync_state"]) == (1, 1, "diverged")
    assert "--focused" in refused["remediation"]
    assert repo.json("mission", "ship", code=1)["diagnostic_code"] == "TARGET_BRANCH_NOT_SYNCHRONIZED"

    focused = repo.json("mission", "merge", "--focused", "--push")
    branch = "signoff/pr/mission-alpha-to-main"
    assert (focused["focused_branch"], focused["base_commit"]) == (branch, theirs)
    changed = git(repo.root, "diff", "--name-only", f"{theirs}..{branch}").splitlines()
    assert sorted(changed) == sorted(FILES.values())
    assert git(repo.remote, "rev-parse", branch) == focused["commit"]
    assert git(repo.root, "rev-list", "--merges", f"{theirs}..{branch}") == ""
    repeated = repo.json("mission", "merge", "--focused")
    assert repeated["commits"] == focused["commits"]


def test_what_the_remote_does_not_take_is_said_and_stays_merged_here(repo: MissionRepository) -> None:
    repo.approve_all()
    hook = repo.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho main is closed >&2\nexit 1\n")
    hook.chmod(0o755)
    refused = repo.json("mission", "merge", "--push", code=1)
    assert refused["diagnostic_code"] == "PUSH_REFUSED"
    assert "main is closed" in refused["error"]
    assert {repo.lane_of(wp_id) for wp_id in FILES} == {"done"}
    hook.unlink()
    assert repo.json("mission", "merge", "--push")["pushed_to"] == "origin/main"
