"""The data of a checkpoint in the manners of different agents: read where the meaning is plain."""

from __future__ import annotations

from typing import Any

import pytest
from story_checkpoints import COMMIT, MESSAGE, PO, QA

from signoff.errors import InvalidInputError
from signoff.stories.checkpoint_data import (
    ROWS_MAX,
    About,
    Amendment,
    CommitData,
    Finding,
    PoData,
    QaData,
    about_of,
    prose,
)
from signoff.stories.state import Kind


def read(data: dict[str, Any]) -> About:
    return about_of(Kind(data["checkpoint"]), data)


def qa(**findings: Any) -> QaData:
    about = read({**QA, "qaFindings": findings})
    assert isinstance(about, QaData)
    return about


@pytest.mark.parametrize(
    ("said", "shown"),
    [(8, "8/10"), (8.5, "8.5/10"), ("8", "8/10"), ("8/10", "8/10"), (" 8 / 10 ", "8/10"), ("80/100", "80/100")],
)
def test_a_score_is_shown_of_ten_once(said: object, shown: str) -> None:
    about = read({**PO, "validationScore": said})
    assert isinstance(about, PoData)
    assert about.score == shown


@pytest.mark.parametrize(
    ("amendment", "read_as"),
    [
        ("Just said", Amendment("", "Just said", "")),
        ({"area": "Tasks", "description": "Reordered", "rationale": 7}, Amendment("Tasks", "Reordered", "7")),
        ({"section": "Tasks", "change": ["Reordered", "Cut"]}, Amendment("Tasks", "Reordered; Cut", "")),
    ],
)
def test_an_amendment_may_be_a_sentence_or_have_other_names(amendment: object, read_as: Amendment) -> None:
    about = read({**PO, "amendments": [amendment]})
    assert isinstance(about, PoData)
    assert about.amendments == (read_as,)


@pytest.mark.parametrize(
    ("issue", "read_as"),
    [
        ("No test", Finding("", "", "No test", "")),
        (
            {"id": "T-1", "level": "high", "description": "No test", "suggested_action": ["Add one", "Run it"]},
            Finding("T-1", "high", "No test", "Add one; Run it"),
        ),
        ({"ref": 3, "title": "No test", "recommendation": {"add": "one"}}, Finding("3", "", "No test", "add: one")),
    ],
)
@pytest.mark.parametrize("name", ["issues", "findings", "top_issues"])
def test_an_issue_may_be_a_sentence_or_have_other_names(name: str, issue: object, read_as: Finding) -> None:
    assert qa(**{name: [issue]}).findings == (read_as,)


def test_findings_may_be_a_list_alone() -> None:
    about = read({**QA, "gate": "FAIL", "qaFindings": ["No test"]})
    assert isinstance(about, QaData)
    assert (about.gate, about.findings) == ("FAIL", (Finding("", "", "No test", ""),))


@pytest.mark.parametrize(
    ("findings", "coverage"),
    [
        ({"coveragePercent": 85, "coverageTarget": 80}, "85% (target: 80%)"),
        ({"coveragePercent": "85%", "coverageTarget": "80 %"}, "85% (target: 80 %)"),
        ({"coveragePercent": "82.5"}, "82.5%"),
        ({"coverage": "not measured"}, "not measured"),
        ({"coverage": {"lines": 85, "branches": 70}}, "lines: 85, branches: 70"),
        ({}, None),
    ],
)
def test_a_percentage_is_shown_with_one_sign(findings: dict[str, Any], coverage: str | None) -> None:
    assert qa(**findings).coverage == coverage


@pytest.mark.parametrize(
    ("lint", "shown"),
    [
        (
            {"errors": 0, "warnings": 2, "passed": True, "issues": []},
            "errors: 0, warnings: 2, passed: yes, issues: none",
        ),
        ({"passed": False, "by": None}, "passed: no, by: -"),
        (["unused import", "long line"], "unused import; long line"),
        ([], "No issues"),
        (True, "No issues"),
        (False, "ISSUES"),
        ("clean", "clean"),
        (None, None),
    ],
)
def test_what_the_linter_said_may_have_any_plain_shape(lint: object, shown: str | None) -> None:
    assert qa(lint=lint).lint == shown


@pytest.mark.parametrize(
    ("findings", "tests"),
    [
        ({"testsPass": "12 of 12"}, "12 of 12"),
        ({"tests": {"passing": 12, "failing": 0}}, "passing: 12, failing: 0"),
        ({"testsPass": True, "tests": "not shown twice"}, "passing"),
        ({"testsPass": False, "testsFailing": 2}, "FAILING, 2 failing"),
    ],
)
def test_what_the_tests_said_may_have_any_plain_shape(findings: dict[str, Any], tests: str) -> None:
    assert qa(**findings).tests == tests


@pytest.mark.parametrize(
    "listed",
    [
        ["src/new.py", {"file": "README.md"}],
        [{"filePath": "src/new.py", "status": "new"}, {"filename": "./README.md"}],
        {"src/new.py": "new", "README.md": None},
        {"new": ["src/new.py"], "modified": [{"path": "README.md"}], "deleted": []},
    ],
)
@pytest.mark.parametrize("message", [MESSAGE, MESSAGE.split("\n")])
def test_the_files_of_a_commit_and_its_message_may_be_listed_in_several_ways(listed: object, message: object) -> None:
    about = read({**COMMIT, "changesForCommit": listed, "commitMessage": message})
    assert about == CommitData(("src/new.py", "README.md"), MESSAGE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({**COMMIT, "changesForCommit": "src/new.py"}, "`changesForCommit` must be a list"),
        ({**COMMIT, "changesForCommit": {"new": ["a"] * (ROWS_MAX + 1)}}, "`changesForCommit` must be a list"),
        ({**COMMIT, "changesForCommit": [{"name": "src/new.py"}]}, "`changesForCommit[0]` is no path"),
        ({**COMMIT, "changesForCommit": None}, "`changesForCommit` lists no file"),
        ({**COMMIT, "commitMessage": ["a", 3]}, "`commitMessage` is missing"),
        ({**QA, "qaFindings": {"lint": [[[[[[["deep"]]]]]]]}}, "`lint` is nested more than"),
        ({**QA, "qaFindings": {"coveragePercent": True}}, "`coveragePercent` must be a text or a number"),
        ({**PO, "amendments": [{"section": ["a"]}]}, "`section` must be a text or a number"),
    ],
)
def test_what_is_not_plain_is_refused(data: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(data)
    assert why in caught.value.message
    assert caught.value.code == "invalid-checkpoint-state"


def test_a_summary_may_be_a_list_and_what_says_nothing_is_passed_over() -> None:
    assert prose({"summary": ["One.", "Two."]}, "summary") == "One.; Two."
    assert prose({"change": "  ", "description": "Reordered"}, "change", "description") == "Reordered"
    assert prose({}, "summary") is None
