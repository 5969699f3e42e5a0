"""What is wrong with an answer, at which control and in plain words, all of it at once.

The rules are those of a reply: each is asked about its own part alone, so that one does not hide the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.gate import Gate
from signoff.gates.prompt import APPROVE, Choice, FormField, Prompt
from signoff.gates.reply import LINE_CHARS_MAX, RATIONALE_CHARS_MAX, TEXT_CHARS_MAX, check_requirement, read_reply
from signoff.gates.requirement import ANYONE_ONCE, Requirement

#: Controls that every gate's form has; the others are its fields.
CHOICE, ITEMS, NAME, RATIONALE = "choice", "items", "name", "rationale"

_WANTED: Mapping[str, str] = {
    "bool": "yes or no",
    "int": "a whole number",
    "num": "a number",
    "str": f"one line of at most {LINE_CHARS_MAX:,} characters",
    "text": f"at most {TEXT_CHARS_MAX:,} characters",
}


@dataclass(frozen=True)
class Problem:
    """`control` is the id that the page's control has; `title` what the page calls it."""

    control: str
    title: str
    text: str


def field_control(number: int) -> str:
    """Of a field of the gate's form, by its number from 1."""
    return f"field-{number}"


def problems_of(payload: Mapping[str, Any], gate: Gate) -> list[Problem]:
    """Empty where what is wrong is no control's."""
    choice = gate.prompt.choice(str(payload.get("choice")))
    found = [] if choice else [Problem(CHOICE, "Choice", "choose an answer")]
    # Without a choice the other parts are judged as beside one that asks for little.
    judged = choice or next((one for one in gate.prompt.choices if one.effect != APPROVE), None)
    return found if judged is None else [*found, *_of_parts(payload, gate, judged)]


def _of_parts(payload: Mapping[str, Any], gate: Gate, choice: Choice) -> Iterator[Problem]:
    """In the page's order."""
    prompt = replace(gate.prompt, fields=(), asks_rationale=False)
    of_items = replace(gate.requirement, justification=False, all_evidence=False)
    if not _is_taken(choice, _part(payload, "checklist"), prompt, of_items):
        yield Problem(ITEMS, "Checklist", "an approval takes every item ticked")
    for number, field in enumerate(gate.prompt.fields, start=1):
        part = _part(payload, field.key)
        if not _is_taken(choice, part, replace(prompt, fields=(field,)), ANYONE_ONCE):
            wanted = f"this takes {_wanted(field)}" if part else f"an approval needs this: {_wanted(field)}"
            yield Problem(field_control(number), field.title or field.key, wanted)
    said = _part(payload, "rationale")
    asked = replace(prompt, asks_rationale=gate.prompt.asks_rationale)
    if not _is_taken(choice, said, asked, replace(gate.requirement, all_items=False, all_evidence=False)):
        is_long = len(said.get("rationale", "")) > RATIONALE_CHARS_MAX
        text = f"at most {RATIONALE_CHARS_MAX:,} characters" if is_long else "this gate asks for one: say why"
        yield Problem(RATIONALE, "Rationale", text)


def _part(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: payload[name]} if name in payload else {}


def _is_taken(choice: Choice, part: Mapping[str, Any], prompt: Prompt, requirement: Requirement) -> bool:
    try:
        check_requirement(read_reply({"choice": choice.key, **part}, prompt), prompt, requirement)
    except InvalidInputError:
        return False
    return True


def _wanted(field: FormField) -> str:
    return f"one of {', '.join(field.values)}" if field.type == "enum" else _WANTED[field.type]
