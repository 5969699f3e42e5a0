"""What a person says at a gate, read strictly: an answer that is not understood is never taken for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.errors import InvalidInputError, RequirementError
from signoff.gates.digest import check_storable
from signoff.gates.prompt import APPROVE, REJECT, Choice, FormField, Prompt
from signoff.gates.requirement import Requirement
from signoff.gates.text import says_something

RATIONALE_CHARS_MAX = 10_000
CONDITIONS_MAX = 50
CONDITION_CHARS_MAX = 2_000
LINE_CHARS_MAX = 2_000
TEXT_CHARS_MAX = 100_000
DEDUPE_CHARS_MAX = 256

ORIGINS = (
    "manual",
    "console",
    "inbox",
    "sdk",
    "langgraph",
    "compat",
    "webhook",
    "webhook-ci",
    "api-shim",
    "engine-dbos",
    "external",
    "unknown",
)

_DECISION_ALIASES = {
    "yes": APPROVE,
    "approve": APPROVE,
    "approved": APPROVE,
    "no": REJECT,
    "reject": REJECT,
    "rejected": REJECT,
}
_RATIONALE_ALIASES = ("rationale", "reason", "note", "notes")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Reply:
    choice: Choice
    rationale: str | None = None
    conditions: tuple[str, ...] = ()
    ticked: Mapping[str, bool] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def approves(self) -> bool:
        return self.choice.effect == APPROVE


def read_reply(payload: Any, prompt: Prompt) -> Reply:
    """Understand a payload `{choice, rationale?, conditions?, checklist?, ...form fields}` against its prompt.

    Aliases: `approved: true|false` and `decision: yes|approve|approved|no|reject|rejected` for the choice, `reason`,
    `note` and `notes` for the rationale.

    Raises:
        InvalidInputError: `bad-choice` for an answer that is none of the choices, `invalid-reply` for the rest.
    """
    if not isinstance(payload, dict):
        raise _invalid("the payload must be an object")
    check_storable(payload)
    known = {"choice", "approved", "decision", "conditions", "checklist", *_RATIONALE_ALIASES}
    fields = {form_field.key: form_field for form_field in prompt.fields}
    for key in payload:
        if key not in known and key not in fields:
            raise _invalid(f"{key!r} is neither a part of a reply nor a field of this gate's form")
    reply = Reply(
        choice=_read_choice(payload, prompt),
        rationale=_read_rationale(payload),
        conditions=_read_conditions(payload.get("conditions")),
        ticked=_read_ticks(payload.get("checklist"), prompt),
        fields={key: _read_field(payload[key], fields[key]) for key in payload if key in fields},
    )
    missing = [f.key for f in prompt.fields if not f.is_optional and reply.fields.get(f.key) is None]
    if prompt.asks_rationale and reply.rationale is None:
        missing.append("rationale")
    if reply.approves and missing:
        raise _invalid(f"the form asks for {', '.join(missing)}")
    return reply


def check_requirement(reply: Reply, prompt: Prompt, requirement: Requirement) -> None:
    """What a gate may ask of an approval beyond its choice; a rejection owes a justification too.

    Raises:
        RequirementError: `justification-required`, `items-required`, `evidence-missing`.
    """
    if requirement.justification and reply.choice.effect in (APPROVE, REJECT) and not reply.rationale:
        raise RequirementError("This gate asks for a rationale; add one.", code="justification-required")
    unticked = sorted(item for item in prompt.item_ids if not reply.ticked.get(item))
    if requirement.all_items and reply.approves and unticked:
        raise RequirementError(
            f"This gate can be approved only with every item ticked; open: {', '.join(unticked[:10])}.",
            code="items-required",
            details={"items": unticked},
        )
    missing = [piece["title"] for piece in prompt.wire.get("evidence", []) if "sha256" not in piece]
    if requirement.all_evidence and reply.approves and missing:
        raise RequirementError(
            f"This gate cannot be approved while something is missing: {', '.join(missing[:10])}.",
            code="evidence-missing",
            details={"missing": missing},
        )


def check_dedupe_key(dedupe_key: str) -> str:
    if not 1 <= len(dedupe_key) <= DEDUPE_CHARS_MAX or not dedupe_key.strip():
        raise _invalid(f"a dedupe key has 1 to {DEDUPE_CHARS_MAX} characters")
    check_storable(dedupe_key)
    return dedupe_key


def _read_choice(payload: Mapping[str, Any], prompt: Prompt) -> Choice:
    names = [name for name in ("choice", "approved", "decision") if name in payload]
    said = {_named_choice(name, payload[name], prompt) for name in names}
    if len(said) != 1:
        why = "there is no choice in it" if not said else "it says two different things"
        raise _bad_choice(f"This reply cannot be taken: {why}", prompt)
    return said.pop()


def _named_choice(name: str, value: Any, prompt: Prompt) -> Choice:
    choice = None
    if isinstance(value, str):
        choice = prompt.choice(value)
    if choice is None and name == "approved" and isinstance(value, bool):
        choice = _choice_with(APPROVE if value else REJECT, prompt)
    if choice is None and name == "decision" and isinstance(value, str) and value in _DECISION_ALIASES:
        choice = _choice_with(_DECISION_ALIASES[value], prompt)
    if choice is None or (name == "approved" and not isinstance(value, bool)):
        raise _bad_choice(f"{value!r} is not an answer to this gate" if len(repr(value)) < 100 else "No answer", prompt)
    return choice


def _choice_with(effect: str, prompt: Prompt) -> Choice | None:
    return next((choice for choice in prompt.choices if choice.effect == effect), None)


def _read_rationale(payload: Mapping[str, Any]) -> str | None:
    said = [payload[name] for name in _RATIONALE_ALIASES if payload.get(name) is not None]
    if not said:
        return None
    if len(said) > 1:
        raise _invalid("the rationale is given twice, under two names")
    if not isinstance(said[0], str) or len(said[0]) > RATIONALE_CHARS_MAX:
        raise _invalid(f"the rationale must be text of at most {RATIONALE_CHARS_MAX} characters")
    return said[0].strip() if says_something(said[0]) else None


def _read_conditions(conditions: Any) -> tuple[str, ...]:
    if conditions is None:
        return ()
    if not isinstance(conditions, list) or len(conditions) > CONDITIONS_MAX:
        raise _invalid(f"conditions must be a list of at most {CONDITIONS_MAX} texts")
    for condition in conditions:
        if not isinstance(condition, str) or not says_something(condition) or len(condition) > CONDITION_CHARS_MAX:
            raise _invalid(f"a condition is text of 1 to {CONDITION_CHARS_MAX} characters")
    return tuple(condition.strip() for condition in conditions)


def _read_ticks(ticks: Any, prompt: Prompt) -> dict[str, bool]:
    if ticks is None:
        return {}
    if not isinstance(ticks, dict) or not all(isinstance(tick, bool) for tick in ticks.values()):
        raise _invalid("checklist must be an object of item ids with true or false")
    unknown = sorted(set(ticks) - prompt.item_ids)
    if unknown:
        raise _invalid(f"{unknown[0]!r} is not an item of this gate's checklist")
    return dict(ticks)


def _read_field(value: Any, form_field: FormField) -> Any:
    if value is None and form_field.is_optional:
        return None
    if not _fits(value, form_field):
        wanted = f"one of {', '.join(form_field.values)}" if form_field.type == "enum" else form_field.type
        raise _invalid(f"the field {form_field.key!r} must be {wanted}")
    return value


def _fits(value: Any, form_field: FormField) -> bool:
    match form_field.type:
        case "enum":
            return value in form_field.values
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "num":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "str":
            return isinstance(value, str) and len(value) <= LINE_CHARS_MAX and _CONTROL.search(value) is None
        case _:
            return isinstance(value, str) and len(value) <= TEXT_CHARS_MAX


def _bad_choice(why: str, prompt: Prompt) -> InvalidInputError:
    keys = [choice.key for choice in prompt.choices]
    return InvalidInputError(f"{why}; choose one of: {', '.join(keys)}.", code="bad-choice", details={"choices": keys})


def _invalid(why: str) -> InvalidInputError:
    return InvalidInputError(f"This reply cannot be taken: {why}.", code="invalid-reply")
