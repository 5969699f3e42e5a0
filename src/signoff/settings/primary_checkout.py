"""The primary checkout of a git repository, seen from its linked worktrees.

A repository has one ledger and one settings file in force, whichever of its worktrees somebody stands in. Git is not
asked: what is looked at is the file `.git` of a linked worktree, which names its own part of the shared repository.
"""

from __future__ import annotations

from pathlib import Path

_NAMES_ITS_PART = "gitdir: "


def primary_checkout(folder: Path) -> Path | None:
    """That of the linked worktree around `folder`; None in a primary checkout, outside of git, and where the repository
    has no primary checkout."""
    for one in (folder, *folder.parents):
        mark = one / ".git"
        if mark.is_dir():
            return None
        if mark.is_file():
            return _primary_of(mark)
    return None


def _primary_of(mark: Path) -> Path | None:
    try:
        said = mark.read_text("utf-8", errors="surrogateescape").strip()
        part = mark.parent / said.removeprefix(_NAMES_ITS_PART)
        # A submodule has such a file too, and no such part.
        shared = (part / (part / "commondir").read_text("utf-8", errors="surrogateescape").strip()).resolve()
    except (OSError, ValueError):
        return None
    is_primary = said.startswith(_NAMES_ITS_PART) and shared.name == ".git" and shared.is_dir()
    return shared.parent if is_primary else None
