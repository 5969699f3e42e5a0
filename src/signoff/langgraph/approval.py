"""A node that asks whoever the risk policy says: nobody for what is low, people for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from langgraph.config import get_config

from signoff.app.request_approval import RISK_HINT, policy_name, request_approval
from signoff.gates.principal import ANONYMOUS
from signoff.gates.requirement import POLICY_ROLE
from signoff.langgraph.gate import asked_before, stop_at
from signoff.langgraph.place import place_of
from signoff.policy.risk import RiskPolicy

if TYPE_CHECKING:
    from signoff.app.world import World
    from signoff.sdk.client import Client
    from signoff.sdk.gate import Gate
    from signoff.sdk.receipt import Receipt

KEY = "approval"

State = Any
Task = Mapping[str, Any]


class ApprovalNode(Protocol):
    """A node of a graph, which asks."""

    def __call__(self, state: State) -> dict[str, Any]: ...


def _task_of(state: State) -> Task:
    task: Task = state["task"]
    return task


def approval_node(
    client: Client,
    *,
    policy: RiskPolicy | str | Path | None = None,
    describe: Callable[[State], Task] = _task_of,
    requested_by: Callable[[State], str] | None = None,
    key: str = KEY,
) -> ApprovalNode:
    """A node, for graphs that are run either way, which returns `{approved, receipt, risk}`.

    The task is assessed. What the policy approves by itself goes on at once, recorded as every approval is; otherwise
    the thread stops until the people whom the risk level names have decided, or its time is over.

    Args:
        client: one of the ledger itself.
        policy: a folder of policy files, or what was read from one; without it that of the client's settings.
        describe: the task in a state: `{operation, environment, resource_type, description, ...}`, by default its
            `task`. It is the gate's payload, and must be the same each time that the node is run for one gate.
        requested_by: who asks, in a state; by default whoever the client acts as.

    Returns:
        The node. In what it returns `receipt` is a dict with the members of `signoff.Receipt`, `risk` is
        `{risk_level, risk_score, reasons: [{rule, because}]}` as people saw it.

    Raises:
        InvalidInputError: (`ledger-needed`). PolicyError. The node: InvalidInputError, also `invalid-task` and
        `thread-needed`; ConflictError: (`gate-exists`) it is another task than when it was asked first.
    """
    world = _under(client.at_hand(), policy)

    def request_approval_node(state: State) -> dict[str, Any]:
        task = describe(state)
        asker = None if requested_by is None else requested_by(state)
        return _update(*_decided(client, world, task, asker, key))

    return request_approval_node


def _decided(client: Client, world: World, task: Task, asker: str | None, key: str) -> tuple[Gate, Receipt]:
    place = place_of(get_config())
    gate_key = place.gate_key(key)
    asked = asked_before(client, place.workflow_id, gate_key, task)
    if asked is None:
        request_approval(
            world,
            workflow_id=place.workflow_id,
            gate_key=gate_key,
            task=task,
            requested_by=asker or client.actor or ANONYMOUS,
            actor=client.actor or ANONYMOUS,
            on_decision=place.on_decision,
        )
        asked = client.gate(place.workflow_id, gate_key)
    return asked, _automatic(asked) or stop_at(asked)


def _automatic(asked: Gate) -> Receipt | None:
    """The receipt of a gate that was decided as it was opened, so that nobody resumes a thread for it."""
    receipt, by_policy = asked.receipt, policy_name(_risk(asked)["risk_level"])
    return receipt if receipt is not None and (receipt.role, receipt.actor) == (POLICY_ROLE, by_policy) else None


def _risk(asked: Gate) -> dict[str, Any]:
    risk: dict[str, Any] = asked.view["prompt"]["uiHints"][RISK_HINT]
    return risk


def _update(asked: Gate, receipt: Receipt) -> dict[str, Any]:
    return {"approved": receipt.is_approved, "receipt": asdict(receipt), "risk": _risk(asked)}


def _under(world: World, policy: RiskPolicy | str | Path | None) -> World:
    if policy is None:
        return world
    if isinstance(policy, RiskPolicy):
        return replace(world, policy=lambda: policy)
    from signoff.settings.policy_files import load_policy

    read = load_policy(Path(policy))
    return replace(world, policy=lambda: read)
