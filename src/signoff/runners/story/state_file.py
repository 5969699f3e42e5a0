"""A pipeline's state file on the disk: read in whatever encoding it came, written whole or not at all.

The file is shared with programs that know of no lock; each of ours holds one while it looks and writes, and what
anybody else has changed meanwhile is never written over.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signoff.app import moments
from signoff.app.answer_checkpoint import state_changed
from signoff.errors import DocumentError, InvalidInputError, NotFoundError, OperationError
from signoff.stories.state import PipelineState, read_state, to_text

STATE_BYTES_MAX = 8 * 1024 * 1024
_DRAFT_SUFFIX = ".new"


class StateFile:
    """`path` is as the person named it; a link is followed to the file that it stands for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        """The same for one file, however it is named."""
        return str(self.path.resolve())

    def read(self) -> PipelineState:
        """
        Raises:
            NotFoundError: (`pipeline-state-not-found`). InvalidInputError: (`unreadable-file`). DocumentError:
            (`invalid-pipeline-state`) it is too long, or no state.
        """
        data = self._read_bytes()
        if len(data) > STATE_BYTES_MAX:
            why = f"Invalid pipeline state: it has more than {STATE_BYTES_MAX} bytes."
            raise DocumentError(why, path=str(self.path), line=1, code="invalid-pipeline-state")
        return read_state(_decode(data), path=str(self.path))

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Nobody else of ours holds any state file of this folder meanwhile; it is waited for. Not twice at once."""
        folder = self.path.resolve().parent
        try:
            # The folder itself is locked: the file is replaced, and a file of its own would be left lying about.
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise _not_found(self.path, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._clear_drafts()
            yield
        finally:
            os.close(descriptor)

    def write(self, state: PipelineState, *, instead_of: PipelineState) -> None:
        """Put the state in the place of another one, while the file is held.

        Raises:
            ConflictError: (`pipeline-state-changed`) the file says something else by now; it is left as it is.
            InvalidInputError: (`unwritable-file`). OperationError: (`pipeline-state-lost`) it does not read back.
        """
        target = self.path.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}{_DRAFT_SUFFIX}")
        data = to_text(state).encode()
        try:
            _write_draft(draft, data, mode=stat.S_IMODE(target.stat().st_mode))
            moments.reach(moments.STATE_DRAFTED)
            if self.read() != instead_of:
                raise state_changed(str(self.path))
            draft.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            why = f"{self.path} cannot be written: {error.strerror}."
            raise InvalidInputError(why, code="unwritable-file") from None
        finally:
            draft.unlink(missing_ok=True)
        if self._read_bytes() != data:
            why = f"{self.path} does not hold what was written to it a moment ago."
            raise OperationError(why, code="pipeline-state-lost")

    def _read_bytes(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                return file.read(STATE_BYTES_MAX + 1)
        except FileNotFoundError as error:
            raise _not_found(self.path, error) from None
        except OSError as error:
            raise InvalidInputError(f"{self.path} cannot be read: {error.strerror}.", code="unreadable-file") from None

    def _clear_drafts(self) -> None:
        """Those of processes that were killed: whoever writes a draft holds the file."""
        target = self.path.resolve()
        for draft in target.parent.glob(f".{_literal(target.name)}.*{_DRAFT_SUFFIX}"):
            draft.unlink(missing_ok=True)


def _not_found(path: Path, error: OSError) -> NotFoundError:
    return NotFoundError(
        f"Pipeline state not found: {path} ({error.strerror}). Name the file with --state.",
        code="pipeline-state-not-found",
        details={"path": str(path)},
    )


def _decode(data: bytes) -> str:
    """UTF-8, or what other editors and shells make of a file; nothing is ever lost in it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _write_draft(draft: Path, data: bytes, *, mode: int) -> None:
    with draft.open("wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _literal(name: str) -> str:
    """For `glob`."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)
