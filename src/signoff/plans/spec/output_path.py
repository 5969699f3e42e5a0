"""Paths of outputs: inside the repository, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable

PATH_CHARS_MAX = 1_000

#: Whether a path, relative to the repository, leads out of it through a symbolic link. Whoever has the files says so.
Leaves = Callable[[str], bool]

_DRIVE_OR_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def stays(_path: str) -> bool:
    """For when there are no files to look at: every link stays inside."""
    return False


def refusal(path: str, leaves: Leaves) -> str | None:
    """Why the path cannot be an output, as what was found; None where it can be."""
    parts = path.split("/")
    if not path.isprintable() or len(path) > PATH_CHARS_MAX:
        return "a path that is too long or cannot be shown"
    if path.startswith(("/", "~")) or "\\" in path or _DRIVE_OR_SCHEME.match(path):
        return f"the path {path!r}, which does not begin in the repository"
    if ".." in parts:
        return f"the path {path!r}, which leaves the repository"
    if not any(part not in ("", ".") for part in parts):
        return f"the path {path!r}, which is the repository itself"
    if leaves(path):
        return f"the path {path!r}, which leaves the repository through a symbolic link"
    return None
