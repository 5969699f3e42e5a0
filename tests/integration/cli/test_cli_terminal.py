"""What strangers wrote cannot act on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from signoff.cli.terminal import cells, cut, one_line, pad, sanitise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hgone", "gone"),
        ("\x9b31mred", "red"),
        ("safe\rEVIL", "safe\nEVIL"),
        ("back\x08\x08space\x7f", "backspace"),
        ("abc\u202edcba\u2066x\u2069", "abcdcbax"),
        ("in\u200bvisi\ufeffble\U000e0041", "invisible"),
        ("two\u2028lines\r\nthree\ttabs", "two\nlines\nthree\ttabs"),
        ("half \ud800 pair", "half  pair"),
        ("日本 café 👍🏽", "日本 café 👍🏽"),
    ],
)
def test_nothing_that_a_terminal_would_obey_is_left(text: str, shown: str) -> None:
    assert sanitise(text) == shown


def test_what_python_can_print_is_left_as_it_is_and_nothing_of_it_is_obeyed() -> None:
    """`sanitise` looks no closer at such text."""
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert sanitise(printable) == printable
    # With a character that makes it look closer, and goes.
    assert sanitise(f"{printable}\x7f") == printable


def test_text_hidden_in_a_window_title_or_a_link_is_shown_rather_than_swallowed() -> None:
    shown = sanitise("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\ \x1b]0;drop the table\x07")
    assert "\x1b" not in shown
    assert "evil.example" in shown
    assert "drop the table" in shown


def test_sequences_put_together_by_taking_one_out_do_not_survive() -> None:
    assert "\x1b" not in sanitise("\x1b\x1b[31m[2Jx")


def test_wide_letters_are_counted_as_the_terminal_draws_them() -> None:
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert pad("日本", 6) == "日本  "
    assert cut("日本語です", 5) == "日本…"
    assert one_line(" a\n\tb ") == "a b"


def _on_a_terminal(code: str, **environ: str) -> bytes:
    parent, child = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **environ}
    with os.fdopen(parent, "rb", buffering=0) as screen:
        done = subprocess.run([sys.executable, "-c", code], stdout=child, env=env, timeout=60, check=True)
        os.close(child)
        assert done.returncode == 0
        return screen.read(10_000)


_SAY = "from signoff.cli.output import say; say('a\\x1b[31mb', bold=True)"


def test_our_own_style_is_drawn_on_a_terminal_and_theirs_is_not() -> None:
    assert _on_a_terminal(_SAY) == b"\x1b[1mab\x1b[0m\r\n"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_means_none(environ: dict[str, str]) -> None:
    assert _on_a_terminal(_SAY, **environ) == b"ab\r\n"
