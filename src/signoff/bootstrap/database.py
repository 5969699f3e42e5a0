"""Which database the settings name, opened, with the schema that this program knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from signoff.clock import now_ms
from signoff.errors import NotFoundError
from signoff.settings import Settings, Source, mask_url

if TYPE_CHECKING:
    from signoff.ledger.database import Database

PRIVATE_POSTGRES = "postgres"


def with_private_postgres(settings: Settings) -> Settings:
    """The settings, on the private Postgres that another process (`signoff up --postgres`) runs in the directory."""
    data_dir = settings.dir / PRIVATE_POSTGRES
    if settings.database_url is not None or not data_dir.exists():
        return settings
    from signoff.ledger.embedded_postgres import running_url

    url = running_url(data_dir)
    if url is None:
        return settings
    shown = Source("database_url", mask_url(url), f"private Postgres in {settings.dir}")
    sources = tuple(shown if source.name == shown.name else source for source in settings.sources)
    return replace(settings, database_url=url, sources=sources)


def open_database(settings: Settings, *, is_server: bool = False, creates: bool = True) -> Database:
    if settings.database_url is not None:
        from signoff.ledger.postgres import PostgresDatabase

        return PostgresDatabase(settings.database_url, is_pooled=is_server)
    from signoff.ledger.sqlite import APP_FILE, SqliteDatabase

    if not creates and not (settings.dir / APP_FILE).exists():
        if (settings.dir / PRIVATE_POSTGRES).exists():
            raise NotFoundError(
                f"The private Postgres in {settings.dir} is not running. Start it with: signoff up --postgres",
                code="no-ledger",
            )
        raise NotFoundError(
            f"There is no ledger in {settings.dir}. Start with `signoff demo` or `signoff up`, "
            "or say where it is with --dir or --database-url.",
            code="no-ledger",
        )
    return SqliteDatabase(settings.dir)


@contextmanager
def checked_database(
    settings: Settings, *, is_server: bool = False, migrates: bool = False, creates: bool = True
) -> Iterator[Database]:
    """With the schema that this program knows."""
    database = open_database(settings, is_server=is_server, creates=creates)
    try:
        from signoff.ledger.migrate import check_schema, schema_version

        is_first_start = settings.database_url is None and schema_version(database) == 0
        if migrates or is_first_start:
            _upgrade(database)
        check_schema(database)
        yield database
    finally:
        database.close()


def _upgrade(database: Database) -> None:
    import logging

    from signoff.ledger.migrate import upgrade

    for name in upgrade(database, now=now_ms()):
        logging.getLogger("signoff").info("migration %s applied", name)
