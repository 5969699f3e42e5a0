"""The project of `examples/story` as a repository of its own, and runs of its story without a process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from use_case_worlds import ADA, say, work

from signoff.app.find import find_gates_of, find_run
from signoff.app.project_story import project_story
from signoff.app.start_story import start_story
from signoff.app.world import World
from signoff.gates.gate import Gate, State
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.plans.run import Run
from signoff.plans.story import plan_of_story
from signoff.runners.story.agents import ReplayStoryAgent, StoryAgent
from signoff.runners.story.projected import write_projection
from signoff.runners.story.state_file import StateFile
from signoff.runners.story.steps import StorySteps
from signoff.stories.state import PipelineState

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "story"
STORY = "docs/stories/4.5.coverage-progress-tracking.story.md"
GATE = "docs/qa/gates/4.5-coverage-progress-tracking.yml"
BACKLOG = "docs/prd/sprint-backlog.md"
STATE = ".bmad-core/state/pipeline-state.json"


def make_project(folder: Path) -> Path:
    """A copy of the example under git, without its recordings."""
    root = folder / "project"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("recordings"))
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "begin")
    return root


def git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


def cell(root: Path) -> str:
    """What the backlog says of story 4.5."""
    row = next(line for line in (root / BACKLOG).read_text("utf-8").splitlines() if line.startswith("| 4.5 "))
    return row.split("|")[4].strip()


def recordings(folder: Path, **answers: Mapping[str, Any]) -> Path:
    """Those of the example, with more members in the answer, or other files, of some of them: `draft={...}`."""
    made = folder / "recordings"
    shutil.copytree(EXAMPLE / "recordings", made)
    for path in sorted(made.glob("*.json")):
        more = answers.get(path.stem.partition("-")[2])
        if more is not None:
            recording = json.loads(path.read_text("utf-8"))
            files = {**recording["files"], **more.get("files", {})}
            answer = {**recording["answer"], **more.get("answer", {})}
            path.write_text(json.dumps({**recording, "answer": answer, "files": files}), "utf-8")
    return made


@dataclass
class StoryRuns:
    """Runs of story 4.5, and the one worker that walks them."""

    world: World
    database: Database
    root: Path
    agent: StoryAgent

    def start(self, actor: Actor = ADA) -> Run:
        about = {
            "storyId": "4.5",
            "title": "Coverage",
            "epicId": "4",
            "root": str(self.root),
            "stateFile": str(self.root / STATE),
            "backlog": BACKLOG,
            "stories": "docs/stories",
            "qaGates": "docs/qa/gates",
            "config": "{}",
        }
        run = start_story(self.world, plan_of_story(about, ttl_s=3600), actor=actor)
        self.work()
        return run

    def work(self) -> None:
        steps = StorySteps(self.agent, self.root / ".signoff")
        work(self.world, SqlLedger(self.database), steps)

    def now(self, run: Run) -> Run:
        return find_run(self.world, run.workflow_id)

    def waiting(self, run: Run) -> Gate:
        [gate] = [gate for gate in find_gates_of(self.world, run.workflow_id) if gate.state is State.PENDING]
        return gate

    def answer(self, run: Run, choice: str, **said: Any) -> Run:
        """The answer at the gate that waits, and all that follows from it."""
        gate = self.waiting(run)
        key = f"{gate.gate_key}:{choice}"
        payload = {"choice": choice, **said}
        say(self.world, workflow_id=run.workflow_id, gate_key=gate.gate_key, payload=payload, dedupe_key=key)
        self.work()
        return self.now(run)

    def project(self, run: Run) -> PipelineState:
        """The state file, brought up to date."""
        write_projection(self.root / STATE, project_story(self.world, run.workflow_id))
        return StateFile(self.root / STATE).read()


def replayed(folder: Path, root: Path, **answers: Mapping[str, Any]) -> ReplayStoryAgent:
    return ReplayStoryAgent(recordings(folder, **answers), root / ".signoff")
