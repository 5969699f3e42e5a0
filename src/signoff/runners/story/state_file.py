"""A pipeline's state file on the disk: read in whatever encoding it came, written whole or not at all.

The file is shared with programs that know of no lock; each of ours holds one while it looks and writes, and what
anybody else has changed meanwhile is never written over. What is not ours in it stays, byte for byte.
"""

from __future__ import annotations

import codecs
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from signoff.app import moments
from signoff.app.ask_checkpoint import state_changed
from signoff.errors import DocumentError, InvalidInputError, NotFoundError, OperationError
from signoff.stories.state import PipelineState, read_state
from signoff.stories.state_text import rewrite

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
        return self._state_in(self._read_bytes())

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
        before = self._read_bytes()
        if self._state_in(before) != instead_of:
            raise state_changed(str(self.path))
        data = _rewritten(before, state)
        try:
            _write_draft(draft, data, mode=stat.S_IMODE(target.stat().st_mode))
            moments.reach(moments.STATE_DRAFTED)
            if self._read_bytes() != before:
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

    def _state_in(self, data: bytes) -> PipelineState:
        if len(data) > STATE_BYTES_MAX:
            raise self._invalid(f"it has more than {STATE_BYTES_MAX} bytes")
        try:
            text = _encoding_of(data).decode(data)
        except UnicodeDecodeError as error:
            raise self._invalid(f"it is not {error.encoding} at byte {error.start}") from None
        return read_state(text, path=str(self.path))

    def _invalid(self, why: str) -> DocumentError:
        why = f"Invalid pipeline state: {why}."
        return DocumentError(why, path=str(self.path), line=1, code="invalid-pipeline-state")

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


@dataclass(frozen=True)
class _Encoding:
    """There and back the bytes are the same: `errors` keeps what is no text as lone surrogates."""

    name: str
    errors: str

    def decode(self, data: bytes) -> str:
        return data.decode(self.name, self.errors)

    def encode(self, text: str) -> bytes:
        return text.encode(self.name, self.errors)


_UTF_8 = _Encoding("utf-8", "surrogateescape")
_UTF_16 = {
    codecs.BOM_UTF16_LE: _Encoding("utf-16-le", "surrogatepass"),
    codecs.BOM_UTF16_BE: _Encoding("utf-16-be", "surrogatepass"),
}


def _encoding_of(data: bytes) -> _Encoding:
    """UTF-8, but for what the mark at the beginning says; the mark is taken as part of the text."""
    return _UTF_16.get(data[:2], _UTF_8)


def _rewritten(before: bytes, state: PipelineState) -> bytes:
    encoding = _encoding_of(before)
    text = encoding.decode(before)
    # Bytes that are no UTF-8 are those of another encoding, and nobody knows of which.
    is_ascii = encoding is _UTF_8 and any("\udc80" <= one <= "\udcff" for one in text)
    return encoding.encode(rewrite(text, state.raw, is_ascii=is_ascii))


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
