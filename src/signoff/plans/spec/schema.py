"""The compiled file's shape as JSON Schema 2020-12; `docs/reference/compiled-spec.schema.json` is this, published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import YamlText
from signoff.gates.requirement import ROLE_CHARS_MAX
from signoff.plans.spec.gate_names import GATES, MODES
from signoff.plans.spec.model import DECISIONS, ITEMS_MAX, NAME_CHARS_MAX, TEXT_CHARS_MAX, TIERS, TITLE_CHARS_MAX

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TEXT = {"type": "string"}
_SAID = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
#: As `model.DECISIONS` spells them, and in JSON Schema's own regular expressions.
_GATE_REF = f"^({'|'.join(GATES)}): ."
_PATH = r"^(?!/|~)(?!(.*/)?\.\.(/|$))[^\\]+$"


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object with these members and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
    }


_ITEM = _object({"text": {**_SAID, "maxLength": TEXT_CHARS_MAX}, "checked": {"type": "boolean"}})
_ITEMS = {"type": "array", "items": _ITEM}
_OPTION = _object(
    {"decision": {"enum": list(DECISIONS)}, "label": _SAID, "text": _TEXT, "checked": {"type": "boolean"}}
)
_REVIEW = _object(
    {
        "checklist": {
            "type": "object",
            "propertyNames": {"minLength": 1, "maxLength": NAME_CHARS_MAX},
            "additionalProperties": {**_ITEMS, "maxItems": ITEMS_MAX},
        },
        "approval_options": {"type": "array", "minItems": 1, "items": _OPTION},
        "approval_metadata": {"type": "object", "additionalProperties": _TEXT},
    }
)
_STEP = _object(
    {
        "step_id": {"type": "string", "pattern": "^step-[0-9]{3}$"},
        "title": {**_SAID, "maxLength": TITLE_CHARS_MAX},
        "prompt": _TEXT,
        "commands": {"type": "array", "items": _object({"lang": _SAID, "script": _TEXT})},
        "outputs": {"type": "array", "uniqueItems": True, "items": {"type": "string", "pattern": _PATH}},
        "gate_ref": {"type": ["string", "null"], "pattern": _GATE_REF},
        "gate_review": {"anyOf": [_REVIEW, {"type": "null"}]},
    }
)
#: As a gate's requirement takes them.
_ROLE = {"type": "string", "pattern": r"^[^,]*[^,\s][^,]*$", "maxLength": ROLE_CHARS_MAX}
_AT_GATE = {
    "mode": {"enum": list(MODES)},
    "review": {"enum": ["formal", "peer", "automatic"]},
    "roles": {"type": "array", "items": _ROLE},
    "hours": {"type": "integer", "minimum": 1, "maximum": 720},
}
_AT_TIER = {
    "all_items": {"type": "boolean"},
    "justification": {"type": "boolean"},
    "owner_may_approve": {"type": "boolean"},
}
_FRONT = {
    "tier": {"enum": list(TIERS)},
    "title": {**_SAID, "maxLength": TITLE_CHARS_MAX},
    "owner": _SAID,
    "version": _TEXT,
    "labels": _TEXTS,
    "project_slug": _TEXT,
    "spec_version": _TEXT,
    "created": _TEXT,
    "updated": _TEXT,
    "aip_id": _TEXT,
    "orchestrator_contract": {"type": ["string", "object"]},
    "repo": _object({"url": _TEXT, "default_branch": _TEXT, "working_branch": _TEXT}),
    "meta": _object({"extra": {"type": "object"}}),
}

#: What says where the file came from.
SOURCE = {
    "compiler_version": _SAID,
    "source_md_path": _SAID,
    "source_md_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A compiled spec of signoff",
    **_object(
        {
            **_FRONT,
            **SOURCE,
            "objective": _object({"goal": _SAID, "description": _TEXT, "acceptance_criteria": _ITEMS}),
            "context": _object({"background": _TEXT, "constraints": _TEXT}),
            "models_tools": _object({"models": _TEXT, "tools": _TEXTS}),
            "repository": _object({"branch": _TEXT, "merge_strategy": _TEXT, "block_paths": _TEXTS}),
            "gate_policies": {
                "type": "object",
                "propertyNames": {"enum": list(GATES)},
                "additionalProperties": _object({**_AT_TIER, **_AT_GATE}),
            },
            "plan": {"type": "array", "minItems": 1, "items": _STEP},
        }
    ),
}

DEFAULTS_SCHEMA: Mapping[str, Any] = _object(
    {"tier": {"enum": list(TIERS)}, **_AT_TIER, "gates": _object(dict.fromkeys(GATES, _object(_AT_GATE)))}
)

#: A file in the older shape is read too: it says less, and not where it came from.
OLDER_SCHEMA: Mapping[str, Any] = {**SCHEMA, "required": ["objective", "plan", "tier", "title"]}

_SCHEMAS = {"compiled": SCHEMA, "older": OLDER_SCHEMA, "defaults": DEFAULTS_SCHEMA}


def check_shape(yaml: YamlText, value: Any, schema: str, problems: list[Problem]) -> None:
    """Whether the value, which was read from this text, is of the shape `compiled`, `older` or `defaults`."""
    for error in _leaves(_validator(schema).iter_errors(value)):
        at = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        found = f"at {at.lstrip('.') or 'the top'}: {shown(error.message)}"
        line = yaml.line(tuple(error.absolute_path))
        problems.append(Problem(line, "invalid-shape", found, "what the JSON Schema says"))


@cache
def _validator(schema: str) -> Any:
    # Imported here: it is slow to import, and compiling does without.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_SCHEMAS[schema])


def _leaves(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    """Of alternatives, what is wrong with the one that was meant: null is never meant by something else."""
    for error in errors:
        meant = [one for one in error.context or () if one.schema_path[0] == 0]
        yield from _leaves(meant) if meant and error.instance is not None else [error]
