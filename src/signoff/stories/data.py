"""The data of a checkpoint, made from what the agents of a story said: what the state file shows and the gate asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.stories.asking import prompt_draft
from signoff.stories.changes import Changes
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.choices import CHOICES
from signoff.stories.qa_gate import QaGate
from signoff.stories.state import Kind, PipelineState

_RESULTS = ("testsPass", "testsPassing", "testsFailing", "coveragePercent", "coverageTarget", "lint")


def po_data(about: Mapping[str, str], said: Mapping[str, Any], *, story_file: str, sha256: str) -> dict[str, Any]:
    """`said` is the answer of the agent po; `sha256` of the story file, so that what is approved is that text."""
    return {
        **_data(Kind.PO, about, said.get("summary"), story_file),
        "storySha256": sha256,
        "amendments": list(said["amendments"]),
        "validationScore": said["validationScore"],
        "validationStatus": said["validationStatus"],
    }


def qa_data(
    about: Mapping[str, str], said: Mapping[str, Any], gate: QaGate, *, story_file: str, path: str, sha256: str
) -> dict[str, Any]:
    """`said` is the answer of the agent qa, `gate` the file that holds, at `path`."""
    issues = [
        {"id": one.id, "severity": one.severity, "finding": one.finding, "action": one.action} for one in gate.issues
    ]
    results = {name: said[name] for name in _RESULTS if name in said}
    return {
        **_data(Kind.QA, about, said.get("summary") or gate.status_reason or None, story_file),
        "qaFindings": {"gate": gate.gate, "issues": issues, **results},
        "qaGateFile": path,
        "qaGateSha256": sha256,
    }


def commit_data(
    about: Mapping[str, str],
    message: str,
    changes: Changes,
    *,
    story_file: str,
    notes: Sequence[str],
    left_out: list[str],
) -> dict[str, Any]:
    """`notes` are sentences for whoever decides; `left_out` are changed files that no agent named."""
    return {
        **_data(Kind.COMMIT, about, " ".join(notes) or None, story_file),
        "changesForCommit": [{"path": file.path, "status": file.status} for file in changes.files],
        "commitMessage": message,
        "leftOut": left_out,
    }


def ask(data: Mapping[str, Any], *, changes: Changes | None = None) -> dict[str, Any]:
    """The draft of the prompt.

    Raises:
        InvalidInputError: (`invalid-checkpoint-state`) the data cannot be shown.
    """
    state = PipelineState({"currentStory": data["storyId"], "checkpointData": dict(data)})
    return prompt_draft(find_checkpoint(state), changes=changes)


def _data(kind: Kind, about: Mapping[str, str], summary: str | None, story_file: str) -> dict[str, Any]:
    return {
        "checkpoint": kind.value,
        "storyId": about["storyId"],
        "storyTitle": about["title"],
        "summary": summary,
        "storyFile": story_file,
        "options": [{"key": one.key, "label": one.label, "action": one.action} for one in CHOICES[kind]],
    }
