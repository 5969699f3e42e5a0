"""These tests need the group `browser` and the system's chromium: `uv run poe browser`.

Every test is told in the end if a page has asked another host than its own, or if the browser had anything to complain
of: what the policy of a page forbids, an error of a script.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_world import WAIT_MS, Site, serving
from ledger_databases import migrated_database
from playwright.sync_api import Browser, expect, sync_playwright
from use_case_worlds import Clock, make_world

from signoff.app.world import World
from signoff.ledger.database import Database

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-screenshots", action="store_true", help="Write the pictures of docs/images anew.")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("SIGNOFF_TEST_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        pytest.fail("No browser is installed: apt-get install chromium, or set SIGNOFF_TEST_BROWSER to one.")
    expect.set_options(timeout=WAIT_MS)
    # A browser's own sandbox does not run for root.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def database(signoff_dir: Path) -> Iterator[Database]:
    with migrated_database(signoff_dir, None) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    """Stands where the real one stood: commands in processes of their own look at that."""
    clock = Clock()
    clock.now = int(time.time() * 1000)
    return clock


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return make_world(database, clock)


@pytest.fixture
def site(world: World, clock: Clock, chromium: Browser) -> Iterator[Site]:
    with serving(world) as url:
        site = Site(url, world, clock, chromium)
        try:
            yield site
            site.check()
        finally:
            for context in site.contexts:
                context.close()


@pytest.fixture(scope="session")
def updates_screenshots(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-screenshots"))
