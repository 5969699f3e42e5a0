"""Which files of a repository differ from its last commit, and what they hold: to tell what was done since."""

from __future__ import annotations

from pathlib import Path

from signoff.errors import StepFailedError
from signoff.runners.git import run_git
from signoff.runners.story.look import find, is_well, told


def changed_files(root: Path, *, hidden: Path) -> dict[str, str | None]:
    """By the path of each file that was made, changed or deleted: SHA-256 over its bytes as `look.find` has them, None
    where there is none. What is ignored is left out, and so is the folder `hidden`.

    Raises:
        StepFailedError: (`no-repository`) git cannot say.
    """
    said = run_git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    if not is_well(said):
        raise StepFailedError(
            f"git cannot say what has changed in {root}: {told(said)}",
            code="no-repository",
            details={"root": str(root)},
        )
    # A name that is no UTF-8 is told as well as can be; it can be on nobody's list.
    names = [entry[3:].decode("utf-8", errors="replace") for entry in said.stdout.split(b"\0") if entry]
    return {name: find(root, name).sha256 for name in sorted(names) if not (root / name).is_relative_to(hidden)}
