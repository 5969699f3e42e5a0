"""Where a run goes next. The only place that knows how a plan is walked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.gates.gate import Gate, State
from signoff.gates.keys import gate_key_of
from signoff.gates.prompt import APPROVE, REJECT
from signoff.plans.plan import GateNode, Plan


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
        if gate.state is State.RECEIVED and (effect := _effect(gate)) != APPROVE:
            back = node.ways.get(effect)
            return Refuse(f"{node.label} failed: {gate.decision}", gate) if back is None else Go(back)
    if len(gates) < node.count or any(gate.state is State.PENDING for gate in gates):
        return Wait()
    return Go(node.ways.get(APPROVE))


def leads_back(plan: Plan, node_id: str, target: str) -> bool:
    """Whether this way goes to what comes earlier in the plan (or to the node itself): it is done anew then, and so is
    what follows it."""
    order = list(plan.nodes)
    return order.index(target) <= order.index(node_id)


def _effect(gate: Gate) -> str:
    choice = gate.prompt.choice(gate.decision or "")
    # A decision that the prompt does not know lets nothing happen.
    return REJECT if choice is None else choice.effect
