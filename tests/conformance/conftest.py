"""The suite asks for a fixture `ledger` (ports `Ledger` and `Outbox`, empty) and nothing else: another store is put
through it by overriding that fixture. What is about SQL asks for `database`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_databases import migrated_database

from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger


@pytest.fixture
def database(database_url: str | None, signoff_dir: Path) -> Iterator[Database]:
    with migrated_database(signoff_dir, database_url) as database:
        yield database


@pytest.fixture
def ledger(database: Database) -> SqlLedger:
    return SqlLedger(database)
