"""What two people do at the same moment is done once, and what nobody expects in a mission's files ends in words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mission_places import PERSON, new_repository
from mission_repository import MissionRepository

from signoff.missions.lane import Lane
from signoff.missions.review_cycle import NUMBER_DIGITS_MAX

AT_ONCE = 6


def at_once(root: Path, *commands: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """Exit codes and documents of commands that are started together."""
    started = [
        subprocess.Popen([sys.executable, "-m", "signoff", "mission", *words, "--json"], cwd=root, env=PERSON,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for words in commands
    ]  # fmt: skip
    ended = [(one, one.communicate(timeout=60)) for one in started]
    return [(one.returncode, json.loads(out)) for one, (out, _) in ended]


def test_a_mission_is_begun_once_and_every_number_is_given_once(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "repo")
    same = [["init", "alpha"] for _ in range(AT_ONCE)]
    ended = at_once(root, *same, *([["init", f"m{n}"] for n in range(AT_ONCE)]))
    won = [document for code, document in ended if code == 0]
    lost = [document for code, document in ended if code != 0]
    assert [document["code"] for document in lost] == ["mission-exists"] * (AT_ONCE - 1)
    assert sorted(document["mission_number"] for document in won) == list(range(1, AT_ONCE + 2))
    (alpha,) = [document for document in won if document["mission_slug"] == "alpha"]
    assert json.loads((root / "missions/alpha/meta.json").read_text())["mission_id"] == alpha["mission_id"]


def test_reviews_that_are_asked_for_at_once_are_one(repo: MissionRepository) -> None:
    repo.start("WP01")
    repo.json("mission", "submit", "WP01", "--all-done")
    ended = at_once(repo.root, *([["review", "WP01"]] * 3))
    assert [code for code, _ in ended] == [3, 3, 3], ended
    gates = [document["gate"] for _, document in ended]
    assert gates[0] == gates[1] == gates[2]
    assert [event.to_lane for event in repo.state.reduced.events].count(Lane.IN_REVIEW) == 1


def test_a_gate_of_a_mission_is_answered_from_every_worktree(repo: MissionRepository) -> None:
    worktree = repo.start("WP01")
    gate = repo.ask("WP01")["gate"]
    where = (gate["workflowID"], gate["gateKey"])
    assert repo.json("gate", "show", *where, here=worktree)["state"] == "PENDING"
    assert repo("gate", "approve", *where, "--as", "Grace", here=worktree / "src").code == 0
    assert repo("mission", "status", here=worktree).code == 0
    assert repo.lane_of("WP01") == "approved"
    assert not (worktree / ".signoff").exists()


@pytest.mark.parametrize("number", [999_999, 10**14])
def test_a_review_is_recorded_behind_any_number(repo: MissionRepository, number: int) -> None:
    repo.start("WP01")
    (repo.folder / "tasks" / "WP01-the-parser").mkdir()
    high = repo.folder / "tasks" / "WP01-the-parser" / f"review-cycle-{number}.md"
    high.write_text("by hand\n")
    repo.answer("reject", repo.ask("WP01")["gate"])
    repo.json("mission", "status")
    repo.answer("reject", repo.ask("WP01")["gate"])
    repo.json("mission", "status")
    assert sorted(repo.cycles("WP01")) == sorted(f"review-cycle-{n}.md" for n in (number, number + 1, number + 2))
    found = repo("mission", "validate", str(repo.folder), "--json").document["missions"][0]["findings"]
    (gap,) = [one for one in found if one["diagnostic_code"] == "REVIEW_CYCLE_NUMBERING_GAP"]
    assert gap["missing_numbers"] == list(range(1, 101))


def test_a_review_behind_the_last_number_is_told_and_counts_nowhere(repo: MissionRepository) -> None:
    repo.start("WP01")
    folder = repo.folder / "tasks" / "WP01-the-parser"
    folder.mkdir()
    (folder / f"review-cycle-{'9' * NUMBER_DIGITS_MAX}.md").write_text("by hand\n")
    repo.answer("approve", repo.ask("WP01")["gate"])
    for _ in range(2):
        told = repo("mission", "status")
        assert "no number behind that of the newest review" in told.err
        assert (repo.lane_of("WP01"), len(repo.cycles("WP01"))) == ("in_review", 1)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_at_the_end_of_the_calendar_is_told_and_moves_nothing(repo: MissionRepository, at: str) -> None:
    repo.json("mission", "claim", "WP01")
    log = repo.folder / "status.events.jsonl"
    *others, last = log.read_text().splitlines()
    log.write_text("\n".join([*others, json.dumps({**json.loads(last), "at": at}, sort_keys=True)]) + "\n")
    assert repo("mission", "status").code == 0
    before = log.read_text()
    refused = repo.json("mission", "move", "WP01", "--to", "blocked", code=1)
    assert (refused["diagnostic_code"], refused["violated_invariant"]) == ("STATUS_LANE_NOT_REACHED", "STA-006")
    assert log.read_text() == before
    repo.json("mission", "move", "WP02", "--to", "blocked")


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    repo = MissionRepository(new_repository(tmp_path / "repo"))
    folder = repo.root / "missions" / repo.slug
    folder.mkdir(parents=True)
    (folder / "tasks").write_text("a file\n")
    assert repo.json("mission", "init", repo.slug, code=2)["code"] == "unwritable-file"
    assert not (folder / "meta.json").exists()
    (folder / "tasks").unlink()
    repo.json("mission", "init", repo.slug)
    (folder / "tasks").rmdir()
    (folder / "tasks").write_text("a file\n")
    (folder / "plan.md").write_text("## Work packages\n\n### WP01: One\n- Owns: src/**\n")
    assert repo.json("mission", "tasks", code=2)["code"] == "unwritable-file"
    found = repo("mission", "validate", str(folder), "--json").document["missions"][0]["findings"]
    assert [(one["diagnostic_code"], one["path"]) for one in found] == [("MISSION_FILE_UNREADABLE", "tasks")]
    assert repo("mission", "status").code == 0
