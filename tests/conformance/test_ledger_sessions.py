"""Sessions and links are found by their hash as they were written, and extended, ended and used as they may be."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import psycopg
import pytest
from ledger_databases import T0, dump
from ledger_samples import a_gate, put_gates

from signoff.app.ports.ledger import Ledger
from signoff.gates.principal import IDENTITY, Principal
from signoff.gates.session import Link, Session
from signoff.gates.token import Token
from signoff.ledger.database import Database

REFUSALS = (sqlite3.IntegrityError, psycopg.IntegrityError)

ADA = Principal("pr_1", "ada", "person", frozenset())
BOB = Principal("pr_2", "bob", "person", frozenset())
TOKEN = Token("tk_1", "pr_1", "ab" * 32, created_at=T0)
LINK = Link("sl_1", "cd" * 32, "pr_2", "wf-1", "go-live", created_at=T0, expires_at=T0 + 100)
OF_TOKEN = Session("ss_1", "01" * 32, "pr_1", "tk_1", None, created_at=T0, expires_at=T0 + 10, ends_at=T0 + 50)
OF_LINK = Session("ss_2", "02" * 32, "pr_2", None, "sl_1", created_at=T0, expires_at=T0 + 10, ends_at=T0 + 50)
VOUCHED = replace(OF_TOKEN, id="ss_3", hash="03" * 32, token_id=None, issuer="https://accounts.example", subject="u-1")


@pytest.fixture
def known(ledger: Ledger) -> Ledger:
    """A ledger with a token, a link, and a session of each."""
    put_gates(ledger, a_gate(workflow_id="wf-1", gate_key="go-live"))
    with ledger.write(IDENTITY, "test") as tx:
        for principal in (ADA, BOB):
            tx.insert_principal(principal)
        tx.insert_token(TOKEN)
        tx.insert_link(LINK)
        tx.insert_session(OF_TOKEN)
        tx.insert_session(OF_LINK)
    return ledger


def test_sessions_and_links_are_found_by_their_hash_with_whose_they_are(known: Ledger) -> None:
    with known.read() as tx:
        assert tx.people.session_with_hash("01" * 32) == OF_TOKEN
        assert tx.people.session_with_hash("02" * 32) == OF_LINK
        assert tx.people.session_with_hash("03" * 32) is None
        assert tx.people.link("sl_1") == tx.people.link_with_hash("cd" * 32) == LINK
        assert tx.people.link("sl_2") is tx.people.link_with_hash("ab" * 32) is None
        assert [tx.people.holder(one) for one in (OF_TOKEN, OF_LINK, LINK)] == [ADA, BOB, BOB]


def test_a_session_is_extended_forwards_up_to_its_end_while_it_has_not_ended(known: Ledger) -> None:
    with known.write(IDENTITY, "test") as tx:
        for until in (T0 + 40, T0 + 20, T0 + 51):
            tx.extend_session("ss_1", expires_at=until)
        assert tx.people.session_with_hash("01" * 32) == replace(OF_TOKEN, expires_at=T0 + 40)
        assert [tx.end_session("ss_1", now=T0 + 1) for _ in range(2)] == [1, 0]
        tx.extend_session("ss_1", expires_at=T0 + 50)
        assert tx.people.session_with_hash("01" * 32) == replace(OF_TOKEN, expires_at=T0 + 40, ended_at=T0 + 1)
        assert tx.people.session_with_hash("02" * 32) == OF_LINK


def test_all_sessions_of_one_principal_end_at_once(known: Ledger) -> None:
    with known.write(IDENTITY, "test") as tx:
        tx.insert_session(replace(OF_TOKEN, id="ss_3", hash="03" * 32))
        assert [tx.end_sessions("pr_1", now=T0 + 5) for _ in range(2)] == [2, 0]
        assert tx.people.session_with_hash("02" * 32) == OF_LINK


def test_a_new_session_takes_the_place_of_those_that_are_over_for_good(known: Ledger, database: Database) -> None:
    with known.write(IDENTITY, "test") as tx:
        tx.insert_session(replace(OF_TOKEN, id="ss_4", hash="04" * 32, created_at=T0 + 50, ends_at=T0 + 90))
    assert [row["id"] for row in dump(database, "sessions")["sessions"]] == ["ss_2", "ss_4"]


def test_a_link_is_used_once_and_in_its_time(known: Ledger) -> None:
    with known.write(IDENTITY, "test") as tx:
        assert not tx.use_link("sl_1", now=T0 + 100)
        assert [tx.use_link("sl_1", now=T0 + 99) for _ in range(2)] == [True, False]
        assert tx.people.link("sl_1") == replace(LINK, used_at=T0 + 99)


def test_a_session_says_one_thing_alone_of_how_it_was_opened(known: Ledger, database: Database) -> None:
    with known.write(IDENTITY, "test") as tx:
        tx.insert_session(VOUCHED)
        assert tx.people.session_with_hash("03" * 32) == VOUCHED
    for wrong in ({"token_id": "tk_1"}, {"link_id": "sl_1"}, {"subject": None}, {"issuer": None}):
        with pytest.raises(REFUSALS), known.write(IDENTITY, "test") as tx:
            tx.insert_session(replace(VOUCHED, id="ss_9", hash="09" * 32, **wrong))
    assert len(dump(database, "sessions")["sessions"]) == 3
