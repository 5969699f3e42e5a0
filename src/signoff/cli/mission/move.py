"""`signoff mission submit` and `move`: a work package on its way from lane to lane, with what is brought for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.mission.moving import FORCE, REASON, WP, end_review, readable_state, show_moved, wish_for
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint
from signoff.cli.settings_flags import DATABASE
from signoff.errors import InvalidInputError
from signoff.missions.lane import LANES, Lane

if TYPE_CHECKING:
    from signoff.missions.move import MoveWish
    from signoff.missions.work_package import WorkPackage
    from signoff.runners.mission.mission_state import MissionState

#: What is read of an evidence file at most; the log has it on one line.
EVIDENCE_BYTES_MAX = 262_144

_VERIFIED = click.option(
    "--verified", multiple=True, metavar="TEXT", help='What was checked, and how it came out: "pytest: 214 passed".'
)
_DONE = click.option("--done", multiple=True, metavar="ID", help="Tick this subtask first.")
_ALL_DONE = click.option("--all-done", "is_all_done", is_flag=True, help="Tick all subtasks first.")

_SUBMIT_EPILOG = """\b
Examples:
  signoff mission submit WP01 --all-done --verified "pytest: 214 passed"
  signoff mission submit WP01 --done T001 --done T002

The evidence is what the lane's branch has beyond the mission's, and what --verified says. Everything has to be
committed.
"""


@click.command(epilog=_SUBMIT_EPILOG)
@WP
@_DONE
@_ALL_DONE
@_VERIFIED
@takes_mission(*DATABASE)
def submit(
    call: Call, mission: MissionChoice, wp_id: str, *, done: Sequence[str], is_all_done: bool, verified: Sequence[str]
) -> None:
    """Hand WP in for review: all its subtasks are done, and there is something to look at."""
    with mission.moving(wp_id, Lane.FOR_REVIEW):
        state = readable_state(mission)
        wish = wish_for(mission, state.package(wp_id.upper()), Lane.FOR_REVIEW)
        state = _ticked(state, wish.wp_id, done, is_all_done)
        appended = mission.move(_with_work(state, wish, verified))
    show_moved(mission, state, appended, draw=lambda: hint(call.again("mission", "review", wish.wp_id)))


_MOVE_EPILOG = """\b
Examples:
  signoff mission move WP03 --to blocked --reason "waits for the new schema"
  signoff mission move WP03 --to planned --reason "another approach"
  signoff mission move WP03 --to in_progress --force --reason "approved by mistake"
  signoff mission move WP03 --to approved --reviewer ada --verdict approved --reference PR-17

What each way asks for is in docs/reference/missions.md. Into and out of in_review only a review leads: signoff mission
review. What was approved elsewhere, and not at a gate, stops a release until somebody answers for it: --force --reason.
"""


@click.command(epilog=_MOVE_EPILOG)
@WP
@click.option(
    "--to",
    "to_lane",
    required=True,
    metavar="LANE",
    type=click.Choice([lane.value for lane in LANES]),
    help=f"{', '.join(LANES)}.",
)
@FORCE
@REASON
@click.option("--evidence", metavar="FILE|-", type=click.File("rb"), help="A JSON object for the event; - is stdin.")
@click.option("--reviewer", metavar="NAME", help="Who reviewed it.")
@click.option("--verdict", type=click.Choice(["approved", "rejected"]), help="What the review came to.")
@click.option("--reference", metavar="TEXT", help="Where the review can be read.")
@click.option("--review-ref", metavar="TEXT", help="The review that sends it back.")
@click.option("--workspace", metavar="FOLDER", help="Where it is worked on; its lane's worktree without it.")
@_DONE
@_ALL_DONE
@_VERIFIED
@takes_mission(*DATABASE)
def move(
    call: Call,
    mission: MissionChoice,
    wp_id: str,
    *,
    to_lane: str,
    is_forced: bool,
    reason: str | None,
    evidence: Any,
    review_ref: str | None,
    workspace: str | None,
    done: Sequence[str],
    is_all_done: bool,
    verified: Sequence[str],
    **review: str | None,
) -> None:
    """Move WP to another lane, along an edge of the table and with what its guard asks for."""
    with mission.moving(wp_id, Lane(to_lane)):
        state = readable_state(mission)
        package = state.package(wp_id.upper())
        wish = replace(
            wish_for(mission, package, Lane(to_lane)),
            force=is_forced,
            reason=reason,
            evidence=_evidence(evidence, review),
            review_ref=review_ref,
            workspace=workspace or _workspace(state, package, Lane(to_lane)),
            lane_mates=state.lane_mates(package.work_package_id),
        )
        state = _ticked(state, wish.wp_id, done, is_all_done)
        if wish.to_lane is Lane.FOR_REVIEW and not is_forced:
            wish = _with_work(state, wish, verified)
        elif verified:
            wish = replace(wish, evidence={**(wish.evidence or {}), "verification": list(verified)})
        appended = mission.move(wish)
    end_review(call, state, appended)
    show_moved(mission, state, appended)


def _workspace(state: MissionState, package: WorkPackage, to_lane: Lane) -> str | None:
    """Where it is worked on, which is asked for where work begins only."""
    if to_lane is not Lane.IN_PROGRESS:
        return None
    from signoff.cli.mission.workspace import workspace_of

    return workspace_of(state, package)


def _ticked(state: MissionState, wp_id: str, done: Sequence[str], is_all_done: bool) -> MissionState:
    """With the boxes of these subtasks ticked, in the files too."""
    if not (done or is_all_done):
        return state
    from signoff.cli.mission.workspace import tick_subtasks

    return tick_subtasks(state, wp_id, done, is_all=is_all_done)


def _with_work(state: MissionState, wish: MoveWish, verified: Sequence[str]) -> MoveWish:
    """With what there is to look at."""
    from signoff.cli.mission.workspace import work_done

    package = state.package(wish.wp_id)
    found = {**work_done(state, package), **({"verification": list(verified)} if verified else {})}
    return replace(
        wish,
        evidence={**found, **(wish.evidence or {})} or None,
        all_subtasks_done=not package.open_subtasks(state.files.tasks_md or ""),
    )


def _evidence(file: Any, review: Mapping[str, str | None]) -> dict[str, Any] | None:
    """
    Raises:
        InvalidInputError: (`invalid-evidence`) the file is no JSON object, or too large.
    """
    data = b"{}" if file is None else file.read(EVIDENCE_BYTES_MAX + 1)
    try:
        found = json.loads(data) if len(data) <= EVIDENCE_BYTES_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInputError(
            f"--evidence must be one JSON object of at most {EVIDENCE_BYTES_MAX} bytes.", code="invalid-evidence"
        )
    said = {key: value for key, value in review.items() if value is not None}
    return {**found, **({"review": said} if said else {})} or None
