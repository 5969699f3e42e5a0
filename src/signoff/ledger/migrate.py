"""Numbered migrations, applied in order, each once. What is missing is applied in one transaction, so that nobody ever
sees a ledger between two versions: neither a process that starts at the same moment nor one after a crash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from signoff.errors import SchemaVersionError
from signoff.ledger.database import Connection, Database, Session, transaction

_TABLE = """
CREATE TABLE IF NOT EXISTS app.schema_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)
"""


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(dialect: str) -> list[Migration]:
    files = sorted((Path(__file__).parent / "migrations" / dialect).glob("*.sql"))
    return [Migration(int(file.stem.split("_", 1)[0]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def schema_version(database: Database) -> int:
    """0 where no migration was ever applied."""
    with transaction(database, database.begin_read) as session:
        return _version(session)


def check_schema(database: Database) -> None:
    """
    Raises:
        SchemaVersionError: the ledger is older or newer than this program, with what to do; or (`schema-edited`) it was
        made by other migrations than this program's.
    """
    known = migrations(database.dialect)
    with transaction(database, database.begin_read) as session:
        found = _version(session)
        _check_unedited(session, known)
    wanted = known[-1].version
    if found < wanted:
        raise SchemaVersionError(
            f"The ledger's schema is version {found}, this program needs {wanted}. Run: signoff db upgrade",
            details={"found": found, "wanted": wanted},
        )
    if found > wanted:
        raise SchemaVersionError(
            f"The ledger's schema is version {found}, newer than the {wanted} that this program knows. "
            "Upgrade signoff on this machine.",
            details={"found": found, "wanted": wanted},
        )


def upgrade(database: Database, *, now: int) -> list[str]:
    """Apply what is missing; the names of what was applied.

    Raises:
        SchemaVersionError: (`schema-edited`) a migration is not what it was when it was applied.
    """
    known = migrations(database.dialect)
    with transaction(database, database.begin_write) as session:
        database.prepare(session.connection)
        _check_unedited(session, known)
        found = _version(session)
        missing = [migration for migration in known if migration.version > found]
        for migration in missing:
            _apply(database, session.connection, migration, now)
    return [migration.name for migration in missing]


def _check_unedited(session: Session, known: list[Migration]) -> None:
    if not _has_table(session):
        return
    rows = session.connection.execute("SELECT version, sha256 FROM app.schema_migrations").fetchall()
    applied = {row["version"]: row["sha256"] for row in rows}
    for migration in known:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise SchemaVersionError(
                f"The ledger was made by another migration {migration.name} than the one in this program. Use the "
                "program that made it, or begin a new ledger.",
                code="schema-edited",
                details={"migration": migration.name},
            )


def _has_table(session: Session) -> bool:
    found = session.one("schema_table")
    return found is not None and bool(found["found"])


def _version(session: Session) -> int:
    if not _has_table(session):
        return 0
    row = session.connection.execute("SELECT MAX(version) AS version FROM app.schema_migrations").fetchone()
    return int(row["version"] or 0)


def _apply(database: Database, connection: Connection, migration: Migration, now: int) -> None:
    database.script(connection, _TABLE + ";\n" + migration.sql)
    # Our own text: a number, a file name and a digest.
    connection.execute(
        "INSERT INTO app.schema_migrations (version, name, sha256, applied_at) "  # noqa: S608
        f"VALUES ({migration.version}, '{migration.name}', '{migration.sha256}', {now})"
    )
