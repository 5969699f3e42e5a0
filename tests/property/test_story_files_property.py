"""QA gate files and backlogs, whatever is in them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from signoff.runners.story.gate_files import look_at_gate_file
from signoff.stories.backlog import current_sprint, move_story
from signoff.stories.qa_gate import ERRORS, WARNINGS, check_qa_gate

words = (
    st.sampled_from(
        ["gate", "story", "top_issues", "severity", "waiver", "nfr_validation", "risk_summary", "highest", "score"]
    )
    | st.sampled_from(
        [
            "PASS",
            "FAIL",
            "high",
            "4.10",
            "true",
            "null",
            "9",
            "2026-01-12",
            "N/A",
            "!!binary x",
            "&a",
            "*a",
            "<<",
            "status",
        ]
    )
    | st.sampled_from(
        ["\n", "\n  ", "\n- ", ": ", ", ", "[", "]", "{", "}", "'", '"', "#", "|", ">", "%", "?", "\t", "\x85", "é"]
    )
)
cells = st.sampled_from(
    ["4.5", "backlog", "done", "ğŸš§", "Story", "Pipeline", "Depends", "|", "\\|", "-", "\udcff", " "]
)
rows = st.lists(st.lists(cells, max_size=12).map("".join), max_size=6)


@given(st.binary(max_size=200) | st.lists(words, max_size=30).map(lambda parts: "".join(parts).encode()))
def test_no_file_breaks_the_check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gate.yml"
        path.write_bytes(data)
        checked = look_at_gate_file(path)
    assert {finding.code for finding in checked.findings} <= ERRORS | WARNINGS
    assert checked.gate is not None or checked.status == "error"
    assert all(finding.line is None or 1 <= finding.line <= data.count(b"\n") + 2 for finding in checked.findings)


@given(st.text(max_size=100))
def test_no_text_is_well_without_a_gate(text: str) -> None:
    checked = check_qa_gate(text, path="gate.yml")
    assert (checked.gate is not None and checked.gate.gate is not None) or checked.status == "error"


@given(rows)
def test_moving_a_story_touches_no_other_line_and_is_seen_afterwards(lines: list[str]) -> None:
    text = "\n".join(["## Current Sprint", "| Story | Pipeline |", "|---|---|", *lines])
    for story in current_sprint(text) or []:
        moved = move_story(text, story.id, "validating")
        before, after = text.splitlines(True), moved.splitlines(True)
        assert sum(one != other for one, other in zip(before, after, strict=True)) <= 1
        first = next(one for one in current_sprint(moved) or [] if one.id == story.id)
        assert first.state in ("validating", "complete")
