"""Reading compiled files and tiers' defaults back, and those of the older shape.

The older shape has its gates at the top (`gates`), items of checklists as plain texts, and steps with `description` and
`verification_commands`. It is read into today's shape: nothing of a checklist may get lost, and a file of it is shown
as what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.documents.problem import Problem, shown
from signoff.documents.yaml_text import YamlText, read_yaml
from signoff.plans.spec.gate_names import GATES
from signoff.plans.spec.model import DECISIONS, STANDARD_OPTIONS
from signoff.plans.spec.policies import STRICT, TIER_MODES
from signoff.plans.spec.problem import spec_error
from signoff.plans.spec.schema import check_shape
from signoff.plans.spec.step import BASH

_OLDER_TOP = ("gates", "objective", "context", "plan")


@dataclass(frozen=True)
class Compiled:
    """`document` is in today's shape, whatever the file was in; `yaml` is the file as it was read, with its lines."""

    document: Mapping[str, Any]
    is_older: bool = False
    yaml: YamlText = field(default=YamlText(None), compare=False, repr=False)


def read_compiled(text: str, *, path: str) -> Compiled:
    """
    Raises:
        SpecError: with everything that is not as the schema says.
    """
    problems: list[Problem] = []
    yaml = read_yaml(text, problems)
    document = yaml.value
    if not isinstance(document, dict):
        _refuse_other(document, problems, path)
    is_older = is_older_shape(document)
    if is_older:
        document = from_older(document)
    check_shape(yaml, document, "older" if is_older else "compiled", problems)
    if problems:
        raise spec_error(problems, path)
    return Compiled(document, is_older, yaml)


def read_defaults(text: str, *, path: str, tier: str | None = None) -> dict[str, Any]:
    """What a tier asks for where nobody says otherwise: `{tier, all_items, justification, owner_may_approve, gates:
    {G0: {mode, review, roles, hours}}}`. `tier` is the one that the file is named after.

    Raises:
        SpecError: with everything that is not so.
    """
    problems: list[Problem] = []
    yaml = read_yaml(text, problems)
    if not isinstance(yaml.value, dict):
        _refuse_other(yaml.value, problems, path)
    check_shape(yaml, yaml.value, "defaults", problems)
    if not problems:
        problems += _relaxed(yaml, tier or yaml.value["tier"])
    if problems:
        raise spec_error(problems, path)
    defaults: dict[str, Any] = yaml.value
    return defaults


def _relaxed(yaml: YamlText, tier: str) -> Iterator[Problem]:
    """Where defaults of a good shape are not those of this tier, or ask for less than it stands for."""
    defaults = yaml.value
    if defaults["tier"] != tier:
        found = f"the tier {shown(defaults['tier'])}"
        yield Problem(yaml.line(("tier",)), "wrong-tier", found, f"{tier}, as the file is called")
    for code, gate in defaults["gates"].items():
        if gate["mode"] not in TIER_MODES[tier]:
            line = yaml.line(("gates", code, "mode"))
            yield Problem(line, "relaxed-tier", f"{code}: {gate['mode']}", " or ".join(TIER_MODES[tier]))
    for name, wanted in STRICT.items() if tier == "A" else ():
        if defaults[name] is not wanted:
            said, right = (str(value).lower() for value in (defaults[name], wanted))
            yield Problem(yaml.line((name,)), "relaxed-tier", f"{name}: {said}", f"{right} in tier A")


def _refuse_other(value: Any, problems: list[Problem], path: str) -> None:
    found = Problem(1, "invalid-shape", shown(str(value)), "a YAML mapping")
    raise spec_error(problems or [found], path)


def is_older_shape(document: Mapping[str, Any]) -> bool:
    if "gates" in document or "source_md_sha256" not in document:
        return True
    steps = [step for step in _list(document.get("plan")) if isinstance(step, dict)]
    reviews = [step["gate_review"] for step in steps if isinstance(step.get("gate_review"), dict)]
    return any(isinstance(item, str) for review in reviews for items in _checklist(review).values() for item in items)


def from_older(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same in today's shape. What is of no known kind is left as it is, for the schema to refuse."""
    steps = [_step(step) if isinstance(step, dict) else step for step in _list(document.get("plan"))]
    for gate in _gates(document.get("gates")):
        _hang(gate, steps)
    kept = {key: value for key, value in document.items() if key not in _OLDER_TOP}
    meta = kept.pop("meta", None)
    return {
        **kept,
        "objective": _objective(document),
        "context": _context(document.get("context")),
        "meta": meta if _is_todays_meta(meta) else {"extra": meta or {}},
        "plan": steps,
    }


def _is_todays_meta(meta: Any) -> bool:
    return isinstance(meta, dict) and set(meta) == {"extra"}


def _objective(document: Mapping[str, Any]) -> dict[str, Any]:
    objective = document.get("objective")
    told = objective if isinstance(objective, dict) else {"description": objective or ""}
    return {
        "goal": told.get("goal") or document.get("goal") or document.get("title"),
        "description": told.get("description", ""),
        "acceptance_criteria": _items(told.get("acceptance_criteria") or document.get("acceptance_criteria")),
    }


def _context(context: Any) -> dict[str, Any]:
    told = context if isinstance(context, dict) else {"background": context or ""}
    return {name: _text(told.get(name)) for name in ("background", "constraints")}


def _text(value: Any) -> Any:
    return "\n".join(f"- {line}" for line in value) if isinstance(value, list) else value or ""


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    commands = [*_list(step.get("commands")), *_list(step.get("verification_commands"))]
    review = step.get("gate_review")
    return {
        "step_id": step.get("step_id"),
        "title": step.get("title") or step.get("description"),
        "prompt": step.get("prompt") or "",
        "commands": [{"lang": BASH, "script": one} if isinstance(one, str) else one for one in commands],
        "outputs": _list(step.get("outputs")),
        "gate_ref": step.get("gate_ref"),
        "gate_review": _review(review) if isinstance(review, dict) else review,
    }


def _review(review: Mapping[str, Any]) -> dict[str, Any]:
    options = [
        _option(option) if isinstance(option, str) else option for option in _list(review.get("approval_options"))
    ]
    told = {name: value or "" for name, value in (review.get("approval_metadata") or {}).items()}
    return {
        "checklist": {name: _items(items) for name, items in _checklist(review).items()},
        "approval_options": options or [_option(option.label) for option in STANDARD_OPTIONS],
        "approval_metadata": {"reviewer": "", "date": "", "rationale": "", **told},
    }


def _option(label: str) -> dict[str, Any]:
    decision = next((one for one in DECISIONS if label.upper().startswith(one)), label)
    return {"decision": decision, "label": label, "text": "", "checked": False}


def _checklist(review: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Items by category; a list without categories is one of its own."""
    checklist = review.get("checklist")
    if isinstance(checklist, list):
        return {"General": checklist}
    return {str(name): _list(items) for name, items in checklist.items()} if isinstance(checklist, dict) else {}


def _items(items: Any) -> list[Any]:
    return [{"text": item, "checked": False} if isinstance(item, str) else item for item in _list(items)]


def _gates(gates: Any) -> list[dict[str, Any]]:
    """The gates at the top, each with the code that it is called by: a list of mappings, or a mapping by code."""
    if isinstance(gates, dict):
        gates = [{"id": code, **gate} for code, gate in gates.items() if isinstance(gate, dict)]
    return [gate for gate in _list(gates) if isinstance(gate, dict)]


def _hang(gate: Mapping[str, Any], steps: Sequence[Any]) -> None:
    """Gives a gate from the top to its step: the one that it names, else the first of that gate without a review."""
    ref = _ref(gate)
    named = gate.get("step_id") or gate.get("step")
    for step in steps:
        is_its = isinstance(step, dict) and (
            step["step_id"] == named if named else bool(ref) and str(step["gate_ref"]).startswith(ref[:2])
        )
        if is_its and step["gate_review"] is None:
            step["gate_ref"] = step["gate_ref"] or ref or None
            step["gate_review"] = _review(gate) if gate.get("checklist") else None
            return


def _ref(gate: Mapping[str, Any]) -> str:
    """`G0: Plan Approval`; empty where the gate has no code that is known."""
    code, _, name = str(gate.get("gate_ref") or gate.get("id") or gate.get("gate") or "").partition(":")
    code = code.strip().upper()
    if code not in GATES:
        return ""
    return f"{code}: {name.strip() or gate.get('name') or gate.get('title') or GATES[code]}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
