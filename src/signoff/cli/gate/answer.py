"""What a person types as an answer, made into the body of a reply."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.clock import new_ulid
from signoff.errors import InvalidInputError
from signoff.gates.digest import digest_of
from signoff.gates.prompt import HOLD

_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True)
class Said:
    """The options of the answering commands. `fields` are `k=v` as typed."""

    rationale: str | None = None
    conditions: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    all_items: bool = False
    fields: tuple[str, ...] = ()


def choice_with(effect: str, prompt: Mapping[str, Any], wanted: str | None) -> str:
    """The key of the gate's choice that has this effect.

    Raises:
        InvalidInputError: (`bad-choice`) there is none, or there are several and none of them was named.
    """
    having = [choice["key"] for choice in prompt["choices"] if choice["effect"] == effect]
    if wanted is not None and wanted in having:
        return wanted
    if wanted is None and len(having) == 1:
        return str(having[0])
    raise InvalidInputError(
        _why_no_choice(effect, having, wanted), code="bad-choice", details={"effect": effect, "choices": having}
    )


def payload_of(choice: str, said: Said, prompt: Mapping[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = {"choice": choice}
    if said.rationale is not None:
        payload["rationale"] = said.rationale
    if said.conditions:
        payload["conditions"] = list(said.conditions)
    ticked = _item_ids(prompt) if said.all_items else list(said.items)
    if ticked:
        payload["checklist"] = dict.fromkeys(ticked, True)
    return {**payload, **read_fields(said.fields, prompt)}


def read_fields(pairs: Sequence[str], prompt: Mapping[str, Any]) -> dict[str, Any]:
    """`k=v` pairs as the types that the gate's form asks for.

    Raises:
        InvalidInputError: (`invalid-field`) no pair, no such field, or a value of another type.
    """
    types = {field["k"]: field["t"] for field in prompt["formSchema"]["fields"]}
    values = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise _invalid_field(f"{pair[:80]!r} is not of the form NAME=VALUE")
        if key not in types:
            raise _invalid_field(f"this gate's form has no field {key[:80]!r}; it has: {', '.join(types) or 'none'}")
        values[key] = _typed(key, text, types[key])
    return values


def dedupe_key_of(actor: str, token: str | None, view: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """The same for the same answer by the same person, so that a command which is typed again, or retried after a
    lost connection, finds its first receipt. Where one person may fill several places each answer is one of its own.
    """
    if not view["requirement"]["distinctPeople"]:
        return f"cli:{new_ulid()}"
    # Behind a token stands somebody else than behind another, whatever the machine calls its user.
    person = actor if token is None else hashlib.sha256(token.encode()).hexdigest()
    return f"cli:{digest_of([person, view['prompt']['digest'], payload])[:40]}"


def _item_ids(prompt: Mapping[str, Any]) -> list[str]:
    return [item["id"] for category in prompt.get("checklist") or [] for item in category["items"]]


def _typed(key: str, text: str, kind: str) -> Any:
    try:
        match kind:
            case "int":
                return int(text)
            case "num":
                return float(text) if set(text) & set(".eE") else int(text)
            case "bool":
                return _BOOLEANS[text.lower()]
            case _:
                return text
    except (ValueError, KeyError):
        raise _invalid_field(f"the field {key!r} must be {kind}, not {text[:80]!r}") from None


def _why_no_choice(effect: str, having: Sequence[str], wanted: str | None) -> str:
    if wanted is not None:
        return f"{wanted[:80]!r} is none of this gate's choices that {effect}: {', '.join(having) or 'it has none'}."
    if having:
        return f"Several choices of this gate {effect}; name one with --choice: {', '.join(having)}."
    if effect == HOLD:
        return "This gate has no choice that defers it. It stays open for as long as nobody answers."
    return f"None of this gate's choices has the effect {effect}; see `signoff gate show` and `signoff gate reply`."


def _invalid_field(why: str) -> InvalidInputError:
    return InvalidInputError(f"This answer cannot be taken: {why}.", code="invalid-field")
