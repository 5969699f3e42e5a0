"""How a transaction speaks with its database: what is put waits, what is refused is told, and few messages are sent."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest
from ledger_databases import T0, query_sql
from ledger_samples import a_gate, an_intent

from signoff.app.ports import Row
from signoff.app.reply import reply
from signoff.app.world import World
from signoff.clock import new_ulid
from signoff.errors import LedgerUnavailableError
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database, Statement, transaction
from signoff.ledger.postgres_connection import PostgresConnection
from signoff.ledger.store import SqlLedger

CONSTRAINT = (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)
GOALS = "SELECT goal FROM app.intents ORDER BY goal"


def test_what_a_statement_was_refused_for_is_told_and_nothing_of_its_transaction_is_left(ledger: SqlLedger) -> None:
    with pytest.raises(CONSTRAINT):
        _insert(ledger, an_intent("it_1", goal="first"), an_intent("it_1", goal="second"), an_intent("it_3"))
    assert query_sql(ledger.database, GOALS) == []
    _insert(ledger, an_intent("it_1", goal="fourth"))
    assert query_sql(ledger.database, GOALS) == [{"goal": "fourth"}]


def test_a_transaction_reads_what_it_has_put(ledger: SqlLedger) -> None:
    with ledger.write("wf-1", "test") as tx:
        tx.insert_intent(an_intent("it_1", goal="first"))
        assert tx.intent("it_1") == an_intent("it_1", goal="first")


def test_a_query_that_was_refused_is_refused_again_for_the_same_reason(database: Database) -> None:
    """It was not prepared, or was so only until its transaction failed."""
    for _ in range(2):
        with (
            pytest.raises((LedgerUnavailableError, psycopg.errors.UndefinedTable), match="nowhere"),
            transaction(database, database.begin_read) as session,
        ):
            session.connection.ask(("SELECT 1 AS one FROM app.nowhere", {}))
    with transaction(database, database.begin_read) as session:
        assert session.connection.ask(("SELECT 1 AS one", {}), ("SELECT 2 AS two", {})) == [[{"one": 1}], [{"two": 2}]]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_text_that_postgres_would_cut_off_is_refused(ledger: SqlLedger) -> None:
    with pytest.raises(psycopg.DataError):
        _insert(ledger, an_intent("it_1", goal="cut\0off"))
    assert query_sql(ledger.database, GOALS) == []


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_an_answer_is_two_messages(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger.write("wf-1", "test") as tx:
        tx.insert_gate(a_gate())
    messages, say = [], PostgresConnection._say

    def said(self: PostgresConnection, *statements: Statement) -> Any:
        messages.append(statements)
        return say(self, *statements)

    monkeypatch.setattr(PostgresConnection, "_say", said)
    world = World(ledger=ledger, clock=lambda: T0, new_id=new_ulid)
    answered = reply(world, workflow_id="wf-1", gate_key="go-live", payload={"choice": "yes"}, dedupe_key="k",
                     actor=Actor("ada"))  # fmt: skip
    assert answered.receipt.state == "RECEIVED"
    assert len(messages) == 2


def _insert(ledger: SqlLedger, *intents: Row) -> None:
    with ledger.write("wf-1", "test") as tx:
        for intent in intents:
            tx.insert_intent(intent)
