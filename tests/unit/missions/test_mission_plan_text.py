"""What a plan says of its work packages, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signoff.errors import MissionError
from signoff.missions.lanes_file import LanesFile, WorkLane, read_lanes, write_lanes
from signoff.missions.plan_text import PlannedPackage, read_plan
from signoff.missions.scaffold import PLAN, SPEC, fill, plan_lanes, tasks_text, work_package_text
from signoff.missions.tick import tick
from signoff.missions.work_package import read_work_package

HEAD = "# Plan\n\n### WP77: Not in the section\n\n## Work packages\n\n"
EMPTY = LanesFile("demo", None, "mission/demo", "main")


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(MissionError) as caught:
        read_plan(text, path="plan.md")
    return [(one["line"], one["code"]) for one in caught.value.details["problems"]]


def test_a_package_is_read_with_all_that_can_be_said_of_it() -> None:
    text = HEAD + (
        "### WP01: The ledger #\n\n- Owns: `src/ledger/**`, tests/**\n- creates: docs/x.md\n- Depends on: none\n"
        "- Lane: `core`\n- Mode: planning_artifact\n- Requirements: FR-001, FR-002\n\nWhat to do.\n\n- Note: stays.\n\n"
        "```\n### WP09: code\n- [ ] T900 code\n```\n\n#### Deeper\n\n- [ ] T007 Seven\n- [x] Next\n\n"
        "## After\n\n### WP08: No\n"
    )
    (package,) = read_plan(text, path="plan.md")
    assert package == PlannedPackage(
        "WP01",
        "The ledger",
        line=7,
        owned_files=("src/ledger/**", "tests/**"),
        create_intent=("docs/x.md",),
        requirement_refs=("FR-001", "FR-002"),
        execution_mode="planning_artifact",
        lane="core",
        subtasks=(("T007", "Seven"), ("T901", "Next")),
        text=package.text,
    )
    assert package.text.startswith("What to do.\n\n- Note: stays.\n\n```\n### WP09: code\n- [ ] T900 code\n```")
    assert package.file_name == "WP01-the-ledger.md"


def test_the_plan_that_a_mission_begins_with_says_its_grammar_and_keeps_it() -> None:
    (package,) = read_plan(fill(PLAN, "Release"), path="plan.md")
    assert (package.work_package_id, len(package.subtasks)) == ("WP01", 2)
    assert all(f"- {key}:" in PLAN for key in ("Owns", "Creates", "Depends on", "Lane", "Mode", "Requirements"))
    assert fill(SPEC, "Release").startswith("# Release\n")


INVALID_FROM_9 = [(line, "invalid-value") for line in (9, 10, 11)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", [(1, "no-packages")]),
        ("### First\n", [(7, "invalid-heading")]),
        ("### WP01: A\n", [(7, "no-files")]),
        ("### WP01: A\n- Owns: a/**\n- Owns: b/**\n", [(9, "repeated-key")]),
        ("### WP01: A\n- Owns: /a, ../b, c\\d, ~/e\n", [(8, "invalid-value")] * 4),
        ("### WP01: A\n- Owns: a\n- Mode: fast\n- Lane: A B\n- Depends on: two\n", INVALID_FROM_9),
        ("### WP01: A\n- Owns: a\n### WP01: B\n- Owns: b\n", [(9, "repeated-package")]),
        ("### WP01: A\n- Owns: a\n- Depends on: WP02\n", [(7, "unknown-package")]),
        ("### WP01: A\n- Owns: a\n- [ ] T001 x\n- [ ] T001 y\n", [(7, "repeated-subtask")]),
        ("### WP01: A\n- Owns: a\n- Depends on: WP02\n### WP02: B\n- Owns: b\n- Depends on: WP01\n", [(7, "circle")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_plan_is_told_by_its_line(body: str, expected: list[tuple[int, str]]) -> None:
    assert problems(HEAD + body) == expected


def packages(*said: tuple[str, str, str, str | None]) -> list[PlannedPackage]:
    """Of each: its id, the glob that it owns, what it depends on, and its lane."""
    return [
        PlannedPackage(wp_id, wp_id, 1, owned_files=(glob,), dependencies=tuple(needs.split()), lane=lane)
        for wp_id, glob, needs, lane in said
    ]


def lanes_of(*said: tuple[str, str, str, str | None]) -> dict[str, tuple[str, ...]]:
    lanes = plan_lanes(packages(*said), EMPTY, path="plan.md")
    assert read_lanes(write_lanes(lanes)) == lanes
    return {lane.lane_id: lane.wp_ids for lane in lanes.lanes}


def test_packages_share_a_lane_where_they_share_files_or_the_plan_says_so() -> None:
    assert lanes_of(
        ("WP01", "src/a/**", "", None), ("WP02", "src/b/**", "", None), ("WP03", "src/a/x.py", "", None)
    ) == {
        "lane-a": ("WP01", "WP03"),
        "lane-b": ("WP02",),
    }
    assert lanes_of(("WP01", "a/**", "", "core"), ("WP02", "b/**", "", "core"), ("WP03", "c", "", None)) == {
        "core": ("WP01", "WP02"),
        "lane-a": ("WP03",),
    }
    assert lanes_of(("WP01", "**/*.md", "", None), ("WP02", "b/**", "", None)) == {"lane-a": ("WP01", "WP02")}


def test_a_lane_waits_for_those_that_its_packages_need() -> None:
    lanes = plan_lanes(packages(("WP01", "a", "", None), ("WP02", "b", "WP01", None)), EMPTY, path="plan.md")
    assert [(lane.lane_id, lane.depends_on_lanes, lane.write_scope) for lane in lanes.lanes] == [
        ("lane-a", (), ("a",)),
        ("lane-b", ("lane-a",), ("b",)),
    ]
    assert lanes.lanes[0].branch == "mission/demo-lane-a"


def test_lanes_that_would_wait_for_each_other_are_refused() -> None:
    said = packages(("WP01", "a", "", "one"), ("WP02", "b", "WP01", "two"), ("WP03", "c", "WP02", "one"))
    with pytest.raises(MissionError, match="wait for each other: one, two"):
        plan_lanes(said, EMPTY, path="plan.md")


def test_what_is_in_a_lane_stays_in_it_and_keeps_its_names() -> None:
    begun = replace(EMPTY, lanes=(WorkLane("lane-a", ("WP01",), branch="old/branch", worktree="old"),))
    lanes = plan_lanes(packages(("WP01", "a", "", "other"), ("WP02", "b", "", None)), begun, path="plan.md")
    assert [(lane.lane_id, lane.wp_ids, lane.branch) for lane in lanes.lanes] == [
        ("lane-a", ("WP01",), "old/branch"),
        ("lane-b", ("WP02",), "mission/demo-lane-b"),
    ]


def test_a_packages_file_says_what_the_plan_said() -> None:
    planned = PlannedPackage("WP01", "Ünïcode: | only", 3, ("a/**",), subtasks=(("T001", "One"),), text="Do it.")
    text = work_package_text(planned, target_branch="main", at="2026-05-02T09:50:15.123456+00:00", actor="ada")
    package = read_work_package(text, path="tasks/WP01.md")
    assert (package.title, package.owned_files, package.subtasks) == ("Ünïcode: | only", ("a/**",), ("T001",))
    assert (package.merge_target_branch, package.history[0]["action"]) == ("main", "planned")
    assert package.open_subtasks() == ("T001",)
    assert "Do it." in package.body
    assert PlannedPackage("WP01", "日本", 1).file_name == "WP01.md"
    page = tasks_text("Demo", [planned], plan_lanes([planned], EMPTY, path="plan.md"))
    assert "| [WP01](tasks/WP01-n-code-only.md) | Ünïcode: \\| only | lane-a | - |" in page


def test_ticking_changes_the_boxes_of_these_subtasks_and_nothing_else() -> None:
    text = "- [ ] T001 a\r\n* [ ] **T002** b\n- [x] T003 c\n  - [ ] T001b d\n- [ ] no id\n"
    assert tick(text, {"T001", "T002", "T003"}) == text.replace("[ ] T001 a", "[x] T001 a").replace("[ ] **", "[x] **")
    assert tick(text, set()) == text
