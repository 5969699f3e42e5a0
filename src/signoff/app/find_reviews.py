"""Find the reviews of a work package, the newest first. The commands of a mission look for them each time, so that
this needs little of what asking for one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from signoff.app.asked import Asked
from signoff.app.world import World
from signoff.plans import plan as plans
from signoff.plans.mission_kind import DOOR, is_review_at
from signoff.plans.run import Run, Status

if TYPE_CHECKING:
    from signoff.app.ports.reader import Reader

RUNS_LOOKED_AT = 100


def open_reviews(world: World, about: Mapping[str, str]) -> list[Run]:
    """Those of a work package that nobody has decided, newest first.

    Args:
        about: as `newest_review` takes it.
    """
    return [run for run in _reviews(world, about) if run.status is Status.WAITING_INPUT]


def newest_review(world: World, about: Mapping[str, str]) -> Asked | None:
    """That of a work package, however it stands; a deadline that has passed has ended it.

    Args:
        about: `{repo_root, mission_id, mission_slug, work_package_id}` at least.
    """
    for run in _reviews(world, about):
        asked = _asked(world, run)
        if asked is not None and asked.gate.is_due(world.clock()):
            from signoff.app.expire import expire

            expire(world, run.workflow_id, asked.gate.gate_key)
            asked = _asked(world, run)
        if asked is not None:
            return asked
    return None


def subject_of(about: Mapping[str, str]) -> str:
    return f"{about['mission_slug']}/{about['work_package_id']}"


def _asked(world: World, run: Run) -> Asked | None:
    with world.ledger.read() as tx:
        gates = tx.gates_of(run.workflow_id)
        return Asked(tx.run(run.workflow_id) or run, gates[-1]) if gates else None


def _reviews(world: World, about: Mapping[str, str]) -> list[Run]:
    with world.ledger.read() as tx:
        return [run for run in _of_subject(tx, about) if _is_of_package(run, about)]


def _of_subject(tx: Reader, about: Mapping[str, str]) -> list[Run]:
    return tx.runs(status=None, door=DOOR, subject=subject_of(about), before=None, limit=RUNS_LOOKED_AT)


def _is_of_package(run: Run, about: Mapping[str, str]) -> bool:
    told = plans.from_wire(run.plan).about
    return is_review_at(told, about) and told.get("work_package_id") == about["work_package_id"]
