"""Checkpoints: what is found in the data, the answers, and the gate that a checkpoint is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from story_checkpoints import COMMIT, MESSAGE, PO, QA, STORY, state_of

from signoff.errors import InvalidInputError
from signoff.gates.keys import check_gate_key, check_workflow_id
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.stories.asking import gate_key_of, is_about, prompt_draft, round_of, workflow_id_of
from signoff.stories.changes import Changes, FileChange, changes_from_wire
from signoff.stories.checkpoint import Checkpoint, find_checkpoint
from signoff.stories.checkpoint_data import CommitData, PoData, QaData
from signoff.stories.choices import CHOICES, find_action
from signoff.stories.state import Kind, PipelineState, read_state

CHANGES = Changes("main", "a" * 40, (FileChange("src/new.py", "new", "b" * 64, "100644"),), ("HEAD is detached.",))


def found(data: dict[str, Any], **more: Any) -> Checkpoint:
    return find_checkpoint(state(data, **more))


def state(data: dict[str, Any], **more: Any) -> PipelineState:
    return read_state(json.dumps(state_of(data, **more)), path="state.json")


def refused(document: dict[str, Any], expected: Kind | None = None) -> str:
    with pytest.raises(InvalidInputError) as caught:
        find_checkpoint(PipelineState(document), expected)
    assert caught.value.code == "invalid-checkpoint-state"
    assert caught.value.message.startswith("Invalid checkpoint state: ")
    return caught.value.message


@pytest.mark.parametrize("in_pipeline", [True, False])
def test_the_data_is_found_at_the_root_and_under_pipeline(in_pipeline: bool) -> None:
    checkpoint = found(PO, in_pipeline=in_pipeline)
    assert (checkpoint.kind, checkpoint.story_id, checkpoint.summary) == (Kind.PO, STORY, "Two amendments.")
    assert (checkpoint.title, checkpoint.story_file) == ("Coverage Progress Tracking", "docs/stories/4.10.story.md")


def test_po_data_has_its_amendments_score_and_status() -> None:
    about = found({**PO, "amendments": [*PO["amendments"], "Just a sentence"]}).about
    assert isinstance(about, PoData)
    assert (about.score, about.status) == ("8/10", "GO")
    assert [(one.section, one.change, one.reason) for one in about.amendments] == [
        ("Acceptance Criteria", "Added AC for error handling", "It was missing"),
        ("Tasks", "Reordered", ""),
        ("", "Just a sentence", ""),
    ]


def test_qa_data_has_its_results_and_findings() -> None:
    about = found(QA).about
    assert isinstance(about, QaData)
    assert (about.gate, about.tests, about.coverage) == ("CONCERNS", "12 passing, 0 failing", "85% (target: 80%)")
    assert (about.lint, about.gate_file) == ("No issues", "docs/qa/gates/4.10.yml")
    assert [(one.id, one.severity, one.finding, one.action) for one in about.findings] == [
        ("TEST-001", "medium", "No integration test", "Add one")
    ]


@pytest.mark.parametrize(
    ("findings", "tests", "coverage", "lint"),
    [
        ({"testsPass": False, "testsFailing": 2}, "FAILING, 2 failing", None, None),
        ({"testsPass": True, "coveragePercent": 82.5, "lint": True}, "passing", "82.5%", "No issues"),
        ({"lint": False}, None, None, "ISSUES"),
    ],
)
def test_qa_results_say_as_much_as_is_known(
    findings: dict[str, Any], tests: str | None, coverage: str | None, lint: str | None
) -> None:
    about = found({**QA, "qaFindings": findings}).about
    assert isinstance(about, QaData)
    assert (about.tests, about.coverage, about.lint) == (tests, coverage, lint)


def test_commit_data_has_each_path_once_and_the_message_without_blanks_at_its_ends() -> None:
    listed = [*COMMIT["changesForCommit"], "./README.md", "src//new.py"]
    about = found({**COMMIT, "changesForCommit": listed, "commitMessage": f"\n{MESSAGE}  \r\n\r\n"}).about
    assert isinstance(about, CommitData)
    assert about == CommitData(("src/new.py", "README.md"), MESSAGE)


def test_title_and_story_file_are_taken_from_the_story_where_the_data_has_none() -> None:
    bare = {name: value for name, value in PO.items() if name not in ("storyTitle", "storyFile", "storyId")}
    checkpoint = found(bare, stories={STORY: {"title": "Of the story", "storyFile": "a.md"}})
    assert (checkpoint.title, checkpoint.story_file, checkpoint.story_id) == ("Of the story", "a.md", STORY)
    assert found(bare, stories={}).title == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checkpoint": "somewhere"}, "`checkpointData.checkpoint` is one of po_approval"),
        ({"checkpoint": "qa_approval"}, "the pipeline is at po_approval"),
        ({"storyId": 4.10}, "`checkpointData.storyId` is a number"),
        ({"storyId": "4.1"}, "it is of story '4.1'"),
        ({"amendments": {}}, "`amendments` must be a list"),
        ({"amendments": [3]}, "`amendments[0]` must be an object"),
        ({"amendments": [{"section": []}]}, "`section` must be a text or a number"),
        ({"validationScore": True}, "`validationScore` must be a text or a number"),
    ],
)
def test_data_that_is_not_what_a_checkpoint_shows_is_refused(changes: dict[str, Any], why: str) -> None:
    document = state_of(PO)
    document["checkpointData"].update(changes)
    assert why in refused(document)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({**QA, "qaFindings": None}, "`qaFindings` must be an object"),
        ({**QA, "qaFindings": {"issues": [["x"]]}}, "`qaFindings.issues[0]` must be an object"),
        ({**COMMIT, "changesForCommit": []}, "`changesForCommit` lists no file"),
        ({**COMMIT, "commitMessage": " \n"}, "`commitMessage` is missing"),
        ({**COMMIT, "commitMessage": None}, "`commitMessage` is missing"),
        ({**COMMIT, "changesForCommit": ["a"] * 2_001}, "at most 2000"),
    ],
)
def test_data_of_the_other_checkpoints_is_looked_at_as_closely(data: dict[str, Any], why: str) -> None:
    assert why in refused(state_of(data))


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/passwd", "C:/x", "a\\b", ".git/config", "a/.GIT/x", "", ".", "a\0b", "\ud800", 3, None],
)
def test_a_path_that_names_no_file_of_the_repository_is_refused(path: object) -> None:
    assert "`changesForCommit[0]`" in refused(state_of({**COMMIT, "changesForCommit": [path]}))


def test_missing_data_and_another_checkpoint_than_expected_are_refused() -> None:
    assert "there is no checkpointData" in refused({**state_of(PO), "checkpointData": None})
    assert "`checkpointData` must be an object" in refused({**state_of(PO), "checkpointData": []})
    assert "expected qa_approval" in refused(state_of(PO), Kind.QA)
    assert "`checkpointData.storyId` is missing" in refused(state_of({**PO, "storyId": None}, currentStory=None))
    assert "printable" in refused(state_of({**PO, "storyId": "a\nb"}, currentStory=None))
    named = state_of({**PO, "signoff": {"workflowID": 3}})
    with pytest.raises(InvalidInputError, match="names no gate"):
        _ = find_checkpoint(PipelineState(named)).own_gate


def test_the_gate_of_a_run_is_named_by_the_data_and_no_part_of_what_is_shown() -> None:
    checkpoint = found({**PO, "signoff": {"workflowID": "it_1", "gateKey": "po-1"}})
    assert checkpoint.own_gate == ("it_1", "po-1")
    assert found(PO).own_gate is None
    assert found({**PO, "signoff": "odd"}).own_gate is None
    assert checkpoint.shown == found(PO).shown


@pytest.mark.parametrize("kind", list(Kind))
def test_each_number_key_action_and_effect_means_one_action(kind: Kind) -> None:
    actions = CHOICES[kind]
    assert [one.number for one in actions] == list(range(1, len(actions) + 1))
    for one in actions:
        for word in (str(one.number), one.key.upper(), f" {one.action} ", one.effect or one.key):
            assert find_action(kind, word) is one
    assert find_action(kind, "5") is None
    assert find_action(kind, "none") is None
    assert find_action(kind, "") is None


@pytest.mark.parametrize("data", [PO, QA, COMMIT], ids=lambda data: data["checkpoint"])
def test_the_draft_is_a_prompt_whose_payload_says_what_is_shown_and_of_what(data: dict[str, Any]) -> None:
    checkpoint = found(data)
    draft = prompt_draft(checkpoint, round_=2, changes=CHANGES)
    prompt = build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)
    assert prompt.subject == {"story": STORY, "checkpoint": data["checkpoint"]}
    assert prompt.wire["payload"]["checkpointData"] == data
    assert changes_from_wire(prompt.wire["payload"]["changes"]) == CHANGES
    assert is_about(prompt.wire["payload"], checkpoint, 2)
    assert not is_about(prompt.wire["payload"], checkpoint, 1)
    assert not is_about(None, checkpoint, 2)
    effects = {choice.key: choice.effect for choice in prompt.choices}
    assert effects == {one.key: one.effect for one in checkpoint.actions if one.effect}
    check_gate_key(gate_key_of(draft, asked_before=3))


def test_the_body_tells_the_files_their_state_and_what_stands_against_a_commit() -> None:
    body = prompt_draft(found(COMMIT), changes=CHANGES)["body"]
    assert "- new: src/new.py" in body
    assert "**Not as it stands:** HEAD is detached." in body
    assert "    feat(4.10): track coverage" in body
    assert "- README.md" in prompt_draft(found(COMMIT))["body"]


def test_a_title_that_is_too_long_is_cut() -> None:
    assert len(prompt_draft(found({**PO, "storyTitle": "x" * 500}))["title"]) == 300


def test_the_key_names_what_is_shown_and_the_round() -> None:
    key = gate_key_of(prompt_draft(found(PO)))
    assert key.startswith("po-approval-")
    assert key == gate_key_of(prompt_draft(found(PO, in_pipeline=True)))
    others = [
        gate_key_of(prompt_draft(found({**PO, "validationScore": 9}))),
        gate_key_of(prompt_draft(found(PO), round_=1)),
        gate_key_of(prompt_draft(found(PO)), asked_before=1),
    ]
    assert len({key, *others}) == 4


@pytest.mark.parametrize("story_id", ["4.10", "a story / with ünicode"])
def test_the_workflow_is_named_after_the_place_and_the_story(story_id: str) -> None:
    name = check_workflow_id(workflow_id_of("/repo/pipeline-state.json", story_id))
    assert name.startswith("story:")
    assert (name.endswith(":4.10")) is (story_id == "4.10")
    assert name != workflow_id_of("/elsewhere/pipeline-state.json", story_id)


def test_a_round_is_counted_by_the_decisions_on_this_checkpoint_that_were_taken_up() -> None:
    subject = {"story": STORY, "checkpoint": "qa_approval"}
    others = [{"subject": {**subject, "checkpoint": "po_approval"}}, {"subject": {**subject, "story": "4.9"}}, None, {}]
    assert round_of([{"subject": subject, "round": 0}, *others, {"subject": subject, "round": 1}], found(QA)) == 2


DECIDED = {"storyId": STORY, "event": "user_rejected", "signoff": {"interactionId": "hi_1"}}


@pytest.mark.parametrize(
    ("status", "history", "is_asked"),
    [
        ("checkpoint", [], True),
        ("paused", [], True),
        (None, [], True),
        ("running", [DECIDED], True),
        ("running", [], False),
        ("running", [DECIDED, {"storyId": STORY, "event": "agent_started"}], False),
        ("idle", [DECIDED], False),
        ("completed", [DECIDED], False),
        ("failed", [DECIDED], False),
    ],
)
def test_where_the_pipeline_names_no_checkpoint_data_count_only_if_they_came_after_our_own_word(
    status: str | None, history: list[dict[str, Any]], is_asked: bool
) -> None:
    document = {**state_of(QA, history=history), "pipeline": {"status": status, "checkpoint": None}}
    if is_asked:
        assert find_checkpoint(PipelineState(document)).kind is Kind.QA
    else:
        assert f"the pipeline is {status} and at no checkpoint" in refused(document)


def test_data_of_another_checkpoint_than_the_pipelines_is_not_asked_about() -> None:
    document = {**state_of(PO), "pipeline": {"status": "checkpoint", "checkpoint": "security_approval"}}
    assert "the pipeline is at 'security_approval', and its checkpointData is of po_approval" in refused(document)


def test_of_two_places_with_data_that_of_the_pipelines_checkpoint_counts() -> None:
    document = state_of(PO)
    document["pipeline"] = {"status": "checkpoint", "checkpoint": "qa_approval", "checkpointData": QA}
    checkpoint = find_checkpoint(PipelineState(document))
    assert (checkpoint.kind, checkpoint.raw) == (Kind.QA, QA)
