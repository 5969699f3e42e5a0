"""A person at a real terminal before each of the three checkpoints; and two who answer at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cli_shell import COMMAND
from console_terminal import ENTER, command
from forked import Forked
from story_checkpoints import COMMIT, PO, QA, state_of
from story_pipeline import STATE, Pipeline, make_pipeline

from signoff.runners.story.state_file import StateFile

CHECKPOINT = ("story", "checkpoint", "--as", "ada")


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pipeline:
    folder = tmp_path / "repo"
    folder.mkdir()
    return make_pipeline(folder, monkeypatch, capsys)


def test_a_number_and_a_rationale_answer_while_standard_output_is_caught(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    with (
        (pipeline.folder / "decision.yaml").open("w") as caught,
        command(pipeline.shell, *CHECKPOINT, "--choice", "unexpected", caught=caught) as at,
    ):
        at.see("HITL CHECKPOINT #1: PO Validation Complete")
        at.see("'unexpected' is no choice at po_approval")
        at.see("You answer as ada")
        at.see("? Your decision")
        at.press("9", "2")
        at.until(lambda: "REQUEST MORE CHANGES" in at.pointed_at, "the second choice")
        at.press(ENTER)
        at.type("Rationale (optional)", "AC 3 is vague")
        assert at.end() == 0
        assert "╭" in at.written
    assert "action: pause" in (pipeline.folder / "decision.yaml").read_text()
    assert pipeline.state["history"][-1]["details"] == "pause at po_approval by ada: AC 3 is vague"


def test_a_commit_is_reviewed_its_message_edited_a_hook_heeded_and_then_committed(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.put("editor.sh", 'grep -q "track coverage" "$1" && echo "feat: edited" > "$1"\n')
    pipeline.hook("test -e allowed || { echo not yet; exit 1; }")
    environ = {"EDITOR": f"sh {pipeline.folder / 'editor.sh'}"}
    with command(pipeline.shell, *CHECKPOINT, environ=environ, rows=200) as at:
        at.see("HITL CHECKPOINT #3: Ready to Commit")
        at.choose("REVIEW Changes First")
        at.see("+print('new')")
        at.until(lambda: at.text.count("? Your decision") == 2, "the question again")
        at.choose("EDIT Commit Message")
        at.see("EDITED COMMIT MESSAGE")
        at.see("feat: edited")
        at.until(lambda: at.text.count("? Your decision") == 3, "the question again")
        at.choose("COMMIT Changes")
        at.type("Rationale (optional)", "")
        at.see("Git refused the commit, or a hook did.")
        at.see("| not yet")
        at.until(lambda: at.text.count("? Your decision") == 4, "the question again")
        assert at.text.count("EDITED COMMIT MESSAGE") == 2
        pipeline.put("allowed", "")
        at.choose("COMMIT Changes")
        at.type("Rationale (optional)", "")
        at.see("Committed")
        assert at.end() == 0
    assert pipeline.git("log", "-1", "--format=%s") == "feat: edited"
    assert [entry["event"] for entry in pipeline.state["history"][1:]] == ["error", "user_approved"]
    assert [gate["result"]["payload"].get("message") for gate in pipeline.gates()] == ["feat: edited"] * 2


def test_an_edited_message_is_what_is_committed_and_an_editor_that_fails_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.put("editor.sh", 'test -e ready || exit 7\necho "feat: edited" > "$1"\n')
    environ = {"VISUAL": f"sh {pipeline.folder / 'editor.sh'}", "NO_COLOR": "1"}
    with command(pipeline.shell, *CHECKPOINT, environ=environ, columns=40, rows=200) as at:
        at.choose("EDIT Commit Message")
        at.see("ended with exit code 7")
        at.until(lambda: at.text.count("? Your decision") == 2, "the question again")
        pipeline.put("ready", "")
        at.choose("EDIT Commit Message")
        at.see("EDITED COMMIT MESSAGE")
        at.until(lambda: at.text.count("? Your decision") == 3, "the question again")
        at.choose("COMMIT Changes")
        at.type("Rationale (optional)", "")
        assert at.end() == 0
        assert "╭" not in at.written
    assert pipeline.git("log", "-1", "--format=%B") == "feat: edited"


def test_an_answer_from_elsewhere_takes_the_question_away_and_is_told(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    with command(pipeline.shell, *CHECKPOINT) as at:
        at.see("? Your decision")
        gate = pipeline.gates()[0]
        where = (gate["workflowID"], gate["gateKey"])
        assert pipeline.run("gate", "reply", *where, "--choice", "fix", "--as", "bob").code == 0
        at.see("Answered meanwhile: fix by bob")
        assert at.end() == 0
        assert "action: fix" in at.text
    assert pipeline.state["pipeline"]["phase"] == "fixing"


def test_of_two_who_answer_at_once_one_decides_and_the_other_is_told_who(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    assert pipeline.gates() == []
    with StateFile(pipeline.folder / STATE).hold():
        both = [_begin(pipeline, "approve", "ada"), _begin(pipeline, "abort", "bob")]
        for process in both:
            # Drawn is what was read: whoever comes second to the file has seen it as it was.
            assert process.stderr is not None
            assert any("ABORT Pipeline" in line for line in process.stderr)
    ended = sorted((process.wait(60), _rest(process)) for process in both)
    assert [code for code, _ in ended] == [0, 4]
    (_, (told, _)), (_, (nothing, why)) = ended
    assert told.startswith("decision:")
    assert nothing == ""
    by = pipeline.state["history"][-1]["signoff"]["by"]
    assert f"by {by}" in why
    assert [gate["receipt"]["actor"] for gate in pipeline.gates()] == [by]
    assert len(pipeline.state["history"]) == 2


def test_who_comes_while_a_commit_is_made_waits_for_it_and_makes_no_other(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.hook("touch begun; while ! test -e go; do sleep 0.01; done")
    first = _begin(pipeline, "commit", "ada")
    pipeline.await_file("begun")
    assert pipeline.shell(*CHECKPOINT, "--choice", "abort").code == 4
    second = _begin(pipeline, "commit", "ada")
    assert second.stderr is not None
    assert any("Decided before: commit by ada" in line for line in second.stderr)
    pipeline.put("go", "")
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert _rest(first)[0] == _rest(second)[0]
    assert pipeline.git("rev-list", "--count", "HEAD") == "3"
    assert pipeline.state["history"][-1]["signoff"]["by"] == "ada"


@pytest.mark.parametrize("closed", ["both", "stderr", "stdout"])
def test_whoever_stops_listening_gets_no_traceback_and_the_decision_is_whole(pipeline: Pipeline, closed: str) -> None:
    pipeline.write(state_of(QA))
    words = [*COMMAND, *CHECKPOINT, "--choice", "fix"]
    if closed == "both":
        words = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *words]
    with subprocess.Popen(
        words,
        cwd=pipeline.folder,
        env=pipeline.shell.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if closed != "both":
            getattr(process, closed).close()
        told = "" if closed == "stdout" else process.stdout.read()
        drawn = "" if closed == "stderr" else process.stderr.read()
    assert process.returncode == (1 if closed == "stdout" else 0), drawn
    assert ("action: fix" in told) is (closed == "stderr")
    assert "Traceback" not in drawn
    assert "defect" not in drawn
    assert pipeline.state["pipeline"]["phase"] == "fixing"
    assert [gate["state"] for gate in pipeline.gates()] == ["RECEIVED"]
    assert len(pipeline.entries("gate.closed")) == 1
    assert "action: fix" in pipeline.checkpoint("--choice", "fix").out


def _begin(pipeline: Pipeline, choice: str, actor: str) -> Forked:
    words = ("story", "checkpoint", "--choice", choice, "--as", actor)
    return Forked(*words, cwd=pipeline.folder, env=pipeline.shell.environ)


def _rest(process: Forked) -> tuple[str, str]:
    """What of its output was not read."""
    with process:
        assert process.stderr is not None
        return process.stdout.read(), process.stderr.read()
