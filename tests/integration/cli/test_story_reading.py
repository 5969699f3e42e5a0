"""What people see of the files of a story: its screens at any width, `story audit` and `story qa-check`."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cli_shell import Answer
from story_checkpoints import COMMIT, PO, QA, STORY, state_of, write_state
from story_pipeline import STATE, Pipeline

from signoff.cli.story import screens
from signoff.stories.checkpoint import find_checkpoint
from signoff.stories.state import PipelineState

FINDING = "Missing integration test for the edge case of an empty belief state"


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pipeline:
    monkeypatch.chdir(tmp_path)
    return Pipeline(tmp_path, monkeypatch, capsys)


def drawn(data: dict[str, Any], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(screens, "_width", lambda: width)
    screens.Screen().checkpoint(find_checkpoint(PipelineState(state_of(data))))
    return capsys.readouterr().err


def qa_data() -> dict[str, Any]:
    data = deepcopy(QA)
    data["qaFindings"]["issues"] = [
        {"id": "TEST-001", "severity": "medium", "finding": FINDING, "action": "Add test for empty belief state"},
        "Only a sentence",
    ]
    return data


@pytest.mark.parametrize("width", [30, 44, 60, 80, 120])
def test_no_word_is_broken_at_any_width(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = drawn(qa_data(), width, monkeypatch, capsys)
    words = shown.replace("|", " ").split()
    assert {*FINDING.split(), "TEST-001", "medium", "Severity", "Required", "sentence"} <= {
        word.rstrip(":") for word in words
    }
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"validationScore": "8/10", "validationStatus": "❌ NO-GO"}, "VALIDATION STATUS: ❌ NO-GO (Score: 8/10)"),
        ({"validationScore": "85%"}, "VALIDATION STATUS: GO (Score: 85%)"),
        ({"summary": ["One.", "Two."]}, "SUMMARY: One.; Two."),
    ],
)
def test_what_agents_have_formatted_is_not_formatted_again(
    changes: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in drawn({**PO, **changes}, 100, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("gate", "alarms"), [("FAIL", True), ("❌ FAIL", True), ("Failed", True), ("✅ PASS", False), ("CONCERNS", False)]
)
def test_a_failed_gate_alarms_whatever_stands_beside_it(
    gate: str, alarms: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alarmed: list[str] = []

    class Screen(screens.Screen):
        def _said(self, name: str, text: str, *, is_alarm: bool = False) -> None:
            alarmed.extend([text] if is_alarm else [])

    data = deepcopy(QA)
    data["qaFindings"]["gate"] = gate
    Screen().checkpoint(find_checkpoint(PipelineState(state_of(data))))
    assert alarmed == ([gate] if alarms else [])


def test_half_a_character_breaks_no_surface(pipeline: Pipeline) -> None:
    data = {**PO, "storyTitle": "Half \ud83d", "summary": "\udcff", "amendments": ["\ud800"]}
    write_state(pipeline.folder / STATE, state_of(data))
    assert b"\\ud83d" in (pipeline.folder / STATE).read_bytes()
    for words in (("--choice", "2"), ("--choice", "2", "--format", "json"), ()):
        answer = pipeline.checkpoint(*words)
        assert (answer.code, "Traceback" in answer.err, "defect" in answer.err) == (3 if not words else 0, False, False)
        assert "Half \ufffd" in answer.err
    (gate,) = pipeline.gates()
    assert gate["prompt"]["title"].endswith("Half \ufffd")
    assert b"\\ud83d" in (pipeline.folder / STATE).read_bytes()
    assert pipeline.run("story", "audit", STATE).code == 1


def test_a_decision_leaves_what_is_not_ours_byte_for_byte(pipeline: Pipeline) -> None:
    before = (
        '{\n\t"v": 4.10, "big": 123456789012345678901234567890, "e": 1e5,\n\t"\\u00fc": "raw \udcff €",\n'
        '\t"pipeline": {"status": "checkpoint", "checkpoint": "po_approval"},\n'
        '\t"checkpointData": {"checkpoint": "po_approval", "storyId": "4.10"}\n}'
    )
    (pipeline.folder / STATE).write_bytes(before.encode("utf-8", "surrogateescape"))
    assert pipeline.checkpoint("--choice", "1", "--rationale", "schön").code == 0
    after = (pipeline.folder / STATE).read_bytes().decode("utf-8", "surrogateescape")
    head, _, _ = before.partition('\t"pipeline"')
    assert after.startswith(head + '\t"pipeline": {"status": "running", "checkpoint": null}')
    assert '"checkpointData": null' in after
    assert "sch\\u00f6n" in after


def qa_check(pipeline: Pipeline, *words: str) -> Answer:
    return pipeline.run("story", "qa-check", *words)


def test_a_folder_without_gates_is_no_success_and_hides_no_other(pipeline: Pipeline) -> None:
    (pipeline.folder / "empty" / "inner").mkdir(parents=True)
    pipeline.put("empty/gate.txt", "gate: PASS")
    pipeline.put("gates/4.5.yml", "schema: 1\nstory: '4.5'\ngate: ✅ PASS\nupdated: 2026-01-12\n")
    answer = qa_check(pipeline, "empty")
    assert answer.code == 1
    assert "There is no QA gate file: looked for .yml and .yaml here and in the folders in it." in answer.out
    answer = qa_check(pipeline, "gates", "empty", "--json")
    assert answer.code == 1
    told = [(one["path"], one["status"], one["findings"][0]["code"]) for one in answer.document["files"]]
    assert told == [("gates/4.5.yml", "warning", "decorated-word"), ("empty", "error", "no-gate-files")]
    assert answer.document["stories"][0]["gate"] == "PASS"
    assert qa_check(pipeline, "gates", ".").code == 0


def test_an_audit_looks_for_the_files_of_a_commit_in_the_repository(pipeline: Pipeline) -> None:
    pipeline.put("src/new.py", "new")
    listed = [{"path": path, "status": "new"} for path in ("src/new.py", "src/gone.py")]
    write_state(pipeline.folder / STATE, state_of({**COMMIT, "changesForCommit": listed}))
    answer = pipeline.run("story", "audit", STATE, "--json")
    assert answer.code == 1
    missing = [one for one in answer.document["findings"] if one["code"] == "missing-file"]
    assert [(one["story"], "src/gone.py" in one["message"]) for one in missing] == [(STORY, True)]
