"""A copy of an embedded ledger, of one instant, while others write to it.

The ledger and the engine are two files, and neither order of copying one after the other would do: a decision and the
leg that it set going stand in different ones. Both are looked at while the ledger's write lock is held. By then the
engine has whatever the ledger says was handed to it, and the ledger whatever the engine says was done; what the engine
begins meanwhile it begins again. The lock is held for that look alone: what was seen stays as it is for as long as it
is copied.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from signoff.errors import ConflictError, LedgerUnavailableError, NotFoundError, OperationError
from signoff.ledger.sqlite import APP_FILE, BUSY_TIMEOUT_MS, ENGINE_FILE

#: Copied between two looks at how far it is: 8 MiB of pages.
PAGES_AT_ONCE = 2_048

#: Hears how many of how many pages of a file are copied.
Tell = Callable[[str, int, int], None]


def back_up(directory: Path, target: Path, *, beside: Sequence[str] = (), tell: Tell) -> dict[str, int]:
    """Make `target`, a directory (0700) that can take the place of `directory`: the files of the ledger and the engine,
    and those named `beside`, where they are. The size of each in bytes.

    Raises:
        NotFoundError: (`no-ledger`). ConflictError: (`backup-exists`) something of that name is there.
        LedgerUnavailableError: it cannot be read. OperationError: (`backup-failed`) the copy cannot be written.
    """
    if not (directory / APP_FILE).exists():
        raise NotFoundError(f"There is no ledger in {directory}.", code="no-ledger")
    if target.exists():
        raise ConflictError(f"{target} is there already; a backup takes the place of nothing.", code="backup-exists")
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        draft.mkdir(mode=0o700, parents=True)
        with _seen(directory) as seen:
            for name, source in seen.items():
                _copy(source, draft / name, partial(tell, name))
        for name in beside:
            if (directory / name).exists():
                shutil.copy2(directory / name, draft / name)
        sizes = {path.name: path.stat().st_size for path in sorted(draft.iterdir())}
        draft.rename(target)
    except OSError as error:
        raise OperationError(f"The backup {target} cannot be made: {error.strerror}.", code="backup-failed") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sizes


@contextmanager
def _seen(directory: Path) -> Iterator[dict[str, sqlite3.Connection]]:
    """Each file as it was at one instant, by its name."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context(_open(directory / APP_FILE))
            lock.execute("BEGIN IMMEDIATE")
            names = [name for name in (APP_FILE, ENGINE_FILE) if (directory / name).exists()]
            seen = {name: stack.enter_context(_open(directory / name)) for name in names}
            for connection in seen.values():
                connection.execute("BEGIN")
                # It is this read, and not its beginning, that a transaction sees things from.
                connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            lock.rollback()
        except sqlite3.Error as error:
            raise LedgerUnavailableError(f"The ledger in {directory} cannot be read: {error}.") from error
        yield seen


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(path.resolve()))}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        yield connection


def _copy(source: sqlite3.Connection, path: Path, tell: Callable[[int, int], None]) -> None:
    path.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            source.backup(copy, pages=PAGES_AT_ONCE, progress=lambda _, left, all_: tell(all_ - left, all_))
    except sqlite3.Error as error:
        raise OperationError(f"The backup {path} cannot be written: {error}.", code="backup-failed") from error
