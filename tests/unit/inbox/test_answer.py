"""A form to a payload: typed where its text is of the type, refused later where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from signoff.errors import InvalidInputError
from signoff.gates.prompt import Prompt, build_prompt
from signoff.gates.requirement import ANYONE_ONCE
from signoff.inbox.answer import OWN_NAMES, hidden_pairs, input_name, read_answer
from signoff.inbox.form import Form, read_form

DIGEST = ("promptDigest", "ab" * 32)


def prompt(*fields: dict[str, Any]) -> Prompt:
    draft = {"title": "T", "formSchema": {"v": 1, "title": "T", "fields": list(fields)}}
    return build_prompt(draft, requirement=ANYONE_ONCE, ttl_s=60, now=0)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "12", 12),
        ("int", "-3", -3),
        ("int", "1_0", "1_0"),
        ("int", "--1", "--1"),
        ("int", "٣", "٣"),
        ("int", "9" * 30, "9" * 30),
        ("num", "0.5", 0.5),
        ("num", "1e999", "1e999"),
        ("num", "nan", "nan"),
        ("num", "half", "half"),
        ("bool", "true", True),
        ("bool", "yes", "yes"),
        ("str", "12", "12"),
    ],
)
def test_a_text_is_of_the_type_of_its_field_or_stays_a_text(kind: str, text: str, value: Any) -> None:
    form = Form((("choice", "yes"), ("f", text), DIGEST))
    assert read_answer(form, prompt({"k": "f", "t": kind})).payload == {"choice": "yes", "f": value}


def test_fields_never_take_the_place_of_the_pages_own_controls() -> None:
    fields: list[dict[str, Any]] = [{"k": name, "t": "str", "opt": True} for name in sorted(OWN_NAMES)]
    values = [(input_name(field["k"]), f"of {field['k']}") for field in fields]
    answer = read_answer(Form((("choice", "yes"), ("csrf", "token"), *values, DIGEST)), prompt(*fields))
    assert answer.payload == {"choice": "yes", **{name: f"of {name}" for name in OWN_NAMES}}
    assert answer.prompt_digest == DIGEST[1]


def test_what_was_left_blank_is_not_said() -> None:
    form = Form((("choice", "no"), ("rationale", "  "), ("condition", ""), ("condition", " a "), ("f", ""), DIGEST))
    assert read_answer(form, prompt({"k": "f", "t": "int"})).payload == {"choice": "no", "conditions": ["a"]}


def test_a_confirmation_sends_what_was_said_and_not_what_is_made_anew() -> None:
    kept = (("choice", "no"), ("condition", "a"), ("condition", "b"), DIGEST)
    assert list(hidden_pairs(Form((*kept, ("csrf", "x"), ("dedupeKey", "k"), ("edit", "1"), ("actor", "a"))))) == list(
        kept
    )


def test_a_form_is_read_strictly() -> None:
    assert read_form(b"").values == ()
    assert read_form(b"a=%C3%BC+x&b=&a=1%0D%0A2").values == [("a", "ü x"), ("b", ""), ("a", "1\n2")]
    with pytest.raises(InvalidInputError):
        Form((("a", "1"), ("a", "2"))).one("a")
