"""Faults of the engine's database that pass.

DBOS waits out what it takes for a lost connection, and lets the workflow fail of anything else. A server that is
read-only for a while, a disk that is full and a file that is locked end too, and no leg is to be lost to them.
"""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

#: Read-only, lock not available, input and output.
_SQLSTATES = frozenset({"25006", "55P03", "58030"})
_SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
    }
)


def wait_out_faults() -> None:
    """From now on, in this process."""
    if not event.contains(Engine, "handle_error", _take_for_lost):
        event.listen(Engine, "handle_error", _take_for_lost)


def _take_for_lost(context: ExceptionContext) -> None:
    if _passes(context.original_exception):
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _passes(error: BaseException) -> bool:
    if isinstance(error, psycopg.Error):
        return error.sqlstate in _SQLSTATES
    # The low byte is the kind; the others say more of it.
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CODES
