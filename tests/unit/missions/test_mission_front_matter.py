from __future__ import annotations

import pytest

from signoff.documents.problem import Problem
from signoff.documents.yaml_text import read_yaml
from signoff.missions.front_matter import FRONT_MATTER_CHARS_MAX, read_front_matter, write_front_matter
from signoff.missions.plain_yaml import read_plain


def test_front_matter_is_what_stands_between_the_fences() -> None:
    front = read_front_matter("---\na: 1\nb:\n- x\n---\n# Body\n---\nmore\n")
    assert (front.members, front.body) == ({"a": 1, "b": ["x"]}, "# Body\n---\nmore\n")
    assert (front.line("a"), front.line("b"), front.yaml.line(("b", 0))) == (2, 3, 4)


def test_windows_line_ends_and_a_byte_order_mark_are_read() -> None:
    front = read_front_matter("\ufeff---\r\na: 1\r\n---\r\nbody\r\n")
    assert (front.members, front.body) == ({"a": 1}, "body\n")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("# Only a body", 1, "missing-front-matter"),
        ("---\na: 1\n", 1, "missing-front-matter"),
        ("", 1, "missing-front-matter"),
        ("---\n---\n", 2, "invalid-front-matter"),
        ("---\njust words\n---\n", 2, "invalid-front-matter"),
        ("---\na: 1\nb: [\n---\n", 3, "invalid-yaml"),
        ("---\na: &x 1\nb: *x\n---\n", 3, "invalid-yaml"),
        ("---\na: " + "[" * 30 + "]" * 30 + "\n---\n", 2, "invalid-yaml"),
        ("---\na: " + "x" * FRONT_MATTER_CHARS_MAX + "\n---\n", 1, "too-large"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, code: str) -> None:
    (problem,) = read_front_matter(text).problems
    assert (problem.line, problem.code) == (line, code)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: true\nc: null\nd: '#1'\ne: \"x: y\"\nf: it's\ng:\n",
        "a: []\nb: [x, y/**]\nc: ['#1', 2]\n",
        "# said\na: plain words, and (more)\n\n  # again\nb:\n  - x\n  - y: 1\n    z: 'a''b'\n  - false\n",
        "base: 4dbb05e1ae46\nname: 042-local\nat: 2026-05-02T08:10:17Z\nhidden: .a/b.yml\nbig: 12345678901234567890\n",
    ],
)
def test_plain_forms_are_read_as_the_full_reader_does(text: str) -> None:
    problems: list[Problem] = []
    full = read_yaml(text, problems, first_line=2)
    plain = read_plain(text, first_line=2)
    assert plain is not None
    assert (plain.value, plain.lines, problems) == (full.value, full.lines, [])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a: yes",
            "a: 1.5",
            "a: *x",
            "a: &x y",
            "a: !t x",
            "a: |\n  x",
            "a: >-\n  x",
            "a: {b: c}",
            "a: b: c",
            "a: b #c",
        ),
        *("a: x\n  y", "a: 1\na: 2", "a:\n- x\n  y", "a:\n- x\n - y", "a:\n- - x", 'a: "\\n"', "a: [x: y]", "a: [[x]]"),
        *("a:\n- b: 1\n  b: 2", "a:\n- b:\n    c: 1", "- x", "a", "", "# remark", "a: 'x", "a:\tx", "a: [x", "? a"),
        *("a: [x,]", "a: ..", "a: x:", "a: @x", "a: -1", "a: \u2028", f"{'k' * 121}: 1", "a:\n- x\nb", "a: ['x, y']"),
        f"a:\n- {'k' * 121}: 1",
    ],
)
def test_whatever_else_there_is_is_left_to_the_full_reader(text: str) -> None:
    assert read_plain(text) is None


def test_an_anchor_that_stands_there_twice_is_nobodys_business() -> None:
    front = read_front_matter("---\na: &x 1\nb: &x 2\n---\n")
    assert (front.members, list(front.problems)) == ({"a": 1, "b": 2}, [])


def test_what_is_written_is_read_again_in_the_same_order() -> None:
    members = {
        "title": "Plain words",
        "odd": ["yes", "1", "a: b", "#", "", "two\nlines", "\u2028", "é", "x "],
        "empty": [],
        "none": None,
        "deep": {"list": [{"a": 1, "b": [True]}, []], "map": {}},
        "needs quotes: yes": 2.5,
    }
    text = write_front_matter(members, "body\n")
    front = read_front_matter(text)
    assert (front.members, front.body, list(front.problems)) == (members, "body\n", [])
    assert list(front.members) == list(members)
    assert "title: Plain words\n" in text
