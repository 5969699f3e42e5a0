"""`mission adopt`: trees of older tools, carried to their merge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mission_places import commit_file, git, new_repository
from mission_repository import MissionRepository

PACKAGE = """---
work_package_id: {wp_id}
title: {title}
dependencies: [{needs}]
subtasks: [T001]
{owned}---
# {title}

- [x] T001 Write it
"""


@pytest.fixture
def old(tmp_path: Path) -> MissionRepository:
    """A mission of an older tool, with a branch that its name does not tell, and only what the oldest ones have."""
    root = new_repository(tmp_path / "repo")
    (root / ".gitignore").write_text(".signoff/\n")
    folder = root / "kitty-specs" / "012-größe"
    (folder / "tasks").mkdir(parents=True)
    for wp_id, needs, owned in (("WP01", "", "owned_files: [src/one/**]\n"), ("WP02", "WP01, WP77", "")):
        text = PACKAGE.format(wp_id=wp_id, title=f"Package {wp_id}", needs=needs, owned=owned)
        (folder / "tasks" / f"{wp_id}-old.md").write_text(text)
    event = {"event_id": "0d0e", "at": "2025-01-01T00:00:00Z", "actor": "zoe", "feature_slug": "012-größe",
             "wp_id": "WP01", "from_lane": "planned", "to_lane": "doing"}  # fmt: skip
    (folder / "status.events.jsonl").write_text(json.dumps(event) + "\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "An older tool's")
    return MissionRepository(root, "012-größe")


def test_what_is_missing_is_said_with_the_command_that_makes_it(old: MissionRepository) -> None:
    refused = old("mission", "preflight")
    assert refused.code != 0
    assert "signoff mission adopt" in refused.err
    assert "Traceback" not in refused.err


def test_an_adopted_mission_is_carried_to_its_merge_and_nothing_that_was_there_changes(old: MissionRepository) -> None:
    folder = old.root / "kitty-specs" / old.slug
    log, files = folder / "status.events.jsonl", {path: path.read_text() for path in folder.glob("tasks/*.md")}
    before = log.read_text()
    made = old.json("mission", "adopt", "012")
    assert made["made"] == [f"kitty-specs/{old.slug}/{name}" for name in ("meta.json", "lanes.json")]
    assert (made["target_branch"], made["mission_number"], made["planned"]) == ("main", 1, ["WP02"])
    assert made["without_owned_files"] == ["WP02"]
    assert log.read_text().startswith(before)
    assert {path: path.read_text() for path in files} == files
    again = old.json("mission", "adopt")
    assert (again["made"], again["planned"], again["mission_id"]) == ([], [], made["mission_id"])
    summary = old.json("mission", "validate", str(folder))["summary"]
    assert summary == {"ILLEGAL_UNFORCED_EDGE": 1}

    git(old.root, "add", ".")
    git(old.root, "commit", "--quiet", "-m", "Adopt it")
    worktree = Path(old.json("mission", "start", "WP01")["workspace"])
    commit_file(worktree, "src/one/a.py")
    old.answer("approve", old.ask("WP01")["gate"])
    old.json("mission", "claim", "WP02")
    commit_file(Path(old.json("mission", "start", "WP02")["workspace"]), "src/two/b.py")
    old.answer("approve", old.ask("WP02")["gate"])
    assert old.json("mission", "preflight")["ready"] is True
    assert [one["work_package_id"] for one in old.json("mission", "merge")["done"]] == ["WP01", "WP02"]
    assert (old.root / "src/two/b.py").exists()


def test_work_that_is_on_a_branch_already_is_in_one_lane_of_that_name(old: MissionRepository) -> None:
    git(old.root, "branch", "012-größe")
    made = old.json("mission", "adopt", "--branch", "012-größe")
    assert made["lanes"] == {"lane-a": ["WP01", "WP02"]}
    assert old.json("mission", "adopt", "--branch", "other", code=2)["code"] == "lanes-exist"
    assert old.json("mission", "start", "WP01")["branch"] == "012-größe"


def test_what_cannot_be_adopted_is_said(old: MissionRepository) -> None:
    assert old.json("mission", "adopt", "--target", "nowhere", code=2)["code"] == "no-target-branch"
    folder = old.root / "kitty-specs" / old.slug
    for path in folder.glob("tasks/*.md"):
        path.unlink()
    assert old.json("mission", "adopt", code=2)["code"] == "no-work-packages"
    assert not (folder / "meta.json").exists()
    assert "signoff mission plan" in old("mission", "adopt").err


def test_what_meta_json_says_stays_and_what_it_does_not_say_is_given(old: MissionRepository) -> None:
    meta = old.root / "kitty-specs" / old.slug / "meta.json"
    meta.write_text(json.dumps({"feature_slug": old.slug, "feature_number": "012", "vcs": "git"}))
    assert old("mission", "tasks").code == 2
    made = old.json("mission", "adopt")
    told = json.loads(meta.read_text())
    assert (told["mission_number"], told["vcs"], told["target_branch"]) == ("012", "git", "main")
    assert told["mission_id"] == made["mission_id"]
