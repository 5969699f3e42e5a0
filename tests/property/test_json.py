"""What must hold of JSON from anywhere."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidInputError
from signoff.gates.digest import canonical_json, digest_of, is_digest, parse_json

unhurried = settings(deadline=None)
SAFE = 2**53 - 1
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
# A float beyond the safe integers is a whole number, which RFC 8785 may spell as an integer out of bounds.
NUMBERS = st.integers(-SAFE, SAFE) | st.floats(-SAFE, SAFE, allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
TOKENS = ["{", "}", "[", "]", ":", ",", '"', "\\", "\\u0000", "\\ud800", "\\u", '"a"', "0", "-", "1e9", "1e999", ".5"]
LOOKALIKES = st.lists(
    st.sampled_from([*TOKENS, "9" * 17, "9" * 5000, "NaN", "Infinity", "true", "nul", " ", "\x00", "\ud800", "é"]),
    max_size=12,
).map("".join)


def told_apart(value: Any) -> Any:
    """The value with the kind of every scalar beside it: in Python, 1 equals True and 1.0."""
    if isinstance(value, dict):
        return {key: told_apart(member) for key, member in value.items()}
    if isinstance(value, list):
        return [told_apart(member) for member in value]
    return (type(value), value)


def is_taken(text: str | bytes) -> bool:
    error = None
    try:
        assert_storable(parse_json(text))
    except InvalidInputError as refusal:
        error = refusal
    assert error is None or error.code == "malformed-json"
    assert error is None or len(error.message) < 500
    return error is None


def assert_storable(value: Any) -> None:
    """Nothing got through that a database could not give back."""
    match value:
        case dict():
            for key, member in value.items():
                assert_storable(key)
                assert_storable(member)
        case list():
            for member in value:
                assert_storable(member)
        case str():
            assert "\x00" not in value
            assert value.encode("utf-8").decode("utf-8") == value
        case float():
            assert math.isfinite(value)
        case int():
            assert abs(value) <= SAFE
        case _:
            assert value is None


@unhurried
@given(st.binary(max_size=60))
@example(b"\xef\xbb\xbf1")
@example(b"[" * 200_000)
@example(b'{"a":' * 200_000)
@example(b"1" * 200_000)
@example(b'"\\ud800"')
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    is_taken(raw)


@unhurried
@given(LOOKALIKES)
def test_any_text_that_looks_like_json_is_read_or_refused_and_nothing_else(text: str) -> None:
    is_taken(text)


@unhurried
@given(VALUES, st.data())
def test_a_document_with_one_byte_changed_is_read_or_refused_and_nothing_else(value: Any, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(value, ensure_ascii=False).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    is_taken(bytes(raw))


@unhurried
@given(VALUES, st.booleans())
def test_every_ordinary_value_is_read_as_it_was_written(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert told_apart(parse_json(text)) == told_apart(value)
    assert told_apart(parse_json(text.encode())) == told_apart(value)


@unhurried
@given(VALUES)
@example({"\ufb33": 1, "\U0001f600": 2})
@example(['\x7f\u2028\x1b\t/"\\', -SAFE, {"b": True, "a": ()}])
@example([1.0, 1e21])
def test_the_fast_spelling_is_that_of_the_rfc(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@unhurried
@given(VALUES)
def test_a_canonical_spelling_is_its_own(value: Any) -> None:
    spelled = canonical_json(value)
    assert canonical_json(parse_json(spelled)) == spelled
    assert parse_json(spelled) == value


@unhurried
@given(VALUES)
def test_a_digest_does_not_depend_on_how_the_document_was_laid_out(value: Any) -> None:
    laid_out = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True)
    digest = digest_of(parse_json(laid_out))
    assert digest == digest_of(value) == hashlib.sha256(canonical_json(value)).hexdigest()
    assert is_digest(digest)


@unhurried
@given(VALUES, VALUES)
def test_two_documents_share_a_digest_only_if_they_are_equal(one: Any, other: Any) -> None:
    # Numbers are equal in JSON however they are spelled, and false is not 0.
    is_equal = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    if is_equal:
        assert digest_of(one) == digest_of(other)
    if digest_of(one) == digest_of(other):
        assert one == other


@unhurried
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), st.data())
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(members: dict[str, Any], data: st.DataObject) -> None:
    pairs = [*members.items(), (data.draw(st.sampled_from(sorted(members))), None)]
    spelled = ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in data.draw(st.permutations(pairs)))
    with pytest.raises(InvalidInputError, match="stands twice"):
        parse_json(data.draw(st.sampled_from(["{@}", '[0,{"a":{@}}]'])).replace("@", spelled, 1))


@unhurried
@given(st.integers(min_value=SAFE + 1), st.sampled_from([1, -1]))
def test_an_integer_that_not_every_reader_keeps_is_refused(beyond: int, sign: int) -> None:
    assert not is_taken(str(sign * beyond))


@unhurried
@given(TEXTS, TEXTS, st.sampled_from(["\\u0000", "\\ud800", "\\udfff", "\\udc00\\ud800"]))
def test_text_that_cannot_be_stored_is_refused_wherever_it_stands(before: str, after: str, escape: str) -> None:
    text = json.dumps(before)[:-1] + escape + json.dumps(after)[1:]
    assert not is_taken(text)
    assert not is_taken('[{"a":' + text + "}]")
    assert not is_taken("{" + text + ":1}")
