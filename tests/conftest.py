"""Databases and directories for tests.

    postgres_server   one Postgres a session, as an administrator's URL
    new_database      makes a fresh, empty database and returns its URL; each is dropped when the test ends
    postgres_url      one such database
    database_url      the test runs twice: None (the embedded default, SQLite), and a fresh database on Postgres
    signoff_dir       where a `.signoff` may be made

The server is, in this order: SIGNOFF_TEST_POSTGRES_URL; the wheel's Postgres; a system's. Without any, tests that need
one fail in CI and are skipped elsewhere.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from signoff.errors import MissingProgramError
from signoff.ledger.embedded_postgres import EmbeddedPostgres

BROWSER = Path(__file__).parent / "browser"


def pytest_configure() -> None:
    """What a shell started in the background ignores Ctrl-C, and so would every program that tests press it for."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What needs a browser is collected where it is named: `pytest tests/browser`."""
    named = {(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args}
    is_named = any(path == BROWSER or BROWSER in path.parents for path in named)
    return True if collection_path == BROWSER and not is_named else None


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("SIGNOFF_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server)
        except MissingProgramError as error:
            _do_without(error)
        stack.callback(shutil.rmtree, server.cluster)
        stack.callback(server.stop)
        yield url


def _do_without(error: MissingProgramError) -> None:
    reason = f"NOT TESTED ON POSTGRES: {error.message} Or set SIGNOFF_TEST_POSTGRES_URL."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def new_database(postgres_server: str) -> Iterator[Callable[[], str]]:
    with psycopg.connect(postgres_server, autocommit=True) as admin, ExitStack() as drops:

        def make() -> str:
            name = f"signoff_test_{secrets.token_hex(8)}"
            admin.execute(f"CREATE DATABASE {name}".encode())
            drops.callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
            return urlsplit(postgres_server)._replace(path=f"/{name}").geturl()

        yield make


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def signoff_dir(tmp_path: Path) -> Path:
    return tmp_path / ".signoff"
