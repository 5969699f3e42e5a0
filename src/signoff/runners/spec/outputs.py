"""What a step was to make: is it there, and what is its digest?

A file's digest is over its bytes. A folder's is over the list of its files, one line each, which is kept beside it:

    <sha256 of the bytes>  <path in the folder>
    link to <target>  <path in the folder>
    neither file nor folder  <path in the folder>

Lines are in the order of the paths; a path that is not plain text stands there as JSON. Links in a folder are never
followed, and git's and signoff's own folders are left out.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from signoff.app.steps import Artifact
from signoff.errors import StepFailedError
from signoff.gates.digest import sha256_hex
from signoff.runners.spec.inside import is_gits, place_inside

TEXT_BYTES_MAX = 262_144
FILES_MAX = 10_000
CHUNK_BYTES = 1_048_576

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


@dataclass(frozen=True)
class Found:
    """What is at a path: `text` is what can be shown of it, and hashes to `sha256`."""

    sha256: str
    bytes: int
    text: str | None

    def to_artifact(self, path: str) -> Artifact:
        return Artifact("output", self.sha256, inline=self.text, uri=path)


def look_at(root: Path, path: str, *, hidden: Path) -> Found | None:
    """A file or folder of the repository; None where there is neither.

    Raises:
        StepFailedError: (`output-escapes`) the path leaves the repository; or it cannot be read, or holds too much.
    """
    place = place_inside(root, path, hidden=hidden)
    try:
        if place.is_dir():
            return _folder(place, root, hidden)
        return _file(place)
    except OSError as error:
        raise StepFailedError(
            f"The output {path!r} cannot be read: {error.strerror}.", details={"path": path}
        ) from None


def _file(place: Path) -> Found | None:
    try:
        # Not blocking, for a pipe in its place would wait for a writer; and no link that came in the meantime.
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (*_NOT_THERE, errno.ENXIO):  # the last: a socket
            return None
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        return _read(file) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _read(file: IO[bytes]) -> Found:
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        kept += chunk[: TEXT_BYTES_MAX + 1 - len(kept)]
    return Found(digest.hexdigest(), size, _text(kept))


def _text(kept: bytearray) -> str | None:
    """As it stands in the file, or not at all: what is shown must be what was hashed."""
    if len(kept) > TEXT_BYTES_MAX or b"\0" in kept:
        return None
    try:
        return kept.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _folder(place: Path, root: Path, hidden: Path) -> Found:
    paths = list(islice(_files_in(place, root, hidden), FILES_MAX + 1))
    if len(paths) > FILES_MAX:
        raise StepFailedError(f"The output {str(place.relative_to(root))!r} holds more than {FILES_MAX} files.")
    lines, size = [], 0
    for path in sorted(paths):
        line, bytes_there = _line(place / path, path)
        lines.append(f"{line}\n")
        size += bytes_there
    listing = "".join(lines)
    return Found(sha256_hex(listing.encode()), size, listing if len(listing) <= TEXT_BYTES_MAX else None)


def _files_in(place: Path, root: Path, hidden: Path) -> Iterator[str]:
    """Every path below, relative to `place`; links to folders are there as what they are."""
    folders = [place]
    while folders:
        for path in folders.pop().iterdir():
            if path == hidden or is_gits(path.relative_to(root)):
                continue
            if path.is_dir() and not path.is_symlink():
                folders.append(path)
            else:
                yield str(path.relative_to(place))


def _line(place: Path, path: str) -> tuple[str, int]:
    """The line of the list, and how many bytes there are."""
    if place.is_symlink():
        return f"link to {_shown(os.readlink(place))}  {_shown(path)}", 0  # noqa: PTH115 - a Path would tidy it up
    found = _file(place)
    if found is None:
        return f"neither file nor folder  {_shown(path)}", 0
    return f"{found.sha256}  {_shown(path)}", found.bytes


def _shown(path: str) -> str:
    is_plain = path.isprintable() and not path.startswith('"') and "  " not in path
    return path if is_plain else json.dumps(path)
