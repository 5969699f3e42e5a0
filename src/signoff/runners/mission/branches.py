"""What git knows of a mission's branches. Looking starts nothing of the repository's own, see `runners.git`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.runners.git import GIT_LIMITS, run_git
from signoff.runners.process import End, Limits, Outcome

DIFF_BYTES_MAX = 1_048_576
#: What a first commit is compared with.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

_PLAIN_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")


@dataclass(frozen=True)
class Tracking:
    """Where a branch is pushed to and fetched from. `commit` is that of the remote's branch as it was last seen, None
    where it was never seen."""

    remote: str
    remote_ref: str
    commit: str | None


def commit_of(root: Path, branch: str) -> str | None:
    """The commit of a local branch; None where there is none."""
    return said(run_git(root, "rev-parse", "--quiet", "--verify", f"refs/heads/{branch}^{{commit}}")) or None


def heads_of(root: Path) -> dict[str, str]:
    """The commits of all local branches, by their names: one look where many are asked about."""
    told = said(run_git(root, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"))
    return {branch: commit for commit, _, branch in (line.partition(" ") for line in told.split("\n")) if branch}


def commit_named(root: Path, revision: str) -> str | None:
    """The commit of any name: a branch, a tag, a digest."""
    words = ("rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    return said(run_git(root, *words)) or None


def is_ancestor(root: Path, commit: str, of: str) -> bool:
    return is_well(run_git(root, "merge-base", "--is-ancestor", commit, of))


def fork_point(root: Path, one: str, other: str) -> str | None:
    """The newest commit that both have."""
    if one == other:
        return one
    return said(run_git(root, "merge-base", one, other)) or None


def tracking_of(root: Path, branch: str) -> Tracking | None:
    """What the branch tracks; None for nothing, and for a branch of this repository."""
    form = "%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)"
    told = said(run_git(root, "for-each-ref", f"--format={form}", f"refs/heads/{branch}"))
    upstream, _, rest = told.partition("\0")
    remote, _, remote_ref = rest.partition("\0")
    if not (upstream and remote and remote_ref):
        return None
    return Tracking(remote, remote_ref, commit_named(root, upstream))


def ahead_and_behind(root: Path, ours: str, theirs: str) -> tuple[int, int]:
    """How many commits each has that the other lacks."""
    told = said(run_git(root, "rev-list", "--left-right", "--count", f"{ours}...{theirs}")).split()
    return (int(told[0]), int(told[1])) if len(told) == 2 else (0, 0)


def own_commits(root: Path, head: str, *, target: str, without: Sequence[str] = (), merges: bool = False) -> list[str]:
    """The commits that were made on the way to `head` since it left `target`, oldest first; merges are left out, or
    with `merges` nothing else is there.

    It left at the newest commit of the target's own line (its first parents), so that this is the same before and after
    the target has taken it in.
    """
    line = said(run_git(root, "rev-list", "--first-parent", target)).split()
    # What comes before a commit that `head` has, it has too.
    at = bisect_left(line, True, key=lambda one: is_ancestor(root, one, head))
    ends = [f"^{one}" for one in (*line[at : at + 1], *without)]
    kind = "--merges" if merges else "--no-merges"
    told = said(run_git(root, "rev-list", "--reverse", "--topo-order", kind, head, *ends))
    return told.split()


def commits_between(root: Path, head: str, without: Sequence[str]) -> list[str]:
    """All commits that `head` has and none of the others; the merges too."""
    if head in without:
        return []
    return said(run_git(root, "rev-list", head, *(f"^{one}" for one in without))).split()


def parents_of(root: Path, commit: str) -> list[str]:
    return said(run_git(root, "rev-list", "--parents", "-1", commit)).split()[1:]


def begins_at(root: Path, head: str, known: Sequence[str]) -> str | None:
    """The newest commit of the own line of `head` (its first parents) that has nothing but what the known commits have:
    where what only `head` has begins. Merges do not count. None where everything is its own."""
    if head in known:
        return head
    line = said(run_git(root, "rev-list", "--first-parent", head)).split()
    ends = [f"^{one}" for one in known]

    def is_known(commit: str) -> bool:
        return not said(run_git(root, "rev-list", "--no-merges", "--max-count=1", commit, *ends))

    at = bisect_left(line, True, key=is_known)
    return line[at] if at < len(line) else None


def diff_between(root: Path, base: str, head: str) -> str:
    """A unified diff; of one that is too long only the names of its files, under a line that says so."""
    diff = run_git(root, *_PLAIN_DIFF, base, head, limits=Limits(GIT_LIMITS.timeout_s, DIFF_BYTES_MAX))
    if is_well(diff):
        return diff.stdout.decode("utf-8", errors="replace")
    names = run_git(root, *_PLAIN_DIFF, "--name-status", base, head)
    why = (
        f"The changes are more than {DIFF_BYTES_MAX} bytes" if diff.end is End.WROTE_TOO_MUCH else "git cannot show it"
    )
    return f"{why}. The files:\n\n{said(names)}\n"


def names_in(root: Path, commits: Sequence[str]) -> set[str]:
    """The paths that these commits change, of a file that is moved both; of merges nothing."""
    words = ("diff-tree", "--stdin", "--root", "-r", "--no-commit-id", "--name-only", "--no-renames", "-z")
    return _names(run_git(root, *words, stdin="".join(f"{one}\n" for one in commits).encode()))


def names_between(root: Path, base: str, head: str) -> set[str]:
    """The paths that are not the same in the two."""
    return _names(run_git(root, "diff-tree", "-r", "--name-only", "--no-renames", "-z", base, head))


def names_edited_by_merge(root: Path, merge: str) -> set[str]:
    """The paths that a merge has otherwise than git would have merged them; none where git is too old to say (2.35)."""
    words = (
        "show",
        "--remerge-diff",
        "--format=",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "-z",
    )
    return _names(run_git(root, *words, merge))


def worktree_of(root: Path, branch: str) -> Path | None:
    """The work tree in which the branch is checked out; None where it is in none."""
    found = (lines[0] for lines in _worktrees(root) if f"branch refs/heads/{branch}" in lines)
    return next((Path(one.removeprefix("worktree ")) for one in found), None)


def worktrees_of(root: Path) -> list[Path]:
    """All work trees of the repository that are there, the primary one too."""
    found = (Path(lines[0].removeprefix("worktree ")) for lines in _worktrees(root))
    return [path for path in found if path.is_dir()]


def _worktrees(root: Path) -> list[list[str]]:
    """Of each work tree what git says, a line each."""
    told = run_git(root, "worktree", "list", "--porcelain", "-z").stdout.decode("utf-8", errors="surrogateescape")
    return [record.strip("\0").split("\0") for record in told.split("\0\0") if record.strip("\0")]


def _names(listed: Outcome) -> set[str]:
    told = listed.stdout.decode("utf-8", errors="surrogateescape") if is_well(listed) else ""
    return {name for name in told.split("\0") if name}


def is_well(outcome: Outcome) -> bool:
    """Whether git did what it was asked."""
    return outcome.end is End.EXITED and outcome.exit_code == 0


def said(outcome: Outcome) -> str:
    """What git answered, without the last line end; nothing where it refused."""
    return outcome.stdout.decode("utf-8", errors="replace").strip() if is_well(outcome) else ""
