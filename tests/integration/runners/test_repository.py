"""Git's facts are taken from the repository as it is, changing nothing there and starting nothing of its."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest
from spec_repositories import commit, git, make_repository, write

from signoff.runners import repository
from signoff.runners.process import Limits
from signoff.runners.repository import Changes, Head, changes_of, changes_since, head_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", {"a.txt": "one\n", ".gitignore": "*.log\n"})


def changes(root: Path, since: str | None = "HEAD") -> str:
    found = changes_since(root, since, without=root / ".signoff")
    assert found is None or found.left_out is None, found
    return "" if found is None else found.text


def state_of(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_head_is_a_branch_and_a_commit(root: Path) -> None:
    assert head_of(root) == Head("main", git(root, "rev-parse", "HEAD"))
    git(root, "checkout", "--quiet", "--detach")
    assert head_of(root) == Head(None, git(root, "rev-parse", "HEAD"))


def test_a_folder_without_git_has_neither_head_nor_changes_also_below_a_repository(root: Path, tmp_path: Path) -> None:
    (root / "below").mkdir()
    for folder in (tmp_path, root / "below"):
        assert head_of(folder) == Head()
        assert changes_since(folder, None, without=folder / ".signoff") is None


def test_a_repository_without_a_commit_has_a_branch_and_changes_from_the_beginning(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "new.txt").write_text("new\n")
    assert head_of(tmp_path) == Head("main", None)
    assert "+new\n" in changes(tmp_path, None)


def test_nothing_changed_is_no_changes(root: Path) -> None:
    assert changes_since(root, "HEAD", without=root / ".signoff") is None


def test_changed_new_removed_staged_and_committed_files_are_all_there(root: Path) -> None:
    since = git(root, "rev-parse", "HEAD")
    write(root, {"committed.txt": "c\n"})
    commit(root, "More")
    write(root, {"a.txt": "two\n", "sub/new ü.txt": "new\n", "staged.txt": "s\n"})
    git(root, "add", "staged.txt")
    (root / "README.md").unlink()
    text = changes(root, since)
    for line in ("-one\n+two\n", "b/sub/new ü.txt", "+new\n", "+s\n", "+c\n", "deleted file", "-# Read me"):
        assert line in text


def test_ignored_files_and_signoffs_own_are_left_out(root: Path) -> None:
    write(root, {"x.log": "ignored\n", ".signoff/signing-key": "secret\n", "seen.txt": "seen\n"})
    text = changes(root)
    assert "seen" in text
    assert "ignored" not in text
    assert "secret" not in text


def test_nothing_in_the_repository_is_changed(root: Path) -> None:
    write(root, {"a.txt": "two\n", "new.txt": "new\n", "empty.txt": ""})
    before = state_of(root)
    assert "new.txt" in changes(root)
    assert state_of(root) == before


def test_files_that_git_was_told_to_take_as_unchanged_are_seen(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", "a.txt")
    write(root, {"a.txt": "two\n"})
    assert "+two\n" in changes(root)


def test_a_change_of_the_same_size_in_the_second_of_the_commit_is_seen(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = (1_000_000_000, 1_000_000_000)
    monkeypatch.setattr(repository, "_STEADY", {})
    git(root, "config", "core.trustctime", "false")
    os.utime(root / "a.txt", then)
    commit(root, "In the same second")
    write(root, {"a.txt": "two\n"})
    for path in (root / "a.txt", root / ".git" / "index"):
        os.utime(path, then)
    assert "+two\n" in changes(root)


def test_nothing_that_the_repository_configures_is_started(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    start = f"touch {mark}; cat"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external", "diff.evil.command", "core.pager", "core.sshCommand"):
        git(root, "config", name, str(program))
    for name in ("diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process"):
        git(root, "config", name, start)
    git(root, "config", "filter.evil.required", "true")
    hooks = root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (hooks / hook).chmod(0o755)
    write(root, {".gitattributes": "* filter=evil diff=evil\n", "a.txt": "two\n", "new.txt": "new\n"})
    text = changes(root)
    assert "+two\n" in text
    assert "+new\n" in text
    assert head_of(root).branch == "main"
    assert not mark.exists()


def test_a_filter_that_cannot_be_switched_off_leaves_the_changes_out(root: Path) -> None:
    config = root / ".git" / "config"
    config.write_text(config.read_text() + '[filter "a=b"]\n\tclean = touch started\n')
    write(root, {".gitattributes": "* filter=a=b\n", "a.txt": "two\n"})
    found = changes_since(root, "HEAD", without=root / ".signoff")
    assert found == Changes("Left out: git cannot read the repository.", "git cannot read the repository")
    assert not (root / "started").exists()


def test_another_work_tree_that_the_configuration_names_is_not_looked_at(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key.txt").write_text("secret\n")
    git(root, "config", "core.worktree", str(tmp_path / "secrets"))
    write(root, {"new.txt": "new\n"})
    assert "secret" not in changes(root)
    assert "+new\n" in changes(root)


def test_a_repository_inside_is_none_of_its_business(root: Path) -> None:
    make_repository(root / "inner")
    write(root, {"new.txt": "new\n"})
    assert "inner" not in changes(root)


def test_a_linked_work_tree_has_its_own_head_and_changes(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(root, "worktree", "add", "--quiet", "-b", "side", str(linked))
    write(linked, {"a.txt": "two\n"})
    assert head_of(linked).branch == "side"
    assert "+two\n" in changes(linked)
    assert changes(root) == ""


def test_a_path_with_a_colon_is_taken_as_it_is(tmp_path: Path) -> None:
    root = make_repository(tmp_path / 'a:b "c"', {"a.txt": "one\n"})
    write(root, {"a.txt": "two\n"})
    assert "-one\n+two\n" in changes(root)


def test_of_too_large_changes_what_fits_is_shown_and_what_does_not_is_named_with_its_hash(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "DIFF_BYTES_MAX", 1_000)
    write(root, {"a.txt": "x\n" * 1_000, "new.txt": "new\n", "ünï big.txt": "y\n" * 1_000})
    (root / "link").symlink_to("a.txt")
    found = changes_since(root, "HEAD", without=root / ".signoff")
    assert found is not None
    assert found.left_out == "the changes are more than 1000 bytes; 2 of 4 files are not shown"
    top, _, shown = found.text.partition("diff --git")
    for name, path in (("M", "a.txt"), ("A", "ünï big.txt")):
        assert f"{name}\t{path}\t{git(root, 'hash-object', path)}" in top.splitlines()
    commands = re.findall(r"git diff [^()]*FILE", top)
    assert len(commands) == 2
    assert "+new\n" in shown
    assert "b/link" in shown
    assert "+x" not in shown
    # Whoever has the text knows when a file that is not in it has changed.
    write(root, {"a.txt": "z\n" * 1_000})
    other = changes_since(root, "HEAD", without=root / ".signoff")
    assert other is not None
    assert other.text != found.text


def test_what_is_only_shown_may_be_larger_than_what_is_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "DIFF_BYTES_MAX", 1_000)
    write(root, {"a.txt": "x\n" * 1_000})
    found = changes_of(root, "HEAD", ["a.txt"])
    assert found is not None
    assert (found.left_out, found.text.count("+x")) == (None, 1_000)
    monkeypatch.setattr(repository, "SHOWN_BYTES_MAX", 1_000)
    found = changes_of(root, "HEAD", ["a.txt"])
    assert found is not None
    assert found.left_out is not None
    assert "M\ta.txt" in found.text


def test_a_binary_file_is_shown_by_its_hash(root: Path) -> None:
    (root / "b.bin").write_bytes(bytes(range(256)))
    assert git(root, "hash-object", "b.bin") in changes(root)


def test_changes_that_take_too_long_are_left_out_and_said_to_be(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin" / "git"
    slow.write_text(f'#!/bin/sh\ncase " $* " in *" diff "*) exec sleep 600;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent), prepend=":")
    monkeypatch.setattr(repository, "GIT_LIMITS", Limits(0.5, 1_000_000))
    found = changes_since(root, "HEAD", without=root / ".signoff")
    assert found == Changes("Left out: git took more than 0.5 s.", "git took more than 0.5 s")


def test_a_commit_that_is_gone_is_said_to_be(root: Path) -> None:
    write(root, {"a.txt": "two\n"})
    found = changes_since(root, "1" * 40, without=root / ".signoff")
    assert found is not None
    assert found.left_out == "git cannot compare with where the step began"
