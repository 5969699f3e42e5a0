"""Which mission is meant, and that it is the same one from every worktree."""

from __future__ import annotations

from pathlib import Path

import pytest
from mission_places import git, new_place, new_repository

from signoff.errors import InvalidInputError, NotFoundError
from signoff.missions.lanes_file import LanesFile, WorkLane, write_lanes
from signoff.runners.mission.place import find_checkout, find_mission, missions_root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "repo")


def found(here: Path, slug: str | None = None, named: Path | None = None) -> Path:
    checkout = find_checkout(here)
    return find_mission(checkout, missions_root(checkout, named), slug).folder


def test_the_primary_checkout_is_found_from_its_folders_and_from_worktrees(root: Path, tmp_path: Path) -> None:
    (root / "src" / "deep").mkdir(parents=True)
    git(root, "worktree", "add", "--quiet", "-b", "lane", str(tmp_path / "lane"))
    (tmp_path / "lane" / "src").mkdir()
    for here in (root, root / "src" / "deep"):
        checkout = find_checkout(here)
        assert (checkout.root, checkout.here, checkout.branch, checkout.is_primary) == (root, root, "main", True)
    checkout = find_checkout(tmp_path / "lane" / "src")
    assert (checkout.root, checkout.here, checkout.branch) == (root, tmp_path / "lane", "lane")
    assert checkout.git_dir == root / ".git"


def test_a_commit_by_itself_is_no_branch(root: Path) -> None:
    git(root, "checkout", "--quiet", "--detach")
    assert find_checkout(root).branch is None


def test_outside_of_a_repository_there_is_none(tmp_path: Path, root: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFoundError) as caught:
            find_checkout(folder)
        assert caught.value.code == "not-a-repository"


def test_a_bare_repository_has_no_place_for_missions(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "--quiet", str(tmp_path / "tree"), "main")
    with pytest.raises(NotFoundError) as caught:
        find_checkout(tmp_path / "tree")
    assert caught.value.code == "not-a-repository"


def test_a_git_directory_elsewhere_is_no_worktree(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "--separate-git-dir=elsewhere.git", "repo")
    checkout = find_checkout(tmp_path / "repo")
    assert (checkout.root, checkout.git_dir) == (tmp_path / "repo", tmp_path / "elsewhere.git")


def test_missions_are_in_the_first_of_the_known_folders_or_in_the_named_one(root: Path, tmp_path: Path) -> None:
    checkout = find_checkout(root)
    assert missions_root(checkout, None) == root / "missions"
    (root / "kitty-specs").mkdir()
    assert missions_root(checkout, None) == root / "kitty-specs"
    (root / "missions").mkdir()
    assert missions_root(checkout, None) == root / "missions"
    assert missions_root(checkout, tmp_path / "other") == tmp_path / "other"


def test_a_folder_of_missions_that_is_named_in_a_worktree_is_that_of_the_primary_checkout(
    root: Path, tmp_path: Path
) -> None:
    new_place(root)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Plan")
    tree = tmp_path / "lane"
    git(root, "worktree", "add", "--quiet", "-b", "lane", str(tree))
    assert (tree / "missions" / "release-3-2").is_dir()
    assert found(tree) == found(tree, named=tree / "missions") == root / "missions" / "release-3-2"


def test_a_mission_is_named_by_its_slug_or_by_the_beginning_of_it_alone(root: Path) -> None:
    for slug in ("alpha", "alpha-two", "beta"):
        new_place(root, slug)
    assert found(root, "alpha").name == "alpha"
    assert found(root, "alpha-").name == "alpha-two"
    assert found(root, "b").name == "beta"
    with pytest.raises(InvalidInputError) as caught:
        found(root)
    assert (caught.value.code, caught.value.details["missions"]) == (
        "ambiguous-mission",
        ["alpha", "alpha-two", "beta"],
    )
    new_place(root, "alpha-three")
    with pytest.raises(InvalidInputError) as caught:
        found(root, "alpha-")
    assert caught.value.details["missions"] == ["alpha-three", "alpha-two"]


@pytest.mark.parametrize("slug", ["gamma", "..", "../missions/alpha", "", "."])
def test_a_mission_that_is_not_there_is_told_with_those_that_are(root: Path, slug: str) -> None:
    new_place(root, "alpha")
    new_place(root, "beta")
    (root / "missions" / "not-a-mission").mkdir()
    with pytest.raises(NotFoundError) as caught:
        found(root, slug)
    assert (caught.value.code, caught.value.details["missions"]) == ("mission-not-found", ["alpha", "beta"])


def test_where_nothing_is_said_it_is_the_branchs_or_the_only_one(root: Path) -> None:
    mine = new_place(root, "mission-control")
    assert found(root) == mine.folder
    new_place(root, "other").lanes.write_text("broken")
    lanes = (WorkLane("lane-a", ("WP01",), branch="mission/mission-control-lane-a"), WorkLane("lane-b", ("WP02",)))
    text = write_lanes(LanesFile("mission-control", None, "mission/mission-control", "main", lanes))
    mine.lanes.write_text(text)
    for branch in ("mission/mission-control-lane-a", "mission/mission-control-lane-b", "mission/mission-control"):
        git(root, "checkout", "--quiet", "-B", branch)
        assert found(root) == mine.folder
    git(root, "checkout", "--quiet", "main")
    with pytest.raises(InvalidInputError):
        found(root)


def test_without_any_mission_the_way_to_begin_one_is_told(root: Path) -> None:
    with pytest.raises(NotFoundError, match="signoff mission init SLUG"):
        found(root)
