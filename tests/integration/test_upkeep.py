"""Backups while others write, and an engine that forgets what has long ended."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import Place, Server

from signoff.bootstrap.worker import prune_engine
from signoff.clock import now_ms
from signoff.engine.prune import Pruned
from signoff.settings import load

COPIES = 4


@contextmanager
def writing(server: Server) -> Iterator[None]:
    """Somebody opens gates and decides them without a pause, and says so at the end if they could not."""
    stopped, errors = threading.Event(), list[str]()

    def write() -> None:
        number = 0
        while not stopped.is_set():
            workflow_id, number = f"load-{number}", number + 1
            gate = {"workflowId": workflow_id, "gateKey": "go", "prompt": {"title": "Go?"}, "ttlS": 600}
            answers = [server.client.post("/api/gates", json=gate), server.reply(workflow_id, "go", "yes", "k")]
            errors.extend(one.text for one in answers if one.status_code not in (200, 201))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
    assert errors == []


def test_a_backup_that_is_made_while_a_server_writes_is_sound_and_goes_on_where_it_was_made(
    signoff_dir: Path, tmp_path: Path
) -> None:
    place = Place(signoff_dir)
    copies = [Place(tmp_path / f"copy-{number}" / "ledger") for number in range(COPIES)]
    with place.start("up") as server:
        waiting = server.new_run("outlive it")
        gate_key = server.open_gate(waiting)
        decided = server.new_run("be decided meanwhile")
        server.reply(decided, server.open_gate(decided), "yes", "k-1")
        with writing(server):
            for copy in copies:
                done = place.command("db", "backup", str(copy.directory), "--json")
                assert done.code == 0, done
                names = {file["name"] for file in done.document["files"]}
                assert names >= {"app.db", "dbos.db", "signing-key"}
    for copy in copies:
        copy.check()
        assert copy.directory.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in copy.directory.iterdir()} == {0o600}
    assert [path.name for path in copies[0].directory.parent.iterdir()] == ["ledger"]
    shutil.rmtree(signoff_dir)
    first = copies[0]
    with first.start("up") as server:
        assert server.reply(waiting, gate_key, "yes", "k-2").status_code == 200
        assert [server.ended(one)["status"] for one in (waiting, decided)] == ["SUCCESS", "SUCCESS"]
    first.check()


def test_a_backup_takes_the_place_of_nothing_and_of_postgres_there_is_another(
    tmp_path: Path, signoff_dir: Path
) -> None:
    place = Place(signoff_dir)
    with place.world():
        pass
    (tmp_path / "taken").mkdir()
    refused = place.command("db", "backup", str(tmp_path / "taken"), "--json")
    assert (refused.code, refused.document["code"]) == (4, "backup-exists")
    elsewhere = Place(tmp_path / "empty" / ".signoff")
    elsewhere.directory.parent.mkdir()
    missing = elsewhere.command("db", "backup", str(tmp_path / "new"), "--json")
    assert (missing.code, missing.document["code"]) == (2, "no-ledger")
    of_postgres = Place(signoff_dir, "postgresql://u@h/db").command("db", "backup", str(tmp_path / "new"))
    assert of_postgres.code == 2
    assert "pg_dump" in of_postgres.err
    assert not (tmp_path / "new").exists()


def test_the_engine_forgets_what_ended_long_ago_and_nothing_that_is_still_needed(
    signoff_dir: Path, database_url: str | None
) -> None:
    place = Place(signoff_dir, database_url)
    with place.start("up") as server:
        over, waiting = server.new_run("be over"), server.new_run("wait")
        server.reply(over, server.open_gate(over), "yes", "k-1")
        gate_key = server.open_gate(waiting)
        assert server.ended(over)["status"] == "SUCCESS"
        assert server.stop() == 0
    before = _ids(place)
    assert _prune(place, before=now_ms() - 3_600_000) == Pruned(0, 0), "nothing is that old"
    told = _prune(place, before=now_ms() + 1_000, is_dry=True)
    assert _ids(place) == before
    assert _prune(place, before=now_ms() + 1_000) == told == Pruned(len(before) - 1, 1)
    assert _ids(place) == {waiting}
    tables = ("workflow_events", "operation_outputs", "workflow_status")
    owners = " UNION ".join(f"SELECT workflow_uuid FROM dbos.{table}" for table in tables)
    assert place.rows(f"SELECT COUNT(*) FROM ({owners}) AS owners WHERE workflow_uuid <> '{waiting}'") == [[0]]
    assert place.rows("SELECT key FROM dbos.workflow_events") == [[f"ui:{gate_key}"]]
    with place.start("up") as server:
        server.reply(waiting, gate_key, "yes", "k-2")
        assert server.ended(waiting)["status"] == "SUCCESS"
        assert server.run(over)["status"] == "SUCCESS"
    place.check()


@pytest.mark.parametrize("age", ["59m", "soon"])
def test_how_long_ago_is_said_and_is_not_just_now(tmp_path: Path, signoff_dir: Path, age: str) -> None:
    refused = Place(signoff_dir).command("db", "prune", "--older-than", age, "--json")
    assert (refused.code, refused.document["code"]) == (2, "invalid-instant")


def test_a_ledger_that_no_worker_has_ever_served_has_nothing_to_prune(signoff_dir: Path) -> None:
    place = Place(signoff_dir)
    with place.world():
        pass
    done = place.command("db", "prune", "--older-than", "90d", "--dry-run")
    assert (done.code, done.out) == (0, "0 ended workflows of the engine would be removed.\n")


def _ids(place: Place) -> set[str]:
    return {one for (one,) in place.rows("SELECT workflow_uuid FROM dbos.workflow_status")}


def _prune(place: Place, *, before: int, is_dry: bool = False) -> Pruned:
    flags = {"dir": place.directory, "database_url": place.database_url}
    settings = load(flags, {}, cwd=place.directory.parent)
    with place.world() as world:
        return prune_engine(settings, world, before=before, is_dry=is_dry, tell=lambda _: None)
