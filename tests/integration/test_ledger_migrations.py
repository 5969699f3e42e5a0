"""Migrations: applied once, by one, never to be edited; and a ledger of another version is left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_databases import T0, database_at, dump, query_sql, run_sql

from signoff.bootstrap.world import open_world
from signoff.errors import SchemaVersionError
from signoff.ledger import migrate
from signoff.ledger.database import Database
from signoff.ledger.migrate import Migration, check_schema, migrations, schema_version, upgrade
from signoff.ledger.store import SqlLedger
from signoff.settings import load

UPGRADE = """
import sys
from pathlib import Path
from signoff.ledger.migrate import upgrade
from signoff.ledger.postgres import PostgresDatabase
from signoff.ledger.sqlite import SqliteDatabase
place = sys.argv[1]
database = PostgresDatabase(place, is_pooled=False) if place.startswith("postgres") else SqliteDatabase(Path(place))
sys.stdin.readline()
sys.stdout.write(" ".join(upgrade(database, now=1)))
database.close()
"""


@pytest.fixture
def empty(empty_url: str | None, signoff_dir: Path) -> Iterator[Database]:
    database = database_at(signoff_dir, empty_url)
    yield database
    database.close()


def known_names(database: Database) -> list[str]:
    return [migration.name for migration in migrations(database.dialect)]


def test_both_dialects_have_the_same_versions_without_a_gap() -> None:
    sqlite, postgres = migrations("sqlite"), migrations("postgres")
    assert [one.version for one in sqlite] == [one.version for one in postgres] == list(range(1, len(sqlite) + 1))
    assert [one.name for one in sqlite] == [one.name for one in postgres]


def test_an_upgrade_applies_every_migration_once(empty: Database) -> None:
    assert schema_version(empty) == 0
    assert upgrade(empty, now=T0) == known_names(empty)
    check_schema(empty)
    before = dump(empty, "schema_migrations")
    assert upgrade(empty, now=T0 + 1) == []
    assert dump(empty, "schema_migrations") == before
    assert schema_version(empty) == len(known_names(empty))


def test_an_empty_ledger_is_refused_with_what_to_run(empty: Database) -> None:
    with pytest.raises(SchemaVersionError, match="signoff db upgrade") as refusal:
        check_schema(empty)
    assert refusal.value.code == "schema-version"
    assert refusal.value.details["found"] == 0
    assert schema_version(empty) == 0


def test_a_newer_ledger_is_refused_and_left_as_it_is(empty: Database) -> None:
    upgrade(empty, now=T0)
    run_sql(empty, "INSERT INTO app.schema_migrations VALUES (9999, '9999_later', 'x', 1)")
    before = dump(empty, "schema_migrations")
    with pytest.raises(SchemaVersionError, match="Upgrade signoff") as refusal:
        check_schema(empty)
    assert refusal.value.code == "schema-version"
    assert upgrade(empty, now=T0) == []
    assert dump(empty, "schema_migrations") == before


def test_a_migration_that_was_edited_after_it_was_applied_is_noticed(empty: Database) -> None:
    upgrade(empty, now=T0)
    run_sql(empty, "UPDATE app.schema_migrations SET sha256 = 'another' WHERE version = 1")
    with pytest.raises(SchemaVersionError, match="0001_initial") as checked:
        check_schema(empty)
    with pytest.raises(SchemaVersionError) as upgraded:
        upgrade(empty, now=T0)
    assert checked.value.code == upgraded.value.code == "schema-edited"


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(empty, now=T0)
    known = migrations(empty.dialect)
    broken = Migration(
        len(known) + 1, "9999_broken", "CREATE TABLE app.half (id TEXT);\nCREATE TABLE app.half (id TEXT);\n"
    )
    well = Migration(len(known) + 1, "9998_well", "CREATE TABLE app.well (id TEXT);\n")
    monkeypatch.setattr(migrate, "migrations", lambda _dialect: [*known, well, replace(broken, version=len(known) + 2)])
    with pytest.raises(Exception, match="half"):
        upgrade(empty, now=T0)
    monkeypatch.undo()
    check_schema(empty)
    with pytest.raises(Exception, match="well"):
        query_sql(empty, "SELECT * FROM app.well")
    with pytest.raises(Exception, match="half"):
        query_sql(empty, "SELECT * FROM app.half")


def test_a_ledger_of_the_first_version_is_refused_and_keeps_its_runs_through_the_upgrade(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations(empty.dialect)[:1]
    monkeypatch.setattr(migrate, "migrations", lambda _dialect: first)
    assert upgrade(empty, now=T0) == ["0001_initial"]
    monkeypatch.undo()
    columns = "id, workflow_id, door, recipe, plan, plan_digest, status, next_action, created_at, updated_at"
    values = f"'it_1', 'it_1', 'intent', 'compile-default', '{{}}', '{'a' * 64}', 'SUCCESS', 'NONE', 1, 1"
    run_sql(empty, f"INSERT INTO app.runs ({columns}) VALUES ({values})")
    with pytest.raises(SchemaVersionError, match="signoff db upgrade") as refusal:
        check_schema(empty)
    assert refusal.value.details["found"] == 1
    assert upgrade(empty, now=T0) == known_names(empty)[1:]
    with SqlLedger(empty).read() as reader:
        (run,) = reader.runs(status=None, before=None, limit=9)
    assert (run.id, run.subject) == ("it_1", None)


def test_processes_that_upgrade_at_once_all_succeed(empty_url: str | None, signoff_dir: Path) -> None:
    place = empty_url or str(signoff_dir)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], [error for _, error in answers]
    names = " ".join(one.name for one in migrations("sqlite"))
    assert sorted(out for out, _ in answers) == ["", "", "", names]


def test_the_embedded_ledger_is_made_on_first_start(tmp_path: Path) -> None:
    settings = load({"dir": str(tmp_path / "made")}, {}, cwd=tmp_path)
    with open_world(settings) as world, world.ledger.read() as reader:
        assert list(reader.audit.all_entries()) == []
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700


def test_postgres_is_not_migrated_unless_it_is_asked_for(tmp_path: Path, postgres_url: str) -> None:
    settings = load({"database_url": postgres_url}, {}, cwd=tmp_path)
    with pytest.raises(SchemaVersionError, match="signoff db upgrade"), open_world(settings):
        pass
    with open_world(settings, migrates=True):
        pass
    with open_world(settings) as world, world.ledger.read() as reader:
        assert reader.audit.newest_head() is None


def test_commands_that_start_an_embedded_ledger_at_once_all_find_it_whole(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "signoff", "ask", "Ready?", "--no-wait", "--dir", str(tmp_path / "made")]
    started = [
        subprocess.Popen([*words, "--key", f"k-{n}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for n in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [3, 3, 3, 3], answers
