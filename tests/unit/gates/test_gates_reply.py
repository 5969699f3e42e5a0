from __future__ import annotations

from typing import Any

import pytest
from gate_samples import ALL_EFFECTS, CHECKLIST, a_prompt, form

from signoff.errors import InvalidInputError, RequirementError
from signoff.gates.prompt import Prompt
from signoff.gates.reply import ORIGINS, Reply, check_dedupe_key, check_requirement, read_reply
from signoff.gates.requirement import ANYONE_ONCE, Requirement

YES_NO = a_prompt()
FOUR = a_prompt(choices=ALL_EFFECTS, checklist=CHECKLIST)
TYPES: dict[str, dict[str, Any]] = {
    "enum": {"k": "f", "t": "enum", "vs": ["s", "m"]},
    "str": {"k": "f", "t": "str"},
    "text": {"k": "f", "t": "text"},
    "int": {"k": "f", "t": "int"},
    "num": {"k": "f", "t": "num"},
    "bool": {"k": "f", "t": "bool"},
}


def refusal(payload: Any, prompt: Prompt = YES_NO) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read_reply(payload, prompt)
    return caught.value


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"choice": "yes"}, "yes"),
        ({"choice": "no"}, "no"),
        ({"approved": True}, "yes"),
        ({"approved": False}, "no"),
        *[({"decision": said}, "yes") for said in ("yes", "approve", "approved")],
        *[({"decision": said}, "no") for said in ("no", "reject", "rejected")],
    ],
)
def test_every_alias_of_the_contract_is_understood(payload: dict[str, Any], key: str) -> None:
    reply = read_reply(payload, YES_NO)
    assert reply.choice.key == key
    assert reply.approves is (key == "yes")


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"approved": True}, "ship"),
        ({"decision": "yes"}, "ship"),
        ({"approved": False}, "drop"),
        ({"decision": "rejected"}, "drop"),
        ({"decision": "mend"}, "mend"),
        ({"choice": "later"}, "later"),
    ],
)
def test_aliases_mean_the_choice_with_that_effect(payload: dict[str, Any], key: str) -> None:
    assert read_reply(payload, FOUR).choice.key == key


def test_a_choice_that_is_called_like_an_alias_is_meant_by_its_name() -> None:
    prompt = a_prompt(
        choices=[
            {"key": "no", "label": "No objection", "effect": "approve"},
            {"key": "veto", "label": "Objection", "effect": "reject"},
        ]
    )
    assert read_reply({"decision": "no"}, prompt).choice.effect == "approve"
    assert read_reply({"approved": False}, prompt).choice.key == "veto"


@pytest.mark.parametrize("payload", [{"approved": False}, {"decision": "no"}])
def test_a_refusal_by_alias_is_not_taken_where_nothing_refuses(payload: dict[str, Any]) -> None:
    only_yes = a_prompt(choices=[{"key": "ok", "label": "OK", "effect": "approve"}])
    assert refusal(payload, only_yes).code == "bad-choice"


@pytest.mark.parametrize(
    "value",
    ["", "YES", "Yes", " yes", "yes ", "y", "true", "ok", "sure", "maybe", 1, 0, 1.0, True, None, [], ["yes"], {}],
)
@pytest.mark.parametrize("name", ["choice", "decision"])
def test_an_answer_that_is_not_understood_is_never_taken_for_one(name: str, value: Any) -> None:
    assert refusal({name: value}).code == "bad-choice"


@pytest.mark.parametrize("value", ["approve", "approved", "reject", "rejected"])
def test_the_words_of_decision_are_not_choices(value: str) -> None:
    assert refusal({"choice": value}).code == "bad-choice"


@pytest.mark.parametrize("value", ["true", "false", "yes", "no", 1, 0, None, "", [], {}])
def test_approved_is_true_or_false_and_nothing_else(value: Any) -> None:
    assert refusal({"approved": value}).code == "bad-choice"


@pytest.mark.parametrize("payload", [{}, {"rationale": "fine"}])
def test_a_reply_without_a_choice_is_refused(payload: dict[str, Any]) -> None:
    error = refusal(payload)
    assert error.code == "bad-choice"
    assert error.details == {"choices": ["yes", "no"]}


@pytest.mark.parametrize(
    "payload",
    [
        {"choice": "yes", "approved": False},
        {"choice": "no", "decision": "approve"},
        {"approved": True, "decision": "no"},
        {"choice": "yes", "approved": True, "decision": "rejected"},
        {"choice": "yes", "approved": None},
        {"choice": "yes", "decision": "what"},
    ],
)
def test_a_reply_that_contradicts_itself_is_refused(payload: dict[str, Any]) -> None:
    assert refusal(payload).code == "bad-choice"


def test_a_reply_may_say_the_same_thing_twice() -> None:
    assert read_reply({"choice": "no", "approved": False, "decision": "rejected"}, YES_NO).choice.key == "no"


def test_a_refusal_does_not_repeat_an_answer_at_length() -> None:
    assert len(refusal({"choice": "x" * 10_000}).message) < 300


@pytest.mark.parametrize("payload", [None, [], "yes", True, 1, [{"choice": "yes"}]])
def test_a_payload_is_an_object(payload: Any) -> None:
    assert refusal(payload).code == "invalid-reply"


@pytest.mark.parametrize("key", ["Choice", "comment", "ticked", "f", "schemaVersion", "__proto__", ""])
def test_a_key_that_nobody_asked_for_is_refused(key: str) -> None:
    assert refusal({"choice": "yes", key: "x"}).code == "invalid-reply"


@pytest.mark.parametrize("payload", [{"choice": "yes\x00"}, {"choice": "yes", "rationale": "\ud800"}, {"\x00": 1}])
def test_text_that_cannot_be_stored_is_refused(payload: dict[str, Any]) -> None:
    assert refusal(payload).code == "malformed-json"


@pytest.mark.parametrize("name", ["rationale", "reason", "note", "notes"])
def test_every_name_of_the_rationale_is_understood(name: str) -> None:
    assert read_reply({"choice": "yes", name: "  well tested "}, YES_NO).rationale == "well tested"


@pytest.mark.parametrize("said", [None, "", " \n"])
def test_a_blank_rationale_is_none(said: str | None) -> None:
    assert read_reply({"choice": "yes", "rationale": said}, YES_NO).rationale is None


def test_a_null_under_one_name_leaves_room_for_another() -> None:
    assert read_reply({"choice": "yes", "rationale": None, "notes": "n"}, YES_NO).rationale == "n"


@pytest.mark.parametrize(
    "members",
    [
        {"rationale": 1},
        {"reason": ["x"]},
        {"note": True},
        {"notes": {}},
        {"rationale": "x" * 10_001},
        {"rationale": "a", "reason": "b"},
        {"note": "a", "notes": "a"},
        {"conditions": "x"},
        {"conditions": {}},
        {"conditions": [1]},
        {"conditions": [""]},
        {"conditions": ["  "]},
        {"conditions": [None]},
        {"conditions": ["x" * 2_001]},
        {"conditions": ["x"] * 51},
        {"checklist": []},
        {"checklist": True},
        {"checklist": ["backup"]},
        {"checklist": {"backup": 1}},
        {"checklist": {"backup": "true"}},
        {"checklist": {"backup": None}},
        {"checklist": {"other": True}},
        {"checklist": {"Backup": True}},
    ],
)
def test_parts_of_another_shape_are_refused(members: dict[str, Any]) -> None:
    assert refusal({"choice": "ship", **members}, FOUR).code == "invalid-reply"


def test_parts_at_their_bounds_are_taken() -> None:
    members = {"rationale": "x" * 10_000, "conditions": ["x" * 2_000] * 50}
    reply = read_reply({"choice": "ship", **members}, FOUR)
    assert len(reply.rationale or "") == 10_000
    assert len(reply.conditions) == 50


def test_conditions_and_ticks_are_kept() -> None:
    payload = {"choice": "ship", "conditions": [" on Monday "], "checklist": {"backup": True, "told": False}}
    reply = read_reply(payload, FOUR)
    assert reply.conditions == ("on Monday",)
    assert reply.ticked == {"backup": True, "told": False}


def test_conditions_and_ticks_may_be_left_out_or_null() -> None:
    bare = Reply(choice=FOUR.choices[0])
    assert read_reply({"choice": "ship"}, FOUR) == bare
    assert read_reply({"choice": "ship", "conditions": None, "checklist": None}, FOUR) == bare


GOOD: list[tuple[str, Any]] = [
    ("enum", "s"),
    ("str", ""),
    ("str", "é, one line"),
    ("str", "x" * 2_000),
    ("text", "two\nlines\tand a tab"),
    ("text", "x" * 100_000),
    ("int", 0),
    ("int", -(2**53) + 1),
    ("num", 1),
    ("num", -0.5),
    ("bool", True),
    ("bool", False),
]
WRONG: dict[str, list[Any]] = {
    "enum": ["S", "", "l", None, 1, True, ["s"], {}],
    "str": [1, True, None, [], {}, "two\nlines", "\t", "\x7f", "\x1b[2J", "x" * 2_001],
    "text": [1, True, None, [], {}, "x" * 100_001],
    "int": ["1", 1.0, 1.5, True, False, None, []],
    "num": ["1", True, False, None, []],
    "bool": ["true", 1, 0, None, []],
}


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_a_field_takes_values_of_its_type(kind: str, value: Any) -> None:
    reply = read_reply({"choice": "yes", "f": value}, a_prompt(formSchema=form(TYPES[kind])))
    assert reply.fields == {"f": value}
    assert type(reply.fields["f"]) is type(value)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind in WRONG for value in WRONG[kind]])
@pytest.mark.parametrize("choice", ["yes", "no"])
def test_a_field_refuses_values_of_another_type(kind: str, value: Any, choice: str) -> None:
    error = refusal({"choice": choice, "f": value}, a_prompt(formSchema=form(TYPES[kind])))
    assert error.code == "invalid-reply"
    assert "'f'" in error.message


@pytest.mark.parametrize("kind", TYPES)
def test_an_approval_owes_the_required_fields_and_a_refusal_does_not(kind: str) -> None:
    prompt = a_prompt(formSchema=form(TYPES[kind]))
    assert "the form asks for f" in refusal({"choice": "yes"}, prompt).message
    assert read_reply({"choice": "no"}, prompt).fields == {}


@pytest.mark.parametrize("kind", TYPES)
def test_an_optional_field_may_be_left_out_or_null(kind: str) -> None:
    prompt = a_prompt(formSchema=form({**TYPES[kind], "opt": True}))
    assert read_reply({"choice": "yes"}, prompt).fields == {}
    assert read_reply({"choice": "yes", "f": None}, prompt).fields == {"f": None}


def test_an_optional_field_is_checked_all_the_same() -> None:
    assert refusal({"choice": "yes", "f": "1"}, a_prompt(formSchema=form({**TYPES["int"], "opt": True}))).code == (
        "invalid-reply"
    )


def test_a_field_that_is_false_or_nought_is_filled() -> None:
    prompt = a_prompt(formSchema=form({"k": "a", "t": "bool"}, {"k": "b", "t": "int"}))
    assert read_reply({"choice": "yes", "a": False, "b": 0}, prompt).fields == {"a": False, "b": 0}


def test_choice_and_rationale_may_be_shown_as_fields() -> None:
    prompt = a_prompt(
        formSchema=form({"k": "choice", "t": "enum", "vs": ["yes", "no"]}, {"k": "rationale", "t": "text"})
    )
    reply = read_reply({"choice": "yes", "rationale": "read"}, prompt)
    assert (reply.choice.key, reply.rationale, reply.fields) == ("yes", "read", {})


@pytest.mark.parametrize("members", [{}, {"rationale": ""}, {"rationale": None}])
def test_a_form_that_asks_for_the_rationale_of_an_approval_gets_it(members: dict[str, Any]) -> None:
    prompt = a_prompt(formSchema=form({"k": "rationale", "t": "text"}))
    assert "the form asks for rationale" in refusal({"choice": "yes", **members}, prompt).message
    assert read_reply({"choice": "yes", "notes": "read"}, prompt).rationale == "read"
    assert read_reply({"choice": "no"}, prompt).rationale is None


def said(key: str, **members: Any) -> Reply:
    return read_reply({"choice": key, **members}, FOUR)


@pytest.mark.parametrize("key", ["ship", "drop"])
def test_a_justified_gate_owes_a_rationale_for_yes_and_no(key: str) -> None:
    wanted = Requirement(justification=True)
    with pytest.raises(RequirementError) as caught:
        check_requirement(said(key), FOUR, wanted)
    assert caught.value.code == "justification-required"
    check_requirement(said(key, rationale="because"), FOUR, wanted)


@pytest.mark.parametrize("key", ["mend", "later"])
def test_a_justified_gate_may_be_sent_back_or_put_off_without_a_word(key: str) -> None:
    check_requirement(said(key), FOUR, Requirement(justification=True))


@pytest.mark.parametrize("ticks", [{}, {"backup": True}, {"backup": True, "told": False}])
def test_an_approval_needs_every_item_where_all_are_asked(ticks: dict[str, bool]) -> None:
    with pytest.raises(RequirementError) as caught:
        check_requirement(said("ship", checklist=ticks), FOUR, Requirement(all_items=True))
    assert caught.value.code == "items-required"
    assert caught.value.details == {"items": sorted({"backup", "told"} - {item for item in ticks if ticks[item]})}


def test_an_item_shown_as_checked_is_ticked_by_the_person_all_the_same() -> None:
    with pytest.raises(RequirementError, match="open: told"):
        check_requirement(said("ship", checklist={"backup": True}), FOUR, Requirement(all_items=True))


@pytest.mark.parametrize("key", ["drop", "mend", "later"])
def test_what_is_no_approval_needs_no_item(key: str) -> None:
    check_requirement(said(key), FOUR, Requirement(all_items=True))


def test_all_items_ticked_are_enough_and_none_are_owed_unless_asked() -> None:
    check_requirement(said("ship", checklist={"backup": True, "told": True}), FOUR, Requirement(all_items=True))
    check_requirement(said("ship"), FOUR, ANYONE_ONCE)


@pytest.mark.parametrize("key", ["x", "x" * 256, " x ", "é"])
def test_a_dedupe_key_is_any_text_that_is_not_blank(key: str) -> None:
    assert check_dedupe_key(key) == key


@pytest.mark.parametrize(
    ("key", "code"),
    [("", "invalid-reply"), ("  ", "invalid-reply"), ("x" * 257, "invalid-reply"), ("a\x00", "malformed-json")],
)
def test_any_other_dedupe_key_is_refused(key: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_dedupe_key(key)
    assert caught.value.code == code


def test_origins_are_those_of_the_contract() -> None:
    promised = """
        manual console inbox sdk langgraph compat webhook webhook-ci api-shim engine-dbos external unknown
    """
    assert sorted(ORIGINS) == sorted(promised.split())


THERE = {"title": "report", "uri": "out/report.md", "sha256": "a" * 64}
MISSING = {"title": "log", "uri": "out/log.md"}


def test_an_approval_needs_every_piece_of_evidence_where_all_of_it_is_asked() -> None:
    wanted = Requirement(all_evidence=True)
    prompt = a_prompt(choices=ALL_EFFECTS, evidence=[MISSING, THERE])
    with pytest.raises(RequirementError, match="missing: log") as caught:
        check_requirement(read_reply({"choice": "ship"}, prompt), prompt, wanted)
    assert (caught.value.code, caught.value.details) == ("evidence-missing", {"missing": ["log"]})
    complete = a_prompt(choices=ALL_EFFECTS, evidence=[THERE])
    check_requirement(read_reply({"choice": "ship"}, complete), complete, wanted)
    check_requirement(said("ship"), FOUR, wanted)


@pytest.mark.parametrize("key", ["drop", "mend", "later"])
def test_what_is_no_approval_needs_no_evidence(key: str) -> None:
    prompt = a_prompt(choices=ALL_EFFECTS, evidence=[MISSING])
    check_requirement(read_reply({"choice": key}, prompt), prompt, Requirement(all_evidence=True))


def test_what_is_missing_hinders_nobody_where_evidence_is_not_asked() -> None:
    prompt = a_prompt(choices=ALL_EFFECTS, evidence=[MISSING])
    check_requirement(read_reply({"choice": "ship"}, prompt), prompt, ANYONE_ONCE)
