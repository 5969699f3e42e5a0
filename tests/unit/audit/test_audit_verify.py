from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from audit_trails import follow, trail_of

from signoff.audit.entry import Entry
from signoff.audit.head import Head, key_id_of, sign_head
from signoff.audit.tree import Frontier
from signoff.audit.verify import Report, verify

KEY, OTHER_KEY = bytes(range(32)), bytes(32)
TRAIL = trail_of("a", "b", "a", "a", "c", "b")


def head_over(entries: Sequence[Entry], key: bytes = KEY) -> Head:
    root = Frontier(entry.hash for entry in entries).root()
    return sign_head(key, tree_size=len(entries), root=root, signed_at=1767225600000)


HEADS = [head_over(TRAIL[:2]), head_over(TRAIL[:5])]


def codes(report: Report) -> list[tuple[int | None, str]]:
    return [(finding.seq, finding.code) for finding in report.findings]


def test_a_sound_ledger_is_clean_and_counted() -> None:
    report = verify(iter(TRAIL), HEADS)
    assert report == Report(entries=6, workflows=3, heads=2, findings=(), newest_head=HEADS[1], uncovered=1)
    assert report.is_clean


def test_an_empty_ledger_is_clean() -> None:
    assert verify([], []) == Report(0, 0, 0, (), None, 0)
    assert verify([], [head_over([])]).is_clean


def test_without_heads_nothing_is_covered() -> None:
    report = verify(TRAIL, [])
    assert report.is_clean
    assert report.uncovered == 6


@pytest.mark.parametrize("column", ["workflow_id", "n", "gate_key", "at", "actor", "event", "body", "prev_hash"])
def test_an_altered_entry_is_named_alone_and_the_heads_go_on_holding(column: str) -> None:
    value: Any = 99 if column in ("n", "at") else "x"
    altered = replace(TRAIL[2], **{column: value})
    report = verify([*TRAIL[:2], altered, *TRAIL[3:]], HEADS)
    assert codes(report) == [(3, "entry-altered")]
    assert report.newest_head == HEADS[1]
    assert not report.is_clean


@pytest.mark.parametrize("value", ["0" * 64, "", "no hex", "\ud800", None, b"x", 7, TRAIL[2].hash.upper()])
def test_an_altered_hash_is_named_and_breaks_the_heads_after_it(value: Any) -> None:
    altered = replace(TRAIL[2], hash=value)
    report = verify([*TRAIL[:2], altered, *TRAIL[3:]], HEADS)
    assert codes(report) == [(3, "entry-altered"), (None, "head-mismatch")]
    assert (report.newest_head, report.uncovered) == (HEADS[0], 4)


def test_an_end_that_was_cut_off_is_noticed_by_the_heads() -> None:
    report = verify(TRAIL[:4], HEADS)
    assert codes(report) == [(None, "head-ahead")]
    assert (report.newest_head, report.uncovered) == (HEADS[0], 2)


def test_a_workflow_that_was_removed_whole_is_noticed_by_the_heads() -> None:
    assert codes(verify([entry for entry in TRAIL if entry.workflow_id != "c"], HEADS)) == [(None, "head-mismatch")]


def test_a_workflow_that_was_put_in_is_noticed_by_the_heads() -> None:
    late = follow(None, "d", seq=0)
    report = verify([late, *TRAIL], HEADS)
    assert codes(report) == [(None, "head-mismatch")] * 2
    assert (report.newest_head, report.uncovered) == (None, 7)


def test_a_history_rewritten_with_all_its_hashes_is_noticed_by_the_heads() -> None:
    rewritten = follow(None, "c", seq=5, actor="mallory")
    assert codes(verify([*TRAIL[:4], rewritten, TRAIL[5]], HEADS)) == [(None, "head-mismatch")]


def test_an_altered_head_is_noticed_and_covers_nothing() -> None:
    report = verify(TRAIL, [HEADS[0], replace(HEADS[1], tree_size=6)])
    assert codes(report) == [(None, "head-signature")]
    assert (report.newest_head, report.uncovered) == (HEADS[0], 4)


@pytest.mark.parametrize("tree_size", [None, b"x", "5", 5.0, -1, float("nan")])
def test_a_head_of_rubbish_is_noticed(tree_size: Any) -> None:
    assert codes(verify(TRAIL, [replace(HEADS[1], tree_size=tree_size)])) == [(None, "head-signature")]


def test_a_head_by_an_unknown_key_is_noticed_once_it_is_said_whom_to_trust() -> None:
    heads = [HEADS[0], head_over(TRAIL, OTHER_KEY)]
    assert verify(TRAIL, heads).is_clean
    report = verify(TRAIL, heads, trusted_keys=[key_id_of(KEY)])
    assert codes(report) == [(None, "head-untrusted-key")]
    assert (report.newest_head, report.uncovered) == (HEADS[0], 4)
    assert codes(verify(TRAIL, HEADS, trusted_keys=[])) == [(None, "head-untrusted-key")] * 2


def test_the_newest_head_is_the_largest_one_in_whatever_order_they_come() -> None:
    assert verify(TRAIL, HEADS[::-1]).newest_head == HEADS[1]


def test_the_findings_of_entries_come_before_those_of_heads() -> None:
    altered = replace(TRAIL[5], actor="mallory")
    report = verify([*TRAIL[:5], altered], [replace(HEADS[0], signature=""), HEADS[1]])
    assert codes(report) == [(6, "entry-altered"), (None, "head-signature")]
