"""`signoff mission merge`: a mission's lanes into its target branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from signoff.cli.call import Call
from signoff.cli.failure import DONE
from signoff.cli.mission.options import MissionChoice, takes_mission
from signoff.cli.output import hint, say
from signoff.cli.settings_flags import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from signoff.runners.mission.merge import Part
    from signoff.runners.mission.mission_state import MissionState

_EPILOG = """\b
Examples:
  signoff mission merge                    the lanes in the order of what depends on what
  signoff mission merge --push             and the target branch to the one that it tracks
  signoff mission merge --focused --push   its own commits on a branch of their own, where the target has diverged
  signoff mission merge --abort            give up a merge that waits at a conflict

The target branch gets all lanes or none. After a conflict, or when it was interrupted: run it again, it goes on.

Exit codes: 0 merged, 1 something is in the way, 2 bad input, 4 another process merges this mission.
"""


@click.command(epilog=_EPILOG)
@click.argument("slug", metavar="[MISSION]", required=False)
@click.option("--push", "is_pushed", is_flag=True, help="Push the branch too; the remote is asked first what it has.")
@click.option("--focused", "is_focused", is_flag=True, help="Build signoff/pr/MISSION-to-TARGET; the target stays.")
@click.option("--abort", "is_given_up", is_flag=True, help="Give up what was merged so far.")
@takes_mission(*DATABASE)
def merge(
    call: Call, mission: MissionChoice, slug: str | None, *, is_pushed: bool, is_focused: bool, is_given_up: bool
) -> int:
    """Merge a mission into its target branch, after everything that speaks against it was looked at."""
    from signoff.cli.mission.decided import healed_state

    if is_given_up and (is_pushed or is_focused):
        raise click.UsageError("--abort gives a merge up; nothing else goes with it.")
    state = healed_state(call, mission.place_of(slug))
    if is_given_up:
        return _give_up(call, state)
    if is_pushed:
        from signoff.cli.mission.preflight import fetch

        fetch(state)
    if is_focused:
        return _focus(call, mission, state, is_pushed=is_pushed)
    document = _merge(call, mission, state)
    if is_pushed:
        from signoff.runners.mission.merge import push_branch

        document["pushed_to"] = push_branch(state.place.checkout.root, state.target_branch)
    mission.show_done(state.place, document, lambda: _draw(call, document))
    return DONE


def _merge(call: Call, mission: MissionChoice, state: MissionState) -> dict[str, Any]:
    from signoff.app.moments import TARGET_MOVED, reach
    from signoff.cli.mission.decided import decisions_of
    from signoff.clock import new_ulid, now_us
    from signoff.runners.mission.branches import commit_of
    from signoff.runners.mission.merge import Target, merge_into_target
    from signoff.runners.mission.merged import finish_packages
    from signoff.runners.mission.preflight import check_findings, look_before_merge, parts_of

    findings = look_before_merge(state, decisions_of(call, state), guard=mission.settings.mission_guard)
    check_findings(findings, state, "merged")
    root, parts = state.place.checkout.root, parts_of(state)
    target = Target(state.target_branch, commit_of(root, state.target_branch) or "")
    merged = merge_into_target(root, _folder(call, state), target, parts)
    reach(TARGET_MOVED)
    finished = finish_packages(state, merged, actor=mission.actor, now_us=now_us(), new_id=new_ulid)
    return {
        "result": "success",
        "mission_slug": state.place.slug,
        "target_branch": target.branch,
        "target_commit": merged,
        "was_at": target.commit,
        "branches": [_part_document(part) for part in parts],
        "done": [{"work_package_id": event.wp_id, "event_id": event.event_id} for event in finished.events],
        "left_approved": list(finished.left),
        "warnings": [one.to_wire() for one in findings],
    }


def _focus(call: Call, mission: MissionChoice, state: MissionState, *, is_pushed: bool) -> int:
    """From what the remote has, so that a pull request holds the mission and nothing else."""
    from signoff.cli.mission.decided import decisions_of
    from signoff.errors import InvalidInputError
    from signoff.runners.mission.branches import tracking_of
    from signoff.runners.mission.focused import build_focused, mission_commits
    from signoff.runners.mission.merge import push_branch
    from signoff.runners.mission.preflight import check_findings, focused_branch, look_at_packages, parts_of

    findings = look_at_packages(state, decisions_of(call, state), guard=mission.settings.mission_guard)
    check_findings(findings, state, "put on a branch of its own")
    root = state.place.checkout.root
    tracking = tracking_of(root, state.target_branch)
    if tracking is None or tracking.commit is None:
        raise InvalidInputError(
            f"{state.target_branch} tracks no branch of a remote, so that there is nothing to begin from. Set it with: "
            f"git branch --set-upstream-to=REMOTE/{state.target_branch} {state.target_branch}",
            code="no-tracking-branch",
        )
    commits = mission_commits(root, parts_of(state), target=state.target_branch, base=tracking.commit)
    branch = focused_branch(state)
    built = build_focused(root, _folder(call, state), branch, commits, base=tracking.commit)
    document: dict[str, Any] = {
        "result": "success",
        "mission_slug": state.place.slug,
        "focused_branch": branch,
        "commit": built,
        "base_commit": tracking.commit,
        "commits": len(commits),
    }
    if is_pushed:
        document["pushed_to"] = push_branch(root, branch)
    call.show(document, lambda: _draw_focused(document))
    return DONE


def _give_up(call: Call, state: MissionState) -> int:
    from signoff.runners.mission.merge import give_up

    was_begun = give_up(state.place.checkout.root, _folder(call, state))
    words = "Given up; every branch is as it was." if was_begun else "No merge was begun."
    call.show({"result": "success", "mission_slug": state.place.slug, "given_up": was_begun}, lambda: say(words))
    return DONE


def _folder(call: Call, state: MissionState) -> Path:
    from signoff.runners.mission.preflight import merge_folder

    return merge_folder(call.settings.dir, state)


def _part_document(part: Part) -> dict[str, Any]:
    return {"branch": part.branch, "commit": part.commit, "work_packages": list(part.work_packages)}


def _draw(call: Call, document: dict[str, Any]) -> None:
    for part in document["branches"]:
        packages = f": {', '.join(part['work_packages'])}" if part["work_packages"] else ""
        say(f"  {part['branch']} at {part['commit'][:12]}{packages}")
    say(f"{document['target_branch']} has all of it, at {document['target_commit'][:12]}.", fg="green")
    if document["done"]:
        say(f"Done: {', '.join(one['work_package_id'] for one in document['done'])}.")
    if document["left_approved"]:
        left = ", ".join(document["left_approved"])
        say(f"{left}: still approved, since nobody is known to have reviewed it.", fg="yellow")
    if "pushed_to" in document:
        say(f"Pushed to {document['pushed_to']}.")
    hint(f"Have it signed off: {call.again('mission', 'ship', document['mission_slug'])}")


def _draw_focused(document: dict[str, Any]) -> None:
    say(f"{document['focused_branch']} is at {document['commit'][:12]}: {document['commits']} commits.", fg="green")
    if "pushed_to" in document:
        say(f"Pushed to {document['pushed_to']}.")
    else:
        hint("Open a pull request from it, or build and push it at once: signoff mission merge --focused --push")
