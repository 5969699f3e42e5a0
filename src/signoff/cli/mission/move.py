"""`signoff mission claim|start|submit|move`: a work package from lane to lane."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, note, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import one_line
from signoff.errors import InvalidInputError
from signoff.missions.lane import LANES, Lane
from signoff.missions.move import MoveWish

if TYPE_CHECKING:
    from signoff.app.mission_log import Appended
    from signoff.app.move_work_package import Revise
    from signoff.missions.work_package import WorkPackage
    from signoff.runners.mission.mission_state import MissionState

#: What is read of an evidence file at most; the log has it on one line.
EVIDENCE_BYTES_MAX = 262_144
#: What is kept of a move's reason where it ends a review.
REASON_CHARS_MAX = 2_000

_WP = click.argument("wp_id", metavar="WP")
_PID = click.option("--pid", type=click.IntRange(1), help="The process that holds the claim; whoever calls without it.")
_REASON = click.option("--reason", metavar="TEXT", help="Why.")
_FORCE = click.option("--force", "is_forced", is_flag=True, help="Past edge and guard; needs --reason, and is counted.")
_VERIFIED = click.option(
    "--verified", multiple=True, metavar="TEXT", help='What was checked, and how it came out: "pytest: 214 passed".'
)
_DONE = click.option("--done", multiple=True, metavar="ID", help="Tick this subtask first.")
_ALL_DONE = click.option("--all-done", "is_all_done", is_flag=True, help="Tick all subtasks first.")

_CLAIM_EPILOG = """\b
Examples:
  signoff mission claim WP01
  signoff mission claim WP01 --actor codex --pid 4711   held by that process
  signoff mission claim WP01 --take-over                from a process that has ended

The claim notes host, number and start of the process that holds it. One whose process has ended is found by
signoff mission doctor.
"""


@click.command(epilog=_CLAIM_EPILOG)
@_WP
@_PID
@click.option("--take-over", "takes_over", is_flag=True, help="From whoever holds it, if their process has ended.")
@_FORCE
@_REASON
@takes_mission(*DATABASE)
def claim(
    call: Call,
    mission: MissionChoice,
    wp_id: str,
    *,
    pid: int | None,
    takes_over: bool,
    is_forced: bool,
    reason: str | None,
) -> None:
    """Take work package WP: from now on it is yours."""
    from signoff.missions.claim import claim_metadata, take_over
    from signoff.runners.mission.holder import calling_holder, is_gone

    with mission.moving(wp_id, Lane.CLAIMED):
        state = _state(mission)
        package = state.package(wp_id.upper())
        wish = MoveWish(
            wp_id=package.work_package_id,
            to_lane=Lane.CLAIMED,
            actor=mission.actor,
            force=is_forced,
            reason=reason,
            execution_mode=package.worked_on_in,
            policy_metadata=claim_metadata(calling_holder(pid)),
        )
        revise: Revise | None = (lambda now: take_over(now, wish, is_gone)) if takes_over else None
        appended = mission.move(wish, revise)
    _give_up_left(call, state, appended)
    early = [one for one in package.dependencies if not _is_accepted(appended, one)]
    more = {"unfinished_dependencies": early} if early else {}
    _show(call, mission, state, appended, more, _after_claim(call, appended, early))


_START_EPILOG = """\b
Examples:
  signoff mission start WP01
  cd "$(signoff mission start WP01 --json | jq -r .workspace)"

Packages of one lane share the worktree, one at a time. Starting again what is in progress opens its worktree again.
"""


@click.command(epilog=_START_EPILOG)
@_WP
@_PID
@takes_mission(*DATABASE)
def start(call: Call, mission: MissionChoice, wp_id: str, *, pid: int | None) -> None:
    """Begin work on WP, which was claimed, in its lane's worktree. That is made where it is not there, from the
    mission's branch, with the work of the lanes that it depends on."""
    from signoff.cli.mission.workspace import open_workspace
    from signoff.missions.claim import claim_metadata
    from signoff.missions.move import check_lane_free, check_move
    from signoff.runners.mission.holder import calling_holder

    with mission.moving(wp_id, Lane.IN_PROGRESS):
        state = _state(mission)
        package = state.package(wp_id.upper())
        packages = state.reduced.work_packages
        wish = MoveWish(
            wp_id=package.work_package_id,
            to_lane=Lane.IN_PROGRESS,
            actor=mission.actor,
            execution_mode=package.worked_on_in,
            workspace=str(state.place.checkout.root),
            lane_mates=state.lane_mates(package.work_package_id),
        )
        found = packages.get(wish.wp_id)
        is_again = found is not None and found.lane is Lane.IN_PROGRESS
        # Before a worktree is made for what cannot be started.
        (check_lane_free if is_again else check_move)(packages, wish)
        workspace = open_workspace(state, package)
        if found is not None and is_again:
            document = _document(state, found.event.event_id, wish.wp_id, Lane.IN_PROGRESS, Lane.IN_PROGRESS)
            call.show({**document, **workspace}, lambda: _draw_workspace(workspace))
            return
        about = {**claim_metadata(calling_holder(pid)), **_begun(state, package, workspace)}
        appended = mission.move(replace(wish, workspace=workspace["workspace"], policy_metadata=about))
    _show(call, mission, state, appended, workspace, lambda: _draw_workspace(workspace))


_SUBMIT_EPILOG = """\b
Examples:
  signoff mission submit WP01 --all-done --verified "pytest: 214 passed"
  signoff mission submit WP01 --done T001 --done T002

The evidence is what the lane's branch has beyond the mission's, and what --verified says. Everything has to be
committed.
"""


@click.command(epilog=_SUBMIT_EPILOG)
@_WP
@_DONE
@_ALL_DONE
@_VERIFIED
@takes_mission(*DATABASE)
def submit(
    call: Call, mission: MissionChoice, wp_id: str, *, done: Sequence[str], is_all_done: bool, verified: Sequence[str]
) -> None:
    """Hand WP in for review: all its subtasks are done, and there is something to look at."""
    with mission.moving(wp_id, Lane.FOR_REVIEW):
        state = _state(mission)
        package = state.package(wp_id.upper())
        wish = MoveWish(
            wp_id=package.work_package_id,
            to_lane=Lane.FOR_REVIEW,
            actor=mission.actor,
            execution_mode=package.worked_on_in,
        )
        state = _ticked(state, wish.wp_id, done, is_all_done)
        appended = mission.move(_with_work(state, wish, verified))
    _show(call, mission, state, appended, {}, lambda: hint(call.again("mission", "review", wish.wp_id)))


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
@_WP
@click.option(
    "--to",
    "to_lane",
    required=True,
    metavar="LANE",
    type=click.Choice([lane.value for lane in LANES]),
    help=f"{', '.join(LANES)}.",
)
@_FORCE
@_REASON
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
    from signoff.cli.mission.workspace import workspace_of

    with mission.moving(wp_id, Lane(to_lane)):
        state = _state(mission)
        package = state.package(wp_id.upper())
        wish = MoveWish(
            wp_id=package.work_package_id,
            to_lane=Lane(to_lane),
            actor=mission.actor,
            force=is_forced,
            reason=reason,
            evidence=_evidence(evidence, review),
            review_ref=review_ref,
            workspace=workspace or workspace_of(state, package),
            lane_mates=state.lane_mates(package.work_package_id),
            execution_mode=package.worked_on_in,
        )
        state = _ticked(state, wish.wp_id, done, is_all_done)
        if wish.to_lane is Lane.FOR_REVIEW and not is_forced:
            wish = _with_work(state, wish, verified)
        elif verified:
            wish = replace(wish, evidence={**(wish.evidence or {}), "verification": list(verified)})
        appended = mission.move(wish)
    _give_up_left(call, state, appended)
    _show(call, mission, state, appended, {}, lambda: None)


def _state(mission: MissionChoice) -> MissionState:
    """
    Raises:
        DiagnosticError: a line of the log cannot be read: where packages are would be a guess.
    """
    from signoff.cli.mission.decided import healed_state
    from signoff.runners.mission.log import check_readable

    state = healed_state(mission.call, mission.place)
    check_readable(mission.place)
    return state


def _begun(state: MissionState, package: WorkPackage, workspace: Mapping[str, Any]) -> dict[str, Any]:
    """What the event that begins the work notes of where it does."""
    from signoff.runners.mission.branches import commit_named
    from signoff.runners.mission.planning import BASE_KEY

    noted: dict[str, Any] = {"workspace": workspace["workspace"]}
    return noted if package.changes_code else {**noted, BASE_KEY: commit_named(state.place.checkout.root, "HEAD")}


def _give_up_left(call: Call, state: MissionState, appended: Appended) -> None:
    """A package that was moved out of its review is no longer asked about."""
    from signoff.cli.mission.decided import give_up_left

    event = appended.event
    if event.from_lane is Lane.IN_REVIEW:
        reason = f"{event.wp_id} was moved to {event.to_lane}: {event.reason}"[:REASON_CHARS_MAX]
        for workflow_id in give_up_left(call, state, event.wp_id, actor=event.actor_name, reason=reason):
            note(f"Its review is given up: {workflow_id}.")


def _is_accepted(appended: Appended, wp_id: str) -> bool:
    from signoff.missions.lane import ACCEPTED

    return appended.snapshot.reduced.lane_of(wp_id) in ACCEPTED


def _ticked(state: MissionState, wp_id: str, done: Sequence[str], is_all_done: bool) -> MissionState:
    """With the boxes of these subtasks ticked, in the files too."""
    from signoff.cli.mission.workspace import tick_subtasks

    return tick_subtasks(state, wp_id, done, is_all=is_all_done) if done or is_all_done else state


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


def _document(state: MissionState, event_id: str, wp_id: str, from_lane: Lane, to_lane: Lane) -> dict[str, Any]:
    return {
        "result": "success",
        "event_id": event_id,
        "work_package_id": wp_id,
        "from_lane": from_lane.value,
        "to_lane": to_lane.value,
        "status_events_path": str(state.place.log),
    }


def _show(
    call: Call, mission: MissionChoice, state: MissionState, appended: Appended, more: Mapping[str, Any], draw: Any
) -> None:
    event = appended.event
    document = {**_document(state, event.event_id, event.wp_id, event.from_lane, event.to_lane), **more}
    if appended.torn is not None:
        document["torn_line_kept_in"] = str(state.place.torn)

    def draw_all() -> None:
        say(f"{event.wp_id}: {event.from_lane} -> {event.to_lane}, by {one_line(event.actor_name)}", fg="green")
        if appended.torn is not None:
            say(
                f"The log's last line had been cut off in a crash; it is kept in {state.place.shown(state.place.torn)}."
            )
        draw()

    mission.show_done(state.place, document, draw_all)


def _after_claim(call: Call, appended: Appended, early: Sequence[str]) -> Any:
    def draw() -> None:
        if early:
            say(f"It depends on {', '.join(early)}, not approved yet.", fg="yellow")
        if appended.event.to_lane is Lane.CLAIMED:
            hint(f"Begin with: {call.again('mission', 'start', appended.event.wp_id)}")

    return draw


def _draw_workspace(workspace: Mapping[str, Any]) -> None:
    say(f"Work in {workspace['workspace']}" + (f", on {workspace['branch']}" if workspace.get("branch") else ""))
