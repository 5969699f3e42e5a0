from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sdk_places import serving, settings_of, world_of

from signoff.sdk.backend import Backend, open_backend
from signoff.settings import Settings


@pytest.fixture(params=["sqlite", "postgres", "server"])
def place(request: pytest.FixtureRequest, signoff_dir: Path) -> Iterator[Settings]:
    """The settings of an embedded ledger, of one on Postgres, and of a server."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    settings = settings_of(signoff_dir, url)
    with ExitStack() as stack:
        world = stack.enter_context(world_of(settings))
        if request.param == "server":
            settings = settings_of(signoff_dir, url=stack.enter_context(serving(world)))
        yield settings


@pytest.fixture
def backend(place: Settings) -> Iterator[Backend]:
    with open_backend(place, actor="ada") as backend:
        yield backend
