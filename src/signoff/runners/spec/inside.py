"""Paths of a spec, kept in its repository: symbolic links are followed first, and then it counts where they lead."""

from __future__ import annotations

from pathlib import Path

from signoff.errors import StepFailedError
from signoff.plans.spec.output_path import refusal

GIT_FOLDER = ".git"


def place_inside(root: Path, path: str, *, hidden: Path) -> Path:
    """Where `path` really is, whether or not something is there; `root` and `hidden` are without symbolic links.

    Raises:
        StepFailedError: (`output-escapes`) it leaves the repository, or leads to what is git's or signoff's own.
    """
    why = refusal(path, lambda written: _resolved(root, written) is None)
    if why is not None:
        raise _escapes(path, why)
    place = _resolved(root, path)
    if place is None or place == root:
        raise _escapes(path, "a path that leads to the whole repository")
    # What is there is no work of the step, and holds keys that must not stand in a prompt.
    if place.is_relative_to(hidden) or is_gits(place.relative_to(root)):
        raise _escapes(path, f"the path {path!r}, which belongs to git or signoff")
    return place


def is_gits(inside: Path) -> bool:
    # On some file systems the case of a name makes no difference.
    return any(part.lower() == GIT_FOLDER for part in inside.parts)


def _resolved(root: Path, path: str) -> Path | None:
    try:
        place = (root / path).resolve()
    except (OSError, RuntimeError):  # a circle of links leads nowhere
        return None
    return place if place.is_relative_to(root) else None


def _escapes(path: str, why: str) -> StepFailedError:
    return StepFailedError(f"A step cannot use {why}.", code="output-escapes", details={"path": path, "why": why})
