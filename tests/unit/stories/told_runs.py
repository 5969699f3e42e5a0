"""Runs of a story as the ledger has them, to be told in a state file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.gates.gate import Gate, State
from signoff.gates.interaction import Interaction
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.stories import data
from signoff.stories.changes import Changes, FileChange
from signoff.stories.projection import Row, RunFacts
from signoff.stories.qa_gate import Issue, QaGate

NOW = 1_767_225_600_000
MINUTE = 60_000
ABOUT = {"storyId": "4.10", "title": "Coverage", "epicId": "4"}
STORY_FILE = "docs/stories/4.10.story.md"
MESSAGE = "feat: track coverage"
CHANGES = Changes("main", "a" * 40, (FileChange("src/new.py", "new", "b" * 64, "100644"),))
VALIDATED: dict[str, Any] = {
    "summary": "Two amendments.",
    "amendments": [{"section": "Tasks", "change": "Reordered"}],
    "validationScore": 8,
    "validationStatus": "GO",
}
REVIEWED: dict[str, Any] = {"summary": "One concern.", "testsPassing": 12, "coveragePercent": 85, "unknown": 1}
QA_GATE = QaGate("4.10", "CONCERNS", "said", (Issue("T-1", "medium", "No test", "Add one"),), None, None)


def run_of(status: str = "PENDING", node: str | None = None, **more: Any) -> RunFacts:
    facts = {"attempt": 1, "error": None, "created_at": NOW, "updated_at": NOW + 60 * MINUTE, **more}
    return RunFacts(id="st_1", about=ABOUT, status=status, node=node, **facts)


def step(node: str, minute: int, attempt: int = 1, **output: Any) -> Row:
    at = NOW + minute * MINUTE
    return {"step_id": node, "attempt": attempt, "output": output, "started_at": at, "finished_at": at + MINUTE // 2}


def po_draft() -> dict[str, Any]:
    return data.ask(data.po_data(ABOUT, VALIDATED, story_file=STORY_FILE, sha256="c" * 64))


def qa_draft() -> dict[str, Any]:
    found = data.qa_data(ABOUT, REVIEWED, QA_GATE, story_file=STORY_FILE, path="docs/qa/4.10.yml", sha256="d" * 64)
    return data.ask(found)


def commit_draft() -> dict[str, Any]:
    notes = ["One file is left out."]
    found = data.commit_data(ABOUT, MESSAGE, CHANGES, story_file=STORY_FILE, notes=notes, left_out=["other.txt"])
    return data.ask(found, changes=CHANGES)


DRAFTS = {"po-approval": po_draft, "qa-approval": qa_draft, "commit-approval": commit_draft}


def gate(node: str, minute: int, state: State = State.PENDING, attempt: int = 1, **columns: Any) -> Gate:
    at = NOW + minute * MINUTE
    return Gate(
        workflow_id="st_1",
        gate_key=f"{node}-{minute}",
        run_id="st_1",
        topic=f"human:{node}",
        prompt=build_prompt(DRAFTS[node](), requirement=ANYONE_ONCE, ttl_s=600, now=at),
        requirement=ANYONE_ONCE,
        opened_at=at,
        deadline_at=at + 10 * MINUTE,
        state=state,
        on_decision={"kind": "continue", "node": node, "attempt": attempt},
        **columns,
    )


def answer(asked: Gate, choice: str, minute: int, **payload: Any) -> Interaction:
    said: Mapping[str, Any] = {"choice": choice, **payload}
    return Interaction(
        id=f"hi_{minute}",
        workflow_id="st_1",
        run_id="st_1",
        gate_key=asked.gate_key,
        topic=asked.topic,
        dedupe_key=f"d-{minute}",
        payload=said,
        payload_hash="e" * 64,
        origin="manual",
        actor="ada",
        role=None,
        choice=choice,
        created_at=NOW + minute * MINUTE,
    )
