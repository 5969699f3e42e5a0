"""meta.json, lanes.json, work packages and review cycles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mission_samples import META, cycle, files, lanes_json, package

from signoff.errors import InvalidInputError, MissionError
from signoff.missions import review_cycle
from signoff.missions.branch import check_branch, make_focused_branch, make_lane_branch, make_mission_branch
from signoff.missions.files import work_package_in
from signoff.missions.lanes_file import LanesFile, WorkLane, read_lanes, write_lanes
from signoff.missions.meta import read_meta, write_meta
from signoff.missions.review_cycle import read_review_cycle, write_review_cycle
from signoff.missions.work_package import read_work_package

WP = "tasks/WP01-ledger.md"


def test_meta_is_written_as_it_was_read_with_what_nobody_knows() -> None:
    text = write_meta(META).replace("{", '{\n  "vcs": "git",', 1)
    meta = read_meta(text)
    assert (meta.mission_number, meta.target_branch, meta.extra) == (7, "main", {"vcs": "git"})
    assert read_meta(write_meta(meta)) == meta


def test_the_old_names_in_meta_are_understood() -> None:
    meta = read_meta('{"feature_slug": "ledger", "feature_number": "012", "mission": "software-dev"}')
    assert (meta.mission_slug, meta.mission_number, meta.mission_type) == ("ledger", "012", "software-dev")
    assert (meta.mission_id, meta.extra) == (None, {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"mission_slug": "x", "a": ' + "[" * 60 + "]" * 60 + "}", 1),
        *(("{", 1), ("{\n  x", 2), ("[]", 1), ('{"mission_slug": 3}', 1), ("{}", 1), ("[" * 100_000, 1)),
        ('{"mission_slug": "x", "mission_number": true}', 1),
    ],
)
def test_meta_that_cannot_be_taken_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(MissionError) as refused:
        read_meta(text)
    assert (refused.value.path, refused.value.line) == ("meta.json", line)


def lanes(*made: tuple[str, list[str], list[str]]) -> LanesFile:
    wire = [{"lane_id": name, "wp_ids": ids, "depends_on_lanes": needs} for name, ids, needs in made]
    return read_lanes(lanes_json(lanes=wire))


def test_lanes_know_their_packages_and_what_they_wait_for() -> None:
    found = lanes(("lane-b", ["WP02"], ["lane-a"]), ("lane-a", ["WP01"], []))
    lane = found.lane_of("WP02")
    assert lane is not None
    assert (lane.lane_id, found.lane_of("WP09"), found.lane("lane-z")) == ("lane-b", None, None)
    assert [one.lane_id for one in found.in_merge_order()] == ["lane-a", "lane-b"]
    assert read_lanes(write_lanes(found)) == found


def test_lanes_that_wait_for_each_other_have_no_order() -> None:
    with pytest.raises(MissionError, match="lane-a, lane-b"):
        lanes(("lane-a", ["WP01"], ["lane-b"]), ("lane-b", ["WP02"], ["lane-a"])).in_merge_order()


def test_branches_are_those_that_were_made_or_come_from_the_missions_own() -> None:
    made = lanes(("lane-a", ["WP01"], []))
    assert made.branch_of(made.lanes[0]) == "mission/ledger-lane-a"
    named = WorkLane("lane-a", ("WP01",), branch="x/y", worktree="there")
    assert (made.branch_of(named), made.worktree_of(named)) == ("x/y", "there")
    assert made.worktree_of(made.lanes[0]) == "mission-ledger-lane-a"


def test_a_slug_may_begin_as_branches_do() -> None:
    mission = make_mission_branch("mission-impossible")
    assert (mission, make_lane_branch(mission, "lane-a")) == (
        "mission/mission-impossible",
        "mission/mission-impossible-lane-a",
    )
    assert make_focused_branch("mission-x", "release/3.2") == "signoff/pr/mission-x-to-release-3.2"


@pytest.mark.parametrize(
    ("slug", "target", "focused"),
    [
        ("größe", "vydání/3.2", "signoff/pr/größe-to-vydání-3.2"),
        ("012 ledger", "release#1", "signoff/pr/012-ledger-to-release-1"),
        ("発表", "主", "signoff/pr/発表-to-主"),
        ("a..b", "x.lock", "signoff/pr/a.b-to-x"),
    ],
)
def test_names_in_every_script_and_of_older_tools_make_branches(slug: str, target: str, focused: str) -> None:
    assert make_focused_branch(slug, target) == focused
    lane = make_lane_branch(make_mission_branch(slug), "lane-a")
    assert lane.endswith("-lane-a")
    assert check_branch(lane) == lane


@pytest.mark.parametrize(
    "name",
    ["-x", "a b", "a..b", "a.lock", "a.lock/b", "a/", "/a", "a//b", "", "a\n", "x" * 241, "ä" * 121, "a.", "@{u}"],
)
def test_what_git_or_a_shell_would_take_for_something_else_is_no_branch(name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_branch(name)
    assert refused.value.code == "bad-branch-name"


LANE = {"lane_id": "lane-a", "wp_ids": ["WP01"]}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"mission_branch": None}, "mission_branch"),
        ({"target_branch": ""}, "target_branch"),
        ({"mission_id": 3}, "mission_id"),
        ({"version": "1"}, "version"),
        ({"lanes": {}}, "lanes"),
        ({"lanes": [{}]}, "lanes[0]"),
        ({"lanes": [{**LANE, "wp_ids": [1]}]}, "wp_ids"),
        ({"lanes": [{**LANE, "branch": 1}]}, "branch"),
        ({"lanes": [LANE, {**LANE, "lane_id": "lane-b"}]}, "WP01 in lane-a and lane-b"),
        ({"lanes": [LANE, {**LANE, "wp_ids": []}]}, "again"),
    ],
)
def test_what_cannot_be_taken_in_lanes_is_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(MissionError) as refused:
        read_lanes(lanes_json(**changes))
    assert what in refused.value.message


def test_lanes_of_older_tools_keep_what_they_say() -> None:
    wire = json.loads(lanes_json(computed_at="now", lanes=[{**LANE, "parallel_group": 2}]))
    wire["feature_slug"] = wire.pop("mission_slug")
    found = read_lanes(json.dumps(wire))
    assert (found.mission_slug, found.extra, found.lanes[0].extra) == (
        "ledger",
        {"computed_at": "now"},
        {"parallel_group": 2},
    )


def test_a_work_package_says_all_that_its_front_matter_does() -> None:
    text = package(more="assignee: ''\nhistory:\n- at: '2026-05-02T08:10:17Z'\n  actor: system\ncolour: red\n")
    found = read_work_package(text, path=WP)
    assert (found.work_package_id, found.title, found.subtasks) == ("WP01", "The ledger", ("T001", "T002"))
    assert found.history == ({"at": "2026-05-02T08:10:17Z", "actor": "system"},)
    assert (found.unknown, found.members["colour"]) == (("colour",), "red")
    assert found.body == "# What to do\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("# no front matter", 1, "front matter"),
        (package("WP02"), 2, "WP02"),
        (package().replace("work_package_id: WP01\n", ""), 2, "no work_package_id"),
        (package().replace("WP01", "first"), 2, "first"),
        (package(more="execution_mode: magic\n"), 11, "magic"),
        (package().replace("dependencies: []", "dependencies: '[]'"), 4, "dependencies"),
        (package().replace("- src/ledger/**", "- {a: 1}"), 9, "owned_files"),
        (package(more="agent: [a]\n"), 11, "agent"),
        (package().replace("- T001", "- 7"), 6, "subtasks"),
        (package(more="history: today\n"), 11, "history"),
    ],
)
def test_what_cannot_be_taken_in_a_work_package_is_named_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(MissionError) as refused:
        read_work_package(text, path=WP)
    assert (refused.value.line, what in refused.value.message) == (line, True)


@pytest.mark.parametrize(
    ("body", "tasks_md", "left"),
    [
        ("", "", ("T001", "T002")),
        ("- [x] T001 one\n- [X] T002 two\n", "", ()),
        ("- [x] T001 one\n- [ ] T002 two\n", "- [x] T002 two\n", ("T002",)),
        ("- [x] T001\n", "* [x] **T002** two\n- [ ] T009 of another package\n", ()),
        ("- [x] T001\n- [x] T002\n- [ ] T003 found on the way\n", "", ("T003",)),
        ("- [x] T001\n- [ ] T001 again\n- [x] T002\n", "", ("T001",)),
        ("T001 and T002 are done\n", "", ("T001", "T002")),
    ],
)
def test_a_subtask_is_done_when_its_box_is_ticked(body: str, tasks_md: str, left: tuple[str, ...]) -> None:
    assert read_work_package(package(body=body), path=WP).open_subtasks(tasks_md) == left


def test_older_subtasks_are_mappings_with_an_id() -> None:
    text = package().replace("- T001\n", "- id: T001\n  title: One\n")
    assert read_work_package(text, path=WP).subtasks == ("T001", "T002")


def test_a_review_cycle_is_written_as_it_was_read() -> None:
    text = cycle(3, "rejected", more="extra: kept\n").replace(
        "affected_files: []", "affected_files:\n- path: a.py\n  line_range: 1-2"
    )
    found = read_review_cycle(text, path="review-cycle-3.md")
    assert (found.cycle_number, found.verdict, found.reviewer_agent) == (3, "rejected", "rita")
    assert (found.affected_files, found.extra) == (({"path": "a.py", "line_range": "1-2"},), {"extra": "kept"})
    assert read_review_cycle(write_review_cycle(found), path="x") == found


@pytest.mark.parametrize(
    ("actor", "reason", "is_overridden"),
    [
        ("ada", "seen by phone", True),
        ("ada", " ", False),
        ("ada", None, False),
        (None, "why", False),
        (None, None, False),
    ],
)
def test_an_override_is_complete_with_an_actor_and_a_reason(
    actor: str | None, reason: str | None, is_overridden: bool
) -> None:
    said = {"review_artifact_override_actor": actor, "review_artifact_override_reason": reason}
    more = "".join(f"{key}: {json.dumps(value)}\n" for key, value in said.items() if value is not None)
    found = read_review_cycle(cycle(1, "rejected", more=more), path="x")
    assert found.is_overridden is is_overridden
    assert read_review_cycle(write_review_cycle(found), path="x") == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cycle_number: 1", "cycle_number: 0"),
        ("cycle_number: 1", "cycle_number: true"),
        ("verdict: approved", "verdict: changes_requested"),
        ("verdict: approved\n", ""),
        ("reviewer_agent: rita", "reviewer_agent: ''"),
        ("'2026-05-02T09:50:15+00:00'", "yesterday"),
        ("reproduction_command: null", "reproduction_command: [a]"),
        ("affected_files: []", "affected_files: [a]"),
        ("mission_slug: ledger\n", ""),
    ],
)
def test_a_review_cycle_without_what_it_needs_is_refused(before: str, after: str) -> None:
    with pytest.raises(MissionError) as refused:
        read_review_cycle(cycle(1).replace(before, after), path="review-cycle-1.md")
    assert refused.value.message.startswith("review-cycle-1.md:")


def test_the_newest_review_has_the_highest_number_in_its_name_and_gaps_stay() -> None:
    names = ["review-cycle-10.md", "review-cycle-9.md", "review-cycle-2.md", "baseline-tests.json", "review-cycle-x.md"]
    assert review_cycle.newest(names) == "review-cycle-10.md"
    assert review_cycle.next_number(names) == 11
    assert review_cycle.in_order(names) == ["review-cycle-2.md", "review-cycle-9.md", "review-cycle-10.md"]
    assert (review_cycle.newest([]), review_cycle.next_number([])) == (None, 1)
    assert review_cycle.file_name(4) == "review-cycle-4.md"


def test_a_file_or_folder_of_a_package_begins_with_its_id() -> None:
    names = ["WP01-ledger.md", "WP01", "WP12.md", "README.md", "WP1x", "wp01-x.md"]
    assert [work_package_in(name) for name in names] == ["WP01", "WP01", "WP12", None, None, None]
    found = files()
    assert (found.work_package_file("WP02"), found.work_package_file("WP09")) == ("WP02-console.md", None)
    assert list(found.cycles_of("WP01")) == ["tasks/WP01-ledger/review-cycle-1.md"]


@pytest.mark.parametrize(
    ("mode", "changes_code", "worked_on_in"),
    [("code_change", True, "worktree"), ("planning_artifact", False, "direct_repo")],
)
def test_a_package_that_changes_no_code_is_worked_on_in_the_repository_itself(
    mode: str, changes_code: bool, worked_on_in: str
) -> None:
    found = read_work_package(package(more=f"execution_mode: {mode}\n"), path="tasks/WP01-ledger.md")
    assert (found.changes_code, found.worked_on_in) == (changes_code, worked_on_in)
