"""Pages are told that something has changed, and no more than that; whoever is signed in no longer is told nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import httpx
import pytest
from inbox_world import form_of, make_known, page_of
from use_case_worlds import Clock, open_one, say

from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.disable_principal import disable_principal
from signoff.app.world import World
from signoff.inbox.site import add_inbox


@pytest.fixture
def live(world: World) -> Iterator[httpx.Client]:
    """The app in a server of its own thread, and a browser's client of it."""
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    add_inbox(app)
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
    assert not thread.is_alive(), "the process ends however many pages are open"


def changed(lines: Iterator[str]) -> str:
    """The next event, however often the stream says before that it is still there."""
    return next(line for line in lines if line.startswith("event:"))


def test_a_page_is_told_of_its_own_workflow_and_the_list_of_all(live: httpx.Client, world: World) -> None:
    open_one(world)
    with live.stream("GET", "/live") as every, live.stream("GET", "/live?workflowID=wf-1") as own:
        assert every.headers["content-type"].startswith("text/event-stream")
        of_all, of_one = every.iter_lines(), own.iter_lines()
        assert [next(of_all), next(of_one)] == ["retry: 2000"] * 2
        open_one(world, workflow_id="wf-2")
        assert changed(of_all) == "event: changed"
        say(world)
        assert changed(of_one) == "event: changed"
        told = next(line for line in of_one if line.startswith("data:"))
        assert told.removeprefix("data: ").isdecimal()


def test_what_changed_between_the_page_and_its_stream_is_told_too(live: httpx.Client, world: World) -> None:
    open_one(world)
    page = page_of(live.get("/gates/wf-1/go-live"))
    [stream_path] = [str(given["sse-connect"]) for _, given in page.tags if "sse-connect" in given]
    open_one(world, workflow_id="wf-2")
    say(world)
    with live.stream("GET", stream_path) as stream:
        assert changed(stream.iter_lines()) == "event: changed"
    with live.stream("GET", stream_path, headers={"Last-Event-ID": "3"}) as again:
        lines = again.iter_lines()
        assert [next(lines), next(lines), next(lines)] == ["retry: 2000", "", ": still here"]


def test_a_stream_ends_with_the_session(live: httpx.Client, world: World, clock: Clock) -> None:
    token = make_known(world, "ada")
    assert live.get("/live").status_code == 204
    csrf = form_of(live.get("/sign-in"), "/sign-in").value("csrf")
    assert live.post("/sign-in", data={"csrf": csrf, "token": token}).status_code == 303
    with live.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        disable_principal(world, name="ada", actor="operator")
        rest = [line for line in lines if line.startswith("event:")]
    assert rest == ["event: changed"], "so that the page asks again, and is sent to the sign-in"
