"""Runs of a story from its draft to a commit: where they stop, what leads back, and what the state file says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ledger_databases import migrated_database
from story_project import BACKLOG, GATE, STATE, STORY, StoryRuns, cell, git, make_project, replayed
from use_case_worlds import Clock, make_world, refusing

from signoff.app.ask_again import ask_again
from signoff.app.cancel_run import cancel_run
from signoff.app.expire import expire
from signoff.app.find import find_gates_of, find_steps
from signoff.app.retry_run import retry_run
from signoff.app.start_story import check_free, runs_of_state_file
from signoff.app.verify_audit import verify_audit
from signoff.errors import ConflictError
from signoff.gates.gate import State
from signoff.ledger.check import count_violations
from signoff.ledger.database import Database
from signoff.ledger.inspect import inspect_ledger
from signoff.plans.run import Run, Status
from signoff.runners.story.state_file import StateFile
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.record import gaps_in
from signoff.stories.state import PipelineState

Make = Callable[..., StoryRuns]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "ledger", None) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, database: Database, clock: Clock) -> Iterator[Make]:
    """Stories on a fresh copy of the example; afterwards all that must be zero is zero, and the trail proves itself."""
    world = make_world(database, clock)

    def made(**answers: Mapping[str, Any]) -> StoryRuns:
        root = make_project(tmp_path)
        return StoryRuns(world, database, root, replayed(tmp_path, root, **answers))

    yield made
    with inspect_ledger(tmp_path / "ledger", None) as inspection:
        assert set(count_violations(inspection).values()) == {0}
    assert verify_audit(world).is_clean


def audited(runs: StoryRuns, run: Run) -> list[str]:
    state = runs.project(run)
    return [gap.code for gap in gaps_in(state, exists=lambda path: (runs.root / path).exists())]


def told(state: PipelineState) -> list[str]:
    return [str(entry.raw["event"]) for entry in state.history]


def test_a_story_goes_from_the_backlog_through_a_fix_to_a_commit_of_exactly_what_was_shown(make: Make) -> None:
    runs = make()
    (runs.root / "before.txt").write_text("there before it began")
    run = runs.start()
    (runs.root / "mine.txt").write_text("not the agents'")
    assert cell(runs.root) == "validating"
    runs.answer(run, "approve")
    assert cell(runs.root) == "qa_review"
    runs.answer(run, "fix", rationale="the empty case")
    shown = runs.waiting(run).prompt.wire["payload"]["checkpointData"]
    assert (shown["qaFindings"]["gate"], shown["qaFindings"]["testsPassing"]) == ("PASS", 2)
    runs.answer(run, "approve")
    data = runs.waiting(run).prompt.wire["payload"]["checkpointData"]
    assert data["leftOut"] == ["mine.txt"]
    ended = runs.answer(run, "commit", message="Another message\n\nwith a body")
    assert ended.status is Status.SUCCESS
    committed = git(runs.root, "show", "--name-only", "--format=%B", "HEAD").split("\n\n")
    assert git(runs.root, "log", "-1", "--format=%B").strip() == "Another message\n\nwith a body"
    files = {file["path"] for file in data["changesForCommit"]}
    assert files == {BACKLOG, GATE, STORY, "src/progress.py", "tests/test_progress.py"}
    assert set(committed[-1].split()) == files
    assert git(runs.root, "status", "--porcelain").split() == ["??", "before.txt", "??", "mine.txt"]
    assert cell(runs.root) == "complete"
    state = runs.project(run)
    assert (state.status, state.phase, state.checkpoint, state.stories["4.5"].raw["iterations"]) == (
        *("completed", None, None),
        1,
    )
    assert state.stories["4.5"].raw["qaGate"] == "PASS"
    assert audited(runs, run) == []
    assert told(state).count("user_approved") == 3


def test_the_state_file_says_at_each_checkpoint_what_its_gate_asks_and_keeps_what_it_does_not_know(make: Make) -> None:
    runs = make()
    path = runs.root / STATE
    path.parent.mkdir(parents=True)
    other = {"timestamp": "2026-01-01T00:00:00Z", "storyId": "4.4", "event": "completed", "phase": None, "mine": 1}
    path.write_text(json.dumps({"tool": "x", "stories": {"4.4": {"state": "complete"}}, "history": [other]}))
    run = runs.start()
    for choice, kind in (("approve", "po_approval"), ("approve", "qa_approval"), ("commit", "commit_approval")):
        state = runs.project(run)
        gate, checkpoint = runs.waiting(run), find_checkpoint(runs.project(run))
        assert (state.status, state.checkpoint, checkpoint.kind) == ("checkpoint", kind, kind)
        assert checkpoint.own_gate == (run.workflow_id, gate.gate_key)
        assert checkpoint.shown == gate.prompt.wire["payload"]["checkpointData"]
        runs.answer(run, choice)
    state = runs.project(run)
    assert (state.raw["tool"], state.raw["history"][0], state.stories["4.4"].stage) == ("x", other, "complete")
    assert list(state.raw)[:3] == ["tool", "stories", "history"]
    assert {"$schema", "version"} <= state.raw.keys()
    before = path.stat().st_mtime_ns
    assert runs.project(run) == state
    assert path.stat().st_mtime_ns == before


def test_who_aborts_at_the_first_checkpoint_has_the_story_back_in_the_backlog(make: Make) -> None:
    runs = make()
    run = runs.start()
    ended = runs.answer(run, "abort", rationale="too early")
    assert (ended.status, cell(runs.root)) == (Status.ERROR, "backlog")
    state = runs.project(run)
    assert (state.status, state.checkpoint, state.pipeline["error"]) == (
        "failed",
        None,
        "Aborted by user at po_approval",
    )
    assert state.raw["checkpointData"] is None
    assert git(runs.root, "log", "--format=%s").split() == ["begin"]


def test_a_pause_keeps_the_gate_and_a_changed_story_file_is_asked_anew_before_and_after_an_approval(make: Make) -> None:
    runs = make()
    run = runs.start()
    runs.answer(run, "changes", rationale="see my edits")
    assert (runs.project(run).status, runs.project(run).checkpoint) == ("paused", "po_approval")
    first = runs.waiting(run)
    (runs.root / STORY).write_text("# Story 4.5, edited\n")
    ask_again(runs.world, workflow_id=run.workflow_id, gate_key=first.gate_key, actor="ada", reason="edited")
    runs.work()
    second = runs.waiting(run)
    shas = [gate.prompt.wire["payload"]["checkpointData"]["storySha256"] for gate in (first, second)]
    assert shas[0] != shas[1]
    assert runs.project(run).status == "checkpoint"
    with refusing(runs.database, ConflictError, "gate-not-waiting"):
        ask_again(runs.world, workflow_id=run.workflow_id, gate_key=first.gate_key, actor="ada", reason="edited")
    # What is approved is what was shown: an edit after that leads back too.
    (runs.root / STORY).write_text("# Story 4.5, edited again\n")
    runs.answer(run, "approve")
    third = runs.waiting(run)
    assert third.on_decision["node"] == "po-approval"
    assert (runs.project(run).stories["4.5"].stage, cell(runs.root)) == ("validating", "validating")
    runs.answer(run, "approve")
    assert runs.waiting(run).on_decision["node"] == "qa-approval"
    states = {gate.gate_key: gate.state for gate in find_gates_of(runs.world, run.workflow_id)}
    assert (states[first.gate_key], states[second.gate_key]) == (State.CANCELLED, State.RECEIVED)
    assert "implement" in [row["step_id"] for row in find_steps(runs.world, run.workflow_id)]


def test_after_an_aborted_commit_one_returns_there_and_a_file_changed_since_is_shown_again(make: Make) -> None:
    runs = make()
    run = runs.start()
    runs.answer(run, "approve")
    runs.answer(run, "approve")
    aborted = runs.answer(run, "abort")
    assert (aborted.status, cell(runs.root)) == (Status.ERROR, "awaiting_commit")
    state = runs.project(run)
    assert (state.status, state.checkpoint) == ("paused", "commit_approval")
    assert find_checkpoint(state).kind == "commit_approval"
    retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    runs.work()
    (runs.root / "src/progress.py").write_text("changed = True\n")
    runs.answer(run, "commit")
    shown = runs.waiting(run).prompt.wire["payload"]["checkpointData"]
    assert "src/progress.py" in shown["summary"]
    assert git(runs.root, "log", "--format=%s").split() == ["begin"]
    assert runs.project(run).history[-2].event == "error"
    assert runs.answer(run, "commit").status is Status.SUCCESS
    assert audited(runs, run) == []


def test_a_failing_hook_leads_back_to_the_checkpoint_with_what_it_wrote(make: Make) -> None:
    runs = make()
    run = runs.start()
    runs.answer(run, "approve")
    runs.answer(run, "approve")
    hook = runs.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho 'no trailing spaces' >&2\nexit 1\n")
    hook.chmod(0o755)
    runs.answer(run, "commit", message="mine")
    shown = runs.waiting(run).prompt.wire["payload"]["checkpointData"]
    assert "no trailing spaces" in shown["summary"]
    assert "no trailing spaces" in runs.project(run).history[-2].raw["details"]
    # A person's message is not lost by the hook's refusal, nor by an abort after it.
    assert shown["commitMessage"] == "mine"
    runs.answer(run, "abort")
    retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    runs.work()
    hook.unlink()
    assert runs.answer(run, "commit").status is Status.SUCCESS
    assert git(runs.root, "log", "-1", "--format=%s").strip() == "mine"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (
            {"validate": {"answer": {"validationStatus": "NO-GO", "criticalIssues": ["no criteria"]}}},
            "The story is not ready (NO-GO): no criteria",
        ),
        ({"draft": {"answer": {"storyFile": "docs/none.md"}}}, "There is no file 'docs/none.md'"),
        ({"draft": {"answer": {"storyFile": ".git/config"}}}, "which belongs to git or signoff"),
    ],
)
def test_what_cannot_go_on_ends_the_run_and_says_why(make: Make, answers: dict[str, Any], error: str) -> None:
    runs = make(**answers)
    run = runs.start()
    ended = runs.now(run)
    assert ended.status is Status.ERROR
    assert error in (ended.error or "")
    state = runs.project(run)
    assert (state.status, state.pipeline["error"]) == ("failed", ended.error)
    assert state.history[-1].event == "error"


def test_a_no_go_without_critical_issues_is_put_before_the_person(make: Make) -> None:
    runs = make(validate={"answer": {"validationStatus": "NO-GO", "validationScore": 4}})
    assert runs.waiting(runs.start()).prompt.wire["payload"]["checkpointData"]["validationStatus"] == "NO-GO"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gate: [", "cannot be believed"),
        ('story: "4.5"\ngate: PASS\ntop_issues: [{id: a, severity: high}]\n', "that means FAIL"),
        ('story: "4.6"\ngate: PASS\n', "it is of story 4.6"),
    ],
)
def test_a_qa_gate_that_cannot_be_believed_ends_the_run(make: Make, text: str, why: str) -> None:
    runs = make(review={"files": {GATE: text}})
    run = runs.start()
    ended = runs.answer(run, "approve")
    assert ended.status is Status.ERROR
    assert why in (ended.error or "")


def test_the_gate_of_the_story_that_was_updated_last_holds_whatever_its_name(make: Make) -> None:
    runs = make()
    newer = 'story: "4.5"\ngate: FAIL\nupdated: "2027-01-01"\ntop_issues: [{id: S-1, severity: high, finding: f}]\n'
    (runs.root / "docs/qa/gates/4.5-a-later-one.yml").write_text(newer)
    run = runs.start()
    runs.answer(run, "approve")
    shown = runs.waiting(run).prompt.wire["payload"]["checkpointData"]
    assert (shown["qaFindings"]["gate"], shown["qaGateFile"]) == ("FAIL", "docs/qa/gates/4.5-a-later-one.yml")


def test_where_no_agent_named_what_has_changed_nothing_can_be_committed(make: Make) -> None:
    runs = make()
    run = runs.start()
    runs.answer(run, "approve")
    git(runs.root, "add", "--all")
    git(runs.root, "commit", "--quiet", "--message", "somebody else's")
    (runs.root / "other.txt").write_text("x")
    git(runs.root, "update-index", "--assume-unchanged", BACKLOG)
    ended = runs.answer(run, "approve")
    assert (ended.status, ended.node) == (Status.ERROR, "screen")
    assert "other.txt" in (ended.error or "")


def test_a_deadline_that_passes_and_a_cancelled_run_are_in_the_state_file(make: Make, clock: Clock) -> None:
    runs = make()
    run = runs.start()
    clock.advance_s(3601)
    gate = runs.waiting(run)
    expire(runs.world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    runs.work()
    assert runs.project(run).pipeline["error"] == "po_approval timed out"
    retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    runs.work()
    cancel_run(runs.world, workflow_id=run.workflow_id, actor="ada", reason="not now")
    runs.work()
    state = runs.project(run)
    assert (state.status, state.checkpoint, state.pipeline["error"]) == ("failed", None, "not now")


def test_one_story_at_a_time_goes_on_in_a_state_file_and_nobody_elses_is_written_over(make: Make) -> None:
    runs = make()
    run = runs.start()
    with refusing(runs.database, ConflictError, "story-running"):
        runs.start()
    path = str(runs.root / STATE)
    check_free(runs.world, runs.project(run), path)
    foreign = PipelineState({"currentStory": "9.9", "pipeline": {"status": "âœ… checkpoint"}})
    with refusing(runs.database, ConflictError, "pipeline-busy"):
        check_free(runs.world, foreign, path)
    assert [one.id for one in runs_of_state_file(runs.world, path, story_id="4.5")] == [run.id]
    assert runs_of_state_file(runs.world, path, story_id="4.4") == []
    assert StateFile(runs.root / STATE).read().current_story == "4.5"
