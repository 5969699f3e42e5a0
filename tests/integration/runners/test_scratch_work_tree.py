"""A plan's patch in a scratch work tree: applied once however often, taken back, and never outside."""

from __future__ import annotations

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signoff.errors import InvalidInputError, MissingProgramError, StepFailedError
from signoff.runners.worktree import ScratchWorkTree

RUN = "it_01HZX"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def new_file(path: str, text: str = "one\n", mode: str = "100644") -> str:
    lines = text.splitlines()
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    return head + f"@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


PATCH = new_file("VERSION", "1.4\n") + new_file("docs/notes.md", "a\nb\n") + new_file("run.sh", "exit\n", "100755")


def files_in(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(str(path) for path in found if path.parts[0] != ".git")


@pytest.fixture
def work_tree(tmp_path: Path) -> ScratchWorkTree:
    return ScratchWorkTree(tmp_path / "trees")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "trees" / RUN


def test_a_patch_becomes_files_and_the_result_names_them(work_tree: ScratchWorkTree, folder: Path) -> None:
    result = work_tree.apply(RUN, 1, PATCH)
    assert result.output["files"] == ["VERSION", "docs/notes.md", "run.sh"] == files_in(folder)
    assert result.output["patchSha256"] == hashlib.sha256(PATCH.encode()).hexdigest()
    assert (folder / "docs/notes.md").read_text() == "a\nb\n"
    assert (folder / "run.sh").stat().st_mode & 0o100
    [artifact] = result.artifacts
    assert (artifact.kind, artifact.inline, artifact.sha256) == ("patch", PATCH, result.output["patchSha256"])


def test_the_tree_is_the_one_that_git_itself_makes_of_the_files(work_tree: ScratchWorkTree, folder: Path) -> None:
    tree = work_tree.apply(RUN, 1, PATCH).output["tree"]
    git = ["git", "-c", "core.autocrlf=false", "-C", str(folder)]
    subprocess.run([*git, "add", "--all"], check=True)
    assert subprocess.run([*git, "write-tree"], check=True, capture_output=True, text=True).stdout.strip() == tree


def test_applying_again_is_the_same_result_and_the_same_files(work_tree: ScratchWorkTree, folder: Path) -> None:
    first = work_tree.apply(RUN, 1, PATCH)
    assert work_tree.apply(RUN, 1, PATCH) == first
    assert (folder / "docs/notes.md").read_text() == "a\nb\n"


def test_applying_again_mends_what_a_crash_left_half_done(work_tree: ScratchWorkTree, folder: Path) -> None:
    first = work_tree.apply(RUN, 1, PATCH)
    (folder / "VERSION").unlink()
    (folder / "docs/notes.md").write_text("half")
    (folder / "left.tmp").write_text("left over")
    (folder / ".git/index").unlink()
    (folder / ".git/index.lock").write_text("")
    assert work_tree.apply(RUN, 1, PATCH) == first
    assert files_in(folder) == first.output["files"]
    assert (folder / "docs/notes.md").read_text() == "a\nb\n"


def test_several_who_apply_at_once_wait_for_one_another(work_tree: ScratchWorkTree, folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: work_tree.apply(RUN, 1, PATCH), range(16)))
    assert all(result == results[0] for result in results)
    assert files_in(folder) == results[0].output["files"]


def test_a_crash_while_the_repository_was_made_is_mended_too(work_tree: ScratchWorkTree, folder: Path) -> None:
    (folder / ".git").mkdir(parents=True)
    assert work_tree.apply(RUN, 1, PATCH).output["files"] == files_in(folder)


def test_another_attempt_starts_from_the_empty_tree(work_tree: ScratchWorkTree, folder: Path) -> None:
    work_tree.apply(RUN, 1, PATCH)
    assert work_tree.apply(RUN, 2, new_file("VERSION", "2.0\n")).output["files"] == ["VERSION"] == files_in(folder)


@pytest.mark.parametrize("patch", ["", "\n \n"])
def test_an_empty_patch_is_fine_and_leaves_nothing(patch: str, work_tree: ScratchWorkTree, folder: Path) -> None:
    result = work_tree.apply(RUN, 1, patch)
    assert (result.output["files"], result.output["tree"], result.artifacts) == ([], EMPTY_TREE, ())


def test_a_patch_that_has_lost_its_last_newline_applies(work_tree: ScratchWorkTree, folder: Path) -> None:
    work_tree.apply(RUN, 1, PATCH.rstrip("\n"))
    assert (folder / "docs/notes.md").read_text() == "a\nb\n"


def test_rolling_back_empties_the_tree_as_often_as_it_is_asked(work_tree: ScratchWorkTree, folder: Path) -> None:
    work_tree.apply(RUN, 1, PATCH)
    first = work_tree.roll_back(RUN, 1, PATCH)
    assert first.output == {
        "rolledBack": True, "patchSha256": hashlib.sha256(PATCH.encode()).hexdigest(), "tree": EMPTY_TREE,
    }  # fmt: skip
    assert files_in(folder) == []
    assert work_tree.roll_back(RUN, 1, PATCH) == first
    assert work_tree.apply(RUN, 1, PATCH).output["files"] == files_in(folder)


def test_rolling_back_what_another_machine_applied_says_so(work_tree: ScratchWorkTree, folder: Path) -> None:
    result = work_tree.roll_back(RUN, 1, PATCH)
    assert result.output["rolledBack"] is False
    assert "on this machine" in result.output["reason"]
    assert not folder.exists()


def test_rolling_back_an_earlier_attempt_leaves_the_later_one_alone(work_tree: ScratchWorkTree, folder: Path) -> None:
    work_tree.apply(RUN, 1, PATCH)
    work_tree.apply(RUN, 2, PATCH)
    assert work_tree.roll_back(RUN, 1, PATCH).output["rolledBack"] is False
    assert files_in(folder) == ["VERSION", "docs/notes.md", "run.sh"]


def test_an_attempt_that_went_on_from_an_earlier_ones_patch_can_take_it_back(
    work_tree: ScratchWorkTree, folder: Path
) -> None:
    work_tree.apply(RUN, 1, PATCH)
    assert work_tree.roll_back(RUN, 2, PATCH).output["rolledBack"] is True
    assert files_in(folder) == []


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("this is no patch", "No valid patches"),
        (new_file("a").replace("+1,1 @@", "+1,7 @@"), "corrupt patch"),
        ("diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n", "f: does not exist in index"),
        (new_file("../outside"), "invalid path"),
        (new_file("a/../../outside"), "invalid path"),
        (new_file("/etc/outside"), "invalid path"),
        (new_file(".git/hooks/pre-commit", mode="100755"), "invalid path"),
        (new_file("sub/.GIT/config"), "invalid path"),
        (new_file("link", "/etc\n", "120000"), "something other than a plain file"),
        (new_file("link", "/etc\n", "120000") + new_file("link/f"), "symbolic link|something other"),
        (new_file("module", "Subproject commit " + "1" * 40 + "\n", "160000"), "something other than a plain file"),
        (new_file('"a\\033[2Jb"').replace('b/"a', '"b/a').replace('a/"a', '"a/a'), "cannot be shown"),
    ],
)
def test_a_patch_that_cannot_or_must_not_be_applied_writes_nothing(
    patch: str, why: str, work_tree: ScratchWorkTree, folder: Path, tmp_path: Path
) -> None:
    work_tree.apply(RUN, 1, new_file("before"))
    with pytest.raises(StepFailedError, match=why):
        work_tree.apply(RUN, 2, patch)
    assert files_in(folder) == ["before"]
    assert [path.name for path in tmp_path.rglob("outside")] == []


def test_a_binary_patch_is_refused_although_git_would_apply_it(work_tree: ScratchWorkTree, tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(b"\0" * 100_000)
    diff = ["git", "diff", "--no-index", "--binary", "--", "/dev/null", "zeros"]
    patch = subprocess.run(diff, cwd=tmp_path, check=False, capture_output=True, text=True).stdout
    assert "GIT binary patch" in patch
    with pytest.raises(StepFailedError, match="nobody could review"):
        work_tree.apply(RUN, 1, patch)


@pytest.mark.parametrize("run_id", ["..", "../up", "/etc", "a/b", "", ".git", "-rf", "a\n", "a\\b\x00"])
def test_a_run_id_cannot_lead_out_of_the_root(run_id: str, work_tree: ScratchWorkTree, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        work_tree.apply(run_id, 1, PATCH)
    with pytest.raises(InvalidInputError):
        work_tree.roll_back(run_id, 1, PATCH)
    assert list(tmp_path.iterdir()) == []


def test_neither_the_users_configuration_nor_the_environment_reaches_git(
    work_tree: ScratchWorkTree, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "template/hooks/post-index-change"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    (tmp_path / "config").write_text(f"[core]\n autocrlf = true\n hooksPath = {hook.parent}\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": tmp_path / "config",
        "GIT_TEMPLATE_DIR": tmp_path / "template",
        "GIT_DIR": tmp_path / "elsewhere",
        "GIT_INDEX_FILE": tmp_path / "index",
        "GIT_WORK_TREE": tmp_path,
    }.items():
        monkeypatch.setenv(name, str(value))
    work_tree.apply(RUN, 1, PATCH)
    assert (folder / "VERSION").read_bytes() == b"1.4\n"
    assert not (folder / ".git/hooks").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "template", "trees"]


def test_a_work_tree_inside_another_repository_leaves_that_one_alone(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    ScratchWorkTree(tmp_path / ".signoff/trees").apply(RUN, 1, PATCH)
    assert not (tmp_path / ".git/index").exists()


def test_a_missing_git_is_found_out_before_anything_starts(
    work_tree: ScratchWorkTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_tree.check()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match="'git'"):
        work_tree.check()
