from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from audit_trails import follow, trail_of

from signoff.audit.entry import Entry
from signoff.audit.export import dump, load
from signoff.audit.head import Head, sign_head
from signoff.audit.tree import Frontier
from signoff.audit.verify import verify
from signoff.errors import DocumentError

TRAIL = trail_of("a", "b", "a", "b")
HEAD = sign_head(bytes(32), tree_size=4, root=Frontier(entry.hash for entry in TRAIL).root(), signed_at=1767225600000)
LINES = list(dump(TRAIL, [HEAD]))


def test_an_export_says_first_what_it_is() -> None:
    assert LINES[0] == '{"kind":"signoff-audit","version":1}'


def test_an_export_has_a_line_for_each_entry_and_head() -> None:
    assert [json.loads(line)["kind"] for line in LINES] == ["signoff-audit", *["entry"] * 4, "head"]
    assert json.loads(LINES[1])["body"] == {"choice": "yes", "number": 1}


def test_what_is_dumped_is_loaded_again() -> None:
    assert load(LINES, path="audit.jsonl") == (TRAIL, [HEAD])
    assert load((line + "\r\n" for line in [*LINES, "", "  "]), path="audit.jsonl") == (TRAIL, [HEAD])


def test_letters_that_end_lines_for_some_stay_inside_their_line() -> None:
    entry = follow(None, "a", seq=1, actor="Zoë\u2028\u0085\n", body={"rationale": "\u2029"})
    text = "\n".join(dump([entry], []))
    assert text.isascii()
    assert load(text.splitlines(), path="audit.jsonl") == ([entry], [])


def test_an_export_of_one_workflow_is_whole_though_its_seq_has_gaps() -> None:
    entries, heads = load(dump([entry for entry in TRAIL if entry.workflow_id == "b"], []), path="b.jsonl")
    report = verify(entries, heads)
    assert report.is_clean
    assert (report.entries, report.workflows) == (2, 1)


def test_the_order_of_lines_proves_nothing() -> None:
    shuffled = [LINES[0], LINES[5], LINES[4], LINES[2], LINES[1], LINES[3]]
    assert verify(*load(shuffled, path="audit.jsonl")).is_clean


@pytest.mark.parametrize("column", [field.name for field in fields(Entry)])
@pytest.mark.parametrize("value", [None, b"x", 1.5, True, 2**62, float("nan"), "", "a\x00", "\ud800", "{ }", "é"])
def test_a_tampered_ledger_is_exported_and_found_out_as_it_would_have_been_itself(column: str, value: Any) -> None:
    altered = [TRAIL[0], replace(TRAIL[1], **{column: value}), *TRAIL[2:]]
    report = verify(*load(dump(altered, [HEAD]), path="audit.jsonl"))
    direct = verify(altered, [HEAD])
    codes = [finding.code for finding in report.findings]
    assert codes[0] == "entry-altered"
    if column != "seq":  # Lines are put in the order of seq, as a database would.
        assert codes == [finding.code for finding in direct.findings]
        assert report.findings[0].seq == 2


@pytest.mark.parametrize("column", [field.name for field in fields(Head)])
@pytest.mark.parametrize("value", [None, b"x", 1.5, 2**62, "", "\ud800"])
def test_a_tampered_head_is_exported_and_found_out(column: str, value: Any) -> None:
    report = verify(*load(dump(TRAIL, [replace(HEAD, **{column: value})]), path="audit.jsonl"))
    assert [finding.code for finding in report.findings] == ["head-signature"]


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ([], None, "empty"),
        (["", " "], None, "empty"),
        (["{"], 1, "not JSON"),
        (["[]"], 1, "first line must be"),
        (LINES[1:], 1, "first line must be"),
        (['{"kind":"signoff-audit","version":2}'], 1, "first line must be"),
        ([LINES[0], "", "{"], 3, "not JSON"),
        ([LINES[0], LINES[1], "7"], 3, "neither an entry nor a head"),
        ([LINES[0], LINES[0]], 2, "neither an entry nor a head"),
        ([LINES[0], "{}"], 2, "neither an entry nor a head"),
        ([LINES[0], LINES[1].replace("actor", "author")], 2, "'actor' is missing"),
        ([LINES[0], LINES[1][:-1] + ',"more":1}'], 2, "'more' is unknown"),
        ([LINES[0], LINES[1][:-1] + ',"seq":1}'], 2, "stands twice"),
        ([LINES[0], LINES[5].replace("root", "boot")], 2, "'root' is missing"),
        ([LINES[0], LINES[1].replace('"seq":1', '"seq":{}')], 2, "seq is neither"),
    ],
)
def test_what_cannot_be_read_is_named_by_file_and_line(lines: list[str], line: int | None, what: str) -> None:
    with pytest.raises(DocumentError, match=what) as refusal:
        load(lines, path="some/audit.jsonl")
    assert (refusal.value.path, refusal.value.line) == ("some/audit.jsonl", line)
