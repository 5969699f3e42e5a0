"""Start the review of a work package: a run that waits at its gate at once.

The review is of one submission and one commit. Asked again for the same, it is the same review; once the lane has moved
on, or the package was handed in anew, what was open is given up: nobody should approve what is no longer there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from signoff.app.asked import Asked
from signoff.app.begin_at_gate import Beginning, begin_at_gate
from signoff.app.find_reviews import open_reviews, subject_of
from signoff.app.spans import use_case
from signoff.app.steps import Artifact
from signoff.app.world import World
from signoff.errors import ConflictError
from signoff.gates.digest import digest_of
from signoff.gates.requirement import Actor
from signoff.plans import plan as plans
from signoff.plans.mission_kind import DOOR, PLACE
from signoff.plans.plan import Plan
from signoff.plans.run import Run

PARTITION = "missions"
#: What tells one review from every other: where it is, what it is of, and which submission and commit were looked at.
_IDENTITY = (*PLACE, "work_package_id", "from_event", "lane_commit")


@use_case
def start_review(world: World, plan: Plan, *, actor: Actor, artifacts: Sequence[Artifact] = ()) -> Asked:
    """The review that is open or was decided for this very commit, else a new one."""
    about = plan.about
    name = f"review-{about['work_package_id']}-{digest_of({key: about[key] for key in _IDENTITY})[:16]}"
    reason = f"{about['work_package_id']} is before its reviewer anew, at {about['lane_commit'][:12]}"
    _give_up([run for run in open_reviews(world, about) if not _is_same(run, about)], world, actor.name, reason)
    beginning = Beginning(DOOR, PARTITION, subject_of(about), actor.name, artifacts)
    return begin_at_gate(world, name, plan, beginning)


def give_up_reviews(world: World, about: Mapping[str, str], *, actor: str, reason: str) -> list[Run]:
    """Cancel what nobody has decided: the package was moved on past it, or is asked about anew.

    Args:
        about: as `find_reviews.newest_review` takes it.
    """
    return _give_up(open_reviews(world, about), world, actor, reason)


def _give_up(runs: Sequence[Run], world: World, actor: str, reason: str) -> list[Run]:
    if not runs:
        return []
    from signoff.app.cancel_run import cancel_run

    given_up = []
    for run in runs:
        # Whoever decided it in between was first.
        with suppress(ConflictError):
            given_up.append(cancel_run(world, workflow_id=run.workflow_id, actor=actor, reason=reason))
    return given_up


def _is_same(run: Run, about: Mapping[str, str]) -> bool:
    told = plans.from_wire(run.plan).about
    return all(told[key] == about[key] for key in _IDENTITY)
