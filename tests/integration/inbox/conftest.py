from __future__ import annotations

from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from inbox_world import Browser, Inbox
from ledger_databases import migrated_database
from use_case_worlds import Clock, make_world

from signoff.api.server import create_app
from signoff.app.world import World
from signoff.inbox.site import add_inbox
from signoff.ledger.database import Database


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """SQLite: what the inbox asks of a ledger is tried on both databases beside it."""
    with migrated_database(tmp_path_factory.mktemp("ledger"), None) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return make_world(database, clock)


@pytest.fixture
def inbox(world: World) -> Iterator[Inbox]:
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    add_inbox(app)
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Inbox(app, portal)


@pytest.fixture
def browser(inbox: Inbox) -> Browser:
    """Somebody who looks while the server is open."""
    return inbox.browser()
