"""`signoff story checkpoint` is killed, run again, and state file, repository and ledger compared with those of a
command which nothing disturbed. Whenever it dies, the state file is the old one or the new one."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from processes import Place
from story_checkpoints import COMMIT, PO, QA, STORY, state_of, write_state

from signoff.app import moments

STATE = "pipeline-state.json"
CHOICES = {"po_approval": "approve", "qa_approval": "fix", "commit_approval": "commit"}
DATA = {"po_approval": PO, "qa_approval": QA, "commit_approval": COMMIT}
DEATHS = [
    ("po_approval", "open_gate: after commit", False),
    ("po_approval", "reply: before commit", False),
    ("qa_approval", moments.CHECKPOINT_DECIDED, True),
    ("qa_approval", moments.STATE_DRAFTED, True),
    ("commit_approval", moments.CHECKPOINT_DECIDED, True),
    ("commit_approval", moments.STORY_COMMITTED, True),
    ("commit_approval", moments.STATE_DRAFTED, True),
]


def test_every_moment_of_a_checkpoint_has_a_death() -> None:
    named = {moments.CHECKPOINT_DECIDED, moments.STORY_COMMITTED, moments.STATE_DRAFTED}
    assert named <= {moment for _, moment, _ in DEATHS}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    portraits = {}
    for kind, choice in CHOICES.items():
        place = _place(tmp_path_factory.mktemp(kind), kind)
        done = place.command("story", "checkpoint", "--choice", choice, "--format", "json")
        assert done.code == 0, done
        portraits[kind] = (_told(done.document), _portrait(place))
    return portraits


@pytest.mark.parametrize(("kind", "moment", "is_decided"), DEATHS)
def test_a_checkpoint_that_is_looked_at_again_after_a_death_ends_as_if_it_had_not_happened(
    tmp_path: Path, undisturbed: dict[str, Any], kind: str, moment: str, is_decided: bool
) -> None:
    place = _place(tmp_path, kind)
    words = ("story", "checkpoint", "--format", "json")
    before = (tmp_path / STATE).read_bytes()
    died = replace(place, environ={"SIGNOFF_CRASH_AT": moment}).command(*words, "--choice", CHOICES[kind])
    assert died.code == -signal.SIGKILL, died
    assert died.out == ""
    assert (tmp_path / STATE).read_bytes() == before
    # A decision that was taken needs nobody any more.
    again = place.command(*words, *(() if is_decided else ("--choice", CHOICES[kind])))
    assert again.code == 0, again
    assert ("Decided before" in again.err) is is_decided
    assert (_told(again.document), _portrait(place)) == undisturbed[kind]
    place.check()


@pytest.mark.parametrize("edge", ["before", "after"])
@pytest.mark.parametrize("kind", ["qa_approval", "commit_approval"])
def test_a_decision_that_was_told_and_died_before_it_was_known_to_be_is_told_again_and_not_taken_again(
    tmp_path: Path, undisturbed: dict[str, Any], kind: str, edge: str
) -> None:
    place = _place(tmp_path, kind)
    words = ("story", "checkpoint", "--format", "json", "--choice", CHOICES[kind])
    died = replace(place, environ={"SIGNOFF_CRASH_AT": f"close_gate: {edge} commit"}).command(*words)
    assert (died.code, died.out) == (-signal.SIGKILL, "")
    again = place.command(*words)
    assert again.code == 0, again
    assert (_told(again.document), _portrait(place)) == undisturbed[kind]
    place.check()


def _place(folder: Path, kind: str) -> Place:
    """A repository with what `COMMIT` lists, and a pipeline at this checkpoint."""
    write_state(folder / STATE, state_of(DATA[kind]))
    (folder / "README.md").write_text("# Before\n")
    git = ("git", "-c", "user.name=ada", "-c", "user.email=ada@example.org")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "ada"),
        ("config", "user.email", "ada@example.org"),
        ("add", "README.md"),
        ("commit", "--quiet", "--message", "begin"),
    ):
        subprocess.run([*git, *words], cwd=folder, check=True)
    (folder / "README.md").write_text("# After\n")
    (folder / "src").mkdir()
    (folder / "src" / "new.py").write_text("print('new')\n")
    return Place(folder / ".signoff")


def _told(document: dict[str, Any]) -> dict[str, Any]:
    """The decision, without the name that git gave to the commit."""
    custom = document["decision"]["custom_data"]
    return {**document["decision"], "custom_data": custom and sorted(custom)}


def _portrait(place: Place) -> dict[str, Any]:
    folder = place.directory.parent
    state = json.loads((folder / STATE).read_text("utf-8"))
    entry = state["history"][-1]
    return {
        "pipeline": {name: value for name, value in state["pipeline"].items() if name != "pausedAt"},
        "data": state["checkpointData"],
        "stage": state["stories"][STORY]["state"],
        "events": [one["event"] for one in state["history"]],
        "told": sorted(entry["signoff"]),
        "files": sorted(path.name for path in folder.iterdir()),
        "log": _git(folder, "log", "--format=%s", "--name-status"),
        "status": _git(folder, "status", "--porcelain"),
        "gates": place.rows("SELECT state, decision, decided_by FROM app.human_gates"),
        "interactions": place.rows("SELECT choice, actor FROM app.human_interactions"),
        "entries": place.rows("SELECT n, event, actor FROM app.audit_entries ORDER BY seq"),
    }


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout
