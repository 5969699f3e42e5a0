"""What belongs to a tier: its defaults, the user's own before the built-in ones, and the template of its specs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from signoff.cli.files import as_seen_from_here, read_file
from signoff.errors import InvalidInputError

_PACKAGE = "signoff.plans.spec"


@dataclass(frozen=True)
class TierDefaults:
    """`values` are as `read_defaults` gives them, `text` is what they were read from; `path` is None for the built-in
    ones."""

    values: dict[str, Any]
    text: str
    path: Path | None


def tier_defaults(tier: str, folder: Path | None) -> TierDefaults:
    """The defaults in force: those in the user's folder, else the built-in ones.

    Raises:
        SpecError: with everything that is wrong in the user's file.
        InvalidInputError: (`unreadable-file`) there is no such folder, or the file cannot be read.
    """
    from signoff.plans.spec.compiled import read_defaults
    from signoff.plans.spec.parse import decode

    name = f"tier-{tier.lower()}.yaml"
    path = None if folder is None else as_seen_from_here(folder / name)
    data = b"" if path is None else _own(path)
    if path is None or not data:
        text = _packaged(f"defaults/{name}")
        return TierDefaults(read_defaults(text, path=name, tier=tier), text, None)
    text = decode(data, str(path))
    return TierDefaults(read_defaults(text, path=str(path), tier=tier), text, path)


def tier_template(tier: str) -> str:
    return _packaged(f"templates/tier-{tier.lower()}.md")


def _own(path: Path) -> bytes:
    """Nothing where there is no file. An empty one counts as none: a shell has just made it, where `spec defaults` is
    written to it."""
    if not path.parent.is_dir():
        # One that is misspelt would let the built-in defaults hold, unseen.
        raise InvalidInputError(f"There is no folder {path.parent}; tier_defaults names it.", code="unreadable-file")
    return read_file(path) if path.exists() or path.is_symlink() else b""


def _packaged(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text("utf-8")
