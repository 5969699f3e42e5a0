"""`--answer`: what a script says at the gates of a spec's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from signoff.app.report_gates import gate_code
from signoff.cli.gate.answer import Said, choice_with, payload_of
from signoff.errors import InvalidInputError
from signoff.gates.keys import check_gate_key
from signoff.gates.prompt import APPROVE, HOLD, REJECT

if TYPE_CHECKING:
    from signoff.plans.plan import Plan

_EFFECTS = {
    **dict.fromkeys(("approve", "approved", "yes"), APPROVE),
    **dict.fromkeys(("reject", "rejected", "no"), REJECT),
    **dict.fromkeys(("defer", "deferred", "hold"), HOLD),
}


@dataclass(frozen=True)
class Answers:
    """Effects: `named` by the gate's code or key, `otherwise` for every other gate. The rest goes with each."""

    named: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    rationale: str | None = None
    all_items: bool = False

    def effect_at(self, view: Mapping[str, Any]) -> str | None:
        """What to answer at this gate; None where a person is to be asked."""
        return self.named.get(view["gateKey"]) or self.named.get(gate_code(view) or "") or self.otherwise

    def payload(self, effect: str, prompt: Mapping[str, Any]) -> dict[str, Any]:
        ticks = self.all_items and effect == APPROVE
        return payload_of(choice_with(effect, prompt, None), Said(self.rationale, all_items=ticks), prompt)


def read_answers(given: Sequence[str], plan: Plan, *, rationale: str | None, all_items: bool) -> Answers:
    """
    Raises:
        InvalidInputError: (`bad-choice`) no such answer, (`unknown-gate`) the spec has no such gate.
    """
    named: dict[str, str] = {}
    otherwise = None
    for text in given:
        gate, equals, choice = text.rpartition("=")
        if equals:
            named[_gate(gate.strip(), plan)] = _effect(choice)
        else:
            otherwise = _effect(choice)
    return Answers(named, otherwise, rationale, all_items)


def _effect(choice: str) -> str:
    if choice.strip().lower() not in _EFFECTS:
        raise InvalidInputError(
            f"{choice[:80]!r} is no answer to a gate of a spec; say approve, reject or defer.",
            code="bad-choice",
            details={"choices": ["approve", "reject", "defer"]},
        )
    return _EFFECTS[choice.strip().lower()]


def _gate(name: str, plan: Plan) -> str:
    from signoff.plans.spec.plan import codes_of

    codes = codes_of(plan)
    if name.upper() in codes:
        return name.upper()
    if len(name) <= len("G0"):
        raise InvalidInputError(
            f"The spec has no gate {name!r}; it has {', '.join(codes) or 'none'}.",
            code="unknown-gate",
            details={"gates": codes},
        )
    return check_gate_key(name)
