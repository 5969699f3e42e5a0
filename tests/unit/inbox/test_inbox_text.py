"""Diffs and JSON as people read them, and times in words."""

from __future__ import annotations

import pytest

from signoff.inbox import words
from signoff.inbox.attempts import ADDRESSES_MAX, FAILURES_MAX, WINDOW_MS, Attempts
from signoff.inbox.diff import ADDED, FILE, HUNK, REMOVED, SAME, DiffLine, diff_lines, is_diff
from signoff.inbox.outline import BLOCK_CHARS_MAX, LINES_MAX, outline_of

DIFF = "--- a/x\n+++ b/x\n@@ -3,2 +3,3 @@ def\n same\n--- was\n++++ is\n+more\n\\ No newline\n--- c/y\n"


def test_lines_of_a_diff_are_told_apart_and_numbered_as_the_hunk_counts_them() -> None:
    assert list(diff_lines(DIFF)) == [
        DiffLine(FILE, "--- a/x"),
        DiffLine(FILE, "+++ b/x"),
        DiffLine(HUNK, "@@ -3,2 +3,3 @@ def"),
        DiffLine(SAME, " same", 3, 3),
        DiffLine(REMOVED, "--- was", 4, None),
        DiffLine(ADDED, "++++ is", None, 4),
        DiffLine(ADDED, "+more", None, 5),
        DiffLine(SAME, "\\ No newline"),
        DiffLine(FILE, "--- c/y"),
    ]
    assert is_diff(DIFF)
    assert not is_diff("--- just a rule\nand text")
    assert not is_diff("text\n" + DIFF)


def test_json_is_laid_out_in_the_order_of_its_members() -> None:
    value = {"a": 1, "b": {"c": [True, "x"]}, "d": "two\nlines", "e": {}, "f": " ", "patch": DIFF}
    lines = [(line.depth, line.name, line.text or line.block) for line in outline_of(value).lines]
    assert lines[:-1] == [
        (0, "a", "1"),
        (0, "b", None),
        (1, "c", None),
        (2, "•", "true"),
        (2, "•", "x"),
        (0, "d", "two\nlines"),
        (0, "e", "{}"),
        (0, "f", '" "'),
    ]
    assert outline_of(value).lines[-1].diff is not None


@pytest.mark.parametrize(
    "value", [list(range(LINES_MAX + 1)), "x\n" * BLOCK_CHARS_MAX, "x" * 5_000, {"a": ["y" * 5_000]}]
)
def test_what_is_too_long_is_cut_and_says_so(value: object) -> None:
    outline = outline_of(value)
    assert outline.is_cut
    assert len(str(outline)) < 40_000


def test_what_fits_is_whole() -> None:
    assert not outline_of(list(range(LINES_MAX))).is_cut


def test_spans_have_two_units_at_most() -> None:
    day = 86_400_000
    for ms, text in ((0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (3_660_000, "1 h 1 min"), (3_601_000, "1 h")):
        assert words.span(ms) == text
    assert words.span(2 * day + 3 * 3_600_000 + 5) == "2 d 3 h"
    assert words.left(100_000, 40_000) == "1 min left"
    assert words.left(40_000, 100_000) == "1 min overdue"
    assert words.moment(2**62).startswith("9999-12-31")


def test_failures_count_for_a_minute_and_by_address() -> None:
    attempts = Attempts()
    for n in range(FAILURES_MAX):
        assert attempts.wait_s("a", n) == 0
        attempts.failed("a", n)
    assert attempts.wait_s("a", FAILURES_MAX) == 59
    assert attempts.wait_s("b", FAILURES_MAX) == 0
    assert attempts.wait_s("a", WINDOW_MS) == 0, "the first is a minute old"
    for n in range(ADDRESSES_MAX):
        attempts.failed(f"x{n}", 1)
    assert attempts.wait_s("a", 2) == 0, "memory is bounded: what is oldest is forgotten"
