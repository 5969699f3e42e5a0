from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from signoff.errors import InvalidInputError
from signoff.gates.digest import canonical_json, check_storable, digest_of, is_digest, parse_json, sha256_hex


def refusal(text: str | bytes) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        parse_json(text)
    assert caught.value.code == "malformed-json"
    return caught.value


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        (1.0, "1"),
        (-0.0, "0"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        ('€\n\x0f"\\', '"€\\n\\u000f\\"\\\\"'),
        # Members are sorted by UTF-16 code units, so that an emoji comes before a ligature.
        ({"ﬁ": 1, "😀": 2}, '{"😀":2,"ﬁ":1}'),
    ],
)
def test_one_value_has_the_one_spelling_of_rfc_8785(value: Any, spelled: str) -> None:
    assert canonical_json(value) == spelled.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, "\ud800", {"\udc00": 1}, {1: 2}, object(), b"x"])
def test_what_has_no_spelling_has_no_digest(value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        digest_of(value)
    assert caught.value.code == "not-canonical"


def test_a_value_that_holds_itself_has_no_spelling() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidInputError) as caught:
        canonical_json(endless)
    assert caught.value.code == "not-canonical"


def test_a_digest_is_sha_256_over_the_spelling() -> None:
    assert digest_of({"b": 1, "a": "é"}) == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0" * 64, True),
        ("0123456789abcdef" * 4, True),
        ("", False),
        ("0" * 63, False),
        ("0" * 65, False),
        ("A" * 64, False),
        ("g" * 64, False),
        ("0" * 64 + "\n", False),
        ("\N{ARABIC-INDIC DIGIT ZERO}" * 64, False),
    ],
)
def test_a_digest_is_64_lower_case_hex_digits(text: str, is_one: bool) -> None:
    assert is_digest(text) is is_one


@pytest.mark.parametrize("wrap", [str, str.encode])
def test_text_and_bytes_are_read_alike(wrap: Any) -> None:
    assert parse_json(wrap(' {"a": [1, -2.5, "é", true, null]} ')) == {"a": [1, -2.5, "é", True, None]}


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "[1,]", "{'a':1}", '{"a":1,}', "01", "+1", ".5", "1.", "tru", '"\n"', "[1] 2", "// x\n1", "\ufeff1"],
)
def test_what_is_not_json_is_refused_with_its_place(text: str) -> None:
    assert "line 1, column" in refusal(text).message


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '[{"x":{"a":1,"b":2,"a":3}}]', '{"a":1,"\\u0061":2}'])
def test_a_key_that_stands_twice_is_refused_by_name(text: str) -> None:
    assert "'a' stands twice" in refusal(text).message


def test_the_same_key_in_two_objects_is_fine() -> None:
    assert parse_json('[{"a":1},{"a":{"a":2}}]') == [{"a": 1}, {"a": {"a": 2}}]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a":[NaN]}'])
def test_constants_that_json_does_not_know_are_refused(text: str) -> None:
    assert "is not a JSON number" in refusal(text).message


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, -1])
def test_integers_that_every_reader_keeps_are_taken(number: int) -> None:
    assert parse_json(str(number)) == number


@pytest.mark.parametrize("text", [str(2**53), str(-(2**53)), "9" * 17, "1" + "0" * 5000, "-1" + "0" * 5000])
def test_integers_beyond_are_refused(text: str) -> None:
    assert "beyond 9007199254740991" in refusal(text).message


@pytest.mark.parametrize("text", ["1e400", "-1e400", '{"a":1.5e999}'])
def test_a_number_too_large_for_a_float_is_refused(text: str) -> None:
    assert "too large" in refusal(text).message


@pytest.mark.parametrize("text", ['"\\u0000"', '["a\\u0000b"]', '{"\\u0000":1}', '"\\ud800"', '{"a":["\\udfff"]}'])
def test_text_that_a_database_cannot_keep_is_refused(text: str) -> None:
    assert "NUL character or a lone surrogate" in refusal(text).message


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse_json('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    "raw", [b'"\xff"', b"\xfe\xff", '"é"'.encode("latin-1"), b'"\xed\xa0\x80"', '"a"'.encode("utf-16")]
)
def test_bytes_that_are_not_utf_8_are_refused_with_their_place(raw: bytes) -> None:
    assert "not UTF-8 at byte" in refusal(raw).message


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_has_an_end(opening: str, closing: str) -> None:
    def nested(levels: int) -> str:
        return opening * levels + "1" + closing * levels

    assert json.dumps(parse_json(nested(100)), separators=(",", ":")) == nested(100)
    refusal(nested(101))
    refusal(nested(100_000))
    refusal(opening * 100_000)


def test_a_long_object_with_a_key_twice_is_refused_before_long() -> None:
    members = ",".join(f'"{n}":0' for n in range(120_000))
    assert "'119999' stands twice" in refusal("{" + members + ',"119999":0}').message


def test_a_message_does_not_repeat_what_was_sent_at_length() -> None:
    key = "k" * 10_000
    assert len(refusal(f'{{"{key}":1,"{key}":2}}').message) < 300


@pytest.mark.parametrize("value", ["\x00", ["a", "\udfff"], {"\x00": 1}, {"a": {"b": ["\ud800"]}}])
def test_values_that_were_never_text_are_checked_too(value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_storable(value)
    assert caught.value.code == "malformed-json"


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a\tb", [], {"a": [{}]}])
def test_ordinary_values_are_storable(value: Any) -> None:
    check_storable(value)
