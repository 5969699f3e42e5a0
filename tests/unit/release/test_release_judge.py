"""What a record and a report prove, and everything that proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from release_samples import COMMIT, JUNIT, NOW, part, record_of, report_of, to_bytes

from signoff.cli.release.judge import Evidence, Judgement, Outcome, judge
from signoff.cli.release.part import PARTS, Part
from signoff.cli.release.record import Record, read_record
from signoff.gates.digest import sha256_hex

LINT, TEST = part("lint"), part("test")


def judged(one: Part, record: bytes | None, report: bytes | None = None) -> Judgement:
    return judge(one, Evidence(record, report), commit=COMMIT, now=NOW)


def with_report(one: Part, report: bytes | None, **changes: Any) -> Judgement:
    return judged(one, to_bytes(record_of(one, report, **changes)), report)


@pytest.mark.parametrize("one", PARTS, ids=lambda one: str(one.name))
def test_a_part_that_ran_and_passed_is_told_with_the_digests_of_its_files(one: Part) -> None:
    report = report_of(one)
    record = to_bytes(record_of(one, report))
    found = judged(one, record, report)
    assert (found.outcome, found.reasons) == (Outcome.PASSED, ())
    expected = {one.record_file: sha256_hex(record)}
    if report is not None and one.report_file is not None:
        expected[one.report_file] = sha256_hex(report)
    assert dict(found.digests) == expected


def test_a_record_is_read_as_it_was_written() -> None:
    record = record_of(TEST, b"<report>")
    assert read_record(to_bytes(record), "test.json") == record


def test_what_has_not_run_is_missing_with_the_task_that_runs_it() -> None:
    assert judged(LINT, None).outcome is Outcome.MISSING
    assert "poe check" in judged(LINT, None).reasons[0]
    assert "poe full" in judged(part("browser"), None).reasons[0]


@pytest.mark.parametrize("one", [one for one in PARTS if one.report], ids=lambda one: str(one.name))
def test_a_part_without_the_report_that_it_should_leave_is_missing(one: Part) -> None:
    assert judged(one, to_bytes(record_of(one))).outcome is Outcome.MISSING


def test_a_part_that_failed_is_told_with_its_exit_code() -> None:
    found = judged(LINT, to_bytes(record_of(LINT, exit_code=7)))
    assert (found.outcome, found.reasons) == (Outcome.FAILED, ("it ended with exit code 7",))
    # Also where its report would have it otherwise, and where a signal ended it.
    assert with_report(TEST, report_of(TEST), exit_code=-9).outcome is Outcome.FAILED


@pytest.mark.parametrize("changes", [{"commit": "b" * 40}, {"is_clean": False}], ids=["other commit", "changes"])
def test_what_ran_on_other_source_is_stale(changes: dict[str, Any]) -> None:
    assert judged(LINT, to_bytes(record_of(LINT, **changes))).outcome is Outcome.STALE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"exitCode": 0, "exitCode": 1}',
        to_bytes(record_of(LINT), exitCode="0"),
        to_bytes(record_of(LINT), exitCode=False),
        to_bytes(record_of(LINT), startedAt=None),
        to_bytes(record_of(LINT), command=[]),
        to_bytes(record_of(LINT), command=[1]),
        to_bytes(record_of(LINT), isClean="yes"),
        to_bytes(record_of(LINT), kind="something else"),
        to_bytes(record_of(LINT), reportSha256="abc"),
        to_bytes(record_of(LINT), more=1),
    ],
)
def test_what_cannot_be_read_as_a_record_proves_nothing(data: bytes) -> None:
    assert judged(LINT, data).outcome is Outcome.UNREADABLE


def test_a_file_that_may_not_be_read_proves_nothing() -> None:
    found = judge(LINT, Evidence(None, unreadable="reports/lint.json: Permission denied"), commit=COMMIT, now=NOW)
    assert (found.outcome, found.reasons) == (Outcome.UNREADABLE, ("reports/lint.json: Permission denied",))


@pytest.mark.parametrize(
    "record",
    [
        record_of(part("types")),
        record_of(LINT, started_at=NOW - 10, ended_at=NOW - 20),
        record_of(LINT, started_at=0),
        record_of(LINT, ended_at=NOW + 1),
    ],
    ids=["of another part", "backwards", "in no time", "in the future"],
)
def test_a_record_at_odds_with_itself_proves_nothing(record: Record) -> None:
    assert judged(LINT, to_bytes(record)).outcome is Outcome.CONTRADICTORY


def test_a_report_that_is_not_the_one_which_the_part_left_proves_nothing() -> None:
    left = report_of(TEST)
    assert left is not None
    found = judged(TEST, to_bytes(record_of(TEST, left)), left.replace(b"one", b"eno"))
    assert (found.outcome, found.reasons[0]) == (
        Outcome.CONTRADICTORY,
        "test.junit.xml is not the report that it left",
    )


# Tests


def test_skipped_tests_are_counted() -> None:
    assert with_report(TEST, JUNIT.encode()).skipped == 1


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('failures="0"', 'failures="1"', "1 tests failed"),
        ('errors="0"', 'errors="2"', "and 2 broke"),
        ('name="one"/>', 'name="one"><failure/></testcase>', "1 tests failed"),
        ('name="one"/>', 'name="one"><error/></testcase>', "1 broke"),
        ('tests="2"', 'tests="20"', "20 tests are counted and 2 are listed"),
        ('skipped="1"', 'skipped="2"', "every test was skipped"),
    ],
)
def test_an_exit_code_that_the_tests_belie_proves_nothing(old: str, new: str, why: str) -> None:
    assert JUNIT.count(old) == 1
    found = with_report(TEST, JUNIT.replace(old, new).encode())
    assert found.outcome is Outcome.CONTRADICTORY
    assert why in found.reasons[0]
    # With an exit code that says so too it is a plain failure.
    failed = with_report(TEST, JUNIT.replace(old, new).encode(), exit_code=1)
    assert (failed.outcome, len(failed.reasons)) == (Outcome.FAILED, 2)


def test_a_run_of_no_tests_proves_nothing() -> None:
    empty = b'<testsuites><testsuite errors="0" failures="0" skipped="0" tests="0"/></testsuites>'
    assert "no test ran" in with_report(TEST, empty).reasons[0]


@pytest.mark.parametrize(
    "report",
    [
        b"",
        b"<html/>",
        b"<testsuites/>",
        b"<testsuite/>",
        b'<testsuite tests="one" errors="0" failures="0" skipped="0"/>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite tests="1" errors="0" failures="0" skipped="0"/>',
    ],
)
def test_what_is_no_report_of_tests_proves_nothing(report: bytes) -> None:
    assert with_report(TEST, report).outcome is Outcome.UNREADABLE


# Measurements


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("bench-load", {"targetWaits": 999, "waiting__readyCount": 999, "waiting__gateCount": 999}, "must be 1000"),
        ("bench-load", {"waiting__readyCount": 999}, "waiting.readyCount is 999, and targetWaits 1000"),
        ("bench-load", {"waiting__gateCount": 1001}, "waiting.gateCount is 1001"),
        ("bench-load", {"waiting__erroredCount": 1}, "waiting.erroredCount is 1"),
        ("bench-load", {"violations": ["something was lost"]}, "something was lost"),
        ("bench-load", {"limits": [{"name": "too slow", "isKept": False}]}, "too slow"),
        ("bench-burst", {"final__errors": 1}, "final.errors is 1"),
        ("bench-burst", {"final__active": 1}, "final.active is 1"),
        ("bench-burst", {"final__succeeded": 999}, "final.succeeded is 999"),
        ("bench-burst", {"interactions__distinctDedupeKeys": 999}, "interactions.distinctDedupeKeys is 999"),
        ("bench-burst", {"interactions__totalRows": 1001}, "interactions.totalRows is 1001"),
        ("bench-burst", {"decisions__duplicateDecisionKeys": 1}, "decisions.duplicateDecisionKeys is 1"),
        ("bench-burst", {"timeline__duplicateStepAttempts": 1}, "timeline.duplicateStepAttempts is 1"),
        ("bench-race", {"accepted": 41}, "accepted is 41, and gates 40"),
        ("bench-race", {"effects": 160}, "effects is 160, and gates 40"),
        ("bench-race", {"untoldLosers": 1}, "untoldLosers is 1"),
        ("bench-race", {"conflicts": 119}, "160 answers were sent"),
        ("bench-race", {"gates": 39, "accepted": 39, "effects": 39, "conflicts": 117}, "gates is 39"),
        ("bench-race", {"answersPerGate": 1, "conflicts": 0}, "answersPerGate is 1"),
        ("bench-soak", {"minutes": 0.1}, "minutes is 0.1"),
        ("bench-soak", {"interactions__totalRows": 119}, "interactions.totalRows is 119"),
        ("bench-soak", {"answers__refused": 1}, "answers.refused is 1"),
        ("bench-race", {"kind": "hitl-soak"}, "of kind 'hitl-soak'"),
    ],
)
def test_a_measurement_that_breaks_a_law_has_not_passed(name: str, changes: dict[str, Any], why: str) -> None:
    one = part(name)
    found = with_report(one, report_of(one, **changes))
    assert found.outcome is Outcome.CONTRADICTORY
    assert why in " ".join(found.reasons)
    assert with_report(one, report_of(one, **changes), exit_code=1).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("bench-load", {"waiting": {}}),
        ("bench-load", {"targetWaits": "1000"}),
        ("bench-load", {"targetWaits": True}),
        ("bench-race", {"untoldLosers": -1}),
        ("bench-race", {"untoldLosers": None}),
        ("bench-race", {"gates": 40.5}),
        ("bench-race", {"violations": "none"}),
        ("bench-race", {"limits": [1]}),
        ("bench-burst", {"final": 0}),
    ],
)
def test_a_measurement_that_lacks_what_it_is_judged_by_proves_nothing(name: str, changes: dict[str, Any]) -> None:
    one = part(name)
    assert with_report(one, report_of(one, **changes)).outcome is Outcome.UNREADABLE


def test_a_judgement_is_told_with_everything_that_was_recorded() -> None:
    report = report_of(TEST)
    wire = with_report(TEST, report).to_wire()
    assert json.loads(json.dumps(wire)) == wire
    assert wire["command"] == ["poe", "test"]
    assert [one["file"] for one in wire["reports"]] == ["test.json", "test.junit.xml"]
