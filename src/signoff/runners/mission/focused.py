"""A branch with a mission's own commits and nothing else, for where the target branch has other things to settle first.

It begins at what the target's remote has. Commits that somebody else made on the target here are left out, and so are
merges: each commit is put onto the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signoff.errors import DiagnosticError, InvalidInputError
from signoff.missions.finding import MERGE_CONFLICT, TARGET_BRANCH_NOT_MOVED
from signoff.runners.excerpt import last_lines
from signoff.runners.mission.acting_git import try_git
from signoff.runners.mission.branches import commit_of, is_well, own_commits
from signoff.runners.mission.merge import Part
from signoff.runners.mission.scratch import Scratch, move_branch, scratch_worktree


def mission_commits(root: Path, parts: Sequence[Part], *, target: str, base: str) -> list[str]:
    """The commits of these branches that `base` lacks, each once, a branch's after those of the branches before it."""
    found = (own_commits(root, part.commit, target=target, without=[base]) for part in parts)
    return list(dict.fromkeys(commit for commits in found for commit in commits))


def build_focused(root: Path, folder: Path, branch: str, commits: Sequence[str], *, base: str) -> str:
    """The commit at which the branch is now.

    Args:
        folder: where a scratch worktree is kept meanwhile.
        base: the commit to begin at.

    Raises:
        DiagnosticError: `MERGE_CONFLICT`, or `TARGET_BRANCH_NOT_MOVED`: the branch is as it was.
        InvalidInputError: (`nothing-to-merge`) there is no commit of the mission's own.
    """
    if not commits:
        raise InvalidInputError("The mission has no commits that the remote lacks.", code="nothing-to-merge")
    with scratch_worktree(root, folder) as scratch:
        scratch.remove()
        scratch.stand_at(base)
        try:
            for commit in commits:
                _put_onto(scratch, commit)
            built = scratch.head
        finally:
            scratch.remove()
    moved = _move(root, branch, built)
    if moved:
        raise DiagnosticError(
            f"{branch} is as it was: {moved}",
            diagnostic_code=TARGET_BRANCH_NOT_MOVED,
            remediation=f"Leave {branch} where it is checked out, or delete it, then run this again.",
            details={"branch": branch, "built_commit": built},
        )
    return built


def _put_onto(scratch: Scratch, commit: str) -> None:
    picked = try_git(scratch.tree, "cherry-pick", "--allow-empty", commit)
    if is_well(picked):
        return
    files = scratch.unmerged
    if not files and is_well(try_git(scratch.tree, "diff", "--cached", "--quiet")):
        # What it changes is there already.
        skipped = try_git(scratch.tree, "cherry-pick", "--skip")
        if is_well(skipped):
            return
    raise DiagnosticError(
        f"The mission's own commits do not stand by themselves: {commit[:12]} needs something that the remote lacks "
        f"({', '.join(files) or last_lines(picked.stderr)}).",
        diagnostic_code=MERGE_CONFLICT,
        remediation="Bring the target branch and its remote together first.",
        details={"commit": commit, "files": files},
    )


def _move(root: Path, branch: str, built: str) -> str:
    """Why it could not be moved; nothing where it was."""
    before = commit_of(root, branch)
    if before == built:
        return ""
    moved = move_branch(root, branch, old=before, new=built, why="signoff: a mission's own commits")
    return "" if is_well(moved) else last_lines(moved.stderr or moved.stdout) or "git says nothing"
