from __future__ import annotations

import hashlib
from typing import Any

import pytest
import rfc8785
from gate_samples import ALL_EFFECTS, CHECKLIST, NOW, TTL_S, a_prompt, form, needs

from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.prompt import (
    SUBJECT_MEMBERS_MAX,
    SUBJECT_NAME_CHARS_MAX,
    TEXT_CHARS_MAX,
    Choice,
    FormField,
    build_prompt,
    prompt_digest,
    read_prompt,
)
from signoff.gates.requirement import ANYONE_ONCE, Requirement

FULL: dict[str, Any] = {
    "title": "Ship it?",
    "body": "# Release 7",
    "formSchema": form(
        {"k": "choice", "t": "enum", "vs": ["ship", "drop", "mend", "later"]},
        {"k": "size", "t": "enum", "vs": ["s", "m"], "title": "Size"},
        {"k": "count", "t": "int", "opt": True},
        {"k": "rationale", "t": "text", "opt": True},
    ),
    "checklist": CHECKLIST,
    "choices": ALL_EFFECTS,
    "payload": {"patch": "+1"},
    "evidence": [{"title": "log", "uri": "file:log", "sha256": "0" * 64}, {"title": "page", "uri": "https://a"}],
    "uiHints": {"wide": True},
    "defaults": {"size": "s"},
}
OTHER: dict[str, Any] = {
    "title": "Ship that?",
    "body": "# Release 8",
    "formSchema": form(),
    "checklist": CHECKLIST[:1],
    "choices": ALL_EFFECTS[:2],
    "payload": {"patch": "+2"},
    "evidence": FULL["evidence"][:1],
    "uiHints": {"wide": False},
    "defaults": {"size": "m"},
}


def digest_by_hand(wire: dict[str, Any], requirement: dict[str, Any]) -> str:
    beside = {"payload", "checklist", "digest", "createdAt", "deadlineAt"}
    asked = {
        "prompt": {key: value for key, value in wire.items() if key not in beside},
        "payload": wire.get("payload"),
        "checklist": wire.get("checklist"),
        "requirement": requirement,
    }
    return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def draft_without(draft: dict[str, Any], member: str) -> dict[str, Any]:
    return {key: value for key, value in draft.items() if key != member}


@pytest.mark.parametrize("draft", [{"title": "Ship it?"}, FULL])
@pytest.mark.parametrize("requirement", [ANYONE_ONCE, needs(("lead,ops", 2), not_requester=True)])
def test_the_digest_can_be_computed_by_hand(draft: dict[str, Any], requirement: Requirement) -> None:
    prompt = build_prompt(draft, requirement=requirement, ttl_s=TTL_S, now=NOW)
    assert prompt.digest == digest_by_hand(dict(prompt.wire), requirements.to_wire(requirement))
    assert prompt.digest == prompt_digest(prompt.wire, requirement)


def test_the_digest_stays_while_only_instants_move() -> None:
    later = build_prompt(FULL, requirement=ANYONE_ONCE, ttl_s=TTL_S, now=NOW + 86_400_000)
    prompt = a_prompt(**FULL)
    assert later.digest == prompt.digest
    assert later.wire["createdAt"] != prompt.wire["createdAt"]
    assert later.wire["deadlineAt"] != prompt.wire["deadlineAt"]
    assert prompt_digest({**prompt.wire, "deadlineAt": 1, "createdAt": 2, "digest": "x"}, ANYONE_ONCE) == prompt.digest


def test_the_digest_stays_whatever_the_order_of_members() -> None:
    assert a_prompt(**dict(reversed(FULL.items()))).digest == a_prompt(**FULL).digest


@pytest.mark.parametrize("member", sorted(FULL))
def test_the_digest_changes_with_every_member_of_the_draft(member: str) -> None:
    draft = FULL if member != "choices" else {**FULL, "formSchema": form()}
    assert a_prompt(**{**draft, member: OTHER[member]}).digest != a_prompt(**draft).digest


@pytest.mark.parametrize("member", sorted(set(FULL) - {"title", "choices"}))
def test_the_digest_tells_a_member_from_none(member: str) -> None:
    assert a_prompt(**draft_without(FULL, member)).digest != a_prompt(**FULL).digest


@pytest.mark.parametrize("member", ["schemaVersion", "ttlS", "something"])
def test_the_digest_covers_every_other_member_of_the_wire_form(member: str) -> None:
    wire = dict(a_prompt(**FULL).wire)
    assert prompt_digest({**wire, member: 99}, ANYONE_ONCE) != prompt_digest(wire, ANYONE_ONCE)


@pytest.mark.parametrize(
    "requirement",
    [
        needs(("*", 2)),
        needs(("lead", 1)),
        needs(("*", 1), ("*", 1)),
        Requirement(distinct_people=False),
        Requirement(not_requester=True),
        Requirement(justification=True),
        Requirement(all_items=True),
    ],
)
def test_the_digest_changes_with_the_requirement(requirement: Requirement) -> None:
    assert a_prompt(requirement, **FULL).digest != a_prompt(**FULL).digest


def test_a_prompt_that_asks_little_gets_the_defaults() -> None:
    prompt = build_prompt({"title": "  Ship it?  "}, requirement=ANYONE_ONCE, ttl_s=60, now=NOW)
    assert {key: value for key, value in prompt.wire.items() if key != "digest"} == {
        "schemaVersion": 1,
        "title": "Ship it?",
        "formSchema": {"v": 1, "title": "Ship it?", "fields": []},
        "choices": [
            {"key": "yes", "label": "Approve", "effect": "approve"},
            {"key": "no", "label": "Reject", "effect": "reject"},
        ],
        "ttlS": 60,
        "createdAt": NOW,
        "deadlineAt": NOW + 60_000,
    }
    assert prompt.title == "Ship it?"
    assert (prompt.fields, prompt.item_ids, prompt.asks_rationale) == ((), frozenset(), False)


def test_null_is_the_same_as_nothing() -> None:
    empty = {member: None for member in FULL if member != "title"}
    assert a_prompt(**empty).wire == a_prompt().wire


@pytest.mark.parametrize("payload", [False, 0, "", [], {}])
def test_a_payload_may_be_any_value_even_an_empty_one(payload: Any) -> None:
    assert a_prompt(payload=payload).wire["payload"] == payload


def test_what_is_shown_is_what_was_drafted() -> None:
    prompt = a_prompt(**FULL)
    assert {member: prompt.wire[member] for member in FULL} == FULL
    assert prompt.item_ids == {"backup", "told"}
    assert prompt.choice("mend") == Choice("mend", "Mend it", "fix")
    assert prompt.choice("Mend it") is None
    assert prompt.fields == (
        FormField("size", "enum", ("s", "m"), is_optional=False, title="Size"),
        FormField("count", "int", is_optional=True),
    )


def test_a_stored_prompt_is_read_as_it_was_built() -> None:
    prompt = a_prompt(**FULL)
    assert read_prompt(dict(prompt.wire)) == prompt


@pytest.mark.parametrize(("field", "is_asked"), [({"opt": True}, False), ({"opt": False}, True), ({}, True)])
def test_a_form_may_ask_for_the_rationale(field: dict[str, Any], is_asked: bool) -> None:
    prompt = a_prompt(formSchema=form({"k": "rationale", "t": "str", **field}))
    assert prompt.asks_rationale is is_asked
    assert prompt.fields == ()


def choice(**members: Any) -> list[dict[str, Any]]:
    return [{"key": "go", "label": "Go", "effect": "approve", **members}]


def field(**members: Any) -> dict[str, Any]:
    return form({"k": "f", "t": "text", **members})


def item(**members: Any) -> list[dict[str, Any]]:
    return [{"category": "C", "items": [{"id": "i", "text": "T", "checked": False, **members}]}]


def evidence(**members: Any) -> list[dict[str, Any]]:
    return [{"title": "T", "uri": "u", **members}]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("title", None),
        ("title", ""),
        ("title", "  "),
        ("title", 7),
        ("title", "x" * 301),
        ("body", 7),
        ("body", ["x"]),
        ("body", "x" * 500_001),
        ("uiHints", []),
        ("defaults", "x"),
        ("choices", {}),
        ("choices", "yes"),
        ("choices", 0),
        ("choices", choice() * 21),
        ("choices", choice() * 2),
        ("choices", ["yes"]),
        ("choices", [{"key": "go", "label": "Go"}]),
        ("choices", choice(extra=1)),
        ("choices", choice(effect="reject")),
        ("choices", choice(effect="hold")),
        ("choices", choice(effect="APPROVE")),
        ("choices", choice(effect=["approve"])),
        ("choices", choice(key="")),
        ("choices", choice(key="go on")),
        ("choices", choice(key="-go")),
        ("choices", choice(key=1)),
        ("choices", choice(key="x" * 65)),
        ("choices", choice(label=" ")),
        ("choices", choice(label=None)),
        ("evidence", {}),
        ("evidence", "x"),
        ("evidence", evidence() * 101),
        ("evidence", ["x"]),
        ("evidence", [{"title": "T"}]),
        ("evidence", evidence(size=1)),
        ("evidence", evidence(uri="")),
        ("evidence", evidence(title=1)),
        ("evidence", evidence(sha256="abc")),
        ("evidence", evidence(sha256="A" * 64)),
        ("evidence", evidence(sha256=None)),
        ("checklist", {}),
        ("checklist", ""),
        ("checklist", ["x"]),
        ("checklist", [{"category": "C"}]),
        ("checklist", [{"category": "", "items": []}]),
        ("checklist", [{"category": "C", "items": None}]),
        ("checklist", [{"category": "C", "items": ["x"]}]),
        ("checklist", [*item(), *item()]),
        ("checklist", item(extra=1)),
        ("checklist", item(checked=1)),
        ("checklist", item(checked=None)),
        ("checklist", item(id="")),
        ("checklist", item(id="a b")),
        ("checklist", item(text="")),
        ("formSchema", {}),
        ("formSchema", []),
        ("formSchema", "x"),
        ("formSchema", {"v": 2, "title": "F", "fields": []}),
        ("formSchema", {"v": True, "title": "F", "fields": []}),
        ("formSchema", {"v": 1, "fields": []}),
        ("formSchema", {"v": 1, "title": "", "fields": []}),
        ("formSchema", {"v": 1, "title": "F", "fields": None}),
        ("formSchema", {"v": 1, "title": "F", "fields": {}}),
        ("formSchema", {"v": 1, "title": "F", "fields": [], "more": 1}),
        ("formSchema", form("x")),  # type: ignore[arg-type]
        ("formSchema", form({"k": "f"})),
        ("formSchema", form(*[{"k": f"f{n}", "t": "int"} for n in range(51)])),
        ("formSchema", form({"k": "f", "t": "int"}, {"k": "f", "t": "str"})),
        ("formSchema", field(more=1)),
        ("formSchema", field(k="")),
        ("formSchema", field(k="a b")),
        ("formSchema", field(k=1)),
        ("formSchema", field(t="date")),
        ("formSchema", field(t=["int"])),
        ("formSchema", field(t="enum")),
        ("formSchema", field(t="enum", vs=[])),
        ("formSchema", field(t="enum", vs="ab")),
        ("formSchema", field(t="enum", vs=["a", 1])),
        ("formSchema", field(t="enum", vs=["a", ""])),
        ("formSchema", field(t="int", vs=["1"])),
        ("formSchema", field(opt=1)),
        ("formSchema", field(opt=None)),
        ("formSchema", field(title="")),
        ("formSchema", field(title=1)),
        ("formSchema", field(k="rationale", t="int")),
        ("formSchema", field(k="choice")),
        ("formSchema", field(k="choice", t="enum", vs=["yes"])),
        ("formSchema", field(k="choice", t="enum", vs=["yes", "no", "maybe"])),
        *[
            ("formSchema", field(k=k))
            for k in ("conditions", "checklist", "approved", "decision", "reason", "note", "notes")
        ],
    ],
)
def test_a_draft_of_another_shape_is_refused_by_the_name_of_the_member(member: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_prompt(**{member: value})
    assert caught.value.code == "invalid-prompt"
    assert caught.value.details["at"].startswith(member)


@pytest.mark.parametrize("member", ["digest", "ttlS", "schemaVersion", "createdAt", "deadlineAt", "colour"])
def test_a_draft_with_another_member_is_refused(member: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_prompt(**{member: 1})
    assert caught.value.details["at"] == member


@pytest.mark.parametrize("draft", [{"body": "a\x00"}, {"payload": ["\ud800"]}, {"uiHints": {"\x00": 1}}])
def test_text_that_cannot_be_stored_is_refused(draft: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_prompt(**draft)
    assert caught.value.code == "malformed-json"


@pytest.mark.parametrize("payload", [float("nan"), 2**53, {"a": {1, 2}}])
def test_a_payload_without_a_canonical_form_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        a_prompt(payload=payload)
    assert caught.value.code == "not-canonical"


@pytest.mark.parametrize("ttl_s", [0, 2_592_001])
def test_a_prompt_needs_a_time_within_bounds(ttl_s: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build_prompt({"title": "Ship it?"}, requirement=ANYONE_ONCE, ttl_s=ttl_s, now=NOW)
    assert caught.value.code == "invalid-ttl"


def test_a_draft_at_its_bounds_is_taken() -> None:
    prompt = a_prompt(
        title="x" * 300,
        body="x" * 500_000,
        choices=[{"key": f"c{n}", "label": "L", "effect": "approve"} for n in range(20)],
        evidence=evidence() * 100,
        formSchema=form(*[{"k": f"f{n}", "t": "int"} for n in range(50)]),
        checklist=[{"category": "C", "items": [{"id": f"i{n}", "text": "T", "checked": True} for n in range(500)]}],
    )
    assert (len(prompt.choices), len(prompt.fields), len(prompt.item_ids)) == (20, 50, 500)


def test_items_are_counted_over_all_categories() -> None:
    categories = [
        {"category": name, "items": [{"id": f"{name}{n}", "text": "T", "checked": True} for n in range(251)]}
        for name in "ab"
    ]
    with pytest.raises(InvalidInputError, match="at most 500"):
        a_prompt(checklist=categories)


def test_the_subject_is_what_the_payload_says_that_it_is_about() -> None:
    subject = {"spec": "plan.md", "step": "step-001"}
    assert a_prompt(payload={"subject": subject, "other": 1}).subject == subject


@pytest.mark.parametrize(
    "payload", [None, {}, [], "subject", {"subject": None}, {"subject": ["spec"]}, {"subject": "s"}]
)
def test_a_payload_that_says_nothing_of_it_has_no_subject(payload: Any) -> None:
    assert a_prompt(payload=payload).subject == {}


def test_a_subject_is_texts_of_bounded_length_and_number() -> None:
    subject = {"n": 1, "list": ["a"], "none": None, "object": {}, "long": "x" * (TEXT_CHARS_MAX + 1)}
    assert a_prompt(payload={"subject": subject}).subject == {"long": "x" * TEXT_CHARS_MAX}
    named = {"n" * SUBJECT_NAME_CHARS_MAX: "fits", "n" * (SUBJECT_NAME_CHARS_MAX + 1): "does not"}
    assert list(a_prompt(payload={"subject": named}).subject.values()) == ["fits"]
    many = {f"member-{n}": "x" for n in range(SUBJECT_MEMBERS_MAX + 1)}
    assert len(a_prompt(payload={"subject": many}).subject) == SUBJECT_MEMBERS_MAX
