from __future__ import annotations

from pathlib import Path

import pytest
from cli_shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def any_shell(tmp_path: Path, database_url: str | None) -> Shell:
    """The same on SQLite and on Postgres."""
    return Shell(tmp_path, database_url)


@pytest.fixture
def bare_shell(tmp_path: Path, empty_url: str | None) -> Shell:
    """Where there is no ledger yet."""
    return Shell(tmp_path, empty_url)
