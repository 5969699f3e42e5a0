"""Spec -> the mapping that is written as `plan.compiled.yaml`.

A function of its arguments alone: the same text, defaults and path always make the same file. `COMPILER_VERSION` is
raised when a new version makes another file of the same text; until then, upgrading signoff leaves files be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.plans.spec.model import FrontMatter, Item, Review, Spec, SpecStep
from signoff.plans.spec.step import gates_of

COMPILER_VERSION = "1.0"


def compile_spec(
    spec: Spec, defaults: Mapping[str, Any], *, source_md_path: str, source_md_sha256: str
) -> dict[str, Any]:
    """The compiled document, as JSON values.

    Args:
        spec: what was parsed.
        defaults: those of the spec's tier, as `read_defaults` returns them.
        source_md_path: of the Markdown, relative to its repository, with slashes.
        source_md_sha256: of its bytes, 64 hex digits.
    """
    return {
        **_front(spec.front),
        "compiler_version": COMPILER_VERSION,
        "source_md_path": source_md_path,
        "source_md_sha256": source_md_sha256,
        "objective": {
            "goal": spec.front.goal,
            "description": spec.description,
            "acceptance_criteria": _items(spec.acceptance_criteria),
        },
        "context": {"background": spec.background, "constraints": spec.constraints},
        "models_tools": {"models": spec.models, "tools": list(spec.tools)},
        "repository": {
            "branch": spec.repository.branch,
            "merge_strategy": spec.repository.merge_strategy,
            "block_paths": list(spec.repository.block_paths),
        },
        "gate_policies": _policies(spec, defaults),
        "plan": [_step(step) for step in spec.steps],
    }


def _front(front: FrontMatter) -> dict[str, Any]:
    contract = front.orchestrator_contract
    return {
        "tier": front.tier,
        "title": front.title,
        "owner": front.owner,
        "version": front.version,
        "labels": list(front.labels),
        "project_slug": front.project_slug,
        "spec_version": front.spec_version,
        "created": front.created,
        "updated": front.updated,
        "aip_id": front.aip_id,
        "orchestrator_contract": contract if isinstance(contract, str) else dict(contract),
        "repo": {
            "url": front.repo_url,
            "default_branch": front.repo_default_branch,
            "working_branch": front.repo_working_branch,
        },
        "meta": {"extra": dict(front.extra)},
    }


def _policies(spec: Spec, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What the tier asks at each gate of the plan."""
    common = {key: value for key, value in defaults.items() if key not in ("tier", "gates")}
    return {code: {**common, **defaults["gates"][code]} for code in gates_of(spec.steps)}


def _step(step: SpecStep) -> dict[str, Any]:
    return {
        "step_id": step.id,
        "title": step.title,
        "prompt": step.prompt,
        "commands": [{"lang": command.lang, "script": command.script} for command in step.commands],
        "outputs": list(step.outputs),
        "gate_ref": None if step.gate is None else str(step.gate),
        "gate_review": None if step.review is None else _review(step.review),
    }


def _review(review: Review) -> dict[str, Any]:
    return {
        "checklist": {category.name: _items(category.items) for category in review.categories},
        "approval_options": [
            {"decision": option.decision, "label": option.label, "text": option.text, "checked": option.is_ticked}
            for option in review.options
        ],
        "approval_metadata": dict(review.metadata),
    }


def _items(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [{"text": item.text, "checked": item.is_checked} for item in items]
