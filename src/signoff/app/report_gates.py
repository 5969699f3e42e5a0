"""Report on gates: what became of each, by whom, when, and why.

It is made of wire forms (`app.views`), so that a report on a server's gates is the one that its ledger would give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.gates import requirement as requirements
from signoff.gates.gate import State
from signoff.gates.name import POLICY_PREFIX
from signoff.gates.prompt import APPROVE, FIX, HOLD, REJECT, Prompt, read_prompt
from signoff.gates.reply import Reply, read_reply
from signoff.gates.requirement import OVERRIDE_ROLE, Actor, places_left

Wire = Mapping[str, Any]

APPROVED, WITH_CONDITIONS, DEFERRED, WAITING = "approved", "approved with conditions", "deferred", "waiting"
_BY_EFFECT = {APPROVE: APPROVED, REJECT: "rejected", FIX: "sent back"}
_BY_STATE = {State.TIMED_OUT.value: "timed out", State.CANCELLED.value: "cancelled"}
DECISIONS = (APPROVED, WITH_CONDITIONS, "rejected", "sent back", "timed out", "cancelled", DEFERRED, WAITING)


@dataclass(frozen=True)
class _Answer:
    """An answer, and what it was understood to say."""

    wire: Wire
    said: Reply

    @property
    def ticked(self) -> frozenset[str]:
        return frozenset(item for item, tick in self.said.ticked.items() if tick)


def report_gates(gates: Sequence[tuple[Wire, Sequence[Wire]]], *, now: int) -> dict[str, Any]:
    """`{items, totals}` of gates, each with its interactions in their order; `now` is epoch milliseconds.

    An item is `{workflowID, gateKey, title, spec, step, code, name, state, decision, choice, by: [{actor, role}],
    openedAt, decidedAt, deadlineAt, waitedMs, conditions, rationale, itemsTicked, items, origin, isAutomatic,
    isOverridden, waitsFor: {roles: count}, answers}`; totals are `{gates, decisions: {decision: count}, automatic,
    overridden}`.
    """
    items = [_item(view, interactions, now) for view, interactions in gates]
    decided = Counter(item["decision"] for item in items)
    return {
        "items": items,
        "totals": {
            "gates": len(items),
            "decisions": {decision: decided[decision] for decision in DECISIONS},
            "automatic": sum(item["isAutomatic"] for item in items),
            "overridden": sum(item["isOverridden"] for item in items),
        },
    }


def gate_code(view: Wire) -> str | None:
    """`G0` of a gate whose subject says `G0: Plan Approval`; None where it says nothing of the kind."""
    return _code_and_name(read_prompt(view["prompt"]).subject)[0]


def _item(view: Wire, interactions: Sequence[Wire], now: int) -> dict[str, Any]:
    prompt = read_prompt(view["prompt"])
    answers = [_Answer(one, read_reply(one["payload"], prompt)) for one in interactions]
    is_open = view["state"] == State.PENDING
    telling = answers if is_open else _deciding(view, answers)
    by = _people(view, telling)
    decided_at = (view.get("receipt") or {}).get("at")
    code, name = _code_and_name(prompt.subject)
    return {
        "workflowID": view["workflowID"],
        "gateKey": view["gateKey"],
        "title": prompt.title,
        "spec": prompt.subject.get("spec"),
        "step": prompt.subject.get("step"),
        "code": code,
        "name": name,
        "state": view["state"],
        "decision": _decision(view, telling),
        "choice": (view.get("receipt") or {}).get("decision"),
        "by": by,
        "openedAt": view["createdAt"],
        "decidedAt": decided_at,
        "deadlineAt": view["deadlineAt"],
        "waitedMs": max(0, (now if decided_at is None else decided_at) - view["createdAt"]),
        "conditions": list(dict.fromkeys(condition for one in telling for condition in one.said.conditions)),
        "rationale": _rationale(telling),
        "itemsTicked": len(frozenset().union(*(one.ticked for one in telling))),
        "items": len(prompt.item_ids),
        "origin": view["origin"],
        "isAutomatic": any(person["actor"].startswith(POLICY_PREFIX) for person in by),
        "isOverridden": any(OVERRIDE_ROLE in (person["role"] or "").split(",") for person in by),
        "waitsFor": _places_left(view, prompt, answers) if is_open else {},
        "answers": [_told(one) for one in answers],
    }


def _deciding(view: Wire, answers: Sequence[_Answer]) -> list[_Answer]:
    """Every approval that was needed, or the one answer that ended it."""
    deciding = [one for one in answers if one.wire["id"] == view["receipt"]["interactionId"]]
    if not deciding or not deciding[0].said.approves:
        return deciding
    return [one for one in answers if one.wire["choice"] == deciding[0].wire["choice"]]


def _people(view: Wire, telling: Sequence[_Answer]) -> list[dict[str, Any]]:
    """Whose answers these are; of a gate that no answer ended, what or who ended it."""
    said = {one.wire["actor"]: one.wire["role"] for one in telling}
    if not said and view.get("receipt"):
        said = {view["receipt"]["actor"]: view["receipt"].get("role")}
    return [{"actor": actor, "role": role} for actor, role in said.items()]


def _decision(view: Wire, telling: Sequence[_Answer]) -> str:
    if view["state"] == State.PENDING:
        return DEFERRED if telling and telling[-1].said.choice.effect == HOLD else WAITING
    if view["state"] in _BY_STATE:
        return _BY_STATE[view["state"]]
    decision = _BY_EFFECT[telling[-1].said.choice.effect]
    has_conditions = any(one.said.conditions for one in telling)
    return WITH_CONDITIONS if decision == APPROVED and has_conditions else decision


def _rationale(telling: Sequence[_Answer]) -> str | None:
    """With several people, each line says whose it is."""
    said = [(one.wire["actor"], one.said.rationale) for one in telling if one.said.rationale]
    if len(telling) == 1:
        return said[0][1] if said else None
    return "\n".join(f"{actor}: {rationale}" for actor, rationale in said) or None


def _places_left(view: Wire, prompt: Prompt, answers: Sequence[_Answer]) -> dict[str, int]:
    """What the choice that is closest to an approval lacks."""
    requirement = requirements.from_wire(view["requirement"])
    left = [
        places_left(requirement, [_actor(one.wire) for one in answers if one.said.choice == choice])
        for choice in prompt.choices
        if choice.effect == APPROVE
    ]
    return min(left, key=lambda places: sum(places.values()))


def _actor(wire: Wire) -> Actor:
    return Actor(wire["actor"], None if wire["role"] is None else frozenset(wire["role"].split(",")))


def _code_and_name(subject: Mapping[str, str]) -> tuple[str | None, str | None]:
    code, _, name = subject.get("gate", "").partition(":")
    return code.strip() or None, name.strip() or None


def _told(one: _Answer) -> dict[str, Any]:
    return {
        **{name: one.wire[name] for name in ("actor", "role", "choice", "origin")},
        "at": one.wire["createdAt"],
        "rationale": one.said.rationale,
        "conditions": list(one.said.conditions),
        "itemsTicked": sorted(one.ticked),
    }
