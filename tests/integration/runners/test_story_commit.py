"""The commit of a story: exactly what was approved, or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import until
from spec_repositories import git, make_repository, write

from signoff.errors import StepFailedError
from signoff.runners.repository import changes_of
from signoff.runners.story.commit import commit
from signoff.runners.story.commit_lock import hold_commits
from signoff.runners.story.look import look
from signoff.stories.changes import (
    DELETED,
    MISSING,
    MODIFIED,
    NEW,
    UNCHANGED,
    Changed,
    CommitOutcome,
    Committed,
    HookFailed,
    changes_from_wire,
)

MESSAGE = "feat: änder it\n\n# not a comment\n- done"
PATHS = ["new.txt", "README.md", "old.txt"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a new, a changed and a deleted file, and a change that is none of the story's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    root = make_repository(tmp_path / "repo", {"old.txt": "old\n", "other.txt": "other\n", "same.txt": "same\n"})
    git(root, "config", "user.name", "ada")
    git(root, "config", "user.email", "ada@example.org")
    write(root, {"new.txt": "new\n", "README.md": "# Changed\n", "other.txt": "not this story's\n"})
    (root / "old.txt").unlink()
    return root


def hook(root: Path, name: str, script: str) -> None:
    path = root / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def refused(outcome: CommitOutcome, root: Path, head: str, index: str) -> Changed | HookFailed:
    """Nothing was committed, and nothing is left half-done."""
    assert isinstance(outcome, Changed | HookFailed), outcome
    assert git(root, "rev-parse", "HEAD") == head
    assert git(root, "ls-files", "--stage") == index
    return outcome


def test_new_changed_and_deleted_files_are_committed_and_nothing_else(root: Path) -> None:
    approved = look(root, [*PATHS, "same.txt"])
    assert [file.status for file in approved.files] == [NEW, MODIFIED, DELETED, UNCHANGED]
    assert (approved.branch, approved.obstacles) == ("main", ())
    made = commit(root, approved, MESSAGE)
    assert made == Committed(git(root, "rev-parse", "HEAD"))
    assert git(root, "log", "-1", "--format=%an %B") == f"ada {MESSAGE}"
    assert git(root, "rev-parse", "HEAD^") == approved.head
    assert git(root, "show", "--name-status", "--format=") == "M\tREADME.md\nA\tnew.txt\nD\told.txt"
    assert git(root, "status", "--porcelain") == "M other.txt"


def test_what_was_committed_before_a_crash_is_found(root: Path) -> None:
    approved = look(root, PATHS)
    made = commit(root, approved, MESSAGE)
    # As if the process had died before it brought the index up to date.
    git(root, "read-tree", "HEAD^")
    assert commit(root, approved, MESSAGE) == made
    assert git(root, "rev-list", "--count", "HEAD") == "2"
    assert git(root, "status", "--porcelain") == "M other.txt"
    write(root, {"new.txt": "changed since\n"})
    assert commit(root, approved, MESSAGE) == made


@pytest.mark.parametrize("elsewhere", ["another commit", "other contents", "another branch"])
def test_a_head_that_has_moved_is_refused(root: Path, elsewhere: str) -> None:
    approved = look(root, PATHS)
    if elsewhere == "another branch":
        git(root, "checkout", "--quiet", "-b", "other")
    elif elsewhere == "other contents":
        write(root, {"new.txt": "other\n"})
        git(root, "add", *PATHS)
        git(root, "commit", "--quiet", "--message", MESSAGE)
    else:
        git(root, "commit", "--quiet", "--allow-empty", "--message", "in between")
    head, index = git(root, "rev-parse", "HEAD"), git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, head, index)
    assert outcome.why.startswith("The branch is other now" if "branch" in elsewhere else f"HEAD is at {head} now")


@pytest.mark.parametrize("how", ["bytes", "mode", "gone", "link"])
def test_a_file_that_changed_since_it_was_shown_is_refused_by_name(root: Path, how: str) -> None:
    approved = look(root, PATHS)
    file = root / "new.txt"
    match how:
        case "bytes":
            file.write_text("other\n")
        case "mode":
            file.chmod(0o755)
        case _:
            file.unlink()
    if how == "link":
        file.symlink_to("README.md")
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert isinstance(outcome, Changed)
    assert outcome.files == ("new.txt",)
    assert "new.txt" in outcome.why


def test_what_is_staged_beside_the_files_is_refused_by_name(root: Path) -> None:
    approved = look(root, PATHS)
    git(root, "add", "other.txt")
    git(root, "rm", "--quiet", "--cached", "same.txt")
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert "other.txt, same.txt" in outcome.why
    assert "other.txt, same.txt" in look(root, PATHS).obstacles[0]


def test_a_listed_file_may_be_staged(root: Path) -> None:
    git(root, "add", "new.txt")
    assert isinstance(commit(root, look(root, PATHS), MESSAGE), Committed)
    assert git(root, "status", "--porcelain") == "M other.txt"


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        (["nowhere.txt", "new.txt"], "Neither in the work tree nor in the last commit: nowhere.txt."),
        (["same.txt"], "None of these files differs from the last commit."),
        (["folder"], "folder is no file."),
        (["link/inside.txt"], "link/inside.txt is reached through a symbolic link."),
    ],
)
def test_what_cannot_be_committed_is_said_before_anybody_decides(root: Path, paths: list[str], why: str) -> None:
    write(root, {"folder/inside.txt": "x"})
    (root / "link").symlink_to(root.parent)
    assert why in look(root, paths).obstacles
    assert isinstance(commit(root, look(root, paths), MESSAGE), Changed)


def test_a_detached_head_and_a_merge_under_way_are_obstacles(root: Path) -> None:
    git(root, "checkout", "--quiet", "--detach")
    (root / ".git" / "MERGE_HEAD").write_text(git(root, "rev-parse", "HEAD"))
    detached, merging = look(root, PATHS).obstacles
    assert "HEAD is detached" in detached
    assert "under way" in merging


def test_without_a_repository_there_is_nothing_to_commit_to(tmp_path: Path) -> None:
    write(tmp_path, {"new.txt": "new\n"})
    found = look(tmp_path, ["new.txt", "none.txt"])
    assert [file.status for file in found.files] == [NEW, MISSING]
    assert found.obstacles == (f"There is no git repository in {tmp_path}.",)


def test_the_first_commit_of_a_repository_can_be_a_storys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    root = tmp_path / "fresh"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "ada")
    git(root, "config", "user.email", "ada@example.org")
    write(root, {"new.txt": "new\n", "other.txt": "x"})
    git(root, "add", "other.txt")
    assert "other.txt" in look(root, ["new.txt"]).obstacles[0]
    git(root, "rm", "--quiet", "--cached", "other.txt")
    approved = look(root, ["new.txt"])
    assert approved.head is None
    made = commit(root, approved, MESSAGE)
    assert isinstance(made, Committed)
    assert commit(root, approved, MESSAGE) == made
    assert git(root, "rev-list", "--count", "HEAD") == "1"


def test_the_persons_hooks_run_and_a_failing_one_leaves_everything_as_it_was(root: Path) -> None:
    hook(root, "pre-commit", 'git diff --cached --name-only\necho "no good" >&2\nexit 1')
    approved = look(root, PATHS)
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert isinstance(outcome, HookFailed)
    assert outcome.output.splitlines() == ["README.md", "new.txt", "old.txt", "no good"]


@pytest.mark.parametrize("script", ["echo more >> new.txt; git add new.txt", "echo x > extra.txt; git add extra.txt"])
def test_what_a_hook_puts_into_the_commit_is_taken_back(root: Path, script: str) -> None:
    hook(root, "pre-commit", script)
    approved = look(root, PATHS)
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert isinstance(outcome, Changed)
    assert outcome.files == (("new.txt",) if "more" in script else ("extra.txt",))
    assert "A hook changed what was to be committed" in outcome.why


@pytest.mark.parametrize("to", ["-b other", "--detach"])
def test_a_hook_that_leads_the_commit_to_another_branch_has_it_taken_back(root: Path, to: str) -> None:
    hook(root, "pre-commit", f"git checkout --quiet {to}")
    approved = look(root, PATHS)
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert isinstance(outcome, Changed)
    where = "other" if "other" in to else "no branch"
    assert outcome.why.startswith(f"A hook has checked out {where}, and main was approved; the commit ")
    assert git(root, "rev-parse", "main") == approved.head


def test_a_hook_that_goes_to_another_branch_after_the_commit_is_told_and_its_index_left_alone(root: Path) -> None:
    git(root, "branch", "other", "HEAD")
    hook(root, "post-commit", "git symbolic-ref HEAD refs/heads/other")
    approved = look(root, PATHS)
    index = git(root, "ls-files", "--stage")
    made = commit(root, approved, MESSAGE)
    remark = (
        "A hook has checked out other after the commit. The index is left as it was; to bring it to what is checked "
        "out, run: git reset"
    )
    assert made == Committed(git(root, "rev-parse", "main"), remark)
    assert git(root, "rev-parse", "main^") == git(root, "rev-parse", "HEAD") == approved.head
    assert git(root, "ls-files", "--stage") == index


def test_a_hook_that_goes_on_from_the_commit_on_another_branch_has_the_index_with_it(root: Path) -> None:
    hook(root, "post-commit", "git checkout --quiet -b other")
    made = commit(root, look(root, PATHS), MESSAGE)
    assert made == Committed(git(root, "rev-parse", "main"), "A hook has checked out other after the commit.")
    assert git(root, "rev-parse", "HEAD") == git(root, "rev-parse", "main")
    assert git(root, "status", "--porcelain") == "M other.txt"


def test_a_git_that_is_at_work_in_the_repository_is_told_with_what_to_do(root: Path) -> None:
    approved = look(root, PATHS)
    (root / ".git" / "index.lock").touch()
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert f"{root}/.git/index.lock is there since" in outcome.why
    (root / ".git" / "index.lock").unlink()
    assert isinstance(commit(root, approved, MESSAGE), Committed)


def test_what_a_hook_leaves_running_keeps_nobody_from_committing(root: Path) -> None:
    hook(root, "post-commit", "setsid sleep 600 >/dev/null 2>&1 </dev/null & echo $! > .git/left")
    assert isinstance(commit(root, look(root, ["new.txt"]), MESSAGE), Committed)
    with hold_commits(root, wait_s=0):
        os.kill(int((root / ".git" / "left").read_text()), signal.SIGKILL)


_COMMIT = """
import pathlib, sys
from signoff.runners.story.commit import commit
from signoff.runners.story.look import look
root = pathlib.Path(sys.argv[1])
commit(root, look(root, sys.argv[3:]), sys.argv[2])
"""


def test_the_git_of_somebody_who_was_killed_is_waited_for_and_its_commit_found(root: Path) -> None:
    hook(root, "pre-commit", "echo once >> .git/runs; while ! test -e .git/go; do sleep 0.01; done")
    approved = look(root, PATHS)
    with subprocess.Popen([sys.executable, "-c", _COMMIT, str(root), MESSAGE, *PATHS]) as died:
        until((root / ".git" / "runs").exists, "the hook")
        died.kill()
    with pytest.raises(StepFailedError, match="still runs"), hold_commits(root, wait_s=0):
        pass
    (root / ".git" / "go").touch()
    made = commit(root, approved, MESSAGE)
    assert made == Committed(git(root, "rev-parse", "HEAD"))
    assert git(root, "rev-parse", "HEAD^") == approved.head
    assert (root / ".git" / "runs").read_text() == "once\n"
    assert git(root, "log", "-1", "--format=%B") == MESSAGE


def test_a_commit_that_runs_in_the_repository_is_waited_for_and_not_for_ever(root: Path) -> None:
    with hold_commits(root, wait_s=0), pytest.raises(StepFailedError) as caught, hold_commits(root, wait_s=0):
        pass
    assert caught.value.code == "git-busy"


def test_what_git_cannot_do_outside_of_any_hook_is_told_and_nothing_is_half_done(root: Path) -> None:
    write(root, {".gitattributes": "new.txt filter=nope\n"})
    git(root, "config", "filter.nope.clean", "false")
    git(root, "config", "filter.nope.required", "true")
    approved = look(root, PATHS)
    index = git(root, "ls-files", "--stage")
    outcome = refused(commit(root, approved, MESSAGE), root, str(approved.head), index)
    assert isinstance(outcome, HookFailed)
    assert "nope" in outcome.output


def test_a_message_that_a_hook_changes_is_told(root: Path) -> None:
    hook(root, "commit-msg", 'echo "Change-Id: I1" >> "$1"')
    approved = look(root, PATHS)
    made = commit(root, approved, MESSAGE)
    assert isinstance(made, Committed)
    assert made.remark is not None
    assert made.remark.endswith("Change-Id: I1")
    assert commit(root, approved, MESSAGE) == made


def test_git_is_led_nowhere_else_by_the_environment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = make_repository(tmp_path / "elsewhere")
    head = git(elsewhere, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "bob")
    approved = look(root, PATHS)
    with monkeypatch.context() as patched:
        patched.setenv("GIT_DIR", str(elsewhere / ".git"))
        patched.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
        patched.setenv("SIGNOFF_TOKEN", "secret")
        hook(root, "pre-commit", 'test -z "$SIGNOFF_TOKEN"')
        made = commit(root, approved, MESSAGE)
    assert isinstance(made, Committed)
    assert git(elsewhere, "rev-parse", "HEAD") == head
    assert git(root, "log", "-1", "--format=%an") == "bob"


def test_line_ends_that_git_rewrites_and_ignored_files_are_committed_as_approved(root: Path) -> None:
    write(root, {".gitattributes": "*.txt text eol=lf\n", ".gitignore": "ignored.txt\n"})
    (root / "new.txt").write_bytes(b"one\r\ntwo\r\n")
    write(root, {"ignored.txt": "listed all the same\n", "[a]*.txt": "a name of its own\n"})
    paths = [".gitattributes", "new.txt", "ignored.txt", "[a]*.txt"]
    diff = changes_of(root, git(root, "rev-parse", "HEAD"), paths)
    assert diff is not None
    assert "+listed all the same" in diff.text
    assert "README.md" not in diff.text
    approved = look(root, paths)
    made = commit(root, approved, MESSAGE)
    assert isinstance(made, Committed)
    assert subprocess.check_output(["git", "show", "HEAD:new.txt"], cwd=root) == b"one\ntwo\n"
    assert "[a]*.txt" in git(root, "show", "--name-only", "--format=")
    assert commit(root, approved, MESSAGE) == made


def test_links_and_executables_are_committed_as_what_they_are(root: Path) -> None:
    (root / "link").symlink_to("/etc/passwd")
    write(root, {"run.sh": "#!/bin/sh\n"})
    (root / "run.sh").chmod(0o755)
    made = commit(root, look(root, ["link", "run.sh"]), MESSAGE)
    assert isinstance(made, Committed)
    modes = [line.split()[0] for line in git(root, "ls-tree", "HEAD", "link", "run.sh").splitlines()]
    assert modes == ["120000", "100755"]
    assert git(root, "show", "HEAD:link") == "/etc/passwd"


def test_a_mode_that_changed_is_shown_beside_the_status(root: Path) -> None:
    (root / "same.txt").chmod(0o755)
    (root / "README.md").unlink()
    (root / "README.md").symlink_to("same.txt")
    changes = look(root, ["same.txt", "README.md", "new.txt"])
    assert [file.words for file in changes.files] == ["modified, now executable", "modified, now a link", "new"]
    assert changes_from_wire(changes.to_wire()) == changes
    assert isinstance(commit(root, changes, MESSAGE), Committed)
    (root / "same.txt").chmod(0o644)
    (root / "README.md").unlink()
    write(root, {"README.md": "# Again\n"})
    words = [file.words for file in look(root, ["same.txt", "README.md"]).files]
    assert words == ["modified, now not executable", "modified, now a file"]


def test_where_permissions_say_nothing_every_file_keeps_the_mode_that_it_had(root: Path) -> None:
    (root / "same.txt").chmod(0o755)
    git(root, "commit", "--quiet", "--message", "executable", "same.txt")
    git(root, "config", "core.fileMode", "false")
    (root / "same.txt").write_text("changed\n")
    for name in ("same.txt", "README.md", "new.txt"):
        (root / name).chmod(0o644 if name == "same.txt" else 0o755)
    (root / "old.txt").write_text("old\n")
    (root / "old.txt").chmod(0o755)
    changes = look(root, ["same.txt", "README.md", "new.txt", "old.txt"])
    assert [file.words for file in changes.files] == ["modified", "modified", "new", "unchanged"]
    made = commit(root, changes, MESSAGE)
    assert isinstance(made, Committed), made
    listed = git(root, "ls-tree", "HEAD", "same.txt", "README.md", "new.txt").splitlines()
    assert {line.split()[-1]: line.split()[0] for line in listed} == {
        "README.md": "100644",
        "new.txt": "100644",
        "same.txt": "100755",
    }
    assert commit(root, changes, MESSAGE) == made


@pytest.mark.parametrize("is_checked_out", [True, False])
def test_what_is_in_a_submodule_is_said_to_be_committed_there(root: Path, is_checked_out: bool) -> None:
    module = make_repository(root / "module")
    head = git(module, "rev-parse", "HEAD")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{head},module")
    git(root, "commit", "--quiet", "--message", "a submodule")
    if not is_checked_out:
        (module / ".git").rename(root.parent / "elsewhere")
    write(module, {"README.md": "# Changed\n"})
    changes = look(root, ["module/README.md", "new.txt", "module"])
    is_in = "module/README.md is in module, a repository of its own (a submodule): commit it there."
    is_one = "module is a repository of its own (a submodule): commit with git where it is."
    assert {is_in, is_one} <= set(changes.obstacles)
    assert isinstance(commit(root, changes, MESSAGE), Changed)


def test_a_file_that_became_a_folder_or_a_folder_a_file_is_no_hooks_doing(root: Path) -> None:
    write(root, {"folder/one.txt": "1\n", "folder/two.txt": "2\n"})
    git(root, "add", "folder")
    git(root, "commit", "--quiet", "--message", "folder")
    (root / "same.txt").unlink()
    write(root, {"same.txt/inside.txt": "in\n"})
    for path in ("one.txt", "two.txt"):
        (root / "folder" / path).unlink()
    (root / "folder").rmdir()
    write(root, {"folder": "a file\n"})
    assert look(root, ["same.txt/inside.txt", "folder"]).obstacles == (
        "same.txt/inside.txt is in same.txt, a file in the last commit: first commit with git that it is a folder now.",
        "folder is a folder in the last commit: list the files that were in it too.",
    )
    half = commit(root, look(root, ["folder", "folder/one.txt"]), MESSAGE)
    assert half == Changed("Git would not commit just what was shown: folder/two.txt.", ("folder/two.txt",))
    whole = look(root, ["folder", "folder/one.txt", "folder/two.txt"])
    assert whole.obstacles == ()
    made = commit(root, whole, MESSAGE)
    assert isinstance(made, Committed), made
    assert git(root, "show", "--name-status", "--format=").splitlines() == [
        "A\tfolder",
        "D\tfolder/one.txt",
        "D\tfolder/two.txt",
    ]


def test_a_name_that_cannot_be_shown_is_an_obstacle_that_names_it(root: Path) -> None:
    write(root, {"a\tb\n.txt": "x"})
    changes = look(root, ["a\tb\n.txt"])
    assert changes.obstacles == ("'a\\tb\\n.txt' is a name that cannot be shown as it is: rename it.",)
    assert isinstance(commit(root, changes, MESSAGE), Changed)


def test_no_paths_have_no_diff(root: Path) -> None:
    assert changes_of(root, git(root, "rev-parse", "HEAD"), []) is None
    assert changes_of(root, git(root, "rev-parse", "HEAD"), ["same.txt"]) is None
