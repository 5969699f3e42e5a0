"""Databases and directories for tests.

    postgres_server   one Postgres a session, as an administrator's URL
    new_database      makes a fresh, empty database and returns its URL; each is dropped when the test ends
    postgres_url      one such database
    empty_url         the test runs twice: None (the embedded default, SQLite), and one such database
    database_url      the same, but on Postgres the ledger's tables are there already
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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import settings
from ledger_databases import migrated_database
from measured import IS_MEASURED, measure_imports, measure_no_process, measure_test

from signoff.errors import MissingProgramError
from signoff.ledger import embedded_postgres
from signoff.ledger.embedded_postgres import EmbeddedPostgres

BROWSER = Path(__file__).parent / "browser"
SIMULATION = Path(__file__).parent / "simulation"
#: Where files are kept in memory. To create a database there takes a tenth of the time; not everybody has enough of it.
IN_MEMORY = Path("/dev/shm")
IN_MEMORY_BYTES_MIN = 4 << 30


# Measured lines run at half the speed, and half the examples reach the same ones; `pytest` by itself draws them all.
settings.register_profile("measured", settings.get_profile("ci"), max_examples=40)
if IS_MEASURED:
    settings.load_profile("measured")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or not config.getoption("numprocesses"):
        measure_imports()
        measure_no_process()
        _keep_postgres_in_memory()
    _take_interrupts()


def _keep_postgres_in_memory() -> None:
    """Every server that need not be durable, where root runs the tests; others' are beside the tests' own files."""
    if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= IN_MEMORY_BYTES_MIN:
        embedded_postgres.ROOTS_THROWAWAY_PLACE = IN_MEMORY


def _take_interrupts() -> None:
    """What a shell started in the background ignores Ctrl-C, and so would every program that tests press it for."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What needs a browser is collected where it is named: `pytest tests/browser`."""
    named = {(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args}
    is_named = any(path == BROWSER or BROWSER in path.parents for path in named)
    return True if collection_path == BROWSER and not is_named else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file of few tests begins first: a run ends with its last file, which others cannot help with."""
    items.sort(key=lambda item: SIMULATION not in item.path.parents)


def pytest_runtest_setup(item: pytest.Item) -> None:
    measure_test(item.path)


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


NewDatabase = Callable[[str], str]
"""From a template, whose name is given, to the URL of its copy."""

EMPTY = "template1"


@contextmanager
def _databases(server: str) -> Iterator[NewDatabase]:
    with psycopg.connect(server, autocommit=True) as admin, ExitStack() as drops:

        def make(template: str) -> str:
            name = f"signoff_test_{secrets.token_hex(8)}"
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
            drops.callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
            return urlsplit(server)._replace(path=f"/{name}").geturl()

        yield make


@pytest.fixture
def copies(postgres_server: str) -> Iterator[NewDatabase]:
    with _databases(postgres_server) as make:
        yield make


@pytest.fixture
def new_database(copies: NewDatabase) -> Callable[[], str]:
    return lambda: copies(EMPTY)


@pytest.fixture
def postgres_url(copies: NewDatabase) -> str:
    return copies(EMPTY)


@pytest.fixture(scope="session")
def empty_ledger(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database that was migrated: to copy it takes a third of the time that migrating one takes."""
    with _databases(postgres_server) as make:
        url = make(EMPTY)
        with migrated_database(tmp_path_factory.mktemp("template"), url):
            pass
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    copies: NewDatabase = request.getfixturevalue("copies")
    return copies(request.getfixturevalue("empty_ledger"))


@pytest.fixture
def signoff_dir(tmp_path: Path) -> Path:
    return tmp_path / ".signoff"
