"""`signoff mission override`: a package passes although its newest review rejects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from signoff.cli.call import Call
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, say
from signoff.cli.settings_flags import DATABASE
from signoff.cli.terminal import one_line
from signoff.errors import DiagnosticError

if TYPE_CHECKING:
    from signoff.missions.review_cycle import ReviewCycle
    from signoff.runners.mission.mission_state import MissionState

_EPILOG = """\b
Examples:
  signoff mission override WP01 --reason "The finding was about another branch"
  signoff mission override WP01 --reason "Accepted until 3.3, see PR-17" --actor olga
  signoff mission override WP01 --reason "..." --json | jq .latest_review_cycle_path

Who did it, when and why stands in the review's own file, and in the release report. It lifts
REJECTED_REVIEW_ARTIFACT_CONFLICT of that review and nothing else; a newer review counts again. Whoever had a part in
the work cannot do it.

Exit codes: 0 overridden, 1 refused, 2 bad input.
"""


@click.command(epilog=_EPILOG)
@click.argument("wp_id", metavar="WP")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may pass all the same.")
@takes_mission(*DATABASE)
def override(call: Call, mission: MissionChoice, wp_id: str, *, reason: str) -> None:
    """Let WP pass although its newest review rejects it: notes who says so, when and why in that review."""
    from signoff.app.mission_log import instant_of
    from signoff.cli.files import write_file
    from signoff.cli.mission.decided import healed_state
    from signoff.clock import now_us
    from signoff.missions.review_cycle import with_override
    from signoff.runners.mission.log import LOCK_WAIT_S
    from signoff.runners.mission.log_file import locked_log
    from signoff.runners.mission.mission_state import read_state

    place, at = mission.place, instant_of(now_us())
    healed_state(call, place)
    # Nobody records a newer review, or another override, in between.
    with locked_log(place.log, LOCK_WAIT_S):
        state = read_state(place)
        package_id = state.package(wp_id.upper()).work_package_id
        path, review = _rejection(state, package_id)
        _check_actor(state, package_id, mission.actor)
        text = state.files.cycles_of(package_id)[path]
        write_file(place.folder / path, with_override(text, path=path, actor=mission.actor, reason=reason, at=at))
    document = {
        "result": "success",
        "mission_slug": place.slug,
        "work_package_id": package_id,
        "latest_review_cycle_path": path,
        "review_cycle_number": review.cycle_number,
        "reviewer_agent": review.reviewer_agent,
        "override_actor": mission.actor,
        "override_reason": reason.strip(),
        "override_at": at,
    }

    def draw() -> None:
        who, whose = one_line(mission.actor), one_line(review.reviewer_agent)
        say(f"{package_id} may pass: {who} overrides the review by {whose}.")
        hint(f"See what else stands against its merge: {call.again('mission', 'preflight', place.slug)}")

    mission.show_done(place, document, draw)


def _rejection(state: MissionState, wp_id: str) -> tuple[str, ReviewCycle]:
    """The newest review of the package, which rejects it, and its path in the mission's folder.

    Raises:
        DiagnosticError: (`REVIEW_OVERRIDE_REFUSED`) there is none, or nothing to override in it.
        MissionError: it cannot be read.
    """
    from signoff.missions.review_cycle import REJECTED
    from signoff.missions.reviews import newest_review

    found = newest_review(state.files, wp_id)
    if found is None:
        raise _refused(state, wp_id, f"{wp_id} has no review that could be overridden.")
    path, review = found
    if review.verdict != REJECTED:
        raise _refused(state, wp_id, f"The newest review of {wp_id}, {path}, does not reject it.")
    if review.is_overridden:
        raise _refused(
            state, wp_id, f"{review.override_actor} has overridden {path} already: {review.override_reason}."
        )
    return path, review


def _check_actor(state: MissionState, wp_id: str, actor: str) -> None:
    from signoff.gates.name import is_same

    if any(is_same(one, actor) for one in state.implementers(wp_id)):
        raise _refused(state, wp_id, f"{actor} had a part in the work on {wp_id}, and cannot let it pass.")


def _refused(state: MissionState, wp_id: str, message: str) -> DiagnosticError:
    from signoff.missions.finding import REVIEW_OVERRIDE_REFUSED

    return DiagnosticError(
        message,
        diagnostic_code=REVIEW_OVERRIDE_REFUSED,
        remediation="Nothing was written. Have somebody else do it, or have the package reviewed again: "
        f"signoff mission review {wp_id}",
        details={"mission_slug": state.place.slug, "work_package_id": wp_id},
    )
