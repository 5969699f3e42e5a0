"""A browser without JavaScript: keeps cookies, follows no redirect by itself, sends the forms that pages have."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.world import World

BASE_URL = "http://127.0.0.1:8700"


@dataclass
class PageForm:
    """`values` are what would be sent if nothing was filled in; buttons send nothing."""

    method: str
    action: str
    values: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[dict[str, str | None]] = field(default_factory=list)

    def value(self, name: str) -> str:
        return dict(self.values)[name]


class _Page(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[PageForm] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._select: tuple[str, str | None] | None = None
        self._area: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "form":
            path = urlsplit(urljoin(self.url, given.get("action") or self.url)).path
            self.forms.append(PageForm((given.get("method") or "get").upper(), path))
        elif tag == "input" and self.forms and given.get("name"):
            is_sent = given.get("type") not in ("radio", "checkbox") or "checked" in given
            if is_sent:
                self._add(str(given["name"]), given.get("value") or "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(given)
        elif tag == "select":
            self._select = (str(given["name"]), None)
        elif tag == "option" and self._select and (self._select[1] is None or "selected" in given):
            self._select = (self._select[0], given.get("value") or "")
        elif tag == "textarea":
            self._area = (str(given["name"]), "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area = (self._area[0], self._area[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select:
            self._add(self._select[0], self._select[1] or "")
            self._select = None
        elif tag == "textarea" and self._area:
            self._add(*self._area)
            self._area = None

    def _add(self, name: str, value: str) -> None:
        self.forms[-1].values.append((name, value))


def page_of(answer: httpx.Response) -> _Page:
    page = _Page(str(answer.request.url))
    page.feed(answer.text)
    return page


def form_of(answer: httpx.Response, action: str) -> PageForm:
    """The one form of a page whose action ends so."""
    [form] = [one for one in page_of(answer).forms if one.action.endswith(action) and one.method == "POST"]
    return form


class Inbox:
    """The app, and browsers that look at it."""

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self.app = app
        self.portal = portal

    def browser(self, base_url: str = BASE_URL) -> Browser:
        return Browser(self, base_url)


class Browser:
    def __init__(self, inbox: Inbox, base_url: str) -> None:
        transport = httpx.ASGITransport(inbox.app, raise_app_exceptions=False)
        self._portal = inbox.portal
        self.client = httpx.AsyncClient(transport=transport, base_url=base_url, timeout=60)
        self._origin = base_url

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, values: Any, **options: Any) -> httpx.Response:
        """As a page of ours sends a form, unless `headers` say otherwise."""
        pairs = list(values.items()) if isinstance(values, dict) else list(values)
        body = str(httpx.QueryParams(pairs)).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self._origin,
            "Sec-Fetch-Site": "same-origin",
            **options.pop("headers", {}),
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        return self.send("POST", path, content=body, headers=sent, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self._portal.call(lambda: self.client.request(method, path, **options))

    def submit(self, page: httpx.Response, action: str, *, button: str | None = None, **filled: Any) -> httpx.Response:
        """Fill in a form of a page and send it. A list fills a name several times; `button` is a name to send."""
        form = form_of(page, action)
        kept = [(name, value) for name, value in form.values if name not in filled]
        new = [(n, one) for n, value in filled.items() for one in (value if isinstance(value, list) else [value])]
        path = form.action
        if button is not None:
            [pressed] = [one for one in form.buttons if one.get("name") == button]
            new.append((button, str(pressed.get("value"))))
            path = str(pressed.get("formaction") or path)
        return self.post(path, [*kept, *new])

    def follow(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])

    def sign_in(self, token: str) -> httpx.Response:
        answer = self.submit(self.get("/sign-in"), "/sign-in", token=token)
        assert answer.status_code == 303, answer.text
        return answer

    def answer(self, path: str, choice: str, **filled: Any) -> httpx.Response:
        """From the gate's page over the confirmation to what comes of it."""
        confirmation = self.submit(self.get(path), "/confirm", choice=choice, **filled)
        assert confirmation.status_code == 200, confirmation.text
        return self.submit(confirmation, "/reply")


def make_known(world: World, name: str, *roles: str) -> str:
    """The token of a new principal."""
    add_principal(world, name=name, roles=roles, actor="operator")
    return create_token(world, name=name, actor="operator")[1]
