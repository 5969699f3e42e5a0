"""A state file that is written again: what is not ours in it stays as it was spelled."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.stories.state import PipelineState, read_state, to_text
from signoff.stories.state_text import legible, rewrite


def rewritten(text: str, *, is_ascii: bool = False, **pipeline: Any) -> str:
    """With other members of `pipeline`; what comes out says what it should."""
    state = read_state(text, path="state.json").with_pipeline(**pipeline)
    after = rewrite(text, state.raw, is_ascii=is_ascii)
    assert read_state(after, path="state.json") == state
    return after


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 4.10, "big": 12345678901234567890, "x": [1e5, -0.0, 1.50E+2], "pipeline": {"status": "a"}}',
        '{ "\\u00fc\\/": "\\ud83d", "raw": "\udcfc\udc81", "pipeline":{"status":"a" ,"n":4.10}\t}\n\n',
        '\ufeff{\r\n\t"pipeline": {\r\n\t\t"n" : [4.10, {"deep" : 2.0}],\r\n\t\t"status" : "a"\r\n\t}\r\n}',
        '{"pipeline": {"status": "a"}, "note": "}],{[\\"", "empty": { }, "none": [\n]}',
    ],
)
def test_only_what_has_changed_is_spelled_anew(text: str) -> None:
    assert rewritten(text, status="b") == text.replace('"a"', '"b"')
    assert rewritten(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"pipeline":{"status":"a"}}', '{"pipeline":{"status":"a", "error":{"at":[1]}}}'),
        ('{"v":1,"pipeline":{"status":"a"}}', '{"v":1,"pipeline":{"status":"a","error":{"at":[1]}}}'),
        ('{"v": 1, "pipeline": {}}', '{"v": 1, "pipeline": {"error": {"at": [1]}}}'),
        ('{"pipeline": null}', '{"pipeline": {"error": {"at": [1]}}}'),
        (
            '{\r\n "pipeline" : {\r\n  "status" : "a"\r\n }\r\n}',
            '{\r\n "pipeline" : {\r\n  "status" : "a",'
            '\r\n  "error" : {\r\n   "at" : [\r\n    1\r\n   ]\r\n  }\r\n }\r\n}',
        ),
        (
            '{\n\t"pipeline": {"status": "a"}\n}\n',
            '{\n\t"pipeline": {"status": "a", "error": {"at": [1]}}\n}\n',
        ),
        ("{}\n", '{\n  "pipeline": {\n    "error": {\n      "at": [\n        1\n      ]\n    }\n  }\n}\n'),
    ],
)
def test_what_is_new_is_laid_out_as_the_file_is(text: str, expected: str) -> None:
    assert rewritten(text, error={"at": [1]}) == expected


def test_entries_of_a_list_stay_as_they_are_spelled_wherever_they_go() -> None:
    text = '{"told": [4.10, {"n": 4.10}, {"n": 1e2, "x": 1}, {"n": 2.0}, 4.1]}'
    state = read_state(text, path="state.json")
    first, _, third, fourth, last = state.raw["told"]
    after = state.with_members(told=[first, fourth, {**third, "x": 2}, {"n": 5}, last, {"n": 6}])
    assert rewrite(text, after.raw) == ('{"told": [4.10, {"n": 2.0}, {"n": 1e2, "x": 2}, {"n": 5}, 4.1, {"n": 6}]}')


def test_members_that_are_gone_leave_no_trace_and_a_value_of_another_kind_is_another() -> None:
    text = '{"a": {"gone": 1, "kept": 4.10}, "b": {"gone": 1}, "c": 1, "d": [1]}'
    value = {"a": {"kept": 4.1}, "b": {}, "c": True, "d": {"0": 1}}
    assert rewrite(text, value) == '{"a": {"kept": 4.10}, "b": {}, "c": true, "d": {"0": 1}}'


def test_in_a_file_of_unknown_encoding_what_is_new_is_ascii() -> None:
    text = '{"title": "Gr\udcfcn", "pipeline": {"error": null}}'
    assert rewritten(text, is_ascii=True, error="schön") == text.replace("null", '"sch\\u00f6n"')
    assert rewritten(text, error="schön") == text.replace("null", '"schön"')


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Gr\udcfcn \udc81", "Grün \x81"),
        ("\ud800\udfff", "\ufffd\ufffd"),
        ('"\\ud800 \\uDC00 \\uD83D\\uDE00 \\\\ud800"', '"\\ufffd \\ufffd \\uD83D\\uDE00 \\\\ud800"'),
    ],
)
def test_no_lone_surrogate_is_shown_to_anybody(text: str, shown: str) -> None:
    assert legible(text) == shown
    assert len(shown) == len(text)


def test_no_lone_surrogate_comes_into_a_file() -> None:
    state = PipelineState({"pipeline": {"error": "a\udcfc\ud800"}})
    assert to_text(state) == '{\n  "pipeline": {\n    "error": "aü\ufffd"\n  }\n}\n'
    assert rewrite('{"pipeline": 1}', state.raw) == '{"pipeline": {"error": "aü\ufffd"}}'


def test_a_file_may_be_nested_deeply_where_nothing_changes() -> None:
    text = '{"x": ' + "[" * 400 + "4.10" + "]" * 400 + ', "pipeline": {"status": "a"}}'
    assert rewritten(text, status="b") == text.replace('"a"', '"b"')
