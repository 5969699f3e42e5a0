"""What stands against merging or shipping a mission: its files, its target branch, and what its lanes have in git."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signoff.errors import DiagnosticError
from signoff.missions import finding
from signoff.missions import preflight as rules
from signoff.missions.approval import Decision, judge_approvals
from signoff.missions.branch import make_focused_branch
from signoff.missions.files import work_package_in
from signoff.missions.finding import ERROR, WARNING, Finding, Severity
from signoff.missions.lane import ACCEPTED, Lane
from signoff.missions.lanes_file import WorkLane
from signoff.missions.ownership import BLOCK, OFF, WARN
from signoff.missions.preflight import SyncState, TargetSync, sync_state
from signoff.missions.validate import validate
from signoff.runners.excerpt import last_lines
from signoff.runners.mission.acting_git import check_branch_name, try_git
from signoff.runners.mission.branches import ahead_and_behind, commit_of, is_ancestor, is_well, tracking_of
from signoff.runners.mission.log import log_of
from signoff.runners.mission.merge import Part
from signoff.runners.mission.mission_state import MissionState
from signoff.runners.mission.scope import judge_lane
from signoff.runners.mission.unreviewed import judge_lane_reviews, judge_mission_branch


def look_before_merge(
    state: MissionState, decisions: Mapping[str, Decision], *, guard: str = BLOCK, sync: TargetSync | None = None
) -> list[Finding]:
    """Errors stop the merge, warnings do not.

    Args:
        decisions: what the ledger knows of the reviews that the log names, by their references.
        guard: what is made of commits outside of what their packages own (`missions.ownership`).
        sync: what `target_sync` says, where that was asked already.
    """
    target = rules.judge_target(sync or target_sync(state), state.place.slug)
    return [*target, *look_at_packages(state, decisions, guard=guard)]


def look_at_packages(state: MissionState, decisions: Mapping[str, Decision], *, guard: str = BLOCK) -> list[Finding]:
    """Without the target branch: what the mission's own files say, whether that was decided, and what its lanes have in
    git."""
    scope = _scope(state, WARNING if guard == WARN else ERROR) if guard != OFF else ()
    approvals = judge_approvals(state.reduced, state.mission_id, decisions)
    of_files = validate(state.files, log_of(state.files.events or b""), state.reduced)
    return [*of_files, *approvals, *_unaccepted(state), *_branches(state, decisions), *scope]


def look_before_ship(
    state: MissionState, decisions: Mapping[str, Decision], *, guard: str = BLOCK, sync: TargetSync | None = None
) -> list[Finding]:
    """As before a merge, and that the merge was done."""
    return [*look_before_merge(state, decisions, guard=guard, sync=sync), *_unmerged(state)]


def check_findings(findings: Sequence[Finding], state: MissionState, doing: str) -> None:
    """
    Raises:
        DiagnosticError: there are errors among them; the first gives its name, `findings` has all.
    """
    errors = [one for one in findings if one.is_error]
    if not errors:
        return
    first = errors[0]
    more = f" And {len(errors) - 1} more." if len(errors) > 1 else ""
    raise DiagnosticError(
        f"{state.place.slug} cannot be {doing}: {first.message}{more}",
        diagnostic_code=first.diagnostic_code,
        remediation=str(first.details.get("remediation") or "See all of it with: signoff mission preflight"),
        details={
            "mission_slug": state.place.slug,
            **{key: value for key, value in first.details.items() if key != "remediation"},
            "findings": [one.to_wire() for one in findings],
        },
    )


def target_sync(state: MissionState) -> TargetSync:
    """The target branch against what it tracks, as that was last seen here."""
    root, branch = state.place.checkout.root, check_branch_name(state.target_branch)
    here, tracking = commit_of(root, branch), tracking_of(root, branch)
    if here is None:
        return TargetSync(branch, SyncState.MISSING_LOCAL_BRANCH)
    if tracking is None or tracking.commit is None:
        return TargetSync(branch, SyncState.NO_TRACKING_BRANCH)
    ahead, behind = ahead_and_behind(root, here, tracking.commit)
    called = f"{tracking.remote}/{tracking.remote_ref.removeprefix('refs/heads/')}"
    return TargetSync(branch, sync_state(ahead, behind), called, ahead, behind)


def fetch_target(state: MissionState) -> str | None:
    """Ask the remote what its branch is now. Why it could not be asked; None where it was, or there is none."""
    root = state.place.checkout.root
    tracking = tracking_of(root, check_branch_name(state.target_branch))
    if tracking is None:
        return None
    fetched = try_git(root, "fetch", "--quiet", "--end-of-options", tracking.remote)
    return None if is_well(fetched) else last_lines(fetched.stderr) or "git says nothing"


def parts_of(state: MissionState) -> list[Part]:
    """What is merged: the mission's own branch, then its lanes behind those that they depend on."""
    root, lanes = state.place.checkout.root, state.lanes
    own = commit_of(root, check_branch_name(lanes.mission_branch))
    found = [] if own is None else [Part(lanes.mission_branch, own)]
    for lane in lanes.in_merge_order():
        branch = check_branch_name(lanes.branch_of(lane))
        commit = commit_of(root, branch)
        if commit is not None and _counts(state, lane):
            found.append(Part(branch, commit, lane.wp_ids))
    return found


def focused_branch(state: MissionState) -> str:
    return make_focused_branch(state.place.slug, state.target_branch)


def merge_folder(state_dir: Path, state: MissionState) -> Path:
    """Where a merge of this mission is at work. The mission's id tells those of one name apart."""
    return state_dir / "merges" / f"{state.place.slug}-{state.mission_id}"


def _unaccepted(state: MissionState) -> Iterator[Finding]:
    known = dict.fromkeys([wp_id for lane in state.lanes.lanes for wp_id in lane.wp_ids])
    # A package that only has a file is one too: nothing is released past it.
    known |= dict.fromkeys(found for name in sorted(state.files.work_packages) if (found := work_package_in(name)))
    for wp_id in dict.fromkeys([*known, *state.reduced.work_packages]):
        lane = state.reduced.lane_of(wp_id)
        if lane not in ACCEPTED | {Lane.CANCELED}:
            yield _finding(
                finding.WORK_PACKAGE_NOT_ACCEPTED,
                f"{wp_id} is {_word(lane)}; every package has to be approved, done or canceled.",
                wp_id,
                branch_or_work_package=wp_id,
                lane=lane.value,
                remediation="See what it waits for: signoff mission status",
            )


def _branches(state: MissionState, decisions: Mapping[str, Decision]) -> Iterator[Finding]:
    root, lanes = state.place.checkout.root, state.lanes
    yield from judge_mission_branch(state, decisions)
    for lane in lanes.lanes:
        branch = check_branch_name(lanes.branch_of(lane))
        # Git is asked about few of the lanes of a mission that is under way.
        if not (_was_worked_in(state, lane) or _is_finished(state, lane)):
            continue
        commit = commit_of(root, branch)
        if commit is None and _was_worked_in(state, lane):
            message = f"There is no branch {branch} here, in which {', '.join(lane.wp_ids)} were done."
            yield _finding(
                finding.LANE_BRANCH_MISSING, message, **_of_lane(lane, branch, f"Fetch it: git fetch {branch}")
            )
        elif commit is not None and _is_finished(state, lane):
            changed = list(_changed_since_review(state, lane, branch, commit))
            yield from changed or judge_lane_reviews(state, decisions, lane)


def _scope(state: MissionState, severity: Severity) -> Iterator[Finding]:
    """What went past the guard in lanes whose work is done."""
    root, lanes = state.place.checkout.root, state.lanes
    for lane in (one for one in lanes.lanes if _is_finished(state, one)):
        commit = commit_of(root, check_branch_name(lanes.branch_of(lane)))
        if commit is not None:
            yield from (replace(one, severity=severity) for one in judge_lane(state, lane, commit))


def _changed_since_review(state: MissionState, lane: WorkLane, branch: str, commit: str) -> Iterator[Finding]:
    """What was approved is what is merged: all of it, and nothing besides. A lane ends at a commit that one of its
    reviews has looked at, and holds what each of its accepted packages was last approved at."""
    root = state.place.checkout.root
    newest = dict(state.reviewed_commits(lane))
    accepted = [seen for wp_id, seen in newest.items() if state.reduced.lane_of(wp_id) in ACCEPTED]
    lost = [seen for seen in accepted if not is_ancestor(root, seen, commit)]
    if not newest or (not lost and any(is_ancestor(root, commit, seen) for seen in newest.values())):
        return
    reviewed = lost[0] if lost else list(newest.values())[-1]
    message = f"{branch} is at {commit[:12]}; the last that was reviewed is {reviewed[:12]}."
    if lost:
        message = f"{branch} is at {commit[:12]}, and does not hold {reviewed[:12]}, which was approved."
    remediation = (
        f"Have it reviewed again, or bring the lane back to what was reviewed: git log {branch}...{reviewed[:12]}"
    )
    details = {**_of_lane(lane, branch, remediation), "lane_commit": commit, "reviewed_commit": reviewed}
    yield _finding(finding.LANE_CHANGED_SINCE_REVIEW, message, **details)


def _unmerged(state: MissionState) -> Iterator[Finding]:
    root, target = state.place.checkout.root, commit_of(state.place.checkout.root, state.target_branch)
    missing = [part.branch for part in parts_of(state) if target and not is_ancestor(root, part.commit, target)]
    if missing:
        yield _finding(
            finding.MISSION_NOT_MERGED,
            f"{state.target_branch} has not taken in: {', '.join(missing)}.",
            branch_or_work_package=state.target_branch,
            branches=missing,
            remediation="Merge it first: signoff mission merge",
        )


def _counts(state: MissionState, lane: WorkLane) -> bool:
    """Whether anything that was done in the lane is to be merged."""
    return any(state.reduced.lane_of(wp_id) is not Lane.CANCELED for wp_id in lane.wp_ids)


def _is_finished(state: MissionState, lane: WorkLane) -> bool:
    """While somebody works in the lane it is ahead of its reviews."""
    lanes_of_packages = {state.reduced.lane_of(wp_id) for wp_id in lane.wp_ids}
    return lanes_of_packages <= ACCEPTED | {Lane.CANCELED} and not lanes_of_packages.isdisjoint(ACCEPTED)


def _was_worked_in(state: MissionState, lane: WorkLane) -> bool:
    worked_on = (wp_id for wp_id in lane.wp_ids if state.reduced.lane_of(wp_id) in ACCEPTED)
    return any(state.reduced.work_packages[wp_id].event.execution_mode == "worktree" for wp_id in worked_on)


def _of_lane(lane: WorkLane, branch: str, remediation: str) -> Mapping[str, Any]:
    return {"branch_or_work_package": branch, "lane_id": lane.lane_id, "remediation": remediation}


def _word(lane: Lane) -> str:
    return "not begun" if lane is Lane.GENESIS else lane.value


def _finding(diagnostic_code: str, message: str, wp_id: str | None = None, **details: Any) -> Finding:
    return Finding(diagnostic_code, ERROR, message, wp_id, details)
