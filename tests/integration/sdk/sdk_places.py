"""Where a client can be: at a ledger, or at a server that serves one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.settings import Settings, load


def settings_of(directory: Path, database_url: str | None = None, url: str | None = None) -> Settings:
    flags = {"dir": str(directory), "database_url": database_url, "url": url}
    return load(flags, {}, cwd=directory.parent)


@contextmanager
def serving(world: World, *, port: int = 0) -> Iterator[str]:
    """The URL of a real server on this world."""
    ready: queue.Queue[str] = queue.Queue()
    ending = threading.Event()
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")

    def run() -> None:
        serve(app, host="127.0.0.1", port=port, on_ready=ready.put, ending=ending)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ready.get(timeout=30)
    finally:
        ending.set()
        thread.join(30)


@contextmanager
def world_of(settings: Settings) -> Iterator[World]:
    with open_world(settings, is_server=True, migrates=True) as world:
        yield world


@dataclass
class Canned:
    """What a stranger's server answers, and the headers that it was sent."""

    status: int = 200
    body: bytes = b"{}"
    seen: dict[str, str] | None = None


@contextmanager
def stranger(canned: Canned) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            canned.seen = dict(self.headers.items())
            self.send_response(canned.status)
            self.send_header("Content-Length", str(len(canned.body)))
            self.end_headers()
            self.wfile.write(canned.body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def gate_body(key: str = "ship", workflow_id: str = "deploy-42", **more: Any) -> dict[str, Any]:
    prompt = {"title": "Ship it?", **more.pop("prompt", {})}
    return {"workflowId": workflow_id, "gateKey": key, "prompt": prompt, "ttlS": 3600, **more}


def reply_body(choice: str = "yes", dedupe_key: str = "ada-1", **more: Any) -> dict[str, Any]:
    return {"payload": {"choice": choice, **more}, "dedupeKey": dedupe_key}
