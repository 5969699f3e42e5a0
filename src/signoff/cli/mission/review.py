"""`signoff mission review`: a work package before a reviewer, at a gate."""

from __future__ import annotations

from pathlib import Path
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
    from signoff.missions.move import MoveWish
    from signoff.missions.prompt import ReviewContext
    from signoff.runners.mission.prompts import ReviewSubject

_EPILOG = """\b
Examples:
  signoff mission review WP01               opens the gate; at a terminal it asks you
  signoff mission review WP01 --no-wait     opens it, and says where it can be answered
  signoff mission review WP01 --wait        waits until somebody has answered, anywhere
  signoff mission review WP01 --anew        gives up what is asked and asks anew, with another prompt
  signoff mission review WP01 --json | jq -r .prompt_path

Whoever worked on the package cannot approve it. A rejection sends it back to them with what the reviewer said.

Exit codes: 0 approved, 1 sent back, 2 bad input, 3 waiting for a person.
"""


@click.command(epilog=_EPILOG)
@click.argument("wp_id", metavar="WP")
@click.option("--wait", "is_waiting", is_flag=True, help="Wait until it is answered, here or anywhere else.")
@click.option("--no-wait", "is_left", is_flag=True, help="Do not ask at this terminal.")
@click.option("--anew", "is_anew", is_flag=True, help="Give up the review that is open, and ask anew.")
@takes_mission(*DATABASE)
def review(call: Call, mission: MissionChoice, wp_id: str, *, is_waiting: bool, is_left: bool, is_anew: bool) -> int:
    """Have a work package reviewed: writes the reviewer's prompt and opens the gate.

    The prompt is a file of its own for each review, and is compared with what is to be reviewed before anybody is
    asked. Asked again while the gate is open, it is the same review; once the lane has other commits, it is a new one.
    """
    from signoff.cli.mission.at_gate import see_through, waits
    from signoff.cli.mission.decided import healed_state
    from signoff.cli.own_ledger import own_ledger
    from signoff.missions.lane import Lane
    from signoff.runners.mission.log import check_readable
    from signoff.runners.mission.prompts import review_subject

    if is_waiting and is_left:
        raise click.UsageError("--wait and --no-wait say opposite things.")
    with (
        mission.moving(wp_id, Lane.IN_REVIEW),
        own_ledger(call, creates=True, migrates=call.settings.database_url is None) as world,
    ):
        # Whoever asks at the same moment finds what is asked here.
        with mission.alone():
            state = healed_state(call, mission.place)
            check_readable(mission.place)
            subject = review_subject(state, wp_id.upper())
            asked = _ask(call, mission, world, subject, is_anew=is_anew)
        if not waits(call, is_waiting=is_waiting, is_left=is_left):
            now = world.clock()
            mission.show_done(mission.place, _document(asked), lambda: _draw_open(call, asked, now))
            return WAITING
        ended = see_through(call, world, asked, actor=mission.actor)
    mission.show_done(mission.place, _document(ended), lambda: _draw_end(subject, ended))
    return _exit_code(ended)


def _ask(call: Call, mission: MissionChoice, world: World, subject: ReviewSubject, *, is_anew: bool) -> Asked:
    """The open review of this very commit, else a new one; `is_anew`: a new one in any case, but for one that was
    decided.

    Raises:
        MoveRefusedError: the package is not there to be reviewed. DiagnosticError: the prompt is not for this review.
    """
    from signoff.app.mission_log import instant_of
    from signoff.clock import new_ulid, now_us
    from signoff.missions.lane import Lane
    from signoff.runners.mission.prompts import prompt_path, review_instructions, write_review_prompt

    is_in_review = subject.state.reduced.lane_of(subject.package.work_package_id) is Lane.IN_REVIEW
    if is_anew and is_in_review:
        _give_up(world, mission, subject)
    found = _open_review(world, subject) if is_in_review else None
    if found is not None:
        return found
    wish = _wish(mission, subject)
    if not is_in_review:
        _check_move(subject, wish)
    invocation_id = new_ulid()
    path = prompt_path(call.settings.dir, subject, invocation_id)
    context = subject.context(invocation_id=invocation_id, prompt_path=path, created_at=instant_of(now_us()))
    write_review_prompt(context, review_instructions(subject))
    from_event = subject.last_event_id if is_in_review else _move(mission, wish)
    return _begin(world, mission.actor, subject, context, from_event)


def _give_up(world: World, mission: MissionChoice, subject: ReviewSubject) -> None:
    from signoff.app.start_review import give_up_reviews

    identity = subject.state.identity(subject.package.work_package_id)
    give_up_reviews(world, identity, actor=mission.actor, reason="it is asked anew")


def _open_review(world: World, subject: ReviewSubject) -> Asked | None:
    """The one that is asked for already, if it is of this commit and its prompt is still for it."""
    from signoff.app.find_reviews import newest_review
    from signoff.plans import plan as plans
    from signoff.runners.mission.prompts import check_prompt

    review = newest_review(world, subject.state.identity(subject.package.work_package_id))
    if review is None or review.is_spent:
        return None
    told = plans.from_wire(review.run.plan).about
    if told["from_event"] != subject.last_event_id or told["lane_commit"] != subject.lane_commit:
        return None
    path = Path(told["prompt_path"])
    check_prompt(subject.context(invocation_id=told["invocation_id"], prompt_path=path, created_at=told["created_at"]))
    return review


def _begin(world: World, actor: str, subject: ReviewSubject, context: ReviewContext, from_event: str) -> Asked:
    from signoff.app.sign_in import act_as
    from signoff.app.start_review import start_review
    from signoff.plans.mission import ReviewAsked, review_plan
    from signoff.runners.excerpt import to_artifact
    from signoff.runners.mission.branches import diff_between
    from signoff.runners.mission.prompts import review_about

    root, package = subject.state.place.checkout.root, subject.package
    diff = to_artifact("diff", diff_between(root, subject.base_commit, subject.lane_commit))
    title = f"Changes of {package.work_package_id} since {subject.base_commit[:12]}"
    asked = ReviewAsked(
        title=package.title or package.work_package_id,
        implementers=subject.state.implementers(package.work_package_id),
        work=package.body,
        subtasks=tuple(package.subtasks),
        evidence=({"title": title, "uri": "review/diff", "sha256": diff.sha256},),
    )
    plan = review_plan(asked, review_about(subject, context, from_event))
    return start_review(world, plan, actor=act_as(world, actor), artifacts=[diff])


def _wish(mission: MissionChoice, subject: ReviewSubject) -> MoveWish:
    from signoff.missions.lane import Lane
    from signoff.missions.move import MoveWish

    package = subject.package
    return MoveWish(
        package.work_package_id,
        Lane.IN_REVIEW,
        mission.actor,
        review_of=subject.last_event_id,
        execution_mode=package.worked_on_in,
    )


def _check_move(subject: ReviewSubject, wish: MoveWish) -> None:
    """Before anything is written: what cannot be reviewed leaves no prompt behind."""
    from signoff.missions.move import check_move

    check_move(subject.state.reduced.work_packages, wish)


def _move(mission: MissionChoice, wish: MoveWish) -> str:
    """The id of the event that puts the package before its reviewer."""
    from signoff.app.move_work_package import move_work_package
    from signoff.clock import new_ulid, now_us
    from signoff.runners.mission.log import MissionLogFile

    log = MissionLogFile(mission.place)
    return move_work_package(log, wish, now_us=now_us(), new_id=new_ulid).event.event_id


def _exit_code(asked: Asked) -> int:
    if not asked.gate.is_final:
        return WAITING
    return DONE if asked.run.error is None and _verdict(asked) == "approved" else FAILED


def _verdict(asked: Asked) -> str | None:
    """None while nobody has decided, or where it ended undecided."""
    from signoff.gates.prompt import APPROVE

    choice = asked.gate.prompt.choice(asked.gate.decision or "")
    return None if choice is None else "approved" if choice.effect == APPROVE else "rejected"


def _document(asked: Asked) -> dict[str, Any]:
    from signoff.cli.mission.at_gate import gate_document
    from signoff.plans import plan as plans

    told = plans.from_wire(asked.run.plan).about
    shown = ("mission_slug", "work_package_id", "lane_branch", "base_ref", "base_commit", "lane_commit", "prompt_path")
    return {
        **{key: told[key] for key in shown},
        "event_id": told["from_event"],
        "verdict": _verdict(asked),
        "gate": gate_document(asked),
        "run": {"status": asked.run.status.value, "error": asked.run.error},
    }


def _draw_open(call: Call, asked: Asked, now: int) -> None:
    from signoff.cli.mission.at_gate import draw_where
    from signoff.plans import plan as plans

    draw_where(call, asked, now)
    say(f"Prompt for a reviewing agent: {one_line(plans.from_wire(asked.run.plan).about['prompt_path'])}")
    hint("The answer moves the package: at once where a worker runs, else with the next command of the mission.")


def _draw_end(subject: ReviewSubject, asked: Asked) -> None:
    wp_id, verdict = subject.package.work_package_id, _verdict(asked)
    if asked.run.error is not None:
        say(f"{wp_id} is not reviewed: {one_line(asked.run.error)}", fg="red")
    elif verdict is None:
        say(f"{wp_id} waits: the gate stays open.", bold=True)
    elif verdict == "approved":
        say(f"{wp_id} is approved by {one_line(str(asked.gate.decided_by))}.", fg="green")
    else:
        say(f"{wp_id} goes back to {one_line(str(asked.gate.requested_by))}, with feedback.", bold=True)
