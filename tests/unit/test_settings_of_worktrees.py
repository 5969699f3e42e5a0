"""Which settings are in force in a linked worktree: those of the repository's primary checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.settings import load
from signoff.settings.primary_checkout import primary_checkout


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """As git makes one, beside its primary checkout `tmp_path / "main"`."""
    part = tmp_path / "main" / ".git" / "worktrees" / "lane"
    part.mkdir(parents=True)
    (part / "commondir").write_text("../..\n")
    folder = tmp_path / "lane"
    (folder / "src").mkdir(parents=True)
    (folder / ".git").write_text(f"gitdir: {part}\n")
    return folder


def test_the_ledger_and_the_settings_file_are_those_of_the_primary_checkout(worktree: Path) -> None:
    main = worktree.parent / "main"
    (worktree / "signoff.yaml").write_text("policy_dir: mine\n")
    for here in (worktree, worktree / "src"):
        assert load({}, {}, cwd=here).dir == main / ".signoff"
        assert load({}, {}, cwd=here).policy_dir is None
    (main / "signoff.yaml").write_text("dir: state\npolicy_dir: policies\nnotify_file: told.yaml\n")
    found = load({}, {}, cwd=worktree)
    assert (found.dir, found.policy_dir, found.notify_file) == (main / "state", main / "policies", main / "told.yaml")
    assert load({}, {}, cwd=main).dir == found.dir
    origins = {source.name: source.origin for source in found.sources}
    assert origins["dir"] == f"{main / 'signoff.yaml'}:1"


def test_what_is_typed_starts_where_it_is_typed(worktree: Path) -> None:
    typed = load({"dir": "mine"}, {"SIGNOFF_POLICY_DIR": "rules"}, cwd=worktree)
    assert (typed.dir, typed.policy_dir) == (worktree / "mine", worktree / "rules")
    (worktree / "own.yaml").write_text("policy_dir: policies\n")
    named = load({"config": "own.yaml"}, {}, cwd=worktree)
    assert (named.policy_dir, named.notify_file) == (worktree / "policies", worktree / "notify.yaml")


@pytest.mark.parametrize(
    "said",
    [
        "gitdir: {part}\n# of a bare repository",
        "gitdir: ../nowhere\n",
        "nonsense\n",
        "",
        "\0",
    ],
)
def test_without_a_primary_checkout_it_is_the_working_directory(worktree: Path, said: str) -> None:
    part = worktree.parent / "bare" / "worktrees" / "lane"
    part.mkdir(parents=True)
    (part / "commondir").write_text("../..\n")
    (worktree / ".git").write_text(said.format(part=part).partition("\n#")[0])
    assert primary_checkout(worktree) is None
    assert load({}, {}, cwd=worktree).dir == worktree / ".signoff"


def test_a_primary_checkout_a_submodule_and_a_plain_folder_keep_their_own(tmp_path: Path) -> None:
    (tmp_path / "main" / ".git" / "modules" / "part").mkdir(parents=True)
    submodule = tmp_path / "main" / "part"
    submodule.mkdir()
    (submodule / ".git").write_text("gitdir: ../.git/modules/part\n")
    for folder in (tmp_path, tmp_path / "main", submodule):
        assert load({}, {}, cwd=folder).dir == folder / ".signoff"
