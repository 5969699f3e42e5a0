"""A repository with a remote and a mission of three packages in two lanes, and `signoff` called in it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forked import Forked
from mission_places import PERSON, commit_file, git, new_repository

from signoff.cli.main import main
from signoff.runners.mission.mission_state import MissionState, read_state
from signoff.runners.mission.place import MissionPlace, find_checkout

#: A name from which nothing about branches can be concluded.
SLUG = "mission-alpha"
PLAN = """\
# Plan

## Work packages

### WP01: The parser
- Owns: src/parser/**
- Lane: lane-a

It parses.

- [ ] T001 Write it

### WP02: The report
- Owns: src/report/**
- Depends on: WP01
- Lane: lane-b

- [ ] T002 Write it

### WP04: More of the parser
- Owns: src/more/**
- Lane: lane-a

- [ ] T003 Write it
"""
FILES = {"WP01": "src/parser/a.py", "WP02": "src/report/r.py", "WP04": "src/more/m.py"}


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class MissionRepository:
    """Calling it runs a command in this process, as Ada; `process` in one of its own."""

    root: Path
    slug: str = SLUG

    def __call__(self, *words: str, here: Path | None = None) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with chdir(here or self.root), redirect_stdout(out), redirect_stderr(err):
            code = main(words)
        return Answer(code, out.getvalue(), err.getvalue())

    def json(self, *words: str, here: Path | None = None, code: int = 0) -> Any:
        answer = self(*words, "--json", here=here)
        assert answer.code == code, answer
        return answer.document

    def process(self, *words: str, environ: Mapping[str, str] | None = None) -> Answer:
        env = {**PERSON, "LOGNAME": "ada", **(environ or {})}
        with Forked(*words, cwd=self.root, env=env) as process:
            out, err = process.communicate(timeout=60)
        return Answer(process.wait(), out, err)

    @property
    def folder(self) -> Path:
        return self.root / "missions" / self.slug

    @property
    def remote(self) -> Path:
        return self.root.parent / "remote.git"

    @property
    def place(self) -> MissionPlace:
        return MissionPlace(find_checkout(self.root), self.folder)

    @property
    def state(self) -> MissionState:
        return read_state(self.place)

    def lane_of(self, wp_id: str) -> str:
        return self.state.reduced.lane_of(wp_id).value

    def worktree(self, lane_id: str) -> Path:
        lane = self.state.lanes.lane(lane_id)
        assert lane is not None
        return self.root / ".worktrees" / self.state.lanes.worktree_of(lane)

    def start(self, wp_id: str, *, text: str = "text\n") -> Path:
        """The worktree in which the package is in progress, with its file committed."""
        self.json("mission", "claim", wp_id)
        worktree = Path(self.json("mission", "start", wp_id)["workspace"])
        commit_file(worktree, FILES[wp_id], text)
        return worktree

    def ask(self, wp_id: str) -> Any:
        """The document of the review that is asked for, after the package was handed in."""
        self.json("mission", "submit", wp_id, "--all-done")
        return self.json("mission", "review", wp_id, code=3)

    def answer(
        self, word: str, gate: Mapping[str, Any], *, who: str = "Grace", code: int = 0, why: str = "seen"
    ) -> None:
        where = (gate["workflowID"], gate["gateKey"])
        answer = self("gate", word, *where, "--as", who, "--rationale", why)
        assert answer.code == code, answer

    def approve(self, wp_id: str, *, text: str = "text\n") -> None:
        """From planned to approved."""
        self.start(wp_id, text=text)
        self.answer("approve", self.ask(wp_id)["gate"])
        self.json("mission", "status")
        assert self.lane_of(wp_id) == "approved"

    def approve_all(self) -> None:
        for wp_id in FILES:
            self.approve(wp_id)

    def cycles(self, wp_id: str) -> list[str]:
        return sorted(path.name for path in self.folder.glob(f"tasks/{wp_id}-*/review-cycle-*.md"))

    def cycle(self, wp_id: str, number: int) -> str:
        (path,) = self.folder.glob(f"tasks/{wp_id}-*/review-cycle-{number}.md")
        return path.read_text()

    def findings(self, *words: str) -> dict[str, str]:
        """What `mission preflight` finds, by its code: how bad it is."""
        found = self("mission", "preflight", *words, "--json").document
        return {one["diagnostic_code"]: one["severity"] for one in found["findings"]}

    def commit_to_remote(self, name: str) -> str:
        """Somebody else pushes to main."""
        other = self.root.parent / "other"
        if not other.exists():
            git(self.root.parent, "clone", "--quiet", str(self.remote), str(other))
            git(other, "config", "user.name", "Eve")
            git(other, "config", "user.email", "eve@signoff.example")
        commit = commit_file(other, name)
        git(other, "push", "--quiet")
        return commit

    def check(self) -> None:
        """The files are in order, what must be zero is zero, and the trail proves itself."""
        assert self.json("mission", "validate", str(self.folder))["summary"] == {}
        assert set(self.json("db", "check").values()) == {0}
        assert self("audit", "verify").code == 0


def new_mission(folder: Path, slug: str = SLUG, plan: str = PLAN) -> MissionRepository:
    """A mission that is planned, in a repository whose main branch is pushed."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    made = MissionRepository(new_repository(folder / "repo", files=["README.md"]), slug)
    (made.root / ".gitignore").write_text(".signoff/\n")
    git(made.root, "remote", "add", "origin", str(made.remote))
    add_mission(made, plan)
    git(made.root, "push", "--quiet", "--set-upstream", "origin", "main")
    return made


def add_mission(made: MissionRepository, plan: str = PLAN) -> None:
    for step in ("init", "specify", "plan"):
        words = (made.slug,) if step == "init" else ("--mission", made.slug)
        assert made("mission", step, *words).code == 0
    (made.folder / "plan.md").write_text(plan)
    made.json("mission", "tasks", "--mission", made.slug)
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", f"Plan {made.slug}")
