from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mission_samples import event, files, lanes_json, package

from signoff.missions.finding import Finding
from signoff.missions.lanes_file import read_lanes
from signoff.missions.ownership import CommitContext, active_work_package, judge_commit, matches
from signoff.missions.reduce import Reduced, reduce

LANES = read_lanes(lanes_json())


def status(**lanes: str) -> Reduced:
    """Packages in these lanes."""
    return reduce([event(at, "planned", lane, wp_id) for at, (wp_id, lane) in enumerate(lanes.items(), start=1)])


def judged(
    staged: list[str], *, lane_id: str = "lane-a", worktree_wp: str | None = None, **given: Any
) -> list[Finding]:
    reduced = given.pop("reduced", status(WP01="in_progress", WP02="planned"))
    return judge_commit(files(**given), LANES, reduced, CommitContext(lane_id, staged, worktree_wp))


@pytest.mark.parametrize(
    ("glob", "path", "is_match"),
    [
        ("src/**", "src/a/b.py", True),
        ("src/**", "src/a.py", True),
        ("src/**", "source/a.py", False),
        ("src/*", "src/a.py", True),
        ("src/*", "src/a/b.py", False),
        ("src/*.py", "src/.py", True),
        ("**/test_*.py", "test_a.py", True),
        ("**/test_*.py", "a/b/test_a.py", True),
        ("**/test_*.py", "a/contest_a.py", False),
        ("src/**/x.py", "src/x.py", True),
        ("src/**/x.py", "src/a/b/x.py", True),
        ("docs/", "docs/a/b.md", True),
        ("./README.md", "README.md", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("a[b]c", "abc", False),
        ("src/a.py", "src/a.py\n", False),
        ("*" * 500 + "x", "y" * 5_000, False),
        ("*a" * 300, "a" * 200 + "b", False),
        ("x" * 1_001, "x" * 1_001, False),
    ],
)
def test_two_stars_cross_folders_and_one_does_not(glob: str, path: str, is_match: bool) -> None:
    assert matches(glob, path) is is_match


def test_the_active_package_is_the_one_that_is_worked_on_or_reviewed_now() -> None:
    for lane in ("in_progress", "for_review", "in_review"):
        assert active_work_package(LANES, "lane-a", status(WP01="done", WP02=lane)) == "WP02"


@pytest.mark.parametrize(
    ("lane_id", "reduced", "diagnostic_code"),
    [
        ("lane-a", status(WP01="done", WP02="claimed"), "ACTIVE_WP_CONTEXT_MISSING"),
        ("lane-a", status(WP01="in_progress", WP02="for_review"), "ACTIVE_WP_CONTEXT_AMBIGUOUS"),
        ("lane-z", status(WP01="in_progress"), "ACTIVE_WP_CONTEXT_STALE"),
    ],
)
def test_without_one_active_package_the_reason_is_told(lane_id: str, reduced: Reduced, diagnostic_code: str) -> None:
    (told,) = judged(["src/ledger/a.py"], lane_id=lane_id, reduced=reduced)
    assert (told.diagnostic_code, told.severity) == (diagnostic_code, "error")


def test_a_commit_of_the_active_packages_files_is_let_through() -> None:
    assert judged(["src/ledger/deep/a.py", "docs/x.md"], worktree_wp="WP01") == []
    assert judged([]) == []


def test_a_file_of_another_package_is_refused_with_the_active_ones_globs() -> None:
    packages = {"WP01-a.md": package(), "WP02-b.md": package("WP02").replace("src/ledger/**", "src/console/**")}
    reduced = status(WP01="approved", WP02="in_progress")
    (told,) = judged(["src/ledger/a.py", "src/console/b.py", "docs/x/y.md"], reduced=reduced, work_packages=packages)
    assert told.to_wire() == {
        "diagnostic_code": "ACTIVE_WP_SCOPE_VIOLATION",
        "severity": "error",
        "work_package_id": "WP02",
        "message": told.message,
        "files": ["src/ledger/a.py", "docs/x/y.md"],
        "owned_files": ["src/console/**", "docs/*.md"],
    }
    assert "WP02 does not own src/ledger/a.py, docs/x/y.md" in told.message
    assert "src/console/**" in told.message


def test_files_that_a_package_means_to_create_are_its_own() -> None:
    with_intent = package(more="create_intent:\n- notes/new.md\n")
    assert judged(["notes/new.md"], work_packages={"WP01-a.md": with_intent}) == []


def test_of_many_foreign_files_the_first_are_told() -> None:
    (told,) = judged([f"x/{number}" for number in range(50)])
    assert "and 30 more" in told.message
    assert len(told.details["files"]) == 50


def test_a_worktree_that_was_made_for_another_package_is_stale() -> None:
    (told,) = judged(["src/ledger/a.py"], worktree_wp="WP02")
    assert (told.diagnostic_code, told.work_package_id) == ("ACTIVE_WP_CONTEXT_STALE", "WP01")


@pytest.mark.parametrize(
    ("packages", "diagnostic_code"),
    [
        ({}, "ACTIVE_WP_METADATA_MISSING"),
        ({"WP01-a.md": "# nothing"}, "ACTIVE_WP_METADATA_INVALID"),
        ({"WP01-a.md": "---\nwork_package_id: WP01\n---\n"}, "ACTIVE_WP_METADATA_INVALID"),
    ],
)
def test_a_package_whose_file_does_not_say_what_it_owns_lets_nothing_through(
    packages: dict[str, str], diagnostic_code: str
) -> None:
    (told,) = judged(["src/ledger/a.py"], work_packages=packages)
    assert told.diagnostic_code == diagnostic_code


def test_a_lane_may_be_shared_and_the_guard_follows_who_is_active() -> None:
    lane = replace(LANES.lanes[0], wp_ids=("WP01", "WP04"))
    shared = replace(LANES, lanes=(lane,))
    packages = {"WP01-a.md": package(), "WP04-b.md": package("WP04").replace("src/ledger/**", "src/guard/**")}
    commit = CommitContext("lane-a", ["src/ledger/a.py"])
    active_four = status(WP01="done", WP04="in_progress")
    (told,) = judge_commit(files(work_packages=packages), shared, active_four, commit)
    assert (told.work_package_id, told.details["owned_files"][0]) == ("WP04", "src/guard/**")
    assert judge_commit(files(work_packages=packages), shared, status(WP01="in_progress"), commit) == []
