"""What goes wrong with the embedded ledger's file: it is locked, full, read-only, cut short, removed or replaced."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from answering import Answering, answers_in, check_refused, check_said_in_one_line, open_gate, open_gates
from processes import Place, Server
from small_disk import SmallDisk, small_disk

LARGE = secrets.token_hex(20_000)


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk(6) as disk:
        yield disk


def test_a_file_that_another_process_keeps_locked_is_read_but_takes_no_answer(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    with place.start("up") as server:
        workflow_id, gate_key = _waiting_run(server)
        [(other, key)] = open_gates(server, 1)
        with closing(sqlite3.connect(signoff_dir / "app.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            command = place.begin("gate", "approve", other, key, "--dedupe-key", "of the command")
            assert check_refused(server.reply(other, key, "yes", "of a person")) == "ledger-unavailable"
            check_said_in_one_line(command(), f"{_cannot(place)}another process has held its lock for 15 s")
            assert server.get("/healthz")["ok"]
            assert server.gates(other)[0]["state"] == "PENDING"
            assert answers_in(place, other) == []
        assert server.reply(other, key, "yes", "of a person").status_code == 200
        _goes_on(server, workflow_id, gate_key)
    place.check()


def test_a_full_disk_refuses_what_needs_room_and_goes_on_when_there_is_some(disk: SmallDisk) -> None:
    place = Place(disk.path / "full" / ".signoff")
    with place.start("up") as server:
        workflow_id, gate_key = _waiting_run(server)
        gates = open_gates(server, 3)
        disk.fill()
        number = 0
        while (answer := open_gate(server, "large", f"gate-{number}", LARGE)).status_code == 201:
            number += 1
        assert check_refused(answer) == "ledger-unavailable"
        assert place.count("SELECT COUNT(*) FROM app.human_gates WHERE workflow_id = 'large'") == number
        assert server.get("/healthz")["ok"]
        with Answering(server, gates) as answering:
            disk.free()
        assert sorted(answers_in(place, gates[0][0])) == sorted(answering.taken)
        assert open_gate(server, "large", f"gate-{number}", LARGE).status_code == 201
        _goes_on(server, workflow_id, gate_key)
        assert server.stop() == 0
    place.check()


def test_a_disk_that_nobody_may_write_to_is_said_so_and_nothing_starts_on_it(disk: SmallDisk) -> None:
    place = Place(disk.path / "read-only" / ".signoff")
    with place.start("api") as server:
        [(workflow_id, key)] = open_gates(server, 1)
        assert server.stop() == 0
    disk.remount("ro")
    try:
        said = f"{_cannot(place)}its file or its folder cannot be written to"
        check_said_in_one_line(place.command("gate", "approve", workflow_id, key), said)
        check_said_in_one_line(place.command("up", "--port", "0"), said)
    finally:
        disk.remount("rw")
    assert place.command("gate", "approve", workflow_id, key).code == 0
    place.check()


def test_nothing_is_written_to_a_file_that_was_removed_or_replaced(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    file, aside = signoff_dir / "app.db", signoff_dir / "aside.db"
    with place.start("up") as server:
        workflow_id, gate_key = _waiting_run(server)
        [(other, key)] = open_gates(server, 1)
        file.rename(aside)
        assert check_refused(server.reply(other, key, "yes", "nowhere")) == "ledger-unavailable"
        assert not file.exists(), "whoever looks for the right file is not to find an empty one"
        shutil.copy(aside, file)
        assert check_refused(server.reply(other, key, "yes", "into the wrong one")) == "ledger-unavailable"
        check_refused(server.client.get("/healthz"))
        assert "was replaced or removed while this process worked with it" in server.log.read_text()
        aside.replace(file)
        assert server.reply(other, key, "yes", "into the right one").status_code == 200
        assert answers_in(place, other) == ["into the right one"]
        _goes_on(server, workflow_id, gate_key)
        assert server.stop() == 0
    place.check()


def test_a_file_that_was_cut_short_is_said_to_be_damaged_and_works_again_when_it_is_restored(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    with place.start("api") as server:
        [(workflow_id, key)] = open_gates(server, 1)
        assert server.stop() == 0
    file = signoff_dir / "app.db"
    whole = file.read_bytes()
    with file.open("r+b") as half:
        half.truncate(len(whole) // 2)
    for command in ("gate list", "audit verify", "db check", "up --port 0"):
        done = place.command(*command.split())
        check_said_in_one_line(done, f"The ledger in {signoff_dir} cannot be")
        assert "malformed" in done.err, done
    file.write_bytes(whole)
    assert place.command("gate", "approve", workflow_id, key).code == 0
    place.check()


def _waiting_run(server: Server) -> tuple[str, str]:
    workflow_id = server.new_run("waits meanwhile")
    return workflow_id, server.open_gate(workflow_id)


def _goes_on(server: Server, workflow_id: str, gate_key: str) -> None:
    assert server.reply(workflow_id, gate_key, "yes", "go").status_code == 200
    assert server.ended(workflow_id)["status"] == "SUCCESS"


def _cannot(place: Place) -> str:
    return f"The ledger in {place.directory} cannot be used: "
