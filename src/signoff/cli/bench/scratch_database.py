"""Databases on a Postgres server that last as long as a measurement."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from signoff.errors import InvalidInputError, LedgerUnavailableError
from signoff.ledger.postgres import CONNECT_TIMEOUT_S

NAME_PREFIX = "signoff_bench_"


@contextmanager
def scratch_databases(server_url: str) -> Iterator[Callable[[], str]]:
    """Makes empty databases, each the URL of one; all are dropped at the end, whoever is still connected.

    Raises:
        LedgerUnavailableError: nothing answers there. InvalidInputError: (`cannot-make-database`).
    """
    try:
        admin = psycopg.connect(server_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as error:
        raise LedgerUnavailableError(f"The Postgres server cannot be used: {error}".rstrip() + ".") from error
    with admin, ExitStack() as drops:

        def make() -> str:
            name = f"{NAME_PREFIX}{secrets.token_hex(8)}"
            _create(admin, name)
            drops.callback(_drop, admin, name)
            return urlsplit(server_url)._replace(path=f"/{name}").geturl()

        yield make


def _drop(admin: psycopg.Connection[Any], name: str) -> None:
    # Where the server has ended meanwhile, that is what the command says.
    with suppress(psycopg.OperationalError):
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def server_version(server_url: str) -> str:
    with psycopg.connect(server_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return "unknown" if found is None else str(found[0])


def _create(admin: psycopg.Connection[Any], name: str) -> None:
    try:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        raise InvalidInputError(
            "This role may not make databases, and a measurement never uses one that is there. "
            "Name another role, or measure with --postgres.",
            code="cannot-make-database",
        ) from None
