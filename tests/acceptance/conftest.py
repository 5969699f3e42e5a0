"""One server a database for each file, for tests that need no process of their own. Until the session's end it would
look after the queues of all its tests' runs, for as long as every other test takes.

place      a ledger on SQLite, and one on Postgres
server     `signoff up` on it, with the environment names that operators of the labs use
second     another API process on the same ledger
own_place  a ledger of the test's own, on either database
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from processes import Place, Server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp(str(request.param)) / ".signoff"
    if request.param == "sqlite":
        yield Place(directory)
        return
    server_url: str = request.getfixturevalue("postgres_server")
    name = f"signoff_test_{secrets.token_hex(8)}"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield Place(directory, urlsplit(server_url)._replace(path=f"/{name}").geturl())
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """Whatever the tests have done to it, its ledger is sound when it ends, and it ends cleanly."""
    environ = {
        "OC_MODE": "replay",
        "SBX_MODE": "mock",
        "SBX_QUEUE_PARTITION": "true",
        "PORT": str(free_port()),
        "ADMIN_PORT": str(free_port()),
    }
    with place.start("up", environ=environ) as server:
        assert server.url == f"http://127.0.0.1:{environ['PORT']}"
        yield server
        assert server.stop() == 0
    place.check_by_command()


@pytest.fixture(scope="module")
def second(place: Place, server: Server) -> Iterator[Server]:
    with place.start("api") as second:
        yield second
        assert second.stop() == 0


@pytest.fixture
def own_place(signoff_dir: Path, database_url: str | None) -> Place:
    """A ledger of the test's own, on either database."""
    return Place(signoff_dir, database_url)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
