"""What a person is shown at a gate, and its digest.

The digest is SHA-256 over RFC 8785 canonical JSON of `{prompt, payload, checklist, requirement}`, where `prompt` is the
wire form without `payload`, `checklist`, `digest`, `createdAt` and `deadlineAt`: it names *what* is decided, so that
asking the same thing again is the same prompt, and a deadline that moves does not make a different one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates import requirement as requirements
from signoff.gates.deadline import After, check_ttl, deadline_after
from signoff.gates.digest import check_storable, digest_of, is_digest
from signoff.gates.requirement import Requirement
from signoff.gates.text import says_something

SCHEMA_VERSION = 1
TITLE_CHARS_MAX = 300
BODY_CHARS_MAX = 500_000
FIELDS_MAX = 50
CHOICES_MAX = 20
ITEMS_MAX = 500
EVIDENCE_MAX = 100
TEXT_CHARS_MAX = 2_000
SUBJECT_MEMBERS_MAX = 20
SUBJECT_NAME_CHARS_MAX = 64

APPROVE, REJECT, FIX, HOLD = "approve", "reject", "fix", "hold"
EFFECTS = (APPROVE, REJECT, FIX, HOLD)
FIELD_TYPES = ("enum", "str", "int", "num", "bool", "text")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
#: Names in a reply's payload that mean the same at every gate, so that no form field may carry them.
RESERVED_FIELDS = frozenset({"conditions", "checklist", "approved", "decision", "reason", "note", "notes"})
#: A form may show these two as fields; what is said in them is the reply's choice and rationale.
SHARED_FIELDS = frozenset({"choice", "rationale"})


@dataclass(frozen=True)
class Choice:
    """One way to answer. `effect`: approve goes on, reject ends, fix goes back, hold leaves the gate open."""

    key: str
    label: str
    effect: str


YES_NO = (Choice("yes", "Approve", APPROVE), Choice("no", "Reject", REJECT))
_YES_NO_WIRE = [{"key": choice.key, "label": choice.label, "effect": choice.effect} for choice in YES_NO]


@dataclass(frozen=True)
class FormField:
    """`type` enum (one of `values`), str (one line), text, int, num or bool."""

    key: str
    type: str
    values: tuple[str, ...] = ()
    is_optional: bool = False
    title: str | None = None


@dataclass(frozen=True)
class Prompt:
    """Everything that was shown, as it was shown: `wire` is the wire form that is stored and never changes.

    `fields` are those beside choice and rationale; `asks_rationale` says that the form has a rationale that an approval
    may not leave out.
    """

    wire: Mapping[str, Any]
    choices: tuple[Choice, ...]
    fields: tuple[FormField, ...]
    item_ids: frozenset[str]
    asks_rationale: bool = False

    @property
    def digest(self) -> str:
        return str(self.wire["digest"])

    @property
    def title(self) -> str:
        return str(self.wire["title"])

    @property
    def subject(self) -> dict[str, str]:
        """What the payload's `subject` says that this is about; it is a part of every answer's audit entry."""
        payload = self.wire.get("payload")
        subject = payload.get("subject") if isinstance(payload, dict) else None
        said = subject.items() if isinstance(subject, dict) else ()
        texts = [
            (name, text[:TEXT_CHARS_MAX])
            for name, text in said
            if isinstance(text, str) and len(name) <= SUBJECT_NAME_CHARS_MAX
        ]
        return dict(texts[:SUBJECT_MEMBERS_MAX])

    def choice(self, key: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.key == key), None)


def build_prompt(
    draft: Mapping[str, Any], *, requirement: Requirement, ttl_s: int, now: int, after: After = deadline_after
) -> Prompt:
    """Complete and check a draft `{title, body?, formSchema?, checklist?, choices?, payload?, evidence?, uiHints?,
    defaults?}`. `after` reckons how the gate's clock goes.

    Raises:
        InvalidInputError: (`invalid-prompt`) naming the member.
    """
    _check_draft(draft)
    title = draft["title"].strip()
    wire: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "title": title,
        "formSchema": {"v": 1, "title": title, "fields": []},
        "choices": list(_YES_NO_WIRE) if draft.get("choices") is None else draft["choices"],
        "ttlS": check_ttl(ttl_s),
    }
    for member in ("body", "formSchema", "checklist", "payload", "evidence", "uiHints", "defaults"):
        if draft.get(member) is not None:
            wire[member] = draft[member]
    wire["digest"] = prompt_digest(wire, requirement)
    wire["createdAt"] = now
    wire["deadlineAt"] = after(now, ttl_s)
    return read_prompt(wire)


def prompt_digest(wire: Mapping[str, Any], requirement: Requirement) -> str:
    apart = {"payload", "checklist", "digest", "createdAt", "deadlineAt"}
    return digest_of(
        {
            "prompt": {key: value for key, value in wire.items() if key not in apart},
            "payload": wire.get("payload"),
            "checklist": wire.get("checklist"),
            "requirement": requirements.to_wire(requirement),
        }
    )


def read_prompt(wire: Mapping[str, Any]) -> Prompt:
    """Read a prompt that was stored or built, checking what answers depend on."""
    choices = tuple(_choice(choice) for choice in wire["choices"])
    _check_unique("choices", [choice.key for choice in choices])
    if not any(choice.effect == APPROVE for choice in choices):
        raise _invalid("choices", "one of them must have the effect 'approve'")
    fields = _read_form(wire["formSchema"], choices)
    return Prompt(
        wire,
        choices,
        fields=tuple(field for field in fields if field.key not in SHARED_FIELDS),
        item_ids=frozenset(_read_checklist(wire.get("checklist", []))),
        asks_rationale=any(field.key == "rationale" and not field.is_optional for field in fields),
    )


def _check_draft(draft: Mapping[str, Any]) -> None:
    known = {"title", "body", "formSchema", "checklist", "choices", "payload", "evidence", "uiHints", "defaults"}
    unknown = sorted(set(draft) - known)
    if unknown:
        raise _invalid(unknown[0], f"is not known; known are {', '.join(sorted(known))}")
    check_storable(dict(draft))
    _check_text("title", draft.get("title"), TITLE_CHARS_MAX)
    if draft.get("body") is not None and not isinstance(draft["body"], str):
        raise _invalid("body", "must be text (Markdown)")
    if len(draft.get("body") or "") > BODY_CHARS_MAX:
        raise _invalid("body", f"must have at most {BODY_CHARS_MAX} characters")
    for member in ("uiHints", "defaults"):
        if draft.get(member) is not None and not isinstance(draft[member], dict):
            raise _invalid(member, "must be an object")
    for member, length_max in (("choices", CHOICES_MAX), ("evidence", EVIDENCE_MAX)):
        if draft.get(member) is not None:
            _check_list(member, draft[member], length_max)
    for piece in draft.get("evidence") or []:
        _check_evidence(piece)


def _choice(wire: Any) -> Choice:
    if not isinstance(wire, dict) or set(wire) != {"key", "label", "effect"}:
        raise _invalid("choices", "each is an object {key, label, effect}")
    if wire["effect"] not in EFFECTS:
        raise _invalid("choices", f"the effect is one of {', '.join(EFFECTS)}, not {wire['effect']!r}")
    _check_name("choices", wire["key"])
    _check_text("choices", wire["label"], TEXT_CHARS_MAX)
    return Choice(wire["key"], wire["label"], wire["effect"])


def _read_form(schema: Any, choices: Sequence[Choice]) -> list[FormField]:
    is_form = isinstance(schema, dict) and set(schema) == {"v", "title", "fields"}
    if not is_form or schema["v"] is True or schema["v"] != 1:
        raise _invalid("formSchema", "must be {v: 1, title, fields: [...]}")
    _check_text("formSchema.title", schema["title"], TITLE_CHARS_MAX)
    _check_list("formSchema.fields", schema["fields"], FIELDS_MAX)
    fields = [_form_field(field) for field in schema["fields"]]
    _check_unique("formSchema.fields", [field.key for field in fields])
    for field in fields:
        if field.key == "choice" and set(field.values) != {choice.key for choice in choices}:
            raise _invalid("formSchema.fields", "a field 'choice' must be an enum of exactly the choices' keys")
        if field.key == "rationale" and field.type not in ("str", "text"):
            raise _invalid("formSchema.fields", "a field 'rationale' must be of type str or text")
    return fields


def _form_field(wire: Any) -> FormField:
    where = "formSchema.fields"
    if not isinstance(wire, dict) or not {"k", "t"} <= set(wire) <= {"k", "t", "vs", "opt", "title"}:
        raise _invalid(where, "each is an object {k, t, vs?, opt?, title?}")
    _check_name(where, wire["k"])
    if wire["k"] in RESERVED_FIELDS:
        raise _invalid(where, f"{wire['k']!r} has a meaning of its own in every reply; choose another name")
    if wire["t"] not in FIELD_TYPES:
        raise _invalid(where, f"the type is one of {', '.join(FIELD_TYPES)}, not {wire['t']!r}")
    values = wire.get("vs")
    if (wire["t"] == "enum") != bool(values):
        raise _invalid(where, "an enum needs its values in 'vs', other types have none")
    if values and not (isinstance(values, list) and all(isinstance(value, str) and value for value in values)):
        raise _invalid(where, "'vs' is a list of texts")
    if not isinstance(wire.get("opt", False), bool):
        raise _invalid(where, "'opt' is true or false")
    if wire.get("title") is not None:
        _check_text(where, wire["title"], TEXT_CHARS_MAX)
    return FormField(wire["k"], wire["t"], tuple(values or ()), wire.get("opt", False), wire.get("title"))


def _read_checklist(checklist: Any) -> list[str]:
    if not isinstance(checklist, list):
        raise _invalid("checklist", "must be a list of {category, items}")
    ids: list[str] = []
    for category in checklist:
        if not isinstance(category, dict) or set(category) != {"category", "items"}:
            raise _invalid("checklist", "each is an object {category, items: [{id, text, checked}]}")
        _check_text("checklist", category["category"], TEXT_CHARS_MAX)
        _check_list("checklist", category["items"], ITEMS_MAX)
        ids.extend(_item_id(item) for item in category["items"])
    _check_unique("checklist", ids)
    _check_list("checklist", ids, ITEMS_MAX)
    return ids


def _item_id(item: Any) -> str:
    if not isinstance(item, dict) or set(item) != {"id", "text", "checked"} or not isinstance(item["checked"], bool):
        raise _invalid("checklist", "an item is an object {id, text, checked: true|false}")
    _check_name("checklist", item["id"])
    _check_text("checklist", item["text"], TEXT_CHARS_MAX)
    return str(item["id"])


def _check_evidence(piece: Any) -> None:
    if not isinstance(piece, dict) or not {"title", "uri"} <= set(piece) <= {"title", "uri", "sha256"}:
        raise _invalid("evidence", "each is an object {title, uri, sha256?}")
    for member in piece.values():
        _check_text("evidence", member, TEXT_CHARS_MAX)
    if not is_digest(piece.get("sha256", "0" * 64)):
        raise _invalid("evidence", "sha256 is 64 lower-case hex digits")


def _check_text(where: str, text: Any, chars_max: int) -> None:
    if not isinstance(text, str) or not says_something(text) or len(text) > chars_max:
        raise _invalid(where, f"must be text of 1 to {chars_max} characters")


def _check_name(where: str, name: Any) -> None:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise _invalid(where, f"{name!r} is not a name; it must match ^{_NAME.pattern}$")


def _check_list(where: str, value: Any, length_max: int) -> None:
    if not isinstance(value, list) or len(value) > length_max:
        raise _invalid(where, f"must be a list of at most {length_max}")


def _check_unique(where: str, keys: Sequence[str]) -> None:
    if len(set(keys)) != len(keys):
        raise _invalid(where, "two of them have the same name")


def _invalid(where: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"This prompt cannot be taken: {where} {why}.", code="invalid-prompt", details={"at": where}
    )
