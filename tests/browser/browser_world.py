"""The inbox in a real browser: a server in this process, people with browsers of their own, and what they all did."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from inbox_world import make_known
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from use_case_worlds import Clock

from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.world import World
from signoff.inbox.site import add_inbox

WAIT_MS = 30_000
"""How long a browser waits for what it was told to see, before it says that it never came."""


@dataclass
class Site:
    """One server, and everything that browsers have asked and complained of. Whoever looks is a `person`."""

    url: str
    world: World
    clock: Clock
    chromium: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def person(self, **options: Any) -> Page:
        """A page in a browser of its own, with cookies of its own, that has looked at nothing yet."""
        context = self.chromium.new_context(base_url=self.url, **options)
        self.contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        context.on("request", self._note_request)
        context.on("console", self._note_message)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context.new_page()

    def known(self, name: str, *roles: str, **options: Any) -> Page:
        """The same, signed in with a token."""
        token = make_known(self.world, name, *roles)
        page = self.person(**options)
        sign_in(page, token)
        return page

    def check(self) -> None:
        """Nobody was asked but this server, and no browser has found anything wrong."""
        asked = {urlsplit(url).netloc for url in self.requests}
        assert asked == {urlsplit(self.url).netloc}, asked
        assert not self.complaints, self.complaints

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        # A page that says that something was refused has the status of a refusal, which browsers note; and htmx notes
        # that a stream of events has ended, as it does with the session.
        is_known = message.text.startswith("Failed to load resource: the server responded with a status of 4")
        if message.type in ("error", "warning") and not is_known and message.text != "[object Event]":
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


def sign_in(page: Page, token: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Sign out").wait_for()


@contextmanager
def serving(world: World) -> Iterator[str]:
    """The app in a thread of its own; its URL."""
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    add_inbox(app)
    ready: queue.Queue[str] = queue.Queue()
    ending = threading.Event()
    options = {"host": "127.0.0.1", "port": 0, "on_ready": ready.put, "ending": ending}
    thread = threading.Thread(target=serve, args=(app,), kwargs=options)
    thread.start()
    try:
        yield ready.get(timeout=60)
    finally:
        ending.set()
        thread.join(timeout=60)
    assert not thread.is_alive(), "the server ends however many pages are open"
