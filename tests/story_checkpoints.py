"""State files of pipelines that have come to a checkpoint."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

STORY = "4.10"
PO: dict[str, Any] = {
    "checkpoint": "po_approval",
    "storyId": STORY,
    "storyTitle": "Coverage Progress Tracking",
    "summary": "Two amendments.",
    "storyFile": "docs/stories/4.10.story.md",
    "amendments": [
        {"section": "Acceptance Criteria", "change": "Added AC for error handling", "reason": "It was missing"},
        {"section": "Tasks", "change": "Reordered"},
    ],
    "validationScore": 8,
    "validationStatus": "GO",
    "options": [{"key": "approve", "label": "Approve", "action": "continue"}],
}
QA: dict[str, Any] = {
    "checkpoint": "qa_approval",
    "storyId": STORY,
    "storyTitle": "Coverage Progress Tracking",
    "qaFindings": {
        "gate": "CONCERNS",
        "issues": [
            {"id": "TEST-001", "severity": "medium", "finding": "No integration test", "action": "Add one"},
        ],
        "testsPass": True,
        "testsPassing": 12,
        "testsFailing": 0,
        "coveragePercent": 85,
        "coverageTarget": 80,
        "lint": "No issues",
    },
    "qaGateFile": "docs/qa/gates/4.10.yml",
}
MESSAGE = "feat(4.10): track coverage\n\n- add a service\n- change the read me"
COMMIT: dict[str, Any] = {
    "checkpoint": "commit_approval",
    "storyId": STORY,
    "storyTitle": "Coverage Progress Tracking",
    "changesForCommit": ["src/new.py", {"path": "README.md", "status": "modified"}],
    "commitMessage": MESSAGE,
}
_PHASES = {"po_approval": "validating", "qa_approval": "qa_review", "commit_approval": "committing"}


def state_of(data: dict[str, Any], *, in_pipeline: bool = False, **more: Any) -> dict[str, Any]:
    """The document of a pipeline that waits at this checkpoint; `more` are members at the root."""
    data = deepcopy(data)
    pipeline = {
        "status": "checkpoint",
        "phase": _PHASES[data["checkpoint"]],
        "checkpoint": data["checkpoint"],
        "pausedAt": None,
        "error": None,
        "attempt": 1,
    }
    state: dict[str, Any] = {
        "$schema": "pipeline-state-schema-v1",
        "version": "1.0.0",
        "lastUpdated": "2026-01-02T03:04:05Z",
        "currentStory": STORY,
        "unknown": {"kept": ["as", "it", 1.5]},
        "pipeline": pipeline,
        "stories": {STORY: {"id": STORY, "title": "Coverage", "state": "validating", "mood": "good"}},
        "history": [{"timestamp": "2026-01-02T03:04:05Z", "storyId": STORY, "event": "pipeline_started", "x": 1}],
        **more,
    }
    (pipeline if in_pipeline else state)["checkpointData"] = data
    return state


def write_state(path: Path, state: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(state), "utf-8")
    return path
