"""A mission from its beginning to its release, in real processes: two lanes, a remote, a worker, no event by hand."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import COMMAND, PLAIN, WAIT_S, Place, until

PLAN = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**
- Lane: lane-a

- [ ] T001 Write it

### WP02: The report
- Owns: src/report/**
- Depends on: WP01
- Lane: lane-b

- [ ] T002 Write it
"""
#: As older missions are called; nothing about a branch follows from it.
SLUG = "mission-01KQKV85"
FILES = {"WP01": "src/parser/a.py", "WP02": "src/report/r.py"}


@dataclass(frozen=True)
class Mission:
    root: Path
    place: Place

    def git(self, *words: str, here: Path | None = None) -> str:
        folder = here or self.root
        done = subprocess.run(["git", *words], cwd=folder, env=PLAIN, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def __call__(self, *words: str, code: int = 0) -> Any:
        """The document of a command, which finds the ledger as people's commands do: in the repository."""
        done = subprocess.run(
            [*COMMAND, *words, "--json"],
            cwd=self.root,
            env={**PLAIN, **self.place.environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_S,
        )
        assert done.returncode == code, done
        return json.loads(done.stdout)

    def commit(self, folder: Path, name: str, text: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        self.git("add", name, here=folder)
        self.git("commit", "--quiet", "-m", name, here=folder)

    def answer(self, word: str, gate: Any, *, who: str, why: str, code: int = 0) -> None:
        self("gate", word, gate["workflowID"], gate["gateKey"], "--as", who, "--rationale", why, code=code)

    def lane_of(self, wp_id: str) -> str:
        snapshot = json.loads((self.root / "missions" / SLUG / "status.json").read_text())
        lane: str = snapshot["work_packages"][wp_id]["lane"]
        return lane


def test_a_mission_goes_from_its_beginning_to_its_release(tmp_path: Path) -> None:
    mission = _begin(tmp_path)
    lane_a = _start(mission, "WP01")
    with mission.place.start("worker"):
        asked = _ask(mission, "WP01")
        mission.answer("approve", asked["gate"], who="ada", why="mine", code=1)
        mission.answer("reject", asked["gate"], who="grace", why="Nothing is tested.")
        # No command of the mission runs: the worker writes what was decided.
        until(lambda: mission.lane_of("WP01") == "in_progress", "the worker to record the rejection")
        mission.commit(lane_a, "src/parser/test_a.py", "assert True\n")
        again = _ask(mission, "WP01")
        mission.answer("approve", again["gate"], who="grace", why="Now it is.")
        until(lambda: mission.lane_of("WP01") == "approved", "the worker to record the approval")
    lane_b = _start(mission, "WP02")
    assert (lane_b / FILES["WP01"]).exists()
    mission.answer("approve", _ask(mission, "WP02")["gate"], who="grace", why="good")

    merged = mission("mission", "merge", "--push")
    assert [one["work_package_id"] for one in merged["done"]] == ["WP01", "WP02"]
    assert mission.git("rev-parse", "main", here=tmp_path / "remote.git") == merged["target_commit"]
    sign_off = mission("mission", "ship", code=3)["gate"]
    mission.answer("approve", sign_off, who="grace", why="go")
    report = mission("mission", "ship", "--push")["report"]
    assert [(row["work_package_id"], row["verdict"], row["reviewer"]) for row in report["work_packages"]] == [
        ("WP01", "approved", "grace"),
        ("WP02", "approved", "grace"),
    ]
    _read_back(mission, report)


def _begin(folder: Path) -> Mission:
    root = folder / "repo"
    root.mkdir()
    mission = Mission(root, Place(root / ".signoff", environ={"HOME": str(folder)}))
    mission.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder / "remote.git"))
    mission.git("init", "--quiet", "--initial-branch=main")
    mission.git("config", "user.name", "ada")
    mission.git("config", "user.email", "ada@signoff.example")
    mission.git("remote", "add", "origin", str(folder / "remote.git"))
    mission.commit(root, ".gitignore", ".signoff/\n")
    mission.git("push", "--quiet", "--set-upstream", "origin", "main")
    for words in (("init", SLUG), ("specify",), ("plan",)):
        mission("mission", *words)
    (root / "missions" / SLUG / "plan.md").write_text(PLAN)
    mission("mission", "tasks")
    mission.git("add", "missions")
    mission.git("commit", "--quiet", "-m", "Plan it")
    mission("mission", "guard", "--install")
    return mission


def _start(mission: Mission, wp_id: str) -> Path:
    mission("mission", "claim", wp_id)
    worktree = Path(mission("mission", "start", wp_id)["workspace"])
    mission.commit(worktree, FILES[wp_id], "text\n")
    return worktree


def _ask(mission: Mission, wp_id: str) -> Any:
    mission("mission", "submit", wp_id, "--all-done")
    return mission("mission", "review", wp_id, code=3)


def _read_back(mission: Mission, report: Any) -> None:
    """Files, ledger and trail say the same, and everything is in order."""
    folder = mission.root / "missions" / SLUG
    assert json.loads((folder / "release-report.json").read_text()) == report
    events = [json.loads(line) for line in (folder / "status.events.jsonl").read_text().splitlines()]
    ids = {event["event_id"]: event for event in events}
    for row in report["work_packages"]:
        approval = ids[row["approval_event_id"]]
        assert approval["review_ref"] == row["receipt"]
        assert row["receipt"] in (folder / row["review_cycle"]).read_text()
        workflow_id, _, gate_key = row["receipt"].partition("#")[0].partition("/")
        assert mission("gate", "show", workflow_id, gate_key)["receipt"]["actor"] == "grace"
    assert mission("mission", "validate", str(folder))["summary"] == {}
    mission.place.check()
