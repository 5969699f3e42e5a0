"""A story's commands are killed, one after the other, at the moments at which they do something that no other run does;
`signoff story resume` goes on each time, and nothing is done twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from processes import Done, Place

from signoff.app import moments
from signoff.stories.state import read_state

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "story"
STATE = ".bmad-core/state/pipeline-state.json"
STORY = "docs/stories/4.5.coverage-progress-tracking.story.md"
REPLAY = ("--replay-dir", "recordings", "--json")


def test_a_story_that_is_killed_again_and_again_is_committed_once(tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(EXAMPLE, root)
    for words in (
        ("init", "--quiet"),
        ("config", "user.name", "ada"),
        ("config", "user.email", "ada@example.org"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "begin"),
    ):
        subprocess.run(["git", *words], cwd=root, check=True)
    place = Place(root / ".signoff")

    _dies(place, "start_story: before commit", "start")
    assert place.count("SELECT COUNT(*) FROM app.runs") == 0
    _dies(place, "start_story: after commit", "start")
    _dies(place, moments.STEP_DONE, "resume")
    stopped = _story(place, "resume")
    assert (stopped.code, stopped.document["status"]) == (3, "WAITING_INPUT")

    (root / STORY).write_text("# Story 4.5, edited\n")
    _dies(place, "ask_again: before commit", "resume")
    assert _states(place) == ["PENDING"]
    _dies(place, "ask_again: after commit", "resume")
    assert _states(place) == ["CANCELLED"]
    assert _story(place, "resume", "--answer", "po=approve", "--answer", "qa=approve").code == 3

    _dies(place, moments.STEP_DONE, "resume", "--answer", "commit=commit")
    assert _commits(root) == 2
    ended = _story(place, "resume")
    assert (ended.code, ended.document["status"]) == (0, "SUCCESS")
    assert _commits(root) == 2
    done = [row[0] for row in place.rows("SELECT step_id FROM app.run_steps ORDER BY attempt, finished_at")]
    once = ["begin", "draft", "validate", "accept", "implement", "qa", "screen", "commit"]
    assert sorted(done) == sorted([*once, "ask-po", "ask-po"])
    assert place.command("story", "status").out.startswith("Story 4.5")
    place.check()


def _story(place: Place, *words: str) -> Done:
    done = place.command("story", *words, *REPLAY)
    assert done.code in (0, 3), done
    _state(place)
    return done


def _dies(place: Place, moment: str, *words: str) -> None:
    died = replace(place, environ={"SIGNOFF_CRASH_AT": moment}).command("story", *words, *REPLAY)
    assert died.code == -signal.SIGKILL, died
    _state(place)


def _state(place: Place) -> None:
    """Whenever it is there it is whole."""
    path = place.directory.parent / STATE
    if path.exists():
        state = read_state(path.read_text("utf-8"), path=STATE)
        assert json.loads(path.read_text("utf-8")) == state.raw


def _states(place: Place) -> list[str]:
    return [row[0] for row in place.rows("SELECT state FROM app.human_gates ORDER BY opened_at")]


def _commits(root: Path) -> int:
    counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=root, check=True, capture_output=True)
    return int(counted.stdout)
