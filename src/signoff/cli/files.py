"""Files that a person named: read and written whole, and an error in words where that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from signoff.errors import InvalidInputError


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", code="unreadable-file") from None


def write_file(path: Path, text: str) -> None:
    """All of it or nothing, whoever reads it meanwhile."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", code="unwritable-file") from None
    finally:
        draft.unlink(missing_ok=True)


def as_seen_from_here(path: Path) -> Path:
    """Relative to the working directory, where it is in there."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
