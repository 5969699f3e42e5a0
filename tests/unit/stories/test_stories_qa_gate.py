"""QA gate files: what each says, and whether its gate follows from it."""

from __future__ import annotations

import pytest

from signoff.stories.qa_gate import ERRORS, WARNINGS, Issue, QaGate, check_qa_gate, newest_of

GOOD = """\
schema: 1
story: 4.10
gate: {gate}
status_reason: said
reviewer: quinn
updated: 2026-01-12T10:15:00Z
{more}
"""


def codes(text: str) -> list[str]:
    return [finding.code for finding in check_qa_gate(text, path="gate.yml").findings]


def of(gate: str, more: str = "") -> str:
    return GOOD.format(gate=gate, more=more)


def issue(severity: str, more: str = "") -> str:
    return f"top_issues:\n  - {{id: I-1, severity: {severity}, finding: f, suggested_action: a{more}}}"


def test_a_file_that_says_it_all_is_ok_and_its_story_is_the_text_that_it_is() -> None:
    checked = check_qa_gate(of("CONCERNS", issue("medium")), path="gate.yml")
    assert (checked.status, checked.findings) == ("ok", ())
    assert checked.gate is not None
    assert (checked.gate.story, checked.gate.gate, checked.gate.updated) == ("4.10", "CONCERNS", "2026-01-12T10:15:00Z")
    assert checked.gate.issues == (Issue("I-1", "medium", "f", "a"),)


@pytest.mark.parametrize(
    ("gate", "evidence", "expected"),
    [
        ("PASS", "", []),
        ("PASS", issue("low"), []),
        ("PASS", issue("medium"), ["gate-too-lenient"]),
        ("CONCERNS", issue("high"), ["gate-too-lenient"]),
        ("FAIL", issue("high"), []),
        ("FAIL", issue("medium"), ["gate-too-strict"]),
        ("CONCERNS", "", ["gate-too-strict"]),
        ("PASS", "risk_summary: {highest: {id: r, score: 5}}", []),
        ("PASS", "risk_summary: {highest: {id: r, score: 6}}", ["gate-too-lenient"]),
        ("CONCERNS", "risk_summary: {highest: {id: r, score: 8.9}}", []),
        ("CONCERNS", "risk_summary: {highest: {id: r, score: 9}}", ["gate-too-lenient"]),
        ("CONCERNS", issue("low", ", risk_score: '9'"), ["gate-too-lenient"]),
        ("PASS", "nfr_validation: {_assessed: [security], security: {status: PASS}}", []),
        ("PASS", "nfr_validation: {security: CONCERNS, notes: [a]}", ["gate-too-lenient"]),
        ("CONCERNS", "nfr_validation: {security: {status: FAIL}, speed: {notes: none}}", ["gate-too-lenient"]),
        ("FAIL", "nfr_validation: {security: {status: FAIL}}", []),
        ("WAIVED", issue("high") + "\nwaiver: {active: true, reason: r, approved_by: ada}", []),
        ("WAIVED", issue("high") + "\nwaiver: {active: yes, reason: r, approver: ada}", []),
        ("PASS", issue("high") + "\nwaiver: {active: true, reason: r, approved_by: ada}", []),
        ("WAIVED", issue("high"), ["waiver-incomplete"]),
        ("WAIVED", "waiver: {active: false, reason: r, approved_by: ada}", ["waiver-incomplete"]),
        ("PASS", issue("high") + "\nwaiver: {active: true, reason: r}", ["gate-too-lenient", "waiver-incomplete"]),
    ],
)
def test_a_gate_must_follow_from_its_own_evidence(gate: str, evidence: str, expected: list[str]) -> None:
    assert codes(of(gate, evidence)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (of("RESOLVED"), ["unknown-value"]),
        (of("pass"), ["letter-case"]),
        (of("FAIL", issue("CRITICAL")), ["unknown-value"]),
        (of("PASS", issue("blocker")), ["gate-too-lenient", "unknown-value"]),
        (of("PASS", "nfr_validation: {security: {status: N/A}}"), ["unknown-value"]),
        (of("PASS", "risk_summary: {highest: {score: true}}"), ["unknown-value"]),
        (of("PASS", "risk_summary: {highest: {score: lots}}"), ["unknown-value"]),
        (of("PASS", "risk_summary: {highest: null}"), []),
        (of("PASS", "top_issues: [text]"), ["invalid-shape"]),
        (of("PASS", "top_issues: {a: b}"), ["invalid-shape"]),
        (of("PASS", "waiver: no"), ["invalid-shape"]),
        (of("PASS").replace("2026-01-12T10:15:00Z", "soon"), ["unreadable-time"]),
        (of("PASS").replace("story: 4.10", "epic: 4"), ["missing-story"]),
        (of("PASS").replace("story: 4.10", "story: [4]"), ["missing-story"]),
        (of("PASS").replace("gate: PASS", "gates: PASS"), ["missing-gate"]),
        ("gate:\n  story: '1.1'\n  status: PASS\n", ["nested-gate"]),
        ("gate:\n  story: '1.1'\n  gate: FAIL\n", ["nested-gate", "gate-too-strict"]),
        ("gate:\n  story: '1.1'\n", ["missing-gate", "nested-gate"]),
        ("gate: [", ["invalid-yaml"]),
        ("gate: PASS\nstory: '1'\ngate: FAIL\n", ["invalid-yaml"]),
        ("a: &a 1\nb: *a\n", ["invalid-yaml"]),
        ("", ["invalid-shape"]),
        ("- PASS\n", ["invalid-shape"]),
    ],
)
def test_what_is_wrong_in_a_file_is_told_and_the_rest_still_read(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "gate", "expected"),
    [
        (of("✅ PASS"), "PASS", ["decorated-word"]),
        (of("⚠️ CONCERNS", issue("🟡 medium")), "CONCERNS", ["decorated-word", "decorated-word"]),
        (of("âŒ fail", issue("high")), "FAIL", ["decorated-word"]),
        (of("':x: FAIL'", issue("high")), "FAIL", ["decorated-word"]),
        (of("✅ PASS", issue("🔴 CRITICAL")), "PASS", ["decorated-word", "gate-too-lenient", "unknown-value"]),
        (of("PASS", issue("major")), "PASS", ["gate-too-lenient", "unknown-value"]),
        (of("PASS", "nfr_validation: {security: {status: ❌ FAIL}}"), "PASS", ["gate-too-lenient", "decorated-word"]),
        (of("PASS", "nfr_validation: {security: {status: Failed}}"), "PASS", ["gate-too-lenient", "unknown-value"]),
        (of("✅"), None, ["unknown-value"]),
        (of("not PASS"), None, ["unknown-value"]),
    ],
)
def test_words_are_read_whatever_icons_stand_beside_them(text: str, gate: str | None, expected: list[str]) -> None:
    checked = check_qa_gate(text, path="gate.yml")
    assert checked.gate is not None
    assert checked.gate.gate == gate
    assert [finding.code for finding in checked.findings] == expected


def test_each_finding_names_its_line_and_a_warning_alone_is_no_error() -> None:
    checked = check_qa_gate(of("PASS", issue("CRITICAL")), path="gate.yml")
    assert [(finding.code, finding.line) for finding in checked.findings] == [
        ("gate-too-lenient", 3),
        ("unknown-value", 8),
    ]
    assert checked.status == "error"
    assert check_qa_gate(of("pass"), path="gate.yml").status == "warning"
    assert not ERRORS & WARNINGS


@pytest.mark.parametrize(
    ("text", "story"),
    [("{story: 4.10, gate: PASS}", "4.10"), ("story: 7\ngate: PASS", "7"), ("? story\n: 4.5\ngate: PASS", "4.5")],
)
def test_a_story_without_quotes_is_read_as_it_stands(text: str, story: str) -> None:
    gate = check_qa_gate(text, path="gate.yml").gate
    assert gate is not None
    assert gate.story == story


def gate(story: str | None, updated_at: int | None) -> QaGate:
    return QaGate(story, "PASS", "", (), None, updated_at)


def test_of_several_gates_of_a_story_the_one_updated_last_holds() -> None:
    gates = {"a": gate("1", 5), "b": gate("1", 4), "c": gate("2", None), "d": gate("2", None), "e": gate(None, 9)}
    assert newest_of(gates) == {"1": "a", "2": "d"}
    assert newest_of({"a": gate("1", None), "b": gate("1", -1), "z": gate("1", None)}) == {"1": "b"}
