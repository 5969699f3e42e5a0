"""What decisions set going: callbacks that really arrive here, or, of a server elsewhere, which might not be allowed to
call, what its trail says."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from signoff.cli.bench.crowd import check_time
from signoff.cli.bench.options import Bench
from signoff.cli.bench.place import Site
from signoff.cli.bench.sight import Sight

LOOK_S = 0.05


class Effects(Protocol):
    #: What gates are to set going, as `POST /api/gates` takes it.
    on_decision: Mapping[str, Any]

    def counts(self, sight: Sight, workflows: Sequence[str], *, at_least: int, timeout_s: float) -> Counter[str]:
        """How many each workflow had, once nothing more is on its way."""
        ...


def words_of(bench: Bench) -> str:
    return "decisions in the trail" if bench.base else "callbacks that arrived"


@contextmanager
def counted_effects(site: Site) -> Iterator[Effects]:
    if site.settings is None:
        yield _Trail(site)
        return
    received: Counter[str] = Counter()
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _listening(received))
    thread = threading.Thread(target=listener.serve_forever, args=(LOOK_S,), daemon=True)
    thread.start()
    try:
        yield _Callbacks(f"http://127.0.0.1:{listener.server_address[1]}/", received)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class _Callbacks:
    def __init__(self, url: str, received: Counter[str]) -> None:
        self.on_decision: Mapping[str, Any] = {"kind": "callback", "url": url}
        self._received = received

    def counts(self, sight: Sight, workflows: Sequence[str], *, at_least: int, timeout_s: float) -> Counter[str]:
        ends_at = time.monotonic() + timeout_s
        while self._received.total() < at_least or sight.outbox_left():
            check_time(ends_at, f"{at_least} callbacks; {self._received.total()} have come")
            time.sleep(LOOK_S)
        return Counter(self._received)


class _Trail:
    def __init__(self, site: Site) -> None:
        self.on_decision: Mapping[str, Any] = {"kind": "none"}
        self._wire = site.wire

    def counts(self, sight: Sight, workflows: Sequence[str], *, at_least: int, timeout_s: float) -> Counter[str]:
        found: Counter[str] = Counter()
        for workflow_id in workflows:
            entries = self._wire.get(f"/api/audit?workflowId={workflow_id}")["items"]
            found[workflow_id] = sum(entry["event"] == "gate.decided" for entry in entries)
        return found


def _listening(received: Counter[str]) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                received[document["workflowID"]] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing: it is the measurement's own."""

    return Listening
