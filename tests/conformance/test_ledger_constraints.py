"""What the database itself refuses, whoever asks and by whatever way."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import psycopg
import pytest
from ledger_databases import T0, drop_append_only, dump, run_sql
from ledger_samples import ANY_HASH, a_gate, a_run, an_artifact, an_interaction, append, decided, put_gates

from signoff.app.ports.writer import Writer
from signoff.gates.reply import ORIGINS
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger
from signoff.plans.run import Status

REFUSALS = (sqlite3.IntegrityError, psycopg.IntegrityError, psycopg.DataError)


@pytest.fixture
def settled(ledger: SqlLedger) -> SqlLedger:
    """A ledger with one row of everything that these tests try to break."""
    gate, late = a_gate(), a_gate(gate_key="late")
    put_gates(ledger, gate, late)
    with ledger.write("wf-1", "test") as tx:
        tx.insert_run(a_run())
        tx.insert_artifacts([an_artifact()])
        tx.insert_interaction(an_interaction(gate))
        tx.update_gate(decided(gate, an_interaction(gate)))
        tx.append_entry(at=T0, actor="ada", event="test.noted", body={})
    return ledger


def refused(database: Database, statement: str) -> None:
    before = dump(database)
    with pytest.raises(REFUSALS):
        run_sql(database, statement)
    assert dump(database) == before


@pytest.mark.parametrize("table", ["audit_entries", "human_interactions"])
@pytest.mark.parametrize("change", ["UPDATE app.{} SET actor = 'eve'", "DELETE FROM app.{}", "UPDATE app.{} SET id=id"])
def test_the_record_is_append_only(settled: SqlLedger, table: str, change: str) -> None:
    column = "seq" if table == "audit_entries" else "id"
    refused(settled.database, change.format(table).replace("id=id", f"{column} = {column}"))


@pytest.mark.parametrize("table", ["audit_entries", "human_interactions"])
def test_an_entry_is_not_replaced_by_another_either(settled: SqlLedger, table: str) -> None:
    """SQLite's REPLACE and Postgres's upsert are changes under another name."""
    database = settled.database
    key = "seq" if table == "audit_entries" else "id"
    if database.dialect == "sqlite":
        refused(database, f"INSERT OR REPLACE INTO app.{table} SELECT * FROM app.{table}")
    else:
        upsert = f"ON CONFLICT ({key}) DO UPDATE SET actor = 'eve'"
        refused(database, f"INSERT INTO app.{table} SELECT * FROM app.{table} {upsert}")


@pytest.mark.parametrize("table", ["audit_entries", "human_interactions CASCADE"])
def test_the_record_is_not_emptied_on_postgres(settled: SqlLedger, table: str) -> None:
    if settled.database.dialect == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    refused(settled.database, f"TRUNCATE app.{table}")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE app.human_gates SET state = 'OPEN' WHERE gate_key = 'late'",
        "UPDATE app.human_gates SET state = 'RECEIVED' WHERE gate_key = 'late'",
        "UPDATE app.human_gates SET state = 'TIMED_OUT' WHERE gate_key = 'late'",
        "UPDATE app.human_gates SET decided_at = 1 WHERE gate_key = 'late'",
        "UPDATE app.human_gates SET decision = 'yes' WHERE gate_key = 'late'",
        "UPDATE app.human_gates SET state = 'PENDING' WHERE gate_key = 'go-live'",
        "UPDATE app.human_gates SET decision = NULL WHERE gate_key = 'go-live'",
        "UPDATE app.human_gates SET interaction_id = NULL WHERE gate_key = 'go-live'",
        "UPDATE app.human_gates SET interaction_id = 'nobody' WHERE gate_key = 'go-live'",
        "UPDATE app.human_gates SET risk_level = 'mild'",
        "UPDATE app.human_gates SET run_id = 'nowhere'",
        "UPDATE app.human_gates SET prompt = NULL",
        "UPDATE app.human_gates SET prompt = '{'",
        "UPDATE app.human_gates SET on_decision = 'none'",
        "UPDATE app.runs SET status = 'RUNNING'",
        "UPDATE app.runs SET plan = ''",
        "UPDATE app.runs SET intent_id = 'nothing'",
        "INSERT INTO app.principals VALUES ('p-1', 'ada', 'robot', '[]', NULL)",
        "INSERT INTO app.tokens VALUES ('t-1', 'nobody', 'x', 1, NULL, NULL)",
    ],
)
def test_rows_that_contradict_themselves_are_refused(settled: SqlLedger, change: str) -> None:
    refused(settled.database, change)


@pytest.mark.parametrize("digest", [ANY_HASH[1:], ANY_HASH + "a", ANY_HASH.upper(), "g" + ANY_HASH[1:], "", None])
@pytest.mark.parametrize(
    "column",
    ["human_gates.prompt_digest", "human_interactions.payload_hash", "runs.plan_digest", "artifacts.sha256"],
)
def test_a_hash_is_64_lower_case_hex_digits(settled: SqlLedger, column: str, digest: str | None) -> None:
    table, _, name = column.partition(".")
    drop_append_only(settled.database)
    refused(settled.database, f"UPDATE app.{table} SET {name} = " + ("NULL" if digest is None else f"'{digest}'"))


@pytest.mark.parametrize("origin", ["", "Manual", "carrier-pigeon", "manual "])
def test_an_origin_is_of_the_vocabulary(settled: SqlLedger, origin: str) -> None:
    with pytest.raises(REFUSALS), settled.write("wf-1", "test") as tx:
        tx.insert_interaction(an_interaction(a_gate(), 2, origin=origin))


def test_every_origin_and_every_status_that_the_core_knows_is_taken(settled: SqlLedger) -> None:
    with settled.write("wf-1", "test") as tx:
        for n, origin in enumerate(ORIGINS, start=2):
            tx.insert_interaction(an_interaction(a_gate(), n, origin=origin))
        for n, status in enumerate(Status, start=2):
            tx.insert_run(a_run(f"run-{n}", status=status))


@pytest.mark.parametrize(
    "write",
    [
        lambda tx: tx.insert_gate(a_gate()),
        lambda tx: tx.insert_interaction(an_interaction(a_gate(), 2, dedupe_key="k-1")),
        lambda tx: tx.insert_run(a_run("run-9", workflow_id="run-1")),
    ],
    ids=["gate", "interaction", "run"],
)
def test_what_must_be_unique_is_unique_by_constraint(settled: SqlLedger, write: Callable[[Writer], None]) -> None:
    before = dump(settled.database)
    with pytest.raises(REFUSALS), settled.write("wf-1", "test") as tx:
        write(tx)
    assert dump(settled.database) == before


def test_two_entries_never_take_one_place_of_a_chain(settled: SqlLedger) -> None:
    entry = append(settled, "wf-1")
    again = ", ".join(["99", *(repr(value) for value in ("wf-1", entry.n)), "NULL, 1, 'eve', 'x', '{}', '', ''"])
    refused(settled.database, f"INSERT INTO app.audit_entries VALUES ({again})")
