"""The commit of a story: exactly what was approved, or nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from spec_repositories import git, make_repository, write

from signoff.runners.repository import changes_of
from signoff.runners.story.commit import commit
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


def test_no_paths_have_no_diff(root: Path) -> None:
    assert changes_of(root, git(root, "rev-parse", "HEAD"), []) is None
    assert changes_of(root, git(root, "rev-parse", "HEAD"), ["same.txt"]) is None
