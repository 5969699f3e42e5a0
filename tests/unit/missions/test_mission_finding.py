from __future__ import annotations

from pathlib import Path

from signoff.missions import finding
from signoff.missions.finding import CODES, ERROR, INVARIANTS, SEVERITIES, Finding

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "missions.md"


def test_every_code_is_a_constant_of_its_own_name_with_one_line_and_a_place_in_the_reference() -> None:
    constants = {value for name, value in vars(finding).items() if name.isupper() and value == name}
    assert constants == set(CODES)
    page = REFERENCE.read_text("utf-8")
    assert [name for name in (*CODES, *INVARIANTS) if f"\n| `{name}` |" not in page] == []
    assert [words for words in CODES.values() if "\n" in words or not words.endswith(".")] == []


def test_the_warnings_of_the_contract_are_warnings_and_its_errors_are_errors() -> None:
    warnings = {name for name, severity in SEVERITIES.items() if severity != ERROR}
    assert warnings >= {
        *("REVIEW_CYCLE_NUMBERING_GAP", "REVIEW_CYCLE_BODY_REPEATED"),
        *("ILLEGAL_UNFORCED_EDGE", "FROM_LANE_DISCONTINUITY"),
    }
    errors = {"EVENT_LINE_MALFORMED", "STATUS_SNAPSHOT_DRIFT", "WORK_PACKAGE_METADATA_INVALID"}
    assert not errors & warnings
    assert errors <= set(SEVERITIES)


def test_a_findings_members_stand_flat_beside_each_other() -> None:
    told = Finding("A_CODE", "warning", "Look.", "WP01", {"path": "x", "line": 3})
    assert told.to_wire() == {
        "diagnostic_code": "A_CODE",
        "severity": "warning",
        "work_package_id": "WP01",
        "message": "Look.",
        "path": "x",
        "line": 3,
    }
    assert "work_package_id" not in Finding("A_CODE", "error", "Look.").to_wire()
