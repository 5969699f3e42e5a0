"""Ledgers for tests: on the directory of an embedded one, or on Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signoff.ledger.database import Database, Session, transaction
from signoff.ledger.migrate import upgrade
from signoff.ledger.postgres import PostgresDatabase
from signoff.ledger.sqlite import SqliteDatabase

T0 = 1_767_225_600_000
"""The instant at which most tests begin, in epoch milliseconds."""

TABLES = (
    "intents",
    "runs",
    "run_steps",
    "artifacts",
    "human_gates",
    "human_interactions",
    "audit_entries",
    "audit_heads",
    "delegations",
    "links",
    "outbox",
    "deliveries",
    "principals",
    "sessions",
    "resumptions",
    "tokens",
    "workers",
)


def database_at(directory: Path, url: str | None) -> Database:
    return SqliteDatabase(directory) if url is None else PostgresDatabase(url, is_pooled=True)


@contextmanager
def migrated_database(directory: Path, url: str | None) -> Iterator[Database]:
    database = database_at(directory, url)
    try:
        upgrade(database, now=T0)
        yield database
    finally:
        database.close()


def run_sql(database: Database, *statements: str) -> None:
    """What somebody with access to the database could do behind the ledger's back."""
    with transaction(database, database.begin_write) as session:
        for statement in statements:
            session.connection.execute(statement)


def query_sql(database: Database, statement: str) -> list[dict[str, Any]]:
    with transaction(database, database.begin_read) as session:
        return [dict(row) for row in session.connection.execute(statement).fetchall()]


def dump(database: Database, *tables: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of these tables (of all of them without a name), in an order that does not depend on their writing."""
    with transaction(database, database.begin_read) as session:
        return {table: _rows(session, table) for table in tables or TABLES}


def _rows(session: Session, table: str) -> list[dict[str, Any]]:
    found = [dict(row) for row in session.connection.execute(f"SELECT * FROM app.{table}").fetchall()]
    return sorted(found, key=repr)


def drop_append_only(database: Database) -> None:
    """What a forger with the rights of the owner does first."""
    if database.dialect == "postgres":
        run_sql(
            database,
            "DROP TRIGGER audit_entries_append_only ON app.audit_entries",
            "DROP TRIGGER human_interactions_append_only ON app.human_interactions",
        )
    else:
        tables, changes = ("audit_entries", "human_interactions"), ("update", "delete")
        run_sql(database, *(f"DROP TRIGGER app.{table}_no_{change}" for table in tables for change in changes))
