"""An inbox beside a provider, and somebody who goes there and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from inbox_world import Browser, Inbox, page_of
from ledger_databases import dump
from openid_provider import CLIENT_ID, LocalProvider

from signoff.api.server import create_app
from signoff.app.world import World
from signoff.inbox.openid.client import Client
from signoff.inbox.openid.provider import Provider
from signoff.inbox.site import add_inbox
from signoff.ledger.database import Database

#: Nobody waits so long, but for the answer that never comes.
TIMEOUT_S = 60.0


@contextmanager
def inbox_beside(
    local: LocalProvider,
    world: World,
    *,
    claim: str = "preferred_username",
    timeout_s: float = TIMEOUT_S,
    public_url: str | None = None,
) -> Iterator[Inbox]:
    client = Client(local.issuer, CLIENT_ID, local.secret, claim)
    provider = Provider(client, local.clock, timeout_s=timeout_s)
    app = create_app(world, version="0", database="sqlite", host="127.0.0.1", public_url=public_url)
    add_inbox(app, public_url=public_url, provider=provider)
    with start_blocking_portal("asyncio") as portal:
        yield Inbox(app, portal)


def leave(browser: Browser, local: LocalProvider, path: str = "/") -> str:
    """From the sign-in to the provider; the path by which it sends back."""
    page = browser.get("/sign-in", params={"next": path})
    [href] = [str(one["href"]) for tag, one in page_of(page).tags if tag == "a" and "openid" in str(one.get("href"))]
    away = browser.get(href)
    assert away.status_code == 303, away.text
    return local.let_in(away.headers["location"])


def come_in(browser: Browser, local: LocalProvider, path: str = "/") -> httpx.Response:
    return browser.get(leave(browser, local, path))


def refusals(database: Database) -> list[dict[str, Any]]:
    return [one for one in dump(database, "audit_entries")["audit_entries"] if one["event"] == "access.refused"]
