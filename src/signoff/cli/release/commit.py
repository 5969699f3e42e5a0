"""The commit of the working directory, and what in it is in no commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import InvalidInputError, OperationError


@dataclass(frozen=True)
class Tree:
    """`changed` are the files that differ from `commit`, seen from the root of the work tree."""

    commit: str
    changed: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not self.changed


def read_tree(folder: Path, *, besides: Sequence[Path] = ()) -> Tree:
    """What lies at or under one of `besides` does not count as a change: evidence is no part of what it is of.

    Raises:
        InvalidInputError: (`no-commit`) the folder is in no repository, or in one without a commit.
        MissingProgramError: there is no git. OperationError: (`git-failed`).
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
    commit = _git(folder, "rev-parse", "--verify", "HEAD").strip()
    status = _git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    left_out = [path.resolve() for path in besides]
    return Tree(commit, tuple(_changed(root.resolve(), status, left_out)))


def _changed(root: Path, status: str, left_out: Sequence[Path]) -> Iterator[str]:
    for line in filter(None, status.split("\0")):
        name = line[3:]
        if not any((root / name).is_relative_to(path) for path in left_out):
            yield name


def _git(folder: Path, *words: str) -> str:
    from signoff.runners.excerpt import last_lines
    from signoff.runners.process import Limits, run_program

    done = run_program(["git", *words], Limits(timeout_s=60, output_bytes_max=16_777_216), cwd=folder)
    said = last_lines(done.stderr)
    if done.exit_code and words[0] == "rev-parse":
        raise InvalidInputError(
            f"There is no commit to decide about in {folder}: {said or 'git says no more'}",
            code="no-commit",
            details={"folder": str(folder)},
        )
    if done.exit_code or done.is_stdout_cut:
        raise OperationError(f"git {words[0]} failed in {folder}: {said}", code="git-failed")
    return done.stdout.decode("utf-8", "surrogateescape")
