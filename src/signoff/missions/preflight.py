"""The target branch against the one that it tracks, and what stands in the way of merging into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from signoff.missions import finding
from signoff.missions.branch import make_focused_branch
from signoff.missions.finding import ERROR, Finding


class SyncState(StrEnum):
    """The target branch against the branch that it tracks."""

    IN_SYNC = "in_sync"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    NO_TRACKING_BRANCH = "no_tracking_branch"
    MISSING_LOCAL_BRANCH = "missing_local_branch"


_BLOCKING = frozenset({SyncState.BEHIND, SyncState.DIVERGED, SyncState.MISSING_LOCAL_BRANCH})


@dataclass(frozen=True)
class TargetSync:
    """`ahead_count` commits are only here, `behind_count` only there."""

    target_branch: str
    state: SyncState
    tracking_branch: str | None = None
    ahead_count: int = 0
    behind_count: int = 0


def sync_state(ahead_count: int, behind_count: int) -> SyncState:
    """Of two branches that are both there."""
    if ahead_count and behind_count:
        return SyncState.DIVERGED
    if behind_count:
        return SyncState.BEHIND
    return SyncState.AHEAD if ahead_count else SyncState.IN_SYNC


def judge_target(sync: TargetSync, mission_slug: str) -> Iterator[Finding]:
    """A branch that is ahead, or tracks nothing, stops nobody: all that it lacks is here."""
    if sync.state not in _BLOCKING:
        return
    focused = make_focused_branch(mission_slug, sync.target_branch)
    details = {
        "branch_or_work_package": sync.target_branch,
        "violated_invariant": "target_branch_must_be_synchronized_with_its_tracking_branch",
        "sync_state": sync.state.value,
        "tracking_branch": sync.tracking_branch,
        "ahead_count": sync.ahead_count,
        "behind_count": sync.behind_count,
        "focused_branch": focused,
        "remediation": _remediation(sync, focused),
    }
    yield Finding(finding.TARGET_BRANCH_NOT_SYNCHRONIZED, ERROR, _message(sync), None, details)


def _message(sync: TargetSync) -> str:
    if sync.state is SyncState.MISSING_LOCAL_BRANCH:
        return f"There is no branch {sync.target_branch} here."
    counts = f"{sync.ahead_count} ahead, {sync.behind_count} behind"
    return f"{sync.target_branch} and {sync.tracking_branch} are not the same: {counts}."


def _remediation(sync: TargetSync, focused: str) -> str:
    match sync.state:
        case SyncState.MISSING_LOCAL_BRANCH:
            return f"Check it out: git switch {sync.target_branch}"
        case SyncState.BEHIND:
            return f"Bring it up to date: git switch {sync.target_branch} && git merge --ff-only {sync.tracking_branch}"
        case _:
            return (
                f"Reconcile {sync.target_branch} with {sync.tracking_branch} yourself, or merge with --focused, which "
                f"builds {focused} from the mission's own commits."
            )
