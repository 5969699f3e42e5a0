"""What goes wrong with a Postgres: it is restarted, ends connections, lets nobody write, or has no room.

One API and one worker live through all of it. Whatever was answered with 200 is in the ledger, once; everything else
was told that it was not taken, or that nobody knows, and is taken when it is sent again.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from answering import (
    Answering,
    answers_in,
    check_refused,
    check_said_in_one_line,
    open_gate,
    open_gates,
)
from private_postgres import PrivatePostgres
from processes import Place, Server, until
from small_disk import small_disk

CANNOT = "The Postgres ledger cannot be used: "
GATES = 24


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivatePostgres]:
    postgres = PrivatePostgres(tmp_path_factory.mktemp("postgres"))
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.remove()


@pytest.fixture(scope="module")
def place(postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("place") / ".signoff", postgres.url)


@pytest.fixture(scope="module")
def processes(place: Place) -> Iterator[tuple[Server, Server]]:
    """The API and the worker: the same from the first test to the last, and they end as they should."""
    with place.start("api", "--migrate") as api, place.start("worker") as worker:
        yield api, worker
        assert (api.stop(), worker.stop()) == (0, 0)
    place.check_by_command()


@pytest.fixture
def api(processes: tuple[Server, Server]) -> Server:
    return processes[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=lambda how: how.name)
def test_a_restart_in_the_middle_of_answers_loses_and_doubles_none(
    postgres: PrivatePostgres, place: Place, api: Server, how: signal.Signals
) -> None:
    workflow_id = api.new_run(f"goes on after {how.name}")
    gate_key = api.open_gate(workflow_id)
    gates = open_gates(api, GATES)
    with Answering(api, gates) as answering:
        until(partial(answering.has_taken, GATES // 3), "some answers")
        postgres.stop(how)
        check_said_in_one_line(place.command("gate", "list"), CANNOT)
        until(answering.was_refused, "an answer that could not be taken")
        check_refused(api.client.get("/healthz"))
        postgres.start()
    _check_all_once(place, gates, answering)
    assert api.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert api.ended(workflow_id)["status"] == "SUCCESS"


def test_connections_that_an_administrator_ends_cost_no_answer_and_no_wake_up(
    postgres: PrivatePostgres, place: Place, api: Server
) -> None:
    """That on which the worker is told of what was decided is ended too."""
    workflow_id = api.new_run("goes on although nobody listened")
    gate_key = api.open_gate(workflow_id)
    gates = open_gates(api, GATES)
    with Answering(api, gates) as answering:
        for taken in range(2, GATES, 6):
            until(partial(answering.has_taken, taken), "an answer")
            assert postgres.cut_all(postgres.url)
    _check_all_once(place, gates, answering)
    postgres.cut_all(postgres.url)
    assert api.get("/healthz")["ok"], "idle connections that were ended are replaced before anybody is refused"
    postgres.cut_all(postgres.url)
    assert api.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert api.ended(workflow_id)["status"] == "SUCCESS"


def test_a_server_that_lets_nobody_write_is_still_read_and_refuses_answers(
    postgres: PrivatePostgres, place: Place, api: Server
) -> None:
    workflow_id = api.new_run("waits until it can be written")
    gate_key = api.open_gate(workflow_id)
    [(other, key)] = open_gates(api, 1)
    before = _written(place, other)
    started = api.new_run("is in the middle of a leg when it begins")
    postgres.admin("ALTER DATABASE signoff SET default_transaction_read_only = on")
    postgres.cut_all(postgres.url)
    try:
        refused = api.reply(other, key, "yes", "early")
        assert check_refused(refused) == "ledger-unavailable"
        assert "nothing was written" in refused.json()["error"]
        assert api.get("/healthz")["ok"]
        assert api.gates(workflow_id)[0]["state"] == "PENDING"
        answer = ("gate", "approve", other, key, "--rationale", "now")
        check_said_in_one_line(place.command(*answer), f"{CANNOT}cannot execute")
        assert _written(place, other) == before
    finally:
        postgres.admin("ALTER DATABASE signoff RESET default_transaction_read_only")
        postgres.cut_all(postgres.url)
    assert api.reply(other, key, "yes", "early").status_code == 200
    assert api.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert api.ended(workflow_id)["status"] == "SUCCESS"
    assert api.open_gate(started)
    place.check()


def test_a_full_disk_refuses_what_needs_room_and_goes_on_when_there_is_some(
    postgres: PrivatePostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(48))
        place = Place(tmp_path_factory.mktemp("full") / ".signoff", _database_on(postgres, disk.path))
        stack.callback(postgres.admin, "DROP DATABASE full_disk WITH (FORCE)", "DROP TABLESPACE full_disk")
        server = stack.enter_context(place.start("up"))
        workflow_id = server.new_run("waits for room")
        gate_key = server.open_gate(workflow_id)
        gates = open_gates(server, 2)
        disk.fill()
        number = 0
        while (answer := open_gate(server, "large", f"gate-{number}", body=_large())).status_code == 201:
            number += 1
        assert check_refused(answer) == "ledger-unavailable"
        assert place.count("SELECT COUNT(*) FROM app.human_gates WHERE workflow_id = 'large'") == number
        (place.directory.parent / "body.md").write_text(_large())
        done = place.command(
            *["ask", "Room?", "--workflow", "large", "--key", "asked", "--body", "body.md", "--no-wait"]
        )
        check_said_in_one_line(done, f"{CANNOT}could not extend file")
        assert server.get("/healthz")["ok"]
        with Answering(server, gates) as answering:
            disk.free()
        _check_all_once(place, gates, answering)
        assert open_gate(server, "large", f"gate-{number}", body=_large()).status_code == 201
        assert server.reply(workflow_id, gate_key, "yes", "go").status_code == 200
        assert server.ended(workflow_id)["status"] == "SUCCESS"
        assert server.stop() == 0


def _database_on(postgres: PrivatePostgres, path: Path) -> str:
    folder = path / "tablespace"
    folder.mkdir(mode=0o700)
    shutil.chown(folder, *_owner_of(postgres))
    postgres.admin(f"CREATE TABLESPACE full_disk LOCATION '{folder}'", "CREATE DATABASE full_disk TABLESPACE full_disk")
    return urlsplit(postgres.url)._replace(path="/full_disk").geturl()


def _owner_of(postgres: PrivatePostgres) -> tuple[int, int]:
    state = postgres.cluster.stat()
    return state.st_uid, state.st_gid


def _large() -> str:
    """More than a page holds, and nothing that could be compressed."""
    return secrets.token_hex(8_000)


def _written(place: Place, workflow_id: str) -> list[list[list[object]]]:
    """What a refusal leaves alone."""
    return [
        place.rows(f"SELECT state, decision FROM app.human_gates WHERE workflow_id = '{workflow_id}'"),
        place.rows(f"SELECT id FROM app.human_interactions WHERE workflow_id = '{workflow_id}'"),
        place.rows(f"SELECT event FROM app.audit_entries WHERE workflow_id = '{workflow_id}'"),
        place.rows(f"SELECT id FROM app.outbox WHERE dedupe_key LIKE '%{workflow_id}%'"),
    ]


def _check_all_once(place: Place, gates: list[tuple[str, str]], answering: Answering) -> None:
    assert sorted(answers_in(place, gates[0][0])) == sorted(answering.taken)
    assert len(answering.taken) == len(gates)
    place.check()
