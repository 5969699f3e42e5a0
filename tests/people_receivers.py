"""Receivers of notices on loopback: a mail server, Slack's Web API, Linear's GraphQL API, and one that hangs.

They keep what a real one keeps, and refuse what a real one refuses, as far as signoff can tell the difference.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from processes import until

TOKEN, TEAM = "xoxb-secret-token", "6a1b2c3d-0000-4000-8000-0123456789ab"


A = TypeVar("A", "FakeSlack", "FakeLinear")


@dataclass
class Mailbox:
    """`refusals` are answers for the first messages in place of taking them."""

    refusals: list[str] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        self.recipients.append(list(envelope.rcpt_tos))
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"

    def await_mails(self, count: int) -> list[Message]:
        return until(lambda: self.mails if len(self.mails) >= count else None, f"{count} mails")


@contextmanager
def take_mail(*refusals: str, password: str | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """With a password, nobody may send without it; with a certificate, nobody in the clear."""
    mailbox = Mailbox(list(refusals))

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and given.password == (password or "").encode()
        mailbox.users.append(given.login.decode() if isinstance(given, LoginPassword) else "?")
        return AuthResult(success=is_right, handled=is_right)

    needs_it: dict[str, Any] = {"auth_required": True, "auth_require_tls": tls is not None, "authenticator": check}
    needs_tls: dict[str, Any] = {} if tls is None else {"tls_context": tls, "require_starttls": True}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), **(needs_it if password else {}), **needs_tls
    )
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass
class FakeSlack:
    """`answers` come in place of the first calls: a status, or the error of an `ok: false`."""

    answers: list[int | str] = field(default_factory=list)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, headers: Mapping[str, str], document: dict[str, Any]) -> tuple[int, Any]:
        method = path.rpartition("/")[2]
        self.calls.append((method, document))
        if self.answers:
            first = self.answers.pop(0)
            return (first, {}) if isinstance(first, int) else (200, {"ok": False, "error": first})
        if headers["authorization"] != f"Bearer {TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        if method == "chat.postMessage":
            ts = f"1700000000.{len(self.messages):06d}"
            self.messages[ts] = document
            return 200, {"ok": True, "channel": "C0123456789", "ts": ts}
        if document["ts"] not in self.messages or document["channel"] != "C0123456789":
            return 200, {"ok": False, "error": "message_not_found"}
        self.messages[document["ts"]] = document
        return 200, {"ok": True, "channel": document["channel"], "ts": document["ts"]}


@dataclass
class FakeLinear:
    """`answers` are statuses in place of the first answers; what was asked has been done all the same."""

    answers: list[int] = field(default_factory=list)
    issues: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def answer(self, path: str, headers: Mapping[str, str], document: dict[str, Any]) -> tuple[int, Any]:
        if headers["authorization"] != TOKEN:
            return 401, {"errors": [{"message": f"{headers['authorization']} is not a key"}]}
        told = self._run(document["query"], document["variables"])
        if "mutation" in document["query"] and self.answers:
            return self.answers.pop(0), {}
        return 200, told

    def _run(self, query: str, given: dict[str, Any]) -> dict[str, Any]:
        made = given.get("input", {})
        if "issueCreate" in query:
            return self._add(self.issues, "issueCreate", {**made, "state": "todo"}, made["teamId"] == TEAM)
        if "commentCreate" in query:
            return self._add(self.comments, "commentCreate", made, made["issueId"] in self.issues)
        if "issueUpdate" in query:
            self.issues[given["id"]]["state"] = made["stateId"]
            return {"data": {"issueUpdate": {"success": True}}}
        if "issues(" in query:
            return {"data": {"issues": {"nodes": [{"id": given["id"]}] if given["id"] in self.issues else []}}}
        if "comments(" in query:
            return {"data": {"comments": {"nodes": [{"id": given["id"]}] if given["id"] in self.comments else []}}}
        states = [("archived", "completed", 9.5), ("called-off", "canceled", 4), ("done", "completed", 3)]
        nodes = [{"id": name, "type": kind, "position": position} for name, kind, position in states]
        return {"data": {"issue": {"team": {"states": {"nodes": nodes}}}}}

    def _add(self, into: dict[str, Any], name: str, made: dict[str, Any], is_known: bool) -> dict[str, Any]:
        if made["id"] in into or not is_known:
            return {"errors": [{"message": "Entity already exists" if is_known else "Entity not found"}]}
        into[made["id"]] = made
        return {"data": {name: {"success": True}}}


@contextmanager
def serve_api(api: A) -> Iterator[A]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told = api.answer(self.path, headers, document)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """The tests look at what is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield api
        server.shutdown()
        thread.join()


@dataclass
class Hanging:
    """Takes connections and never answers; `held` are those that wait for it."""

    held: list[socket.socket] = field(default_factory=list)
    url: str = ""


@contextmanager
def hang() -> Iterator[Hanging]:
    hanging = Hanging()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hanging.url = f"http://127.0.0.1:{listener.getsockname()[1]}/never"

        def accept() -> None:
            with suppress(OSError):
                while True:
                    hanging.held.append(listener.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield hanging
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for held in hanging.held:
                held.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
