from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graph_places import Effects, Place, Saver

import signoff


@pytest.fixture
def place(tmp_path: Path, database_url: str | None) -> Place:
    """With the threads in the ledger's kind of database."""
    return Place(tmp_path, database_url)


@pytest.fixture
def client(place: Place) -> Iterator[signoff.Client]:
    with place.connect() as client:
        yield client


@pytest.fixture
def checkpoints(place: Place) -> Iterator[Saver]:
    with place.checkpoints() as checkpoints:
        yield checkpoints


@pytest.fixture
def effects() -> Effects:
    return Effects()
