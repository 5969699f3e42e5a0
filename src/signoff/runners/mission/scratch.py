"""A scratch worktree, in which branches are brought together before any of them moves.

It stands at a commit and on no branch, so that whatever happens in it, and whenever it ends, every branch is as it was.
What was merged in it stays merged: who comes again goes on from there.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import ConflictError
from signoff.runners.mission.acting_git import act_git, try_git
from signoff.runners.mission.branches import commit_of, is_well, said, worktree_of
from signoff.runners.process import Outcome

#: Stands beside the tree while a conflict in it waits for somebody.
_CONFLICT = "conflict"
#: The commits that the tree may hold, a line each.
_NOTED = "commits"


@dataclass(frozen=True)
class Scratch:
    """`root` is the primary checkout, `folder` where the worktree is kept."""

    root: Path
    folder: Path

    @property
    def tree(self) -> Path:
        return self.folder / "tree"

    @property
    def head(self) -> str:
        return act_git(self.tree, "rev-parse", "--verify", "HEAD^{commit}")

    @property
    def unmerged(self) -> list[str]:
        """The files in which a conflict is still to be resolved."""
        told = act_git(self.tree, "diff", "--name-only", "--diff-filter=U", "-z")
        return [name for name in told.split("\0") if name]

    @property
    def has_conflict(self) -> bool:
        """Whether a conflict was left here for somebody to resolve."""
        return (self.folder / _CONFLICT).exists() and self.tree.is_dir()

    @property
    def noted(self) -> list[str]:
        """The commits that were to be brought together when the tree was last worked in: it holds none but these."""
        path = self.folder / _NOTED
        return path.read_text("utf-8").split() if path.exists() else []

    def note(self, commits: Sequence[str]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"{_NOTED}.new"
        draft.write_text("\n".join(commits), "utf-8")
        draft.replace(self.folder / _NOTED)

    def leave_conflict(self, about: str) -> None:
        (self.folder / _CONFLICT).write_text(f"{about}\n", "utf-8")

    def told_conflict(self) -> str:
        return (self.folder / _CONFLICT).read_text("utf-8").strip()

    def take_resolution(self) -> None:
        """Commit what somebody has resolved, where they have not done so."""
        if _is_merging(self.tree):
            act_git(self.tree, "commit", "--no-edit")
        (self.folder / _CONFLICT).unlink(missing_ok=True)

    def stand_at(self, commit: str) -> None:
        """A clean tree: as far as it had come, where it is there, else at this commit. Whoever was killed in it may
        have left half a merge and a lock."""
        at = try_git(self.tree, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") if self.tree.is_dir() else None
        begun = (said(at) if at is not None else "") or commit
        self.remove()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        act_git(self.root, "worktree", "add", "--quiet", "--detach", "--end-of-options", str(self.tree), begun)

    def remove(self) -> None:
        (self.folder / _CONFLICT).unlink(missing_ok=True)
        if self.tree.exists():
            # Forced twice: it may be locked by whoever was killed while making it.
            try_git(self.root, "worktree", "remove", "--force", "--force", str(self.tree))
            shutil.rmtree(self.tree, ignore_errors=True)
        act_git(self.root, "worktree", "prune")


@contextmanager
def scratch_worktree(root: Path, folder: Path) -> Iterator[Scratch]:
    """The scratch worktree in `folder`, for one process at a time.

    Raises:
        ConflictError: (`merge-running`) another process is at work in it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                "Another process is merging this mission. Wait until it has ended, then run this again.",
                code="merge-running",
            ) from None
        yield Scratch(root, folder)


def move_branch(root: Path, branch: str, *, old: str | None, new: str, why: str) -> Outcome:
    """Bring a branch from one commit to another, or make it (`old` None); where it is checked out, with its files.

    A branch that is elsewhere by now, or files that somebody has changed, refuse it: all of it, or nothing.
    """
    tree = worktree_of(root, branch)
    if tree is not None and commit_of(root, branch) == old:
        return try_git(tree, "merge", "--ff-only", "--no-edit", "--quiet", new)
    return try_git(root, "update-ref", "-m", why, f"refs/heads/{branch}", new, old or "0" * len(new))


def _is_merging(tree: Path) -> bool:
    return is_well(try_git(tree, "rev-parse", "--verify", "--quiet", "MERGE_HEAD"))
