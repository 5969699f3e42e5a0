"""Start the sign-off of a mission: its release is assessed like any other task, and let through at once or put before
people, as the risk policy says.

The sign-off is of one commit of the target branch. Asked again for the same, it is the same, unless it was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.app.asked import Asked
from signoff.app.assess import assess
from signoff.app.begin_at_gate import Beginning, begin_at_gate, find_asked
from signoff.app.request_approval import AUTOMATIC_TTL_S, BY_POLICY, policy_name, terms_of
from signoff.app.spans import use_case
from signoff.app.start_review import PARTITION
from signoff.app.world import World
from signoff.gates.digest import digest_of
from signoff.gates.requirement import Actor
from signoff.plans.mission import SignOffAsked, sign_off_plan
from signoff.plans.mission_kind import DOOR

_IDENTITY = ("repo_root", "mission_id", "mission_slug", "target_branch", "target_commit")


@use_case
def start_ship(world: World, report: Mapping[str, Any], about: Mapping[str, str], *, actor: Actor) -> Asked:
    """The sign-off that is open or was given for this very commit, else a new one.

    Args:
        report: what is released (`runners.mission.ship`).
        about: as `sign_off_plan` takes it.

    Raises:
        PolicyError. InvalidInputError: nothing is written.
    """
    assessment = assess(world, release_task(about))
    level = assessment.level
    asked = SignOffAsked(
        report=report,
        requirement=level.requirement or BY_POLICY,
        ttl_s=level.ttl_s or AUTOMATIC_TTL_S,
        requested_by=actor.name,
        reasons=tuple(reason.because for reason in assessment.reasons),
        ladder=level.ladder,
        automatic=policy_name(level.name) if level.auto_approve else None,
    )
    beginning = Beginning(
        DOOR, PARTITION, about["mission_slug"], actor.name, risk_level=level.name, terms=terms_of(level)
    )
    return begin_at_gate(world, _name(about), sign_off_plan(asked, about), beginning)


def find_ship(world: World, about: Mapping[str, str]) -> Asked | None:
    """The newest sign-off of this very commit, however it stands."""
    return find_asked(world, _name(about))


def release_task(about: Mapping[str, str]) -> dict[str, str]:
    """What the risk policy assesses: rules can tell missions by their `resource_type`, and branches by their name."""
    return {
        "operation": "deploy",
        "environment": "production",
        "resource_type": "mission",
        "target_branch": about["target_branch"],
        "description": f"Ship {about['mission_slug']}",
    }


def _name(about: Mapping[str, str]) -> str:
    return f"ship-{digest_of({key: about[key] for key in _IDENTITY})[:16]}"
