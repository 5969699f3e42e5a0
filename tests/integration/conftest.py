"""A world of the use cases on each database, with a clock that stands until a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_databases import migrated_database
from use_case_worlds import Clock, make_world

from signoff.app.world import World
from signoff.ledger.database import Database


@pytest.fixture
def database(database_url: str | None, signoff_dir: Path) -> Iterator[Database]:
    with migrated_database(signoff_dir, database_url) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return make_world(database, clock)
