"""What is asked of people at each gate of a spec: what its tier says, and what the project's settings say of it.

Tier A is as it is: the settings cannot relax it, whatever they say. In tier B they may let a gate be shown only, or ask
for every item; in tier C they may say any mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.requirement import ANYONE, Need, Requirement
from signoff.plans.spec.gate_names import ADVISORY, BLOCKING, MODES, REQUIRED_ITEMS

#: What a gate may be in each tier. Tier B is for what somebody has to look at.
TIER_MODES: Mapping[str, tuple[str, ...]] = {
    "A": (BLOCKING,),
    "B": (BLOCKING, REQUIRED_ITEMS, ADVISORY),
    "C": MODES,
}
#: What of tier A nobody can relax: neither settings nor a file of defaults.
STRICT = {"all_items": True, "justification": True, "owner_may_approve": False}


@dataclass(frozen=True)
class GatePolicy:
    """`code` is that of the gate (`G0`), `mode` one of MODES. A person with any one of `roles` may answer, or anybody
    where there are none; `hours` is how long the gate waits. `all_evidence`: no output may be missing."""

    code: str
    mode: str
    review: str
    roles: tuple[str, ...]
    hours: int
    all_items: bool
    justification: bool
    owner_may_approve: bool
    all_evidence: bool = False


def policies_in_force(
    document: Mapping[str, Any], gates: Mapping[str, str], defaults: Mapping[str, Any] | None = None
) -> dict[str, GatePolicy]:
    """The policy of each gate that the plan names, in the order of the plan.

    Args:
        document: a compiled spec.
        gates: what `gates:` in `signoff.yaml` says, mode by gate.
        defaults: those of the spec's tier, for a document of the older shape: it has no policies of its own.

    Raises:
        InvalidInputError: (`invalid-setting`) a gate would be of a mode that the tier does not have.
    """
    tier = document["tier"]
    compiled = document.get("gate_policies", {})
    found = {}
    for code in gates_of_document(document):
        told = compiled[code] if code in compiled or defaults is None else {**defaults, **defaults["gates"][code]}
        policy = _policy(code, told)
        found[code] = _strict(policy) if tier == "A" else _relaxed(policy, tier, gates.get(code, policy.mode))
    return found


def gates_of_document(document: Mapping[str, Any]) -> list[str]:
    """The codes of the gates that the plan names, each once."""
    refs = [step["gate_ref"] for step in document["plan"] if step["gate_ref"]]
    return list(dict.fromkeys(ref.partition(":")[0] for ref in refs))


def to_requirement(policy: GatePolicy) -> Requirement:
    return Requirement(
        needs=(Need(policy.roles or (ANYONE,), 1),),
        not_requester=not policy.owner_may_approve,
        justification=policy.justification,
        all_items=policy.all_items,
        all_evidence=policy.all_evidence,
    )


def _policy(code: str, told: Mapping[str, Any]) -> GatePolicy:
    return GatePolicy(
        code=code,
        mode=told["mode"],
        review=told["review"],
        roles=tuple(told["roles"]),
        hours=told["hours"],
        all_items=told["all_items"],
        justification=told["justification"],
        owner_may_approve=told["owner_may_approve"],
    )


def _strict(policy: GatePolicy) -> GatePolicy:
    return replace(
        policy, mode=BLOCKING, all_items=True, justification=True, owner_may_approve=False, all_evidence=True
    )


def _relaxed(policy: GatePolicy, tier: str, mode: str) -> GatePolicy:
    accepted = TIER_MODES[tier]
    if mode not in accepted:
        raise InvalidInputError(
            f"{policy.code} cannot be {mode} in tier {tier}. Say {', '.join(accepted)} under gates in signoff.yaml.",
            code="invalid-setting",
            details={"setting": f"gates.{policy.code}", "tier": tier, "mode": mode, "accepts": list(accepted)},
        )
    return replace(policy, mode=mode, all_items=policy.all_items or mode == REQUIRED_ITEMS)
