"""Where a mission is: in the primary checkout of the repository, from whichever of its worktrees one asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import InvalidInputError, MissionError, NotFoundError
from signoff.missions.files import EVENTS_FILE, LANES_FILE, SNAPSHOT_FILE, TASKS_FOLDER
from signoff.missions.lanes_file import read_lanes
from signoff.missions.meta import META_FILE
from signoff.runners.git import run_git
from signoff.runners.process import End, Outcome

ROOTS = ("missions", "kitty-specs")

_BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class Checkout:
    """`root` is the primary checkout, `here` the work tree that was asked from; `branch` is what is checked out there,
    None for a commit by itself. `git_dir` is the repository that all its worktrees share."""

    root: Path
    here: Path
    branch: str | None
    git_dir: Path

    @property
    def is_primary(self) -> bool:
        return self.root == self.here

    def in_primary(self, path: Path) -> Path:
        """The same path in the primary checkout: a worktree has copies of the mission's files, which nobody keeps."""
        return self.root / path.relative_to(self.here) if path.is_relative_to(self.here) else path


@dataclass(frozen=True)
class MissionPlace:
    """A mission's folder; its name is the mission's slug."""

    checkout: Checkout
    folder: Path

    @property
    def slug(self) -> str:
        return self.folder.name

    @property
    def log(self) -> Path:
        return self.folder / EVENTS_FILE

    @property
    def torn(self) -> Path:
        """Where pieces of lines are kept aside."""
        return self.folder / f"{EVENTS_FILE}.torn"

    @property
    def snapshot(self) -> Path:
        return self.folder / SNAPSHOT_FILE

    @property
    def lanes(self) -> Path:
        return self.folder / LANES_FILE

    @property
    def meta(self) -> Path:
        return self.folder / META_FILE

    @property
    def tasks(self) -> Path:
        return self.folder / TASKS_FOLDER

    def shown(self, path: Path) -> str:
        """A path as it is told to people: from the primary checkout on, where it is in there."""
        root = self.checkout.root
        return str(path.relative_to(root) if path.is_relative_to(root) else path)


def find_checkout(folder: Path) -> Checkout:
    """The repository that `folder` is in, links resolved.

    Raises:
        NotFoundError: (`not-a-repository`) it is in none, or in one without a primary checkout.
        MissingProgramError: git is not installed.
    """
    here = _work_tree_around(folder.resolve())
    told, head = _look(here)
    if len(told) != 2:
        raise _no_repository(folder, "git cannot read the repository there")
    git_dir, shared = (Path(one).resolve() for one in told)
    root = here if git_dir == shared else _primary_of(here)
    if root is None:
        raise _no_repository(folder, "the repository has no primary checkout, in which missions are kept")
    branch = head.removeprefix(_BRANCHES) if head.startswith(_BRANCHES) else None
    return Checkout(root, here, branch, shared)


def missions_root(checkout: Checkout, named: Path | None) -> Path:
    """The folder of missions: the one that is named, else the first of `ROOTS` that is there, else the first of all,
    which is made with the first mission."""
    if named is not None:
        return checkout.in_primary(named)
    found = (checkout.root / name for name in ROOTS if (checkout.root / name).is_dir())
    return next(found, checkout.root / ROOTS[0])


def all_missions(checkout: Checkout, root: Path) -> list[MissionPlace]:
    """By their slugs."""
    if not root.is_dir():
        return []
    folders = sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    return [MissionPlace(checkout, folder) for folder in folders if _is_mission(folder)]


def find_mission(checkout: Checkout, root: Path, slug: str | None) -> MissionPlace:
    """The mission of this slug, or of the only one that begins so; without a slug that of the current branch or
    worktree, or the only one.

    Raises:
        NotFoundError: (`mission-not-found`) there is none.
        InvalidInputError: (`ambiguous-mission`) there are several; `details["missions"]` names them.
    """
    known = all_missions(checkout, root)
    found = _of_branch(known, checkout.branch) or known if slug is None else _named(known, slug)
    if len(found) == 1:
        return found[0]
    slugs = [one.slug for one in found]
    if slugs:
        what = "It is not said which mission is meant" if slug is None else f"Several missions begin with {slug[:80]!r}"
        raise InvalidInputError(
            f"{what}: {', '.join(slugs)}. Say --mission SLUG.", code="ambiguous-mission", details={"missions": slugs}
        )
    raise _no_mission(root, slug, [one.slug for one in known])


def _work_tree_around(folder: Path) -> Path:
    for one in (folder, *folder.parents):
        if (one / ".git").exists():
            return one
    raise _no_repository(folder, "it is in no git repository")


def _look(here: Path) -> tuple[list[str], str]:
    """The repository's directory and the one that its worktrees share, and what HEAD stands for."""
    words = ("rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir")
    told = _said(run_git(here, *words, "--symbolic-full-name", "HEAD")).split("\n")
    if len(told) == 3:
        return told[:2], told[2]
    # As long as there is no commit HEAD is nothing that could be looked up with the rest.
    return _said(run_git(here, *words)).split("\n"), _said(run_git(here, "symbolic-ref", "--quiet", "HEAD"))


def _primary_of(worktree: Path) -> Path | None:
    """None where the repository is bare, or its primary checkout cannot be found."""
    # The first that git lists is the primary one.
    words = _said(run_git(worktree, "worktree", "list", "--porcelain", "-z")).split("\0\0")[0].split("\0")
    root = Path(words[0].removeprefix("worktree ")).resolve()
    return None if "bare" in words or not (root / ".git").exists() else root


def _is_mission(folder: Path) -> bool:
    return (folder / META_FILE).is_file() or (folder / EVENTS_FILE).is_file()


def _named(known: list[MissionPlace], slug: str) -> list[MissionPlace]:
    exact = [one for one in known if one.slug == slug]
    return exact or [one for one in known if slug and one.slug.startswith(slug)]


def _of_branch(known: list[MissionPlace], branch: str | None) -> list[MissionPlace]:
    """Those whose lanes say that this branch is theirs. A target branch belongs to every mission, so to none."""
    return [] if branch is None else [one for one in known if branch in set(_branches(one))]


def _branches(place: MissionPlace) -> Iterator[str]:
    try:
        lanes = read_lanes(place.lanes.read_text("utf-8", errors="replace"), path=str(place.lanes))
    except (OSError, MissionError):
        # What is wrong with the file is told by the command that needs it.
        return
    yield lanes.mission_branch
    yield from (lanes.branch_of(lane) for lane in lanes.lanes)


def _no_repository(folder: Path, why: str) -> NotFoundError:
    return NotFoundError(f"{folder}: {why}.", code="not-a-repository", details={"path": str(folder)})


def _no_mission(root: Path, slug: str | None, slugs: list[str]) -> NotFoundError:
    about = {"missions": slugs, "root": str(root)}
    if not slugs:
        return NotFoundError(
            f"There is no mission in {root}. Begin one with: signoff mission init SLUG",
            code="mission-not-found",
            details=about,
        )
    return NotFoundError(
        f"There is no mission {(slug or '')[:80]!r} in {root}; there are: {', '.join(slugs)}.",
        code="mission-not-found",
        details=about,
    )


def _said(outcome: Outcome) -> str:
    is_well = outcome.end is End.EXITED and outcome.exit_code == 0
    return outcome.stdout.decode("utf-8", errors="surrogateescape").rstrip("\n") if is_well else ""
