"""Assess how risky a task is, under the policy in force."""

from __future__ import annotations

from typing import Any

from signoff.app.world import World
from signoff.policy import risk
from signoff.policy.risk import Assessment


def assess(world: World, task: Any) -> Assessment:
    """
    Raises:
        InvalidInputError: (`invalid-task`). PolicyError: the policy's files cannot be taken, where nobody has read them
        before.
    """
    return risk.assess(task, world.policy())
