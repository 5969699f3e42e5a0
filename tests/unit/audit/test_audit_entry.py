from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from audit_trails import follow, trail_of

from signoff.audit.entry import GENESIS, entry_from_wire, entry_hash, seal, to_wire
from signoff.errors import InvalidInputError

ENTRY = seal(
    seq=7,
    workflow_id="it_01",
    n=1,
    gate_key=None,
    at=1767225600000,
    actor="Zoë",
    event="gate.approved",
    body={"rationale": "fine — really", "b": [1, 2.5, None], "a": {}},
    prev_hash=GENESIS,
)


def test_the_recipe_can_be_followed_by_hand() -> None:
    spelled = (
        '{"actor":"Zoë","at":1767225600000,"body":{"a":{},"b":[1,2.5,null],"rationale":"fine — really"},'
        '"event":"gate.approved","gateKey":null,"n":1,"prevHash":"' + "0" * 64 + '","seq":7,"workflowId":"it_01"}'
    )
    assert ENTRY.hash == hashlib.sha256(spelled.encode()).hexdigest()


def test_a_sealed_entry_keeps_its_body_as_canonical_text() -> None:
    assert ENTRY.body == '{"a":{},"b":[1,2.5,null],"rationale":"fine — really"}'


def test_a_sealed_entry_has_the_hash_that_it_should_have() -> None:
    assert entry_hash(ENTRY) == ENTRY.hash


def test_an_entry_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        ENTRY.actor = "mallory"  # type: ignore[misc]


@pytest.mark.parametrize(
    "columns",
    [
        {"seq": 8},
        {"workflow_id": "it_02"},
        {"n": 2},
        {"gate_key": ""},
        {"at": 1767225600001},
        {"actor": "Zoe"},
        {"event": "gate.rejected"},
        {"body": "{}"},
        {"prev_hash": "1" + GENESIS[1:]},
    ],
)
def test_every_column_is_under_the_hash(columns: dict[str, Any]) -> None:
    changed = entry_hash(replace(ENTRY, **columns))
    assert changed is not None
    assert changed != ENTRY.hash


def test_the_stored_hash_is_not_under_the_hash() -> None:
    assert entry_hash(replace(ENTRY, hash="")) == ENTRY.hash


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"{}"',
        "{",
        ENTRY.body + " ",
        ENTRY.body.replace(":", ": ", 1),
        ENTRY.body.replace("—", "\\u2014"),
        ENTRY.body.replace("2.5", "2.50"),
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a":"\ud800"}',
        '{"a":NaN}',
        '{"a":1e20}',
        '{"a":' + "9" * 400 + "}",
        '{"a":' + "9" * 5000 + "}",
        '{"a":9007199254740993}',
        '{"a":' + "[" * 100_000 + "}",
        b"{}",
        None,
        7,
        {},
    ],
)
def test_a_body_that_is_not_the_canonical_text_of_an_object_has_no_hash(body: Any) -> None:
    assert entry_hash(replace(ENTRY, body=body)) is None


@pytest.mark.parametrize("column", ["seq", "workflow_id", "n", "gate_key", "at", "actor", "event", "prev_hash"])
@pytest.mark.parametrize("value", [b"x", 1.0, True, 2**53, float("nan"), "a\x00b", "\ud800", [], {}])
def test_a_column_of_the_wrong_type_or_beyond_storage_has_no_hash(column: str, value: Any) -> None:
    assert entry_hash(replace(ENTRY, **{column: value})) is None


@pytest.mark.parametrize("column", ["seq", "workflow_id", "n", "at", "actor", "event", "prev_hash"])
def test_only_the_gate_key_may_be_null(column: str) -> None:
    nothing: Any = None
    assert entry_hash(replace(ENTRY, **{column: nothing})) is None


def test_a_number_stored_as_a_float_is_noticed_though_it_is_spelled_the_same() -> None:
    assert entry_hash(replace(ENTRY, at=float(ENTRY.at))) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("columns", [{"n": 0}, {"n": -1}, {"prev_hash": ""}, {"prev_hash": GENESIS[1:] + "A"}])
def test_an_entry_without_a_place_in_a_chain_has_no_hash_and_cannot_be_sealed(columns: dict[str, Any]) -> None:
    assert entry_hash(replace(ENTRY, **columns)) is None
    with pytest.raises(InvalidInputError, match="no place in a chain"):
        follow(None, "it_01", seq=1, **columns)


@pytest.mark.parametrize(
    "body",
    [
        {"a": float("nan")},
        {"a": 2**53},
        {"a": "\x00"},
        {"a": "\ud800"},
        {"a": object()},
        {1: "a"},
    ],
)
def test_a_body_that_could_not_be_read_back_is_not_sealed(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        follow(None, "it_01", seq=1, body=body)


@pytest.mark.parametrize("number", [1e20, 1.5e20, -(2.0**53), 1e21, 1.7976931348623157e308, 5e-324])
def test_a_large_float_is_sealed_though_it_is_spelled_as_an_integer(number: float) -> None:
    entry = follow(None, "it_01", seq=1, body={"a": number})
    assert entry_hash(entry) == entry.hash
    assert to_wire(entry)["body"] == {"a": number}
    assert entry_from_wire(json.loads(json.dumps(to_wire(entry)))) == entry


def test_a_body_too_deep_for_an_export_is_not_sealed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(99):
        deep = {"a": deep}
    assert json.loads(follow(None, "it_01", seq=1, body=deep).body) == deep
    with pytest.raises(InvalidInputError, match="levels deep"):
        follow(None, "it_01", seq=1, body={"a": deep})


def test_a_body_too_deep_for_an_export_travels_as_its_text() -> None:
    altered = replace(ENTRY, body='{"a":' * 100 + "1" + "}" * 100)
    assert to_wire(altered)["body"] == altered.body


def test_text_that_could_not_be_stored_is_not_sealed() -> None:
    with pytest.raises(InvalidInputError):
        follow(None, "it_01", seq=1, actor="a\x00b")


def test_the_wire_form_has_the_body_as_an_object() -> None:
    assert to_wire(ENTRY) == {
        "seq": 7,
        "workflowId": "it_01",
        "n": 1,
        "gateKey": None,
        "at": 1767225600000,
        "actor": "Zoë",
        "event": "gate.approved",
        "body": {"rationale": "fine — really", "b": [1, 2.5, None], "a": {}},
        "prevHash": GENESIS,
        "hash": ENTRY.hash,
    }


def test_the_wire_form_leads_back_to_the_entry() -> None:
    for entry in [ENTRY, *trail_of("a", "b", "a")]:
        assert entry_from_wire(json.loads(json.dumps(to_wire(entry)))) == entry


@pytest.mark.parametrize("body", ["{ }", "[1]", '"text"', "", "no json"])
def test_a_body_that_was_tampered_with_travels_as_its_text(body: str) -> None:
    altered = replace(ENTRY, body=body)
    assert to_wire(altered)["body"] == body
    assert entry_from_wire(to_wire(altered)) == altered


@pytest.mark.parametrize("value", [b"x", 2**63, -(2**63), float("inf"), "a\x00b", "\ud800", memoryview(b"x")])
@pytest.mark.parametrize("column", ["seq", "actor", "gate_key", "body", "hash"])
def test_what_json_cannot_carry_travels_as_a_description_that_fits_no_hash(column: str, value: Any) -> None:
    altered = replace(ENTRY, **{column: value})
    wire = json.loads(json.dumps(to_wire(altered)))
    assert wire[column.replace("gate_key", "gateKey")].startswith("unreadable: ")
    back = entry_from_wire(wire)
    assert entry_hash(back) != back.hash


@pytest.mark.parametrize("value", [None, True, 1.5, -3, "text"])
def test_what_json_can_carry_travels_as_it_is(value: Any) -> None:
    altered = replace(ENTRY, actor=value)
    assert entry_from_wire(json.loads(json.dumps(to_wire(altered)))) == altered


@pytest.mark.parametrize("wire", [None, [], "text", {}, {**to_wire(ENTRY), "more": 1}, {**to_wire(ENTRY), "seq": [1]}])
def test_a_wire_form_with_other_members_is_refused(wire: Any) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        entry_from_wire(wire)
    assert refusal.value.code == "malformed-audit-row"


def test_a_missing_member_is_named() -> None:
    wire = to_wire(ENTRY)
    del wire["prevHash"]
    with pytest.raises(InvalidInputError, match="'prevHash' is missing"):
        entry_from_wire(wire)
