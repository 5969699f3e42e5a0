"""`--answer`: what a script says at the checkpoints of a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signoff.errors import InvalidInputError
from signoff.gates.keys import check_gate_key
from signoff.stories.choices import CHOICES, Action, find_action
from signoff.stories.state import Kind

_KINDS = {name: kind for kind in Kind for name in (kind.value, kind.value.replace("_", "-"), kind.value.split("_")[0])}


@dataclass
class Answers:
    """By the kind of a checkpoint, or by a gate's key, what is said there: one after the other, each once. What is
    asked anew shows something else, which nobody can have answered before."""

    named: dict[str, list[str]] = field(default_factory=dict)
    rationale: str | None = None

    def payload(self, view: Mapping[str, Any]) -> dict[str, Any] | None:
        """What to answer at this gate; None where a person is to be asked.

        Raises:
            InvalidInputError: (`bad-choice`) the checkpoint has no such choice.
        """
        kind = Kind(view["prompt"]["payload"]["subject"]["checkpoint"])
        said = self.named.get(view["gateKey"]) or self.named.get(kind) or []
        if not said:
            return None
        payload = {"choice": _action(kind, said.pop(0)).key}
        return payload if self.rationale is None else {**payload, "rationale": self.rationale}


def read_answers(given: Sequence[str], rationale: str | None) -> Answers:
    """
    Raises:
        InvalidInputError: (`bad-choice`) no such answer, (`unknown-gate`) no such checkpoint.
    """
    named: dict[str, list[str]] = {}
    for text in given:
        gate, equals, choice = text.rpartition("=")
        for name in [_name(gate)] if equals else [kind for kind in Kind if find_action(kind, choice)]:
            if name in list(Kind):
                _action(Kind(name), choice)
            named.setdefault(name, []).append(choice.strip())
        if not equals and not any(find_action(kind, choice) for kind in Kind):
            raise _bad(f"{choice[:80]!r} is no choice at any checkpoint.", [])
    return Answers(named, rationale)


def _name(gate: str) -> str:
    kind = _KINDS.get(gate.strip().lower())
    if kind is not None:
        return kind.value
    if not any(gate.strip().startswith(f"{one.value.replace('_', '-')}-") for one in Kind):
        raise InvalidInputError(
            f"{gate[:80]!r} is no checkpoint; there are po, qa and commit.",
            code="unknown-gate",
            details={"gates": ["po", "qa", "commit"]},
        )
    return check_gate_key(gate.strip())


def _action(kind: Kind, choice: str) -> Action:
    action = find_action(kind, choice)
    ways = [one.key for one in CHOICES[kind] if one.effect]
    if action is None or action.effect is None:
        raise _bad(f"{choice[:80]!r} decides nothing at {kind}; say one of {', '.join(ways)}.", ways)
    return action


def _bad(why: str, choices: list[str]) -> InvalidInputError:
    return InvalidInputError(why, code="bad-choice", details={"choices": choices})
