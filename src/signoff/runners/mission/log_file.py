"""The file that a mission's log is: locked, read, and written so that a line is in it whole or not at all.

The lock is one on the log itself (`flock`), so that nothing has to be cleaned up after a process that died.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signoff.errors import DiagnosticError
from signoff.missions.files import SNAPSHOT_FILE
from signoff.missions.finding import (
    STATUS_EVENT_NOT_READ_BACK,
    STATUS_LOG_FULL,
    STATUS_LOG_LOCKED,
    STATUS_LOG_NOT_WRITABLE,
    STATUS_LOG_REPLACED,
)

LOCK_LOOK_S = 0.01

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_OPEN_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextmanager
def locked_log(path: Path, wait_s: float) -> Iterator[int]:
    """The log, opened and locked; never one that is no longer at its path.

    Raises:
        DiagnosticError: it cannot be opened for writing, or another process holds it for longer than `wait_s`.
    """
    ends_at = time.monotonic() + wait_s
    while True:
        file = _open(path)
        try:
            _lock(file, path, ends_at)
            if _is_at(path, file):
                yield file
                return
        finally:
            os.close(file)
        if time.monotonic() > ends_at:
            raise _replaced(path)


def _open(path: Path) -> int:
    # A log that is gone is not begun again: what it said would be lost without a word.
    begins = os.O_CREAT if not path.with_name(SNAPSHOT_FILE).exists() else 0
    try:
        file = os.open(path, _OPEN_FLAGS | begins, 0o644)
    except OSError as error:
        raise unwritable(path, error) from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise unwritable(path, OSError(errno.EINVAL, "It is no plain file"))
    return file


def _lock(file: int, path: Path, ends_at: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends_at:
                raise _locked_by_another(path) from None
            time.sleep(LOCK_LOOK_S)
        except OSError as error:
            raise unwritable(path, error) from None
        else:
            return


def read_whole(file: int) -> bytes:
    """All of a locked log."""
    os.lseek(file, 0, os.SEEK_SET)
    return _read_rest(file)


def write_and_read_back(file: int, path: Path, line: bytes) -> int:
    """Add the line to a locked log and read it back through its path; at which byte it begins.

    Raises:
        DiagnosticError: it was not written, or is not there; what was written of it is taken back.
    """
    begins_at = os.fstat(file).st_size
    try:
        _write(file, line)
        os.fsync(file)
        _read_back(file, path, line)
    except (OSError, DiagnosticError) as error:
        take_back(file, begins_at, line)
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise
    return begins_at


def cut_off(file: int, path: Path, at: int) -> None:
    """End a locked log at this byte."""
    try:
        os.ftruncate(file, at)
        os.fsync(file)
    except OSError as error:
        raise unwritable(path, error) from None


def replace_whole(path: Path, data: bytes) -> None:
    """Put another log in the place of this one. Who waits for its lock finds that out."""
    try:
        with drafted(path, data) as draft:
            draft.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None


@contextmanager
def drafted(path: Path, data: bytes) -> Iterator[Path]:
    """A durable file beside its place in a locked log's folder, which is gone at the end unless it was moved there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    # Only who holds the log's lock drafts: what lies there is of somebody who was killed.
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        # On a read-only file system not even what is not there can be taken away.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def keep_aside(path: Path, pieces: bytes) -> None:
    """Add what was in the log and is no line of it to another file."""
    try:
        with path.open("ab") as aside:
            aside.write(pieces + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
    except OSError as error:
        raise unwritable(path, error) from None


def _write(file: int, line: bytes) -> None:
    written = 0
    while written < len(line):
        written += os.write(file, line[written:])


def _read_back(file: int, path: Path, line: bytes) -> None:
    """Through the log's path, as everybody else reads it."""
    ends_at = os.lseek(file, 0, os.SEEK_CUR)
    if not _is_at(path, file):
        raise _replaced(path)
    with path.open("rb") as again:
        again.seek(ends_at - len(line))
        if again.read(len(line)) != line:
            raise log_failure(
                f"{path} does not hold the event that was just written to it.",
                STATUS_EVENT_NOT_READ_BACK,
                "STA-002",
                "Look at the disk, and at what else writes to the log; then do it again.",
            )


def take_back(file: int, begins_at: int, line: bytes) -> None:
    """End a locked log where its last line began. Only what is ours is taken back: a program that knows of no lock may
    have written behind it."""
    with suppress(OSError):
        os.lseek(file, begins_at, os.SEEK_SET)
        if line.startswith(_read_rest(file)):
            os.ftruncate(file, begins_at)
            os.fsync(file)


def _read_rest(file: int) -> bytes:
    pieces = []
    while piece := os.read(file, 1_048_576):
        pieces.append(piece)
    return b"".join(pieces)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(file))
    except OSError:
        return False


def unwritable(path: Path, error: OSError, diagnostic_code: str = STATUS_LOG_NOT_WRITABLE) -> DiagnosticError:
    """What the system said, as a diagnostic; a full disk has a code of its own, whatever was to be written."""
    why = (error.strerror or str(error)).lower()
    if error.errno in _NO_ROOM:
        return log_failure(
            f"There is no room for the event: {path}: {why}.",
            STATUS_LOG_FULL,
            "STA-001",
            "Make room on the disk, or raise the limit; then do it again.",
        )
    return log_failure(
        f"{path} cannot be written: {why}.",
        diagnostic_code,
        "STA-001",
        "Look at the permissions of the file and its folder, and whether it is a plain file; then do it again.",
    )


def _locked_by_another(path: Path) -> DiagnosticError:
    return log_failure(
        f"Another process is writing to {path}.",
        STATUS_LOG_LOCKED,
        "STA-001",
        f"Wait until it has ended, or find it with: fuser {path}",
    )


def _replaced(path: Path) -> DiagnosticError:
    return log_failure(
        f"Another file came to stand at {path} while the event was written.",
        STATUS_LOG_REPLACED,
        "STA-002",
        "Look what else changes the mission's folder (a checkout, a merge); then do it again.",
    )


def log_failure(message: str, diagnostic_code: str, invariant: str, remediation: str) -> DiagnosticError:
    return DiagnosticError(
        message,
        diagnostic_code=diagnostic_code,
        remediation=remediation,
        details={"violated_invariant": invariant},
    )
