"""`spec.md`: the keys of a spec's front matter, of its compiled file and of a tier's defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from signoff.plans.spec.front_matter import REQUIRED
from signoff.plans.spec.gate_names import GATES, MODES
from signoff.plans.spec.model import DECISIONS, FrontMatter
from signoff.plans.spec.plan import LANGUAGES
from signoff.plans.spec.policies import TIER_MODES
from signoff.plans.spec.schema import DEFAULTS_SCHEMA, SCHEMA

from .markdown import code, described, page, table

LINE = "one line of text"
#: Type and meaning of the keys between the `---` lines.
FRONT_MATTER = {
    "tier": ("A, B or C, in any case", "How much is asked of people."),
    "title": (LINE, "What the spec is called."),
    "owner": (LINE, "Whose it is: the gates are asked for in this name, and in tier A it may not approve them."),
    "goal": (LINE, "What shall be so when it is done."),
    "version": (LINE, "The version of the plan."),
    "project_slug": (LINE, "A short name of the project."),
    "spec_version": (LINE, "The version of the format that it was written in."),
    "created": (LINE, "When it was written; a date stays the text that it is."),
    "updated": (LINE, "When it was last changed."),
    "aip_id": (LINE, "An id that another system knows it by."),
    "labels": ("a list of texts", "Words to find it by."),
    "orchestrator_contract": ("text, or a mapping", "What whoever runs it has to keep to; `standard` where not said."),
    "repo.url": (LINE, "Where the repository is that it is about."),
    "repo.default_branch": (LINE, "What work is merged to."),
    "repo.working_branch": (LINE, "Where the work is done."),
}

#: Meaning of the keys of compiled files and of defaults, by their path.
KEYS = {
    "aip_id": "Front matter.",
    "all_items": "Whether every item of the checklist must be ticked to approve.",
    "compiler_version": "The rules that it was compiled by.",
    "context": "The section Context.",
    "context.background": "What stands under Background.",
    "context.constraints": "What stands under Constraints.",
    "created": "Front matter.",
    "gate_policies": "What is asked at each gate of the plan, by its code: the defaults of the tier.",
    "gates": "What is asked at each gate, by its code.",
    "hours": "How many hours the gate waits for an answer.",
    "justification": "Whether an approval must say why.",
    "labels": "Front matter.",
    "meta": "What is not known.",
    "meta.extra": "The keys of the front matter that are not known.",
    "mode": "What the gate does; see below.",
    "models_tools": "The section Models & Tools.",
    "models_tools.models": "What it says of models.",
    "models_tools.tools": "The tools that it names.",
    "objective": "The section Objective.",
    "objective.acceptance_criteria": "The list of this name.",
    "objective.acceptance_criteria[].checked": "Whether it is ticked in the Markdown.",
    "objective.acceptance_criteria[].text": "What has to be so.",
    "objective.description": "What stands there besides.",
    "objective.goal": "The goal of the front matter.",
    "orchestrator_contract": "Front matter.",
    "owner": "Front matter.",
    "owner_may_approve": "Whether the owner of the spec may approve its gates.",
    "plan": "The steps, in their order.",
    "plan[].commands": "The fenced blocks under **Commands:**.",
    "plan[].commands[].lang": "The language of the block; bash where it names none.",
    "plan[].commands[].script": "Its text.",
    "plan[].gate_ref": "The gate in the step's heading, as `G0: Plan Approval`.",
    "plan[].gate_review": "The review at the end of the step.",
    "plan[].gate_review.approval_metadata": "Reviewer, date and rationale, as written there; evidence only.",
    "plan[].gate_review.approval_options": "The lines of the decision.",
    "plan[].gate_review.approval_options[].checked": "Whether it is ticked in the Markdown, as evidence.",
    "plan[].gate_review.approval_options[].decision": "Which decision the line is.",
    "plan[].gate_review.approval_options[].label": "The decision as written, such as `APPROVED FOR DEPLOYMENT`.",
    "plan[].gate_review.approval_options[].text": "What follows the colon.",
    "plan[].gate_review.checklist": "The items by category, each `{text, checked}`.",
    "plan[].outputs": "What the step leaves, as paths inside the repository.",
    "plan[].prompt": "What is asked of the agent, as Markdown.",
    "plan[].step_id": "`step-001` for step 1.",
    "plan[].title": "The heading without number and gate.",
    "project_slug": "Front matter.",
    "repo": "Front matter.",
    "repo.default_branch": "Front matter.",
    "repo.url": "Front matter.",
    "repo.working_branch": "Front matter.",
    "repository": "The section Repository.",
    "repository.block_paths": "What must not be changed.",
    "repository.branch": "Where the work is done.",
    "repository.merge_strategy": "How it is merged.",
    "review": "What the review is called: it says how thorough it is, and decides nothing.",
    "roles": "Who may answer: whoever holds any one of these. Nobody in it means anybody.",
    "source_md_path": "The Markdown, from the top of the repository.",
    "source_md_sha256": "The SHA-256 of its bytes.",
    "spec_version": "Front matter.",
    "tier": "Front matter. In defaults: the tier that they are of.",
    "title": "Front matter.",
    "updated": "Front matter.",
    "version": "Front matter.",
}

MODES_MEAN = {
    "blocking": "The run waits until a person has decided.",
    "required-items": "The same, and an approval ticks every item.",
    "advisory": "The gate is shown and recorded, and approved at once by `policy:advisory`.",
    "automatic": "It is approved at once by the policy of the tier, as `policy:tier-C`, with no item ticked.",
}


def spec_page() -> str:
    return page(
        "Specs",
        "What may stand in the front matter of a spec, in the compiled file and in the defaults of a tier. The rest of "
        "the Markdown is in [write a spec](../how-to/write-a-spec.md), the commands are under "
        "[signoff spec](cli.md#signoff-spec).",
        "## Front matter",
        f"Required are {_listed(REQUIRED)}. Other keys than these are kept under `meta.extra`; aliases (`*name`), tags "
        "and repeated keys are refused.",
        table(("key", "type", "meaning"), map(_front_row, _front_keys())),
        "## The compiled file",
        "Every key is there, empty where nothing is said. The same as JSON Schema (2020-12): "
        "[compiled-spec.schema.json](compiled-spec.schema.json).",
        table(("key", "type", "meaning"), _rows(SCHEMA)),
        f"The gates are {'; '.join(f'{key} {name}' for key, name in GATES.items())}. The decisions are "
        f"{', '.join(sorted(DECISIONS))}. What runs as a command is in {_listed(tuple(LANGUAGES))}: a spec with other "
        "blocks compiles, and is refused when it shall run (`unknown-language`).",
        "## Defaults of a tier",
        "`signoff spec defaults` prints them. A file of your own, `tier-a.yaml`, `tier-b.yaml` or `tier-c.yaml` in the "
        "folder that `tier_defaults` names, takes the place of the built-in one; it has every key. Roles and hours can "
        "be any. The modes are those of the tier, see below, and tier A stays what it is: `all_items` and "
        "`justification` are true, `owner_may_approve` is false.",
        table(("key", "type", "meaning"), _rows(DEFAULTS_SCHEMA)),
        "They are compiled into `gate_policies`. Where they change, compile again.",
        "## Modes of a gate",
        "`gates:` in `signoff.yaml` says another mode for a gate than the defaults, as `gates: {G1: advisory}`. In a "
        "spec of tier A that says nothing: such a gate always blocks, and an approval ticks every item, has a "
        "rationale, is not the owner's, and is refused while an output is missing. In tier B a mode that the tier does "
        "not have is an error (`invalid-setting`).",
        table(("mode", *(f"tier {tier}" for tier in TIER_MODES), "what it does"), map(_mode_row, MODES)),
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(code, names))


def _front_keys() -> list[str]:
    return [field.name.replace("repo_", "repo.") for field in fields(FrontMatter) if field.name != "extra"]


def _front_row(key: str) -> tuple[str, ...]:
    return (code(key), *described(FRONT_MATTER, key, what="key of the front matter"))


def _mode_row(mode: str) -> tuple[str, ...]:
    tiers = ("yes" if mode in modes else "no" for modes in TIER_MODES.values())
    return code(mode), *tiers, described(MODES_MEAN, mode, what="mode of a gate")


def _rows(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for path, shape in sorted(_members(schema, "")):
        # What is asked at a gate is described once, for all gates.
        known = path.rpartition("<gate>.")[2]
        yield code(path), _type(shape), described(KEYS, known, what="key")


def _members(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, shape in schema.get("properties", {}).items():
        inner = shape.get("anyOf", [shape])[0]
        yield f"{prefix}{key}", shape
        if key == "gates":
            yield from _members(inner["properties"]["G0"], f"{prefix}{key}.<gate>.")
        elif key == "gate_policies":
            yield from _members(inner["additionalProperties"], f"{prefix}{key}.<gate>.")
        else:
            yield from _members(inner, f"{prefix}{key}.")
            yield from _members(inner.get("items", {}), f"{prefix}{key}[].")


def _type(shape: Mapping[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(map(_type, shape["anyOf"]))
    if "enum" in shape:
        return ", ".join(shape["enum"])
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    return " or ".join(_kind(kind, shape) for kind in kinds)


def _kind(kind: str, shape: Mapping[str, Any]) -> str:
    if kind == "array":
        return "list of mappings" if shape["items"]["type"] == "object" else "list of texts"
    if kind == "integer":
        return f"{shape['minimum']} to {shape['maximum']}"
    return {"string": "text", "object": "mapping", "boolean": "true or false", "null": "null"}[kind]
