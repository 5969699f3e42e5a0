"""Where a run goes next. The only place that knows how a plan is walked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.gates.gate import Gate, State
from signoff.gates.keys import gate_key_of
from signoff.gates.prompt import APPROVE
from signoff.plans.plan import GateNode


@dataclass(frozen=True)
class Wait:
    """Not every gate of the node is decided."""


@dataclass(frozen=True)
class Go:
    """On to `node`, or to the end of the plan."""

    node: str | None


@dataclass(frozen=True)
class Refuse:
    """The run ends here: `because` says why, `gate` is the one that did not let it through."""

    because: str
    gate: Gate


Way = Wait | Go | Refuse


def gate_keys(node: GateNode, run_id: str, attempt: int) -> list[str]:
    """The keys of the gates that this node opens in this attempt."""
    purposes = [node.purpose] if node.count == 1 else [f"{node.purpose}-{n}" for n in range(1, node.count + 1)]
    return [gate_key_of(run_id, node.id, purpose, attempt) for purpose in purposes]


def way_on(node: GateNode, gates: Sequence[Gate]) -> Way:
    """Where the gates of this node let the run go. One refusal is enough; every approval is needed."""
    for gate in gates:
        if gate.state in (State.TIMED_OUT, State.CANCELLED):
            return Refuse(f"{node.label} failed: {gate.state.value.lower().replace('_', ' ')}", gate)
        effect = _effect(gate)
        if effect is not None and effect != APPROVE:
            return (
                Go(node.ways[effect]) if effect in node.ways else Refuse(f"{node.label} failed: {gate.decision}", gate)
            )
    if len(gates) < node.count or any(gate.state is State.PENDING for gate in gates):
        return Wait()
    return Go(node.ways.get(APPROVE))


def _effect(gate: Gate) -> str | None:
    choice = None if gate.decision is None else gate.prompt.choice(gate.decision)
    return None if choice is None else choice.effect
