"""Sync: a real server that takes events, or does anything else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mission_places import SLUG, move, new_place

from signoff import http_exchange
from signoff.missions.lane import Lane
from signoff.runners.mission import sync
from signoff.runners.mission.place import MissionPlace
from signoff.runners.mission.sync import SyncTarget, send_unsent, unsent_events


@dataclass
class Receiver:
    """Answers every POST so; `got` is what it was sent."""

    status: int = 200
    body: bytes = b"{}"
    got: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    @contextmanager
    def listening(self, port: int = 0) -> Iterator[str]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                receiver.tokens.append(self.headers["authorization"])
                self.send_response(receiver.status)
                self.send_header("content-length", str(len(receiver.body)))
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/events"
            finally:
                server.shutdown()
                thread.join()

    @property
    def ids(self) -> list[str]:
        return [event["event_id"] for document in self.got for event in document["events"]]


@contextmanager
def odd_server(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does this with whoever connects, once."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/events"
        finally:
            thread.join()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no slow target."""
    monkeypatch.setattr(sync, "SYNC_S_MAX", 60.0)


@pytest.fixture
def place(tmp_path: Path) -> MissionPlace:
    place = new_place(tmp_path)
    for number in (1, 2, 3):
        move(place, f"WP{number:02}", Lane.PLANNED)
    return place


def target(place: MissionPlace, url: str, token: str | None = None) -> SyncTarget:
    return SyncTarget(url, token, place.checkout.root / "state")


def told(place: MissionPlace, url: str) -> list[tuple[str, str]]:
    """What went wrong, and in which phase; none of it is ever fatal, or told twice."""
    diagnostics = [one.to_wire() for one in send_unsent(place, target(place, url))]
    for one in diagnostics:
        assert set(one) == {"severity", "diagnostic_code", "message", "fatal", "sync_phase"}
        assert (one["severity"], one["fatal"]) == ("warning", False)
    assert len(diagnostics) == len({tuple(one.items()) for one in diagnostics})
    return [(one["diagnostic_code"], one["sync_phase"]) for one in diagnostics]


def test_events_are_sent_once_in_their_order_and_later_ones_when_they_come(place: MissionPlace) -> None:
    receiver = Receiver()
    with receiver.listening() as url:
        assert told(place, url) == []
        assert told(place, url) == []
        later = move(place, "WP01", Lane.CLAIMED).event
        assert send_unsent(place, target(place, url, "secret")) == []
    logged = [json.loads(line) for line in place.log.read_text().splitlines()]
    assert [event for document in receiver.got for event in document["events"]] == logged
    assert [len(document["events"]) for document in receiver.got] == [3, 1]
    assert receiver.ids[-1] == later.event_id
    assert {(one["mission_id"], one["mission_slug"]) for one in receiver.got} == {("01KAJ2V3Q4R5S6T7V8W9X0Y1Z2", SLUG)}
    assert receiver.tokens == [None, "Bearer secret"]


def test_many_events_are_sent_some_at_a_time(place: MissionPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "EVENTS_AT_ONCE", 2)
    receiver = Receiver(204, b"")
    with receiver.listening() as url:
        assert told(place, url) == []
    assert [len(document["events"]) for document in receiver.got] == [2, 1]


def test_certificates_that_cannot_be_read_are_said_and_break_nothing(
    place: MissionPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    http_exchange._certificates.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    assert told(place, "https://127.0.0.1:9/events") == [("SYNC_TARGET_UNREACHABLE", "send")]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (503, b"{}", "SYNC_TARGET_REFUSED"),
        (401, b"", "SYNC_TARGET_REFUSED"),
        (302, b"", "SYNC_TARGET_REFUSED"),
        (200, b"<html>Sign in</html>", "SYNC_ANSWER_NOT_UNDERSTOOD"),
        (200, b"[]", "SYNC_ANSWER_NOT_UNDERSTOOD"),
        (200, b"{" + b" " * 70_000 + b"}", "SYNC_ANSWER_NOT_UNDERSTOOD"),
    ],
)
def test_what_is_refused_or_not_understood_is_kept_and_sent_when_it_can_be(
    place: MissionPlace, status: int, body: bytes, code: str
) -> None:
    receiver = Receiver(status, body)
    with receiver.listening() as url:
        assert told(place, url) == [(code, "send")]
        assert len(unsent_events(place, target(place, url))) == 3
        receiver.status, receiver.body = 200, b""
        assert told(place, url) == []
        assert unsent_events(place, target(place, url)) == []
    assert receiver.ids[3:] == receiver.ids[:3]


def test_a_target_that_is_down_gets_its_events_when_it_is_back(place: MissionPlace) -> None:
    receiver = Receiver()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert told(place, f"http://127.0.0.1:{port}/events") == [("SYNC_TARGET_UNREACHABLE", "send")]
    with receiver.listening(port) as url:
        assert told(place, url) == []
    assert len(receiver.ids) == 3


def test_what_speaks_no_http_is_told(place: MissionPlace) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example ESMTP\r\n")
        connection.shutdown(socket.SHUT_WR)
        # Until whoever asked has read it and left: closing on an unread request would cut the greeting off.
        with suppress(ConnectionError):
            while connection.recv(65_536):
                pass

    with odd_server(greet) as url:
        assert told(place, url) == [("SYNC_ANSWER_NOT_UNDERSTOOD", "send")]


def test_a_target_that_never_answers_is_left_when_its_time_is_over(
    place: MissionPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "SYNC_S_MAX", 0.3)
    done = threading.Event()
    with odd_server(lambda _: done.wait(60)) as url:
        assert told(place, url) == [("SYNC_TARGET_SLOW", "send")]
        done.set()


def test_a_target_that_answers_a_byte_at_a_time_is_left_when_its_time_is_over(
    place: MissionPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "SYNC_S_MAX", 0.5)
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")
        with suppress(ConnectionError):
            while not done.wait(0.05):
                connection.sendall(b" ")

    with odd_server(drip) as url:
        assert told(place, url) == [("SYNC_TARGET_SLOW", "send")]
        done.set()


def test_where_it_cannot_be_noted_what_was_sent_that_is_told(place: MissionPlace) -> None:
    (place.checkout.root / "state").write_text("no folder")
    receiver = Receiver()
    with receiver.listening() as url:
        assert told(place, url) == [("SYNC_RECORD_NOT_KEPT", "record")]
        (place.checkout.root / "state").unlink()
        record = target(place, url).record_of(place)
        record.mkdir(parents=True)
        assert told(place, url) == [("SYNC_RECORD_NOT_KEPT", "collect")]


def test_another_target_was_sent_nothing_yet(place: MissionPlace) -> None:
    one, other = Receiver(), Receiver()
    with one.listening() as first, other.listening() as second:
        assert told(place, first) == told(place, second) == []
    assert one.ids == other.ids
