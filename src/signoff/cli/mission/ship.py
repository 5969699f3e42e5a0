"""`signoff mission ship`: the sign-off before a release, and the report of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.failure import DONE, FAILED, WAITING
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import one_line

if TYPE_CHECKING:
    from signoff.app.asked import Asked
    from signoff.app.world import World
    from signoff.runners.mission.mission_state import MissionState

_EPILOG = """\b
Examples:
  signoff mission ship                 opens the sign-off; at a terminal it asks you
  signoff mission ship --no-wait       opens it, and says where it can be answered
  signoff mission ship --wait --push   waits for the answer, then commits the report and pushes the target branch
  signoff mission ship --json | jq .report.work_packages

Who has to sign, and how long that may take, is the risk policy's to say: signoff policy explain. What is signed off is
one commit of the target branch; commits of the mission's own record on top of it change nothing. The report lies in the
mission's folder: release-report.md and release-report.json.

Exit codes: 0 signed off, 1 refused or something is in the way, 2 bad input, 3 waiting for a person.
"""


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@click.option("--wait", "is_waiting", is_flag=True, help="Wait until it is answered, here or anywhere else.")
@click.option("--no-wait", "is_left", is_flag=True, help="Do not ask at this terminal.")
@click.option("--push", "is_pushed", is_flag=True, help="Commit the report and the events, and push the target branch.")
@takes_mission(*DATABASE, "policy_dir")
def ship(
    call: Call, mission: MissionChoice, slug: str | None, *, is_waiting: bool, is_left: bool, is_pushed: bool
) -> int:
    """Have a merged mission signed off, and write its release report: every work package, its verdict, reviewer, event
    and receipt."""
    from signoff.cli.mission.at_gate import draw_where, see_through, waits
    from signoff.cli.mission.decided import healed_state
    from signoff.cli.own_ledger import own_ledger

    if is_waiting and is_left:
        raise click.UsageError("--wait and --no-wait say opposite things.")
    state = healed_state(call, mission.place_of(slug))
    with own_ledger(call, creates=True, migrates=call.settings.database_url is None) as world:
        asked = _ask(mission, world, state)
        is_seen_through = asked.gate.is_final or waits(call, is_waiting=is_waiting, is_left=is_left)
        if is_seen_through:
            asked = see_through(call, world, asked, actor=mission.actor)
        now = world.clock()
    document = _document(state, asked)
    if _is_shipped(asked):
        document |= _kept_in_git(state, is_pushed=is_pushed)
    mission.show_done(
        state.place,
        document,
        lambda: _draw(call, document, asked) if asked.gate.is_final else draw_where(call, asked, now),
    )
    return DONE if _is_shipped(asked) else FAILED if asked.gate.is_final else WAITING


def _ask(mission: MissionChoice, world: World, state: MissionState) -> Asked:
    """The sign-off of the target branch as it is now, after everything that speaks against it was looked at."""
    from signoff.app.sign_in import act_as
    from signoff.app.start_ship import start_ship
    from signoff.cli.mission.decided import decisions_of
    from signoff.runners.mission.preflight import check_findings, look_before_ship
    from signoff.runners.mission.ship import release_about, release_report

    findings = look_before_ship(state, decisions_of(mission.call, state), guard=mission.settings.mission_guard)
    check_findings(findings, state, "shipped")
    about = release_about(state)
    report = release_report(state, findings, about["target_commit"])
    return start_ship(world, report, about, actor=act_as(world, mission.actor))


def _kept_in_git(state: MissionState, *, is_pushed: bool) -> dict[str, Any]:
    """`{record_commit, pushed_to, uncommitted}`: what is pushed has the release report and the events that led to it.

    Raises:
        OperationError: (`git-failed`) git did not take the record. DiagnosticError: `PUSH_REFUSED`.
    """
    from signoff.runners.mission.committed import commit_record, uncommitted_record
    from signoff.runners.mission.merge import push_branch

    place, branch, told = state.place, state.target_branch, {}
    if is_pushed:
        told["record_commit"] = commit_record(place, branch, f"Ship {place.slug}")
        told["pushed_to"] = push_branch(place.checkout.root, branch)
    return {**told, "uncommitted": uncommitted_record(place)}


def _is_shipped(asked: Asked) -> bool:
    from signoff.plans.run import Status

    return asked.run.status is Status.SUCCESS


def _document(state: MissionState, asked: Asked) -> dict[str, Any]:
    from signoff.cli.mission.at_gate import gate_document
    from signoff.plans import plan as plans
    from signoff.plans.mission import RELEASE_NODE
    from signoff.runners.mission.ship import report_paths, signed_report

    plan = plans.from_wire(asked.run.plan)
    is_shipped = _is_shipped(asked)
    return {
        "mission_slug": state.place.slug,
        "target_branch": plan.about["target_branch"],
        "target_commit": plan.about["target_commit"],
        "shipped": is_shipped,
        "report": signed_report(plan.step(RELEASE_NODE).params["report"], asked.gate) if is_shipped else None,
        "report_paths": report_paths(state.place) if is_shipped else [],
        "gate": gate_document(asked),
        "run": {"status": asked.run.status.value, "error": asked.run.error},
    }


def _draw(call: Call, document: dict[str, Any], asked: Asked) -> None:
    if not document["shipped"]:
        why = asked.run.error or f"the run {asked.run.workflow_id} is {asked.run.status.value}"
        say(f"{document['mission_slug']} is not shipped: {one_line(why)}", fg="red")
        hint(f"Ask again: {call.again('mission', 'ship', document['mission_slug'])}")
        return
    branch, commit = document["target_branch"], document["target_commit"][:12]
    say(
        f"{document['mission_slug']} is signed off by {one_line(str(asked.gate.decided_by))}: {branch} at {commit}.",
        fg="green",
    )
    for path in document["report_paths"]:
        say(f"  {one_line(path)}")
    if document.get("record_commit"):
        say(f"The mission's record is committed, at {document['record_commit'][:12]}.")
    if "pushed_to" in document:
        say(f"Pushed to {document['pushed_to']}.")
    if document["uncommitted"]:
        kept = shlex.quote(document["report_paths"][0].rpartition("/")[0])
        hint(f"Commit the mission's record on {branch}: git add {kept} && git commit, and push it")
    hint(f"Prove it: {call.again('audit', 'verify')}")
