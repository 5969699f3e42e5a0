"""An empty Postgres database for as long as the tests of one module need it."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest


def new_database(request: pytest.FixtureRequest, stack: ExitStack) -> str:
    """Its URL; it is dropped when the stack is unwound."""
    server_url: str = request.getfixturevalue("postgres_server")
    name = f"signoff_test_{secrets.token_hex(8)}"
    admin = stack.enter_context(psycopg.connect(server_url, autocommit=True))
    admin.execute(f"CREATE DATABASE {name}".encode())
    stack.callback(admin.execute, f"DROP DATABASE {name} WITH (FORCE)".encode())
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()
