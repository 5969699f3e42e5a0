"""Find roles: which there are, and which of some nobody is asked in."""

from __future__ import annotations

from collections.abc import Iterable

from signoff.app.page import PAGE_MAX
from signoff.app.world import World
from signoff.gates.gate import State
from signoff.gates.requirement import OVERRIDE_ROLE, Requirement


def find_roles(world: World) -> frozenset[str]:
    """Those that the policy has, or that somebody holds.

    Raises:
        PolicyError.
    """
    with world.ledger.read() as tx:
        held = {role for principal in tx.people.principals() for role in principal.roles}
    return frozenset({*world.policy().roles, *held})


def find_unasked_roles(world: World, roles: Iterable[str]) -> list[str]:
    """Those of them that neither the policy nor an open gate names; of the gates, the first that each may answer.

    Raises:
        PolicyError.
    """
    left = sorted({*roles} - {*world.policy().roles, OVERRIDE_ROLE})
    with world.ledger.read() as tx:
        answerable = {
            role: tx.gates(state=State.PENDING, role=role, risk=None, after=None, limit=PAGE_MAX) for role in left
        }
    return [role for role, gates in answerable.items() if not any(_names(gate.requirement, role) for gate in gates)]


def _names(requirement: Requirement, role: str) -> bool:
    return any(role in need.any_of for need in requirement.needs)
