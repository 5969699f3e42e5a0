"""Files that a person named: read and written whole, and an error in words where that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signoff.errors import InvalidInputError


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.", code="unreadable-file") from None


def write_file(path: Path, text: str) -> None:
    """All of it or nothing, whoever reads it meanwhile."""
    from signoff.runners.whole_file import write_whole

    with _writable(path):
        write_whole(path, text)


def make_folder(path: Path) -> None:
    """And those above it; one that is there is left alone."""
    with _writable(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", code="unwritable-file") from None


def as_seen_from_here(path: Path) -> Path:
    """Relative to the working directory, where it is in there."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
