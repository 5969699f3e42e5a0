"""`signoff story checkpoint` without a terminal: what a script says, what state file and ledger are afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from story_checkpoints import COMMIT, MESSAGE, PO, QA, STORY, state_of, write_state
from story_pipeline import STATE, Pipeline, make_pipeline

from signoff.app.answer_checkpoint import answer_checkpoint, settle_checkpoint
from signoff.app.ask_checkpoint import Asked, ask_checkpoint
from signoff.bootstrap.world import open_world
from signoff.cli.gate.answer import dedupe_key_of
from signoff.errors import ConflictError
from signoff.runners.story.commit import commit
from signoff.runners.story.look import look as look_at
from signoff.runners.story.state_file import StateFile
from signoff.sdk.backend import Backend
from signoff.sdk.ledger_backend import LedgerBackend
from signoff.settings import load
from signoff.stories.asking import prompt_draft
from signoff.stories.changes import Changes, CommitOutcome
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.checkpoint_data import CommitData
from signoff.stories.state import PipelineState


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pipeline:
    return make_pipeline(tmp_path / "repo", monkeypatch, capsys)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()


ABORTED = "Aborted by user at "
#: What the contract says of each choice that decides: by number and by key, the action, what becomes of `pipeline`
#: (None for what is kept), the event of the history, and whether the data stay.
DECISIONS: list[tuple[dict[str, Any], tuple[str, str], str, dict[str, Any], str, bool]] = [
    (PO, ("1", "approve"), "continue", {"status": "running", "checkpoint": None}, "user_approved", False),
    (PO, ("2", "changes"), "pause", {"status": "paused"}, "user_deferred", True),
    (PO, ("3", "abort"), "abort", {"status": "failed", "checkpoint": None, "error": ABORTED}, "user_rejected", False),
    (QA, ("1", "approve"), "continue", {"status": "running", "checkpoint": None}, "user_approved", False),
    (
        *(QA, ("2", "fix"), "fix", {"status": "running", "checkpoint": None, "phase": "fixing"}),
        *("user_rejected", False),
    ),
    (QA, ("3", "abort"), "abort", {"status": "failed", "checkpoint": None, "error": ABORTED}, "user_rejected", False),
    (COMMIT, ("1", "commit"), "continue", {"status": "running", "checkpoint": None}, "user_approved", False),
    (COMMIT, ("4", "abort"), "abort", {"status": "paused", "error": ABORTED}, "user_rejected", True),
]


@pytest.mark.parametrize("named", [0, 1], ids=["number", "key"])
@pytest.mark.parametrize(
    ("data", "choices", "action", "changed", "event", "stays"),
    DECISIONS,
    ids=[f"{data['checkpoint']}-{choices[1]}" for data, choices, *_ in DECISIONS],
)
def test_each_choice_is_told_written_and_recorded_as_the_contract_says(
    pipeline: Pipeline,
    data: dict[str, Any],
    choices: tuple[str, str],
    action: str,
    changed: dict[str, Any],
    event: str,
    stays: bool,
    named: int,
) -> None:
    kind, choice = data["checkpoint"], choices[named]
    before = state_of(data, in_pipeline=bool(named))
    pipeline.write(before)
    answer = pipeline.checkpoint("--choice", choice, "--rationale", "I looked", "--no-commit")
    assert answer.code == 0, answer.err
    assert answer.out == f"decision:\n  action: {action}\n  checkpoint: {kind}\n  custom_data: null\n"
    after = pipeline.state
    told = {name: f"{value}{kind}" if value == ABORTED else value for name, value in changed.items()}
    left = {"checkpointData": data if stays else None}
    assert after["pipeline"].pop("pausedAt") == (after["lastUpdated"] if stays else None)
    del before["pipeline"]["pausedAt"]
    assert after["pipeline"] == {**before["pipeline"], **told, **(left if named else {})}
    assert named or after["checkpointData"] == left["checkpointData"]
    first, entry = after["history"]
    assert (first, entry["event"], entry["storyId"]) == (before["history"][0], event, STORY)
    assert entry["details"] == f"{action} at {kind} by ada: I looked"
    [gate] = pipeline.gates()
    assert gate["state"] == ("PENDING" if action == "pause" else "RECEIVED")
    [told_of] = pipeline.entries("gate.deferred" if action == "pause" else "gate.decided")
    body = told_of["body"]
    assert (told_of["actor"], body["rationale"], body["choice"]) == ("ada", "I looked", choices[1])
    assert body["subject"] == {"story": STORY, "checkpoint": kind}
    assert body["promptDigest"] == entry["signoff"]["promptDigest"] == gate["prompt"]["digest"]
    assert body["interactionId"] == entry["signoff"]["interactionId"]
    closed = [one["body"]["interactionId"] for one in pipeline.entries("gate.closed")]
    assert closed == ([] if action == "pause" else [body["interactionId"]])


def test_the_decision_is_yaml_alone_on_standard_output_and_everything_drawn_is_beside_it(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    answer = pipeline.checkpoint("--choice", "approve")
    assert answer.out == "decision:\n  action: continue\n  checkpoint: po_approval\n  custom_data: null\n"
    for words in (
        "HITL CHECKPOINT #1: PO Validation Complete",
        "STORY: 4.10 - Coverage",
        "GO (Score: 8/10)",
        "[3] ABORT",
    ):
        assert words in answer.err
    assert answer.err.isascii()


def test_qa_and_commit_screens_show_their_tables(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    shown = pipeline.checkpoint().err
    for words in ("HITL CHECKPOINT #2: QA Review Complete", "QA GATE: CONCERNS", "12 passing, 0 failing", "TEST-001"):
        assert words in shown
    pipeline.write(state_of(COMMIT))
    shown = pipeline.checkpoint().err
    for words in (
        "HITL CHECKPOINT #3: Ready to Commit",
        "FILES TO COMMIT (2 files)",
        "| new ",
        "| modified",
        "- add a",
    ):
        assert words in shown


def test_what_files_say_cannot_act_on_a_terminal(pipeline: Pipeline) -> None:
    pipeline.write(
        state_of({**PO, "summary": "\x1b[2Jclear\u202e", "amendments": [{"change": "[red]\x1b]0;title\x07"}]})
    )
    shown = pipeline.checkpoint().err
    assert "\x1b" not in shown
    assert "[red]]0;title" in shown


def test_without_a_terminal_and_a_choice_the_gate_stays_open_and_it_is_said_how_to_answer(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    before = (pipeline.folder / STATE).read_bytes()
    answer = pipeline.checkpoint()
    assert (answer.code, answer.out) == (3, "")
    (gate,) = pipeline.gates()
    assert gate["state"] == "PENDING"
    assert f"signoff story checkpoint --state={STATE} --choice=fix" in answer.err
    assert f"signoff gate approve {gate['workflowID']} {gate['gateKey']}" in answer.err
    assert pipeline.checkpoint().code == 3
    assert [one["gateKey"] for one in pipeline.gates()] == [gate["gateKey"]]
    assert (pipeline.folder / STATE).read_bytes() == before


def test_an_answer_given_elsewhere_is_found_and_the_state_file_brought_up_to_date(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    pipeline.checkpoint()
    gate = pipeline.gates()[0]
    where = (gate["workflowID"], gate["gateKey"])
    assert (
        pipeline.run("gate", "reply", *where, "--choice", "fix", "--data", '{"note": "two"}', "--as", "bob").code == 0
    )
    refused = pipeline.checkpoint("--choice", "approve")
    assert refused.code == 4
    assert "fix by bob" in refused.err
    assert pipeline.state["pipeline"]["status"] == "checkpoint"
    answer = pipeline.checkpoint()
    assert answer.code == 0
    assert "Decided before: fix by bob" in answer.err
    assert "action: fix" in answer.out
    assert (pipeline.state["pipeline"]["phase"], pipeline.state["checkpointData"]) == ("fixing", None)
    told = pipeline.state["history"][-1]["signoff"]
    assert (told["by"], told["rationale"]) == ("bob", "two")


def test_the_same_data_after_a_fix_or_an_abort_of_a_commit_is_a_new_gate(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    pipeline.checkpoint("--choice", "fix")
    pipeline.write({**pipeline.state, "checkpointData": QA})
    assert pipeline.checkpoint("--choice", "approve").code == 0
    pipeline.write(state_of(COMMIT))
    assert pipeline.checkpoint("--choice", "abort").code == 0
    assert pipeline.state["checkpointData"] == COMMIT
    assert pipeline.checkpoint("--choice", "commit").code == 0
    assert len({gate["gateKey"] for gate in pipeline.gates()}) == 4


def test_a_pause_can_be_said_twice_and_then_be_decided_at_the_same_gate(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    for choice in ("2", "2", "1"):
        assert pipeline.checkpoint("--choice", choice).code == 0
    events = [entry["event"] for entry in pipeline.state["history"]]
    assert events == ["pipeline_started", "user_deferred", "user_deferred", "user_approved"]
    assert len(pipeline.gates()) == 1


def test_a_commit_holds_the_listed_files_with_the_message_of_the_file(pipeline: Pipeline) -> None:
    pipeline.put("unlisted.txt", "x")
    pipeline.put("message.txt", "fix: say it better  \r\n\r\nbody\r\n\r\n")
    pipeline.write(state_of(COMMIT))
    answer = pipeline.checkpoint("--choice", "commit", "--message-file", "message.txt", "--json")
    head = pipeline.git("rev-parse", "HEAD")
    assert answer.document["decision"]["custom_data"] == {
        "commit": head,
        "commit_message": "fix: say it better\n\nbody",
    }
    assert pipeline.git("log", "-1", "--format=%B") == "fix: say it better\n\nbody"
    assert pipeline.git("show", "--name-only", "--format=").split() == ["README.md", "src/new.py"]
    assert pipeline.state["history"][-1]["signoff"]["commit"] == head
    assert pipeline.state["stories"][STORY]["state"] == "complete"


def test_without_commit_the_state_moves_on_and_nothing_is_committed(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    head = pipeline.git("rev-parse", "HEAD")
    # What would keep a commit from being made here is whoever commits their business.
    pipeline.put("staged.txt", "x")
    pipeline.git("add", "staged.txt")
    answer = pipeline.checkpoint("--choice", "1", "--no-commit")
    assert (answer.code, pipeline.state["pipeline"]["status"]) == (0, "running")
    assert "custom_data: null" in answer.out
    assert pipeline.git("rev-parse", "HEAD") == head


def test_review_prints_the_real_diff_and_decides_nothing(pipeline: Pipeline) -> None:
    pipeline.put("unlisted.txt", "not shown")
    pipeline.write(state_of(COMMIT))
    answer = pipeline.checkpoint("--choice", "2")
    assert (answer.code, answer.out) == (3, "")
    for words in ("-# Before", "+# After", "+print('new')", "--choice=commit"):
        assert words in answer.err
    assert "unlisted.txt" not in answer.err
    assert pipeline.gates()[0]["state"] == "PENDING"


@pytest.mark.parametrize(
    ("data", "flags", "words"),
    [
        (COMMIT, ("--choice", "3"), "--message-file"),
        (COMMIT, ("--choice", "9"), "'9' is no choice at commit_approval; choose one of 1 (commit), 2 (review)"),
        (COMMIT, ("--message-file", "none.txt"), "none.txt cannot be read"),
        (PO, ("--message-file", STATE), "--message-file is for commit_approval"),
        (PO, ("--checkpoint", "qa_approval"), "Invalid checkpoint state: expected qa_approval"),
        (PO, ("--state", "elsewhere.json"), "Pipeline state not found: elsewhere.json"),
    ],
    ids=lambda part: part[-1] if isinstance(part, tuple) else None,
)
def test_bad_input_is_refused_in_words_and_nothing_is_written(
    pipeline: Pipeline, data: dict[str, Any], flags: tuple[str, ...], words: str
) -> None:
    pipeline.write(state_of(data))
    before = (pipeline.folder / STATE).read_bytes()
    answer = pipeline.checkpoint(*flags)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert (pipeline.folder / STATE).read_bytes() == before
    assert [gate["state"] for gate in pipeline.gates()] in ([], ["PENDING"])


def test_a_state_that_is_no_json_is_refused_with_file_and_line(pipeline: Pipeline) -> None:
    pipeline.put(STATE, '{\n  "pipeline": {},\n  oops\n}')
    answer = pipeline.checkpoint()
    assert answer.code == 2
    assert f"{STATE}:3: Invalid pipeline state: not JSON" in answer.err


def test_the_state_is_looked_for_where_pipelines_keep_it(pipeline: Pipeline) -> None:
    write_state(pipeline.folder / ".bmad-core/state/pipeline-state.json", state_of(PO))
    pipeline.write(state_of(QA))
    assert "checkpoint: po_approval" in pipeline.checkpoint("--choice", "1").out
    (pipeline.folder / ".bmad-core/state/pipeline-state.json").unlink()
    assert "checkpoint: qa_approval" in pipeline.checkpoint("--choice", "1").out


def test_what_is_staged_beside_the_files_is_refused_by_name_before_anything_is_decided(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.put("staged.txt", "x")
    pipeline.git("add", "staged.txt")
    answer = pipeline.checkpoint("--choice", "commit")
    assert answer.code == 1
    assert "Staged, but not among these files: staged.txt." in answer.err
    assert pipeline.gates()[0]["state"] == "PENDING"
    assert pipeline.git("diff", "--cached", "--name-only") == "staged.txt"


def test_a_failing_hook_is_shown_and_leads_back_to_the_screen(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.hook("echo lint says no; exit 1")
    head = pipeline.git("rev-parse", "HEAD")
    answer = pipeline.checkpoint("--choice", "commit")
    assert (answer.code, answer.out, pipeline.git("rev-parse", "HEAD")) == (3, "", head)
    assert "| lint says no" in answer.err
    assert answer.err.count("HITL CHECKPOINT #3") == 2
    assert (pipeline.state["history"][-1]["event"], pipeline.state["checkpointData"]) == ("error", COMMIT)
    assert pipeline.state["history"][-1]["details"].endswith("\nlint says no")
    assert [gate["state"] for gate in pipeline.gates()] == ["PENDING", "RECEIVED"]
    pipeline.hook("exit 0")
    assert pipeline.checkpoint("--choice", "commit").code == 0
    assert pipeline.git("rev-parse", "HEAD^") == head


def test_a_file_that_changed_after_it_was_approved_is_not_committed_and_shown_again(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.checkpoint()
    gate = pipeline.gates()[0]
    pipeline.run("gate", "approve", gate["workflowID"], gate["gateKey"], "--field", "message=another")
    head = pipeline.git("rev-parse", "HEAD")
    pipeline.put("src/new.py", "print('something else')\n")
    answer = pipeline.checkpoint()
    assert (answer.code, pipeline.git("rev-parse", "HEAD")) == (3, head)
    assert "Changed since they were shown: src/new.py." in answer.err
    assert pipeline.state["history"][-1]["details"] == "not committed: Changed since they were shown: src/new.py."
    assert pipeline.gates()[0]["prompt"]["digest"] != gate["prompt"]["digest"]


def test_an_approval_from_elsewhere_is_committed_with_the_message_that_was_said_there(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    pipeline.checkpoint()
    gate = pipeline.gates()[0]
    pipeline.run("gate", "approve", gate["workflowID"], gate["gateKey"], "--field", "message=another")
    answer = pipeline.checkpoint()
    assert (answer.code, pipeline.git("log", "-1", "--format=%B")) == (0, "another")
    assert "commit_message: another" in answer.out


def test_a_state_file_that_was_changed_after_it_was_drawn_is_a_conflict_and_left_alone(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    file = StateFile(pipeline.folder / STATE)
    seen = file.read()
    with pipeline.backend() as backend:
        asked = ask_checkpoint(backend, file, seen, find_checkpoint(seen), None)
        pipeline.write({**state_of(PO), "mine": 1})
        with pytest.raises(ConflictError) as caught:
            answer_checkpoint(
                *(backend, file, asked),
                payload={"choice": "approve"},
                dedupe_key="once",
                origin="manual",
                make_commit=None,
            )
        assert (caught.value.code, caught.value.receipt) == ("pipeline-state-changed", None)
    assert pipeline.state == {**state_of(PO), "mine": 1}
    assert pipeline.gates()[0]["state"] == "PENDING"


def test_a_checkpoint_whose_time_was_over_is_asked_anew(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    file = StateFile(pipeline.folder / STATE)
    seen = file.read()
    with open_world(load({}, {}, cwd=pipeline.folder)) as world:
        first = ask_checkpoint(LedgerBackend(world, actor="ada"), file, seen, find_checkpoint(seen), None)
        later = replace(world, clock=lambda: first.gate["deadlineAt"] + 1)
        backend = LedgerBackend(later, actor="ada")
        second = ask_checkpoint(backend, file, seen, find_checkpoint(seen), None)
        assert second.gate["gateKey"] == first.gate["gateKey"]
        backend.gate(first.gate["workflowID"], first.gate["gateKey"])
        with pytest.raises(ConflictError):
            backend.reply(
                *(first.gate["workflowID"], first.gate["gateKey"]),
                {"payload": {"choice": "approve"}, "dedupeKey": "late"},
            )
        third = ask_checkpoint(backend, file, seen, find_checkpoint(seen), None)
        assert third.gate["gateKey"] == f"{first.gate['gateKey']}-2"
        assert third.gate["state"] == "PENDING"


def test_the_gate_of_a_run_is_answered_and_its_file_is_left_to_the_run(pipeline: Pipeline) -> None:
    checkpoint = find_checkpoint(PipelineState(state_of(QA)))
    with pipeline.backend("robot") as backend:
        body = {"workflowId": "it_1", "gateKey": "qa-1", "prompt": prompt_draft(checkpoint), "ttlS": 3600}
        backend.open_gate(body)
    named = {**QA, "signoff": {"workflowID": "it_1", "gateKey": "qa-1"}}
    pipeline.write(state_of(named))
    answer = pipeline.checkpoint("--choice", "fix")
    assert (answer.code, pipeline.state) == (0, state_of(named))
    assert "action: fix" in answer.out
    assert "The run goes on with: signoff story resume" in answer.err
    assert [(gate["gateKey"], gate["decision"]["decision"]) for gate in pipeline.gates()] == [("qa-1", "fix")]
    assert "action: fix" in pipeline.checkpoint().out


@pytest.mark.parametrize("edited", [{"qaFindings": {"gate": "PASS"}}, {"signoff": {"workflowID": "x", "gateKey": "y"}}])
def test_a_file_that_shows_something_else_than_its_runs_gate_asks_is_not_believed(
    pipeline: Pipeline, edited: dict[str, Any]
) -> None:
    checkpoint = find_checkpoint(PipelineState(state_of(QA)))
    with pipeline.backend("robot") as backend:
        body = {"workflowId": "it_1", "gateKey": "qa-1", "prompt": prompt_draft(checkpoint), "ttlS": 3600}
        backend.open_gate(body)
    pipeline.write(state_of({**QA, "signoff": {"workflowID": "it_1", "gateKey": "qa-1"}, **edited}))
    answer = pipeline.checkpoint("--choice", "approve")
    assert answer.code == 2
    assert answer.err.startswith("Error: Invalid checkpoint state: ")
    assert pipeline.gates()[0]["state"] == "PENDING"


def look(pipeline: Pipeline, backend: Backend) -> tuple[StateFile, Asked]:
    """The checkpoint as one of two commands has it that are at it at the same time."""
    file = StateFile(pipeline.folder / STATE)
    seen = file.read()
    checkpoint = find_checkpoint(seen)
    changes = look_at(pipeline.folder, checkpoint.about.paths) if isinstance(checkpoint.about, CommitData) else None
    return file, ask_checkpoint(backend, file, seen, checkpoint, changes)


def approve_elsewhere(pipeline: Pipeline, *fields: str) -> None:
    pipeline.checkpoint()
    gate = pipeline.gates()[0]
    assert pipeline.run("gate", "approve", gate["workflowID"], gate["gateKey"], *fields).code == 0


def test_the_same_decision_is_told_again_where_the_file_has_it_already(pipeline: Pipeline) -> None:
    """Somebody else's command has written it between our look and our turn."""
    pipeline.write(state_of(COMMIT))
    approve_elsewhere(pipeline)
    with pipeline.backend() as backend:
        file, asked = look(pipeline, backend)
        told = pipeline.checkpoint("--json").document
        after = pipeline.state
        outcome = settle_checkpoint(backend, file, asked, make_commit=None)
    assert outcome.decision is not None
    assert outcome.decision.document == told
    assert pipeline.state == after
    assert MESSAGE.splitlines()[0] in pipeline.git("log", "-1", "--format=%s")


@pytest.mark.parametrize("choice", ["approve", "fix"])
def test_a_decision_that_the_file_was_told_of_is_not_taken_up_again_when_somebody_restores_the_file(
    pipeline: Pipeline, choice: str
) -> None:
    before = state_of(QA)
    pipeline.write(before)
    with pipeline.backend() as backend:
        file, asked = look(pipeline, backend)
        assert pipeline.checkpoint("--choice", choice).code == 0
        pipeline.write(before)
        # Somebody who saw the gate before it was closed comes too late as well.
        decided = replace(asked, gate=backend.gate(asked.gate["workflowID"], asked.gate["gateKey"]))
        with pytest.raises(ConflictError, match="changed by somebody else"):
            settle_checkpoint(backend, file, decided, make_commit=None)
    answer = pipeline.checkpoint()
    assert (answer.code, answer.out, pipeline.state) == (3, "", before)
    assert [gate["state"] for gate in pipeline.gates()] == ["PENDING", "RECEIVED"]
    assert [gate["prompt"]["payload"]["round"] for gate in pipeline.gates()] == [1, 0]


def test_a_commit_of_which_the_file_was_told_is_asked_anew_when_the_file_is_restored(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    assert pipeline.checkpoint("--choice", "commit").code == 0
    pipeline.write(state_of(COMMIT))
    answer = pipeline.checkpoint()
    assert answer.code == 3
    assert "None of these files differs from the last commit." in answer.err
    assert pipeline.git("rev-list", "--count", "HEAD") == "3"


def test_a_decision_that_the_history_has_is_known_to_be_told_also_where_the_ledger_was_not_told(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(state_of(QA))
    with monkeypatch.context() as patched:
        # As if it had died there.
        patched.setattr("signoff.app.answer_checkpoint.close_told", lambda *_: None)
        assert pipeline.checkpoint("--choice", "fix").code == 0
    assert pipeline.entries("gate.closed") == []
    told = {**pipeline.state, "checkpointData": QA}
    pipeline.write(told)
    assert pipeline.checkpoint().code == 3
    assert [entry["gateKey"] for entry in pipeline.entries("gate.closed")] == [pipeline.gates()[1]["gateKey"]]


def test_an_approval_that_is_found_later_is_not_for_changes_that_nobody_was_shown(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    approve_elsewhere(pipeline)
    pipeline.put("src/new.py", "print('something else')\n")
    answer = pipeline.checkpoint("--no-commit")
    assert (answer.code, answer.out) == (3, "")
    assert pipeline.state["pipeline"]["status"] == "checkpoint"
    assert pipeline.state["history"][-1]["details"].startswith("not committed: What is to be committed has changed")
    assert pipeline.checkpoint("--no-commit", "--choice", "commit").code == 0


def test_a_gate_is_withdrawn_as_soon_as_the_file_asks_something_else(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    pipeline.checkpoint()
    pipeline.write(state_of({**PO, "validationScore": 3}))
    pipeline.checkpoint()
    pipeline.write(state_of(QA))
    assert pipeline.checkpoint("--choice", "approve").code == 0
    assert [gate["state"] for gate in pipeline.gates()] == ["RECEIVED", "CANCELLED", "CANCELLED"]
    told = pipeline.entries("gate.cancelled")
    assert {entry["body"]["reason"] for entry in told} == {"the pipeline asks something else by now"}


def test_what_was_read_before_somebody_wrote_to_the_file_is_not_asked(pipeline: Pipeline) -> None:
    pipeline.write(state_of(PO))
    file = StateFile(pipeline.folder / STATE)
    seen = file.read()
    pipeline.write(state_of(QA))
    with pipeline.backend() as backend:
        with pytest.raises(ConflictError, match="changed by somebody else"):
            ask_checkpoint(backend, file, seen, find_checkpoint(seen), None)
        assert [gate["state"] for gate in pipeline.gates()] == ["CANCELLED"]


def test_who_comes_after_the_decision_is_told_whose_it_was_and_who_made_it_gets_it_again(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    first = pipeline.checkpoint("--choice", "fix", "--rationale", "two things")
    after = pipeline.state
    again = pipeline.checkpoint("--choice", "2", "--rationale", "two things")
    assert (again.code, again.out, pipeline.state) == (0, first.out, after)
    for flags, actor in ((("--choice", "approve"), "bob"), (("--choice", "fix"), "bob"), (("--choice", "3"), "ada")):
        late = pipeline.checkpoint(*flags, actor=actor)
        assert (late.code, late.out) == (4, "")
        assert "fix by ada" in late.err
    assert pipeline.checkpoint("--json", "--choice", "approve").document["receipt"]["decision"] == "fix"
    assert pipeline.state == after
    assert len(pipeline.gates()) == 1
    # Without a choice, for another checkpoint, or once the pipeline has gone on, there is nothing to answer.
    for words in ("", "--choice fix --checkpoint po_approval", "--choice edit"):
        assert pipeline.checkpoint(*words.split()).code == 2
    left = after["pipeline"]
    for gone_on in (
        {"history": [*after["history"], {"storyId": STORY, "event": "agent_started"}]},
        {"currentStory": "4.11"},
        {"pipeline": {**left, "phase": "qa_review"}},
        {"pipeline": {**left, "status": "checkpoint"}},
        {"pipeline": {**left, "checkpoint": "qa_approval"}},
    ):
        pipeline.write({**after, **gone_on})
        halted = pipeline.checkpoint("--choice", "fix", "--rationale", "two things")
        assert (halted.code, halted.out) == (2, ""), gone_on
        assert "there is no checkpointData" in halted.err


def test_a_commit_that_was_made_is_told_again_with_its_message(pipeline: Pipeline) -> None:
    pipeline.put("message.txt", "another")
    pipeline.write(state_of(COMMIT))
    flags = ("--choice", "commit", "--message-file", "message.txt", "--format", "json")
    first = pipeline.checkpoint(*flags)
    assert first.document["decision"]["custom_data"]["commit_message"] == "another"
    assert pipeline.checkpoint(*flags).document == first.document
    assert pipeline.checkpoint("--choice", "commit").code == 4


def test_a_decision_in_a_history_that_the_ledger_does_not_know_is_no_answer(pipeline: Pipeline) -> None:
    pipeline.write(state_of(QA))
    pipeline.checkpoint("--choice", "fix")
    after = pipeline.state
    for change in ({"gateKey": "other"}, {"gateKey": "NO KEY"}, {"interactionId": "hi_other"}):
        entry = after["history"][-1]
        edited = {**entry, "signoff": {**entry["signoff"], **change}}
        pipeline.write({**after, "history": [*after["history"][:-1], edited]})
        assert pipeline.checkpoint("--choice", "fix").code == 2


def test_from_a_subfolder_the_repositorys_state_and_ledger_are_found(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.write(state_of(PO))
    monkeypatch.chdir(pipeline.folder / "src")
    shown = pipeline.checkpoint()
    assert shown.code == 3
    assert f"--dir={pipeline.folder / '.signoff'}" in shown.err
    assert pipeline.checkpoint("--choice", "approve").code == 0
    assert [path.name for path in (pipeline.folder / "src").iterdir()] == ["new.py"]
    write_state(pipeline.folder / "src" / STATE, state_of(QA))
    assert "checkpoint: qa_approval" in pipeline.checkpoint("--choice", "approve").out
    assert len(pipeline.gates()) == 2
    monkeypatch.chdir(pipeline.folder.parent)
    pipeline.write(state_of(QA))
    assert pipeline.checkpoint("--state", f"repo/{STATE}", "--choice", "approve", "--dir", "repo/.signoff").code == 0
    assert len(pipeline.gates()) == 3


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"caf\xe9", "message.txt is not UTF-8 at byte 4"),
        ("later".encode("utf-16"), "message.txt is not UTF-8 at byte 1"),
        (b" \n", "A commit message is text"),
    ],
)
def test_a_message_that_is_no_text_is_refused_and_nothing_is_asked(
    pipeline: Pipeline, message: bytes, why: str
) -> None:
    pipeline.write(state_of(COMMIT))
    (pipeline.folder / "message.txt").write_bytes(message)
    answer = pipeline.checkpoint("--choice", "commit", "--message-file", "message.txt")
    assert answer.code == 2
    assert why in answer.err
    assert pipeline.gates() == []


def test_a_git_that_is_at_work_is_told_and_the_checkpoint_stays_open(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    lock = pipeline.folder / ".git" / "index.lock"
    lock.touch()
    answer = pipeline.checkpoint("--choice", "commit")
    assert answer.code == 1
    assert f"{lock} is there" in answer.err
    assert pipeline.gates()[0]["state"] == "PENDING"
    lock.unlink()
    assert pipeline.checkpoint("--choice", "commit").code == 0
    assert len(pipeline.gates()) == 1


def test_the_same_choice_said_otherwise_or_by_somebody_else_is_told_whose_answer_it_was(pipeline: Pipeline) -> None:
    """Of two at once the second finds the gate decided, and the file untold as long as the hook of the first runs."""
    for flags, actor in ((("--rationale", "other"), "ada"), ((), "bob"), ((), "ada")):
        is_same = (flags, actor) == ((), "ada")
        pipeline.put("src/new.py", f"print({flags!r}, {actor!r})\n")
        pipeline.write(state_of(COMMIT))
        assert pipeline.checkpoint().code == 3
        with pipeline.backend() as backend:
            file, asked = look(pipeline, backend)
            with pytest.raises(OSError, match="died"):
                desk_says(backend, file, asked)
        answer = pipeline.checkpoint("--choice", "commit", *flags, actor=actor)
        head = pipeline.git("rev-parse", "HEAD")
        assert answer.code == (0 if is_same else 4)
        assert "commit by ada" in answer.err
        assert f"Committed {head}." in answer.err
        assert pipeline.state["history"][-1]["signoff"]["commit"] == head


def desk_says(backend: Backend, file: StateFile, asked: Asked) -> None:
    """Commit, said by ada as `story checkpoint --choice commit` says it, who dies before the file is told."""

    def dies(*_: object) -> CommitOutcome:
        raise OSError("died")

    payload = {"choice": "commit"}
    key = f"{dedupe_key_of('ada', None, asked.gate, payload)}:0"
    answer_checkpoint(backend, file, asked, payload=payload, dedupe_key=key, origin="manual", make_commit=dies)


@pytest.mark.parametrize("is_asked_meanwhile", [False, True], ids=["", "asked-while-the-hook-runs"])
def test_a_commit_that_was_made_while_the_checkpoint_came_to_say_something_else_is_named_and_found(
    pipeline: Pipeline, is_asked_meanwhile: bool
) -> None:
    other = {**COMMIT, "commitMessage": "another message"}
    pipeline.write(state_of(COMMIT))
    with pipeline.backend() as backend:
        file, asked = look(pipeline, backend)

        def commits_meanwhile(changes: Changes, message: str) -> CommitOutcome:
            pipeline.write(state_of(other))
            if is_asked_meanwhile:
                assert pipeline.checkpoint().code == 3
            return commit(pipeline.folder, changes, message)

        with pytest.raises(ConflictError) as caught:
            answer_checkpoint(
                *(backend, file, asked),
                payload={"choice": "commit"},
                dedupe_key="once",
                origin="manual",
                make_commit=commits_meanwhile,
            )
    head = pipeline.git("rev-parse", "HEAD")
    assert head in caught.value.message
    assert caught.value.details["commit"] == head
    assert pipeline.state["checkpointData"] == other
    told = pipeline.checkpoint("--json")
    assert (told.code, told.document["decision"]["custom_data"]["commit"]) == (0, head)
    assert pipeline.state["checkpointData"] is None
    assert pipeline.git("rev-list", "--count", "HEAD") == "3"


def test_what_others_have_committed_is_not_taken_for_what_was_approved(pipeline: Pipeline) -> None:
    pipeline.write(state_of(COMMIT))
    approve_elsewhere(pipeline)
    pipeline.write(state_of({**COMMIT, "commitMessage": "another message"}))
    pipeline.git("add", "src/new.py")
    pipeline.git("commit", "--quiet", "--all", "--message", "by hand")
    pipeline.git("commit", "--quiet", "--allow-empty", "--message", "and one more")
    answer = pipeline.checkpoint()
    assert (answer.code, answer.out) == (3, "")
    assert "HEAD is at" in answer.err
    assert "another message" in answer.err
    assert pipeline.state["pipeline"]["status"] == "checkpoint"


def test_a_decision_about_what_the_file_did_not_ask_any_more_has_no_effect_when_it_asks_that_again(
    pipeline: Pipeline,
) -> None:
    pipeline.write(state_of(QA))
    approve_elsewhere(pipeline)
    pipeline.write(state_of({**QA, "qaFindings": {"gate": "FAIL"}}))
    assert pipeline.checkpoint().code == 3
    [closed] = pipeline.entries("gate.closed")
    assert closed["body"]["reason"] == "the pipeline asks something else by now"
    assert closed["body"]["interactionId"] == pipeline.gates()[1]["receipt"]["interactionId"]
    pipeline.write(state_of(QA))
    again = pipeline.checkpoint()
    assert (again.code, again.out, pipeline.state) == (3, "", state_of(QA))
    assert [gate["prompt"]["payload"]["round"] for gate in pipeline.gates()] == [0, 0, 0]
    assert pipeline.checkpoint("--choice", "approve").code == 0
    assert len(pipeline.entries("gate.closed")) == 2


def test_a_file_whose_name_cannot_be_shown_is_named_as_what_stands_in_the_way(pipeline: Pipeline) -> None:
    pipeline.put("src/tab\there.py", "x")
    pipeline.write(state_of({**COMMIT, "changesForCommit": ["src/new.py", "src/tab\there.py"]}))
    answer = pipeline.checkpoint("--choice", "commit")
    assert (answer.code, answer.out) == (1, "")
    assert "'src/tab\\there.py' is a name that cannot be shown as it is: rename it." in answer.err
    assert pipeline.gates()[0]["state"] == "PENDING"


def test_data_of_another_checkpoint_than_the_pipelines_are_refused_with_what_to_write(pipeline: Pipeline) -> None:
    state = state_of(PO)
    state["pipeline"]["checkpoint"] = "xx"
    pipeline.write(state)
    answer = pipeline.checkpoint()
    assert answer.code == 2
    assert "write the same in `pipeline.checkpoint` and `checkpointData.checkpoint`, one of po_approval" in answer.err
