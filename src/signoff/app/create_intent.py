"""Create an intent: what somebody wants done, before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.spans import use_case
from signoff.app.world import World
from signoff.gates.digest import check_storable, digest_of
from signoff.plans.recipe import check_constraints, check_goal


@use_case
def create_intent(
    world: World, *, goal: str, inputs: Mapping[str, Any], constraints: Mapping[str, Any], actor: str
) -> str:
    """The new intent's id, which is also the id of its one run's workflow."""
    check_goal(goal)
    check_constraints(constraints)
    check_storable([goal, dict(inputs)])
    intent_id = f"it_{world.new_id()}"
    now = world.clock()
    row = {"id": intent_id, "goal": goal, "inputs": inputs, "constraints": constraints, "created_at": now}
    with world.ledger.write(intent_id, "create_intent") as tx:
        tx.insert_intent(row)
        body = {"goal": goal, "inputsSha256": digest_of(inputs), "constraints": dict(constraints)}
        tx.append_entry(at=now, actor=actor, event="intent.created", body=body)
    return intent_id
