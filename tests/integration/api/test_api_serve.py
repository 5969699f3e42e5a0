"""The process: ready, and a clean end while requests wait."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from api_world import first_leg

from signoff.api.http_protocol import HEAD_BYTES_MAX
from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.advance_run import fail_leg
from signoff.app.world import World
from signoff.errors import OperationError

SERVER = """
import sys
from pathlib import Path
from signoff.api.serve import serve
from signoff.api.server import create_app
from signoff.app.world import World
from signoff.clock import new_ulid, now_ms
from signoff.ledger.migrate import upgrade
from signoff.ledger.sqlite import SqliteDatabase
from signoff.ledger.store import SqlLedger

database = SqliteDatabase(Path(sys.argv[1]))
upgrade(database, now=now_ms())
world = World(ledger=SqlLedger(database), clock=now_ms, new_id=new_ulid)
app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
serve(app, host="127.0.0.1", port=0, on_ready=lambda url: print(url, flush=True))
database.close()
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly_while_requests_wait(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process, httpx.Client(base_url=process.stdout.readline().strip(), timeout=60) as client:
        intent_id = client.post("/api/intents", json={"goal": "x"}).json()["intentId"]
        client.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "t"})
        gate = {"workflowId": "w", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
        client.post("/api/gates", json=gate)
        told: list[httpx.Response] = []
        poll = threading.Thread(target=lambda: told.append(client.get("/api/runs/w/gates/g", params={"timeoutS": 30})))
        with client.stream("GET", f"/api/runs/{intent_id}/stream/status") as stream:
            lines = stream.iter_lines()
            next(lines)
            poll.start()
            # An answer made after the poll was sent: the server has both.
            client.get("/healthz")
            process.send_signal(number)
            assert list(lines) == []
        poll.join()
        assert (process.wait(timeout=25), process.stdout.read()) == (0, "ended\n")
    assert [answer.json()["state"] for answer in told] == ["PENDING"]


def test_an_address_that_is_taken_is_told(world: World) -> None:
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OperationError) as refused:
        serve(app, host="127.0.0.1", port=taken.getsockname()[1], on_ready=print)
    assert refused.value.code == "cannot-listen"


def test_a_client_that_goes_away_ends_its_stream(live: httpx.Client, world: World) -> None:
    intent_id = live.post("/api/intents", json={"goal": "x"}).json()["intentId"]
    live.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "t"})
    with live.stream("GET", f"/api/runs/{intent_id}/stream/status") as stream:
        next(stream.iter_lines())
    fail_leg(world, first_leg(intent_id), "no space")
    assert live.get(f"/api/runs/{intent_id}").json()["status"] == "ERROR"


def test_a_body_that_never_ends_is_refused_over_a_socket(live: httpx.Client) -> None:
    address = (live.base_url.host, live.base_url.port)
    with socket.create_connection(address, timeout=30) as connection:
        head = f"POST /api/intents HTTP/1.1\r\nHost: {address[0]}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(17):
            connection.sendall(piece)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert live.get("/healthz").status_code == 200


def test_a_head_that_never_ends_is_refused_over_a_socket(live: httpx.Client) -> None:
    address = (live.base_url.host, live.base_url.port)
    with socket.create_connection(address, timeout=30) as connection:
        head = f"GET /healthz HTTP/1.1\r\nHost: {address[0]}\r\nX-Long: ".encode()
        # No more than is read before it is refused: what is left unread resets the connection.
        connection.sendall(head.ljust(HEAD_BYTES_MAX + 1, b"x"))
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert live.get("/healthz", headers={"X-Long": "x" * (HEAD_BYTES_MAX // 2)}).status_code == 200
