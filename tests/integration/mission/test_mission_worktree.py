"""The worktree of a lane: made once, found again, with what its lane depends on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mission_places import PERSON, commit_file, git, new_repository

from signoff.errors import InvalidInputError, OperationError
from signoff.missions.lanes_file import LanesFile, WorkLane
from signoff.runners.mission.acting_git import act_git, check_branch_name
from signoff.runners.mission.place import Checkout, find_checkout
from signoff.runners.mission.worktree import LaneContext, open_worktree, read_context, write_context

FIRST = WorkLane("lane-a", ("WP01",), branch="mission/demo-lane-a", worktree="mission-demo-lane-a")
SECOND = WorkLane("lane-b", ("WP02",), depends_on_lanes=("lane-a",), branch="mission/demo-lane-b", worktree="b")
LANES = LanesFile("demo", None, "mission/demo", "main", (FIRST, SECOND))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    for name, value in PERSON.items():
        monkeypatch.setenv(name, value)
    return find_checkout(new_repository(tmp_path / "repo"))


def test_a_lanes_worktree_is_made_from_the_missions_branch_and_found_again(checkout: Checkout) -> None:
    made = open_worktree(checkout, LANES, FIRST)
    assert made.path == checkout.root / ".worktrees" / "mission-demo-lane-a"
    assert (made.branch, made.was_made) == ("mission/demo-lane-a", True)
    assert git(made.path, "symbolic-ref", "--short", "HEAD") == "mission/demo-lane-a"
    commits = {git(checkout.root, "rev-parse", name) for name in ("main", "mission/demo", "mission/demo-lane-a")}
    assert commits == {made.head}
    assert git(checkout.root, "status", "--porcelain") == ""
    head = commit_file(made.path, "new.txt")
    again = open_worktree(checkout, LANES, FIRST)
    assert (again.path, again.head, again.was_made) == (made.path, head, False)


def test_a_worktree_whose_folder_was_deleted_is_made_anew_with_its_work(checkout: Checkout) -> None:
    made = open_worktree(checkout, LANES, FIRST)
    head = commit_file(made.path, "new.txt")
    shutil.rmtree(made.path)
    again = open_worktree(checkout, LANES, FIRST)
    assert (again.head, again.was_made, (again.path / "new.txt").exists()) == (head, True, True)


def test_a_lane_has_the_work_of_the_lanes_that_it_depends_on(checkout: Checkout) -> None:
    assert open_worktree(checkout, LANES, SECOND).was_made  # that nobody has begun yet
    first = open_worktree(checkout, LANES, FIRST)
    commit_file(first.path, "first.txt")
    second = open_worktree(checkout, LANES, SECOND)
    assert (second.path / "first.txt").exists()
    assert open_worktree(checkout, LANES, SECOND).head == second.head


def test_what_cannot_be_merged_is_left_to_a_person_and_the_worktree_as_it_was(checkout: Checkout) -> None:
    commit_file(open_worktree(checkout, LANES, FIRST).path, "same.txt", "one\n")
    git(checkout.root, "branch", "mission/demo-lane-b", "mission/demo")
    git(checkout.root, "worktree", "add", "--quiet", "../b", "mission/demo-lane-b")
    second = checkout.root.parent / "b"
    head = commit_file(second, "same.txt", "two\n")
    with pytest.raises(OperationError) as caught:
        open_worktree(checkout, LANES, SECOND)
    assert (caught.value.code, caught.value.details["worktree"]) == ("lane-conflict", str(second))
    assert (git(second, "rev-parse", "HEAD"), git(second, "status", "--porcelain")) == (head, "")


def test_a_target_without_a_commit_is_told(checkout: Checkout) -> None:
    with pytest.raises(InvalidInputError) as caught:
        open_worktree(checkout, LanesFile("demo", None, "mission/demo", "release", (FIRST,)), FIRST)
    assert caught.value.code == "no-target-branch"


@pytest.mark.parametrize("name", ["../../out", ".hidden", "-f", ""])
def test_a_worktree_stays_among_the_others(checkout: Checkout, name: str) -> None:
    lane = WorkLane("lane-a", (), branch="mission/demo-lane-a", worktree=name or " \n")
    with pytest.raises(InvalidInputError) as caught:
        open_worktree(checkout, LANES, lane)
    assert caught.value.code == "bad-worktree-name"
    assert git(checkout.root, "branch", "--list", "mission/*") == ""


def test_what_a_worktree_is_for_is_noted_where_no_commit_meets_it(checkout: Checkout) -> None:
    context = LaneContext("demo", None, "lane-a", "WP01", "mission/demo", "mission/demo-lane-a", "0" * 40)
    first, second = (open_worktree(checkout, LANES, lane).path for lane in (FIRST, SECOND))
    write_context(first, context)
    assert (read_context(first), read_context(second), read_context(checkout.root)) == (context, None, None)
    assert git(first, "status", "--porcelain", "--ignored") == ""
    Path(git(first, "rev-parse", "--absolute-git-dir"), "signoff-lane.json").write_text('{"lane_id": 1}')
    assert read_context(first) is None


def test_git_acts_where_it_is_told_to_whatever_a_hook_left_in_the_environment(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setenv("SIGNOFF_TOKEN", "secret")
    assert act_git(checkout.root, "rev-parse", "--show-toplevel") == str(checkout.root)
    assert act_git(checkout.root, "-c", "alias.told=!echo [$SIGNOFF_TOKEN]", "told") == "[]"


def test_what_git_says_against_it_is_told(checkout: Checkout) -> None:
    with pytest.raises(OperationError, match=r"git checkout failed .*nowhere") as caught:
        act_git(checkout.root, "checkout", "nowhere")
    assert caught.value.code == "git-failed"


@pytest.mark.parametrize("name", ["main", "feature#1", "release/3.2", "übung"])
def test_branches_are_called_as_people_like(name: str) -> None:
    assert check_branch_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-f", "a..b", "a b", "refs/heads/main", "HEAD", "@", "a.lock", "a/.b", "a/", "a:b", "a\nb", "@{-1}"]
)
def test_what_git_would_take_for_something_else_is_no_name_of_a_branch(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_branch_name(name)
    assert caught.value.code == "bad-branch-name"
