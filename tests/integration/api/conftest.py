from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from api_world import Api

from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.world import World
from signoff.clock import new_ulid, now_ms
from signoff.ledger.migrate import upgrade
from signoff.ledger.sqlite import SqliteDatabase
from signoff.ledger.store import SqlLedger
from signoff.settings.policy_files import load_policy


class SettableClock:
    """The time, and how far the test has moved it on."""

    def __init__(self) -> None:
        self.moved_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.moved_ms


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def world(tmp_path: Path, clock: SettableClock) -> Iterator[World]:
    database = SqliteDatabase(tmp_path / "ledger")
    upgrade(database, now=now_ms())
    yield World(ledger=SqlLedger(database), clock=clock, new_id=new_ulid, policy=lambda: load_policy(None))
    database.close()


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield Api(app, portal)


@pytest.fixture
def unwatched_api(world: World) -> Iterator[Api]:
    """The app without its watcher, as a process is whose watcher has lost the ledger."""
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    with start_blocking_portal("asyncio") as portal:
        yield Api(app, portal)


@pytest.fixture
def live(world: World) -> Iterator[httpx.Client]:
    """The app in a server of its own thread, and a client of it."""
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    ready: queue.Queue[str] = queue.Queue()
    ending = threading.Event()
    options = {"host": "127.0.0.1", "port": 0, "on_ready": ready.put, "ending": ending}
    thread = threading.Thread(target=serve, args=(app,), kwargs=options)
    thread.start()
    try:
        with httpx.Client(base_url=ready.get(timeout=30), timeout=60) as client:
            yield client
    finally:
        ending.set()
        thread.join(timeout=30)
    assert not thread.is_alive()
