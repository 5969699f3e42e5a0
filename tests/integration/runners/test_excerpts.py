"""Text from programs is made fit to be shown."""

from __future__ import annotations

import hashlib

import pytest

from signoff.runners.excerpt import EXCERPT_CHARS_MAX, EXCERPT_LINES, last_lines, one_line, to_artifact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\rb\x08c\x00d", "a b c d"),
        ("pay \u202eeno\u202c", "pay eno"),
        ("two\n  lines\u2028three", "two lines three"),
        ("\x9b2Jclear", "clear"),
        ("x\x1b", "x"),
        ("Grüße 日本", "Grüße 日本"),
    ],
)
def test_control_sequences_and_invisible_characters_fall_away(text: str, shown: str) -> None:
    assert one_line(text, 100) == shown


def test_a_long_line_is_shortened_visibly() -> None:
    assert one_line("x" * 11, 10) == "x" * 9 + "…"
    assert one_line("x" * 10, 10) == "x" * 10
    assert len(one_line("x" * 1_000_000, 10)) == 10


def test_only_the_last_lines_are_told_and_blank_ones_are_left_out() -> None:
    output = "".join(f"line {n}\n\n" for n in range(100)).encode()
    assert last_lines(output).splitlines() == [f"line {n}" for n in range(100 - EXCERPT_LINES, 100)]


def test_what_is_told_is_bounded_whatever_was_written() -> None:
    assert len(last_lines(b"\xff" * 1_000_000)) <= EXCERPT_CHARS_MAX
    assert len(last_lines(b"long line\n" * 10 + b"y" * 50_000)) <= EXCERPT_CHARS_MAX


def test_an_artifact_keeps_what_a_database_can_keep_and_its_digest_is_over_that() -> None:
    artifact = to_artifact("stdout", b"a\x00b\xff\n")
    assert artifact.inline == "a\ufffdb\ufffd\n"
    assert artifact.sha256 == hashlib.sha256(artifact.inline.encode()).hexdigest()
