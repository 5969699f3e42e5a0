"""Merge a mission: all of its lanes into its target branch, or none.

The lanes are brought together in a scratch worktree, in the order of what depends on what; only then the target branch
is moved, once, from the commit that it was at. A conflict waits in the scratch worktree for somebody to resolve it.
Whoever runs it again, also after it was killed, goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.app.moments import MERGED, reach
from signoff.errors import DiagnosticError
from signoff.missions.finding import MERGE_CONFLICT, PUSH_REFUSED, TARGET_BRANCH_NOT_MOVED
from signoff.runners.excerpt import last_lines
from signoff.runners.mission.acting_git import check_branch_name, try_git
from signoff.runners.mission.branches import is_ancestor, is_well, tracking_of
from signoff.runners.mission.scratch import Scratch, move_branch, scratch_worktree

REMOTE_DEFAULT = "origin"
FILES_SHOWN = 10


@dataclass(frozen=True)
class Part:
    """A branch that is merged, at this commit; `work_packages` are those that were done in it."""

    branch: str
    commit: str
    work_packages: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        done = f": {', '.join(self.work_packages)}" if self.work_packages else ""
        return f"Merge {self.branch}{done}"


@dataclass(frozen=True)
class Target:
    """The branch that takes everything in, and the commit that it is at."""

    branch: str
    commit: str


def merge_into_target(root: Path, folder: Path, target: Target, parts: Sequence[Part]) -> str:
    """The commit at which the target branch has every part.

    Args:
        folder: where the scratch worktree is kept meanwhile.
        parts: in the order in which they are merged.

    Raises:
        DiagnosticError: `MERGE_CONFLICT`, or `TARGET_BRANCH_NOT_MOVED`: the target branch is as it was.
        ConflictError: (`merge-running`).
    """
    if all(is_ancestor(root, part.commit, target.commit) for part in parts):
        return target.commit
    with scratch_worktree(root, folder) as scratch:
        _continue(scratch, target, parts)
        for part in (Part(target.branch, target.commit), *parts):
            _take_in(scratch, part)
        merged = scratch.head
        reach(MERGED)
        _move(root, target, merged, parts)
        scratch.remove()
    return merged


def give_up(root: Path, folder: Path) -> bool:
    """Throw away what was merged so far and is not in the target branch; whether there was anything."""
    with scratch_worktree(root, folder) as scratch:
        was_begun = scratch.tree.exists()
        scratch.remove()
    return was_begun


def push_branch(root: Path, branch: str) -> str:
    """To the branch that it tracks, else to one of its name at `origin`, which it then tracks; where it went.

    Raises:
        DiagnosticError: `PUSH_REFUSED`.
    """
    tracking = tracking_of(root, check_branch_name(branch))
    remote = REMOTE_DEFAULT if tracking is None else tracking.remote
    there = f"refs/heads/{branch}" if tracking is None else tracking.remote_ref
    sets = ("--set-upstream",) if tracking is None else ()
    pushed = try_git(root, "push", "--quiet", *sets, "--end-of-options", remote, f"refs/heads/{branch}:{there}")
    where = f"{remote}/{there.removeprefix('refs/heads/')}"
    if not is_well(pushed):
        raise DiagnosticError(
            f"{where} did not take {branch}: {last_lines(pushed.stderr) or 'git says nothing'}",
            diagnostic_code=PUSH_REFUSED,
            remediation=f"What was merged here stands. Fetch from {remote}, see what it has, and push again.",
            details={"branch": branch, "remote": remote},
        )
    return where


def _continue(scratch: Scratch, target: Target, parts: Sequence[Part]) -> None:
    """Where the last one stopped; from the target branch where there was none, or where it holds what is not to be
    merged any more: what was withdrawn or replaced since must not come along."""
    commits = [target.commit, *(part.commit for part in parts)]
    if not all(any(is_ancestor(scratch.root, noted, one) for one in commits) for noted in scratch.noted):
        if scratch.has_conflict:
            raise _outdated(scratch)
        scratch.remove()
    # Before anything is merged: whoever is killed leaves no tree of which nobody knows what it holds.
    scratch.note(commits)
    _go_on(scratch, target)


def _go_on(scratch: Scratch, target: Target) -> None:
    if not scratch.has_conflict:
        scratch.stand_at(target.commit)
    elif scratch.unmerged:
        raise _conflict(scratch, scratch.told_conflict())
    else:
        scratch.take_resolution()


def _take_in(scratch: Scratch, part: Part) -> None:
    if is_ancestor(scratch.root, part.commit, scratch.head):
        return
    merged = try_git(scratch.tree, "merge", "--quiet", "--no-ff", "--no-edit", "-m", part.message, part.commit)
    if is_well(merged):
        return
    if scratch.unmerged:
        scratch.leave_conflict(part.branch)
        raise _conflict(scratch, part.branch)
    raise DiagnosticError(
        f"git does not merge {part.branch}: {last_lines(merged.stderr or merged.stdout) or 'it says nothing'}",
        diagnostic_code=MERGE_CONFLICT,
        remediation="Put right what git names, then run this again.",
        details={"branch": part.branch, "worktree": str(scratch.tree), "files": []},
    )


def _move(root: Path, target: Target, merged: str, parts: Sequence[Part]) -> None:
    why = f"signoff: merge {', '.join(part.branch for part in parts)}"
    moved = move_branch(root, target.branch, old=target.commit, new=merged, why=why)
    if is_well(moved):
        return
    said = last_lines(moved.stderr or moved.stdout) or "git says nothing"
    raise DiagnosticError(
        f"{target.branch} is as it was, and could not be brought to {merged[:12]}: {said}",
        diagnostic_code=TARGET_BRANCH_NOT_MOVED,
        remediation=f"Commit or put aside what was changed where {target.branch} is checked out, then run this again.",
        details={"target_branch": target.branch, "expected_commit": target.commit, "merged_commit": merged},
    )


def _outdated(scratch: Scratch) -> DiagnosticError:
    return DiagnosticError(
        f"The merge that waits in {scratch.tree} holds work that was withdrawn or replaced since.",
        diagnostic_code=MERGE_CONFLICT,
        remediation="Give it up and merge anew: signoff mission merge --abort, then signoff mission merge.",
        details={"branch": scratch.told_conflict(), "worktree": str(scratch.tree), "files": scratch.unmerged},
    )


def _conflict(scratch: Scratch, branch: str) -> DiagnosticError:
    files = scratch.unmerged
    shown = ", ".join(files[:FILES_SHOWN]) + (", ..." if len(files) > FILES_SHOWN else "")
    return DiagnosticError(
        f"{branch} and what was merged before it change the same lines: {shown}. The target branch is as it was.",
        diagnostic_code=MERGE_CONFLICT,
        remediation=f"Resolve it in {scratch.tree}, `git add` the files there, and run this again; or --abort.",
        details={"branch": branch, "worktree": str(scratch.tree), "files": files},
    )
