"""The commit guard: what it stops, what it lets through, and how it gets into git's hooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mission_places import commit_file, git
from mission_repository import MissionRepository

from signoff.runners.mission.hook import HOOK, MERGE_HOOK, kept_name
from signoff.runners.mission.worktree import CONTEXT_FILE


@pytest.fixture(autouse=True)
def signoff_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook finds the program under test."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def try_commit(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a") as file:
            file.write("changed\n")
    git(folder, "add", *names)
    return subprocess.run(["git", "commit", "-m", "try"], cwd=folder, capture_output=True, text=True, check=False)


def codes(repo: MissionRepository, here: Path, code: int = 1) -> list[str]:
    found = repo.json("mission", "guard", here=here, code=code)
    return [one["diagnostic_code"] for one in found["findings"]]


def test_a_commit_of_another_packages_files_is_stopped_with_the_active_ones_ownership(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    repo.approve("WP01")
    worktree = repo.start("WP04")
    stopped = try_commit(worktree, "src/parser/a.py")
    assert stopped.returncode == 1
    assert "ACTIVE_WP_SCOPE_VIOLATION" in stopped.stderr
    assert "WP04 does not own src/parser/a.py. It owns: src/more/**." in stopped.stderr
    git(worktree, "reset", "--quiet", "--hard")
    assert try_commit(worktree, "src/more/deep/down.py").returncode == 0
    git(worktree, "mv", "src/more/m.py", "src/parser/m.py")
    assert codes(repo, worktree) == ["ACTIVE_WP_SCOPE_VIOLATION"]


def test_a_commit_of_some_files_only_is_judged_by_those(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    worktree = repo.start("WP01")
    for name in ("elsewhere.txt", "src/parser/a.py"):
        (worktree / name).write_text("changed\n")
    git(worktree, "add", "elsewhere.txt")
    git(worktree, "commit", "--quiet", "-m", "own", "--", "src/parser/a.py")
    assert git(worktree, "show", "--name-only", "--format=") == "src/parser/a.py"
    assert codes(repo, worktree) == ["ACTIVE_WP_SCOPE_VIOLATION"]


def test_each_trouble_with_the_context_has_its_own_code(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    (worktree / "src/parser/b.py").write_text("b\n")
    git(worktree, "add", ".")
    assert codes(repo, worktree, code=0) == []

    repo.json("mission", "move", "WP04", "--to", "in_progress", "--force", "--reason", "in a hurry")
    assert codes(repo, worktree) == ["ACTIVE_WP_CONTEXT_AMBIGUOUS"]
    repo.json("mission", "move", "WP01", "--to", "blocked", "--force", "--reason", "later")
    assert codes(repo, worktree) == ["ACTIVE_WP_CONTEXT_STALE"]
    Path(git(worktree, "rev-parse", "--path-format=absolute", "--git-dir"), CONTEXT_FILE).unlink()
    assert codes(repo, worktree) == ["ACTIVE_WP_SCOPE_VIOLATION"]
    file = next(repo.folder.glob("tasks/WP04-*.md"))
    kept = file.read_text()
    file.write_text("no front matter\n")
    assert codes(repo, worktree) == ["ACTIVE_WP_METADATA_INVALID"]
    file.unlink()
    assert codes(repo, worktree) == ["ACTIVE_WP_METADATA_MISSING"]
    file.write_text(kept)
    repo.json("mission", "move", "WP04", "--to", "blocked", "--force", "--reason", "later")
    assert codes(repo, worktree) == ["ACTIVE_WP_CONTEXT_MISSING"]


def test_the_missions_own_record_is_changed_by_commands_alone(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    log = f"missions/{repo.slug}/status.events.jsonl"
    with (worktree / log).open("a") as file:
        file.write("{}\n")
    git(worktree, "add", log)
    assert codes(repo, worktree) == ["MISSION_FILES_CHANGED_BY_HAND", "ACTIVE_WP_SCOPE_VIOLATION"]


def test_other_branches_and_the_primary_checkout_are_nobodys_to_guard(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    repo.start("WP01")
    assert try_commit(repo.root, "anything.txt", f"missions/{repo.slug}/status.events.jsonl").returncode == 0
    git(repo.root, "switch", "--quiet", "--create", "aside")
    assert try_commit(repo.root, "more.txt").returncode == 0


@pytest.mark.parametrize(("mode", "says"), [("warn", True), ("off", False)])
def test_the_mode_of_the_settings_file_lets_a_commit_through(repo: MissionRepository, mode: str, says: bool) -> None:
    (repo.root / "signoff.yaml").write_text(f"mission_guard: {mode}\n")
    repo.json("mission", "guard", "--install")
    worktree = repo.start("WP01")
    done = try_commit(worktree, "elsewhere.txt")
    assert done.returncode == 0
    assert ("ACTIVE_WP_SCOPE_VIOLATION" in done.stderr) is says


def test_hooks_that_are_there_are_kept_and_run_first_and_installing_twice_changes_nothing(
    repo: MissionRepository,
) -> None:
    hook = repo.root / ".git" / "hooks" / HOOK
    hook.write_text("#!/bin/sh\necho kept hook ran >&2\ntest ! -e refuse\n")
    hook.chmod(0o755)
    first = repo.json("mission", "guard", "--install")
    assert (first["is_new"], first["kept"]) == (True, str(hook.with_name(kept_name(HOOK))))
    assert repo.json("mission", "guard", "--install")["is_new"] is False
    worktree = repo.start("WP01")
    stopped = try_commit(worktree, "elsewhere.txt")
    assert "kept hook ran" in stopped.stderr
    assert "ACTIVE_WP_SCOPE_VIOLATION" in stopped.stderr
    git(worktree, "reset", "--quiet", "--hard")
    (worktree / "refuse").touch()
    refused = try_commit(worktree, "src/parser/b.py")
    assert refused.returncode == 1
    assert "ACTIVE_WP" not in refused.stderr


@pytest.mark.parametrize("is_relative", [True, False])
def test_where_hooks_are_kept_elsewhere_nothing_is_written_there_and_all_of_them_still_run(
    repo: MissionRepository, tmp_path: Path, is_relative: bool
) -> None:
    folder = repo.root / "hooks" if is_relative else tmp_path / "everybody"
    folder.mkdir()
    for name in (HOOK, "commit-msg"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} of ours >&2\n")
        (folder / name).chmod(0o755)
    git(repo.root, "config", "core.hooksPath", "hooks" if is_relative else str(folder))
    if is_relative:
        commit_file(repo.root, "hooks/README.md")
        git(repo.root, "add", "hooks")
        git(repo.root, "commit", "--quiet", "-m", "hooks")
    before = sorted(folder.iterdir())
    assert repo.json("mission", "guard", "--install")["is_new"] is True
    assert repo.json("mission", "guard", "--install")["is_new"] is False
    assert sorted(folder.iterdir()) == before
    worktree = repo.start("WP01")
    done = try_commit(worktree, "src/parser/b.py")
    assert done.returncode == 0, done
    assert f"{HOOK} of ours" in done.stderr
    assert "commit-msg of ours" in done.stderr
    assert try_commit(worktree, "elsewhere.txt").returncode == 1


def test_a_lanes_worktree_that_has_left_its_branch_takes_no_commit(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    worktree = repo.start("WP01")
    branch = git(worktree, "branch", "--show-current")
    for leave in (("switch", "--quiet", "--detach"), ("switch", "--quiet", "--create", "aside")):
        git(worktree, *leave)
        stopped = try_commit(worktree, "src/parser/b.py")
        assert stopped.returncode == 1, stopped
        assert "ACTIVE_WP_CONTEXT_STALE" in stopped.stderr
        assert f"git switch {branch}" in stopped.stderr
        git(worktree, "reset", "--quiet", "--hard")
    # The folder tells it too, where the note of what the worktree is for is gone.
    Path(git(worktree, "rev-parse", "--path-format=absolute", "--git-dir"), CONTEXT_FILE).unlink()
    assert try_commit(worktree, "src/parser/b.py").returncode == 1
    git(worktree, "reset", "--quiet", "--hard")
    git(worktree, "switch", "--quiet", branch)
    assert try_commit(worktree, "src/parser/b.py").returncode == 0


def test_a_commit_while_the_lane_is_rebased_is_judged_as_one_in_it(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    worktree = repo.start("WP01", text="ours\n")
    commit_file(repo.root, "src/parser/a.py", "theirs\n")
    assert subprocess.run(
        ["git", "rebase", "--quiet", "main"], cwd=worktree, capture_output=True, check=False
    ).returncode
    (worktree / "src/parser/a.py").write_text("both\n")
    (worktree / "elsewhere.txt").write_text("no\n")
    git(worktree, "add", ".")
    assert codes(repo, worktree) == ["ACTIVE_WP_SCOPE_VIOLATION"]
    git(worktree, "rm", "--quiet", "--cached", "elsewhere.txt")
    assert codes(repo, worktree, code=0) == []


def test_a_merge_is_judged_but_for_what_the_lane_builds_on(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    worktree = repo.start("WP01")
    commit_file(repo.root, "docs/news.md")
    git(repo.root, "switch", "--quiet", "--create", "foreign", "main~1")
    commit_file(repo.root, "elsewhere.txt")
    git(repo.root, "switch", "--quiet", "main")
    git(worktree, "merge", "--quiet", "--no-edit", "main")
    assert (worktree / "docs/news.md").exists()
    before = git(worktree, "rev-parse", "HEAD")
    stopped = subprocess.run(["git", "merge", "--no-edit", "foreign"], cwd=worktree, capture_output=True, text=True,
                             check=False)  # fmt: skip
    assert "WP01 does not own elsewhere.txt" in stopped.stderr
    assert git(worktree, "rev-parse", "HEAD") == before
    git(worktree, "reset", "--quiet", "--hard")
    # What somebody adds to a merge by hand is theirs.
    commit_file(repo.root, "docs/more.md")
    git(worktree, "merge", "--quiet", "--no-commit", "main")
    assert try_commit(worktree, "docs/mine.md").returncode == 1
    git(worktree, "rm", "--quiet", "--cached", "docs/mine.md")
    git(worktree, "commit", "--quiet", "--no-edit")


def test_a_conflict_with_what_the_lane_builds_on_may_be_resolved(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    commit_file(repo.root, "docs/news.md", "first\n")
    worktree = repo.start("WP01")
    git(worktree, "merge", "--quiet", "main")
    (worktree / "docs/news.md").write_text("ours\n")
    git(worktree, "commit", "--quiet", "--no-verify", "--all", "-m", "past the guard")
    commit_file(repo.root, "docs/news.md", "theirs\n")
    assert subprocess.run(["git", "merge", "main"], cwd=worktree, capture_output=True, check=False).returncode
    (worktree / "docs/news.md").write_text("both\n")
    git(worktree, "add", ".")
    git(worktree, "commit", "--quiet", "--no-edit")


def test_an_older_hook_of_the_guard_gets_the_one_for_merges_beside_it(repo: MissionRepository) -> None:
    repo.json("mission", "guard", "--install")
    hooks = repo.root / ".git" / "hooks"
    (hooks / MERGE_HOOK).unlink()
    again = repo.json("mission", "guard", "--install")
    assert [one["is_new"] for one in again["hooks"]] == [False, True]
    assert os.access(hooks / MERGE_HOOK, os.X_OK)
