from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sdk_places import serving, settings_of, world_of

from signoff.app.world import World
from signoff.sdk.backend import Backend, open_backend
from signoff.settings import Settings


@pytest.fixture(params=["sqlite", "postgres", "server"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(kind: str, request: pytest.FixtureRequest, signoff_dir: Path) -> Iterator[World]:
    """What stands behind the place."""
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    with world_of(settings_of(signoff_dir, url)) as world:
        yield world


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, world: World, signoff_dir: Path) -> Iterator[Settings]:
    """The settings of an embedded ledger, of one on Postgres, and of a server."""
    with ExitStack() as stack:
        if kind == "server":
            yield settings_of(signoff_dir, url=stack.enter_context(serving(world)))
        else:
            yield settings_of(signoff_dir, request.getfixturevalue("postgres_url") if kind == "postgres" else None)


@pytest.fixture
def backend(place: Settings) -> Iterator[Backend]:
    with open_backend(place, actor="ada") as backend:
        yield backend
