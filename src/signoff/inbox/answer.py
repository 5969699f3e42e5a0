"""A form to a reply's payload, under the names that the API has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.digest import is_digest
from signoff.gates.prompt import FormField, Prompt
from signoff.inbox.form import Form

#: Names that the page's own controls have. A field of the gate's form that has one is sent under `field:<name>`.
OWN_NAMES = frozenset({"actor", "condition", "csrf", "dedupeKey", "edit", "item", "promptDigest"})
CONDITIONS_SHOWN = 3

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class Answer:
    """What somebody has filled in: `payload` is what a reply takes."""

    payload: Mapping[str, Any]
    prompt_digest: str


def input_name(key: str) -> str:
    """The name of the control for a field of the gate's form."""
    return f"field:{key}" if key in OWN_NAMES else key


def read_answer(form: Form, prompt: Prompt) -> Answer:
    """What was filled in; what it means, and whether it may be said, is for the reply to find out.

    Raises:
        InvalidInputError: (`invalid-body`) no digest says what the person has seen, or a name is not one of the form's.
    """
    _check_names(form, prompt)
    digest = form.one("promptDigest")
    if digest is None or not is_digest(digest):
        raise InvalidInputError("This form cannot be taken: promptDigest is missing.", code="invalid-body")
    payload: dict[str, Any] = {"choice": form.one("choice") or ""}
    if rationale := form.one("rationale"):
        payload["rationale"] = rationale
    if conditions := [text.strip() for text in form.all("condition") if text.strip()]:
        payload["conditions"] = conditions
    if items := form.all("item"):
        payload["checklist"] = dict.fromkeys(items, True)
    for field in prompt.fields:
        text = form.one(input_name(field.key))
        if text is not None:
            payload[field.key] = _typed(text, field)
    return Answer(payload, digest)


def written(form: Form) -> list[tuple[str, str]]:
    """What somebody has written in words of their own, under the names of the form: for a page that takes none of it
    and loses none of it."""
    own = OWN_NAMES - {"condition"} | {"choice", "next", "token"}
    return [(name.removeprefix("field:"), text) for name, text in form.values if name not in own and text.strip()]


def hidden_pairs(form: Form) -> Sequence[tuple[str, str]]:
    """What a confirmation sends once more, as it came."""
    return [(name, text) for name, text in form.values if name not in ("csrf", "dedupeKey", "edit", "actor")]


def _check_names(form: Form, prompt: Prompt) -> None:
    known = {*OWN_NAMES, "choice", "rationale", *(input_name(field.key) for field in prompt.fields)}
    unknown = [name for name, _ in form.values if name not in known]
    if unknown:
        raise InvalidInputError(
            f"This form cannot be taken: {unknown[0][:80]!r} is no part of it.", code="invalid-body"
        )


def _typed(text: str, field: FormField) -> Any:
    """A text that is none of the type stays a text, which the reply then refuses by the field's name."""
    try:
        match field.type:
            case "int":
                return int(text) if text.lstrip("-").isdecimal() and text.isascii() and len(text) <= 17 else text
            case "num":
                number = float(text)
                return number if abs(number) < float("inf") else text
            case "bool":
                return _TRUTHS.get(text, text)
            case _:
                return text
    except ValueError:
        return text
