"""The worktree and branch of a lane, in which its packages are worked on one after another.

Names are those in `lanes.json`, which were made once. Worktrees are beside each other in `.worktrees` of the primary
checkout, which git is told to leave alone. What a worktree is for is noted in its own part of the repository, where no
commit and no other worktree meets it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from signoff.errors import InvalidInputError, OperationError
from signoff.missions.lanes_file import LanesFile, WorkLane
from signoff.runners.mission.acting_git import act_git, check_branch_name, try_git
from signoff.runners.mission.branches import commit_of, is_ancestor, worktree_of
from signoff.runners.mission.place import Checkout

FOLDER = ".worktrees"
CONTEXT_FILE = "signoff-lane.json"

_REBASES = ("rebase-merge", "rebase-apply")


@dataclass(frozen=True)
class LaneContext:
    """What a lane's worktree is for. `work_package_id` is the one that was started in it last, `base_ref` the commit
    that the lane was at then."""

    mission_slug: str
    mission_id: str | None
    lane_id: str
    work_package_id: str
    mission_branch: str
    lane_branch: str
    base_ref: str


@dataclass(frozen=True)
class LaneWorktree:
    """`head` is the commit that is checked out; `was_made` says whether it was there already."""

    path: Path
    branch: str
    head: str
    was_made: bool


def open_worktree(checkout: Checkout, lanes: LanesFile, lane: WorkLane) -> LaneWorktree:
    """The lane's worktree, made where it is not there, with the work of the lanes that it depends on.

    Raises:
        InvalidInputError: (`bad-branch-name`) of a name in `lanes.json`; (`no-target-branch`) there is nothing to begin
            from. OperationError: (`git-failed`, `lane-conflict`) git could not do it; the worktree is as it was.
    """
    branch = check_branch_name(lanes.branch_of(lane))
    found = worktree_of(checkout.root, branch)
    # One whose folder somebody deleted is still listed.
    path = found if found is not None and found.is_dir() else _make(checkout, lanes, lane, branch)
    for name in lane.depends_on_lanes:
        earlier = lanes.lane(name)
        if earlier is not None:
            _take_in(path, checkout.root, check_branch_name(lanes.branch_of(earlier)))
    return LaneWorktree(path, branch, act_git(path, "rev-parse", "HEAD"), path is not found)


def write_context(worktree: Path, context: LaneContext) -> None:
    _context_file(worktree).write_text(json.dumps(asdict(context), indent=2, sort_keys=True) + "\n", "utf-8")


def read_context(worktree: Path) -> LaneContext | None:
    """None where none was noted, or what was noted cannot be read."""
    try:
        return LaneContext(**json.loads(_context_file(worktree).read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def rebased_branch(worktree: Path) -> str | None:
    """The branch that is being rebased in a worktree: meanwhile none is checked out, and what is committed comes into
    that one."""
    own = _own_git_dir(worktree)
    notes = [path for name in _REBASES if (path := own / name / "head-name").is_file()]
    head = notes[0].read_text("utf-8", errors="surrogateescape").strip() if notes else ""
    return head.removeprefix("refs/heads/") if head.startswith("refs/heads/") else None


def _make(checkout: Checkout, lanes: LanesFile, lane: WorkLane, branch: str) -> Path:
    path = checkout.root / FOLDER / _folder_name(lanes.worktree_of(lane))
    _hide(checkout)
    act_git(checkout.root, "worktree", "prune")
    if commit_of(checkout.root, branch) is None:
        act_git(checkout.root, "branch", "--no-track", "--end-of-options", branch, _mission_branch(checkout, lanes))
    act_git(checkout.root, "worktree", "add", "--quiet", "--end-of-options", str(path), branch)
    return path


def _mission_branch(checkout: Checkout, lanes: LanesFile) -> str:
    """The mission's branch, made from its target where it is not there."""
    branch, target = check_branch_name(lanes.mission_branch), check_branch_name(lanes.target_branch)
    if commit_of(checkout.root, branch) is None:
        if commit_of(checkout.root, target) is None:
            raise InvalidInputError(
                f"The target branch {target!r} has no commit to begin from. Commit what is planned first.",
                code="no-target-branch",
            )
        act_git(checkout.root, "branch", "--no-track", "--end-of-options", branch, target)
    return branch


def _take_in(worktree: Path, root: Path, branch: str) -> None:
    """Merge an earlier lane's work, where there is any that the worktree lacks."""
    commit = commit_of(root, branch)
    if commit is None or is_ancestor(root, commit, act_git(worktree, "rev-parse", "HEAD")):
        return
    done = try_git(worktree, "merge", "--no-edit", "--quiet", "--end-of-options", branch)
    if done.exit_code != 0:
        try_git(worktree, "merge", "--abort")
        raise OperationError(
            f"What the lane depends on cannot be merged by itself. Do that in the worktree, then start again: "
            f"cd {worktree} && git merge {branch}",
            code="lane-conflict",
            details={"worktree": str(worktree), "branch": branch},
        )


def _hide(checkout: Checkout) -> None:
    exclude = checkout.git_dir / "info" / "exclude"
    line = f"/{FOLDER}/"
    said = exclude.read_text("utf-8", errors="surrogateescape") if exclude.exists() else ""
    if line not in said.splitlines():
        exclude.parent.mkdir(exist_ok=True)
        text = f"{said}{'' if said.endswith(chr(10)) or not said else chr(10)}{line}\n"
        exclude.write_text(text, "utf-8", errors="surrogateescape")


def _folder_name(name: str) -> str:
    if not name or name.startswith((".", "-")) or "/" in name or not name.isprintable():
        raise InvalidInputError(f"{name[:80]!r} is no name for a worktree's folder.", code="bad-worktree-name")
    return name


def _context_file(worktree: Path) -> Path:
    return _own_git_dir(worktree) / CONTEXT_FILE


def _own_git_dir(worktree: Path) -> Path:
    return Path(act_git(worktree, "rev-parse", "--path-format=absolute", "--git-dir"))
