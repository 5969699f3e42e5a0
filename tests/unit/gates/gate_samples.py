"""Prompts and gates to try things on."""

from __future__ import annotations

from typing import Any

from signoff.gates.gate import Gate
from signoff.gates.prompt import Prompt, build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Actor, Need, Requirement

NOW = 1_767_225_600_000
TTL_S = 60
ALL_EFFECTS = [
    {"key": "ship", "label": "Ship it", "effect": "approve"},
    {"key": "drop", "label": "Drop it", "effect": "reject"},
    {"key": "mend", "label": "Mend it", "effect": "fix"},
    {"key": "later", "label": "Not now", "effect": "hold"},
]
CHECKLIST = [
    {"category": "Safety", "items": [{"id": "backup", "text": "There is a backup", "checked": False}]},
    {"category": "People", "items": [{"id": "told", "text": "The team was told", "checked": True}]},
]


def a_prompt(requirement: Requirement = ANYONE_ONCE, /, **draft: Any) -> Prompt:
    return build_prompt({"title": "Ship it?", **draft}, requirement=requirement, ttl_s=TTL_S, now=NOW)


def form(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"v": 1, "title": "Form", "fields": list(fields)}


def a_gate(requirement: Requirement = ANYONE_ONCE, *, draft: dict[str, Any] | None = None, **columns: Any) -> Gate:
    """A gate opened at `NOW` for a minute, with a choice of each effect."""
    return Gate(
        workflow_id="it_01",
        gate_key="ship",
        run_id="it_01",
        topic="human:ship",
        prompt=a_prompt(requirement, **(draft or {"choices": ALL_EFFECTS})),
        requirement=requirement,
        opened_at=NOW,
        **{"deadline_at": NOW + TTL_S * 1000, **columns},
    )


def needs(*wanted: tuple[str, int], **members: Any) -> Requirement:
    """`needs(("lead,ops", 2))`: two people who hold lead or ops."""
    return Requirement(tuple(Need(tuple(roles.split(",")), count) for roles, count in wanted), **members)


def person(name: str, *roles: str) -> Actor:
    return Actor(name, frozenset(roles), is_authenticated=True)
