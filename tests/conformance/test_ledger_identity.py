"""Principals, delegations and tokens are read as they were written, and what must be unique is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_databases import T0, query_sql, run_sql

from signoff.app.ports.ledger import Ledger
from signoff.gates.principal import IDENTITY, SERVICE, Delegation, Principal
from signoff.gates.token import Token
from signoff.ledger.database import Database

ADA = Principal("pr_1", "ada", "person", frozenset({"lead", "ops"}))
BOB = Principal("pr_2", "bob", SERVICE, frozenset())
LENT = Delegation("dl_1", "pr_1", "pr_2", until_at=T0 + 100, created_at=T0)
TOKEN = Token("tk_1", "pr_1", "ab" * 32, created_at=T0, expires_at=T0 + 50)


@pytest.fixture
def known(ledger: Ledger) -> Ledger:
    """A ledger that knows ada and bob."""
    with ledger.read() as tx:
        assert not tx.people.has_principals()
    with ledger.write(IDENTITY, "test") as tx:
        tx.insert_principal(BOB)
        tx.insert_principal(ADA)
    return ledger


def test_a_principal_is_read_as_it_was_written_and_as_it_was_changed(known: Ledger) -> None:
    with known.write(IDENTITY, "test") as tx:
        assert tx.people.has_principals()
        assert tx.people.principals() == [ADA, BOB]
        assert tx.people.principal("ada") == ADA
        assert tx.people.principal("eve") is None
        changed = replace(ADA, roles=frozenset({"cto"}), disabled_at=T0)
        tx.update_principal(changed)
    with known.read() as reader:
        assert reader.people.principals() == [changed, BOB]


def test_a_token_is_found_by_its_hash_and_revoked_once(known: Ledger) -> None:
    with known.write(IDENTITY, "test") as tx:
        assert not tx.people.has_tokens()
        tx.insert_token(TOKEN)
        assert tx.people.has_tokens()
        assert tx.people.token("tk_1") == tx.people.token_with_hash("ab" * 32) == TOKEN
        assert tx.people.token("tk_2") is tx.people.token_with_hash("cd" * 32) is None
        assert tx.people.holder(TOKEN) == ADA
        tx.revoke_token("tk_1", now=T0)
        tx.revoke_token("tk_1", now=T0 + 1)
    with known.read() as reader:
        assert reader.people.tokens() == [replace(TOKEN, revoked_at=T0)]
        assert reader.people.has_tokens()


def test_a_delegation_holds_until_its_time_or_the_next_one(known: Ledger, database: Database) -> None:
    with known.write(IDENTITY, "test") as tx:
        tx.replace_delegation(LENT)
        assert tx.people.lenders("pr_2", now=T0 + 99) == [ADA]
        assert tx.people.lenders("pr_2", now=T0 + 100) == tx.people.lenders("pr_1", now=T0) == []
        shorter = replace(LENT, id="dl_2", until_at=T0 + 10, created_at=T0 + 5)
        tx.replace_delegation(shorter)
        assert tx.people.delegations(now=T0 + 5) == [shorter]
        assert tx.people.delegations(now=T0 + 10) == []
        assert tx.people.lenders("pr_2", now=T0 + 10) == []
    ended = query_sql(database, "SELECT id, revoked_at FROM app.delegations ORDER BY id")
    assert [row["revoked_at"] for row in ended] == [T0 + 5, None]


def test_the_newest_of_an_event_is_that_of_its_own_chain(known: Ledger) -> None:
    for workflow_id, at in (("a", T0), ("b", T0 + 5), ("a", T0 + 9)):
        with known.write(workflow_id, "test") as tx:
            tx.append_entry(at=at, actor="ada", event="test.noted", body={})
            tx.append_entry(at=at + 1, actor="ada", event="test.other", body={})
    with known.read() as reader:
        assert reader.audit.newest_of_event("a", "test.noted") == T0 + 9
        assert reader.audit.newest_of_event("b", "test.noted") == T0 + 5
        assert reader.audit.newest_of_event("c", "test.noted") is None
        assert reader.audit.newest_of_event("a", "test.noted", "ada") == T0 + 9
        assert reader.audit.newest_of_event("a", "test.noted", "bob") is None


INSERTED_TWICE = {
    "a name": "INSERT INTO app.principals VALUES ('pr_9', 'ada', 'person', '[]', NULL)",
    "a hash": f"INSERT INTO app.tokens VALUES ('tk_9', 'pr_1', '{'ab' * 32}', 1, NULL, NULL)",
    "a delegation in force": "INSERT INTO app.delegations VALUES ('dl_9', 'pr_1', 'pr_2', 9, 1, NULL)",
    "somebody to themselves": "INSERT INTO app.delegations VALUES ('dl_9', 'pr_1', 'pr_1', 9, 1, NULL)",
    "to nobody": "INSERT INTO app.delegations VALUES ('dl_9', 'pr_1', 'nobody', 9, 1, NULL)",
}


@pytest.mark.parametrize("what", INSERTED_TWICE)
def test_what_would_be_ambiguous_is_refused_by_the_database(known: Ledger, database: Database, what: str) -> None:
    with known.write(IDENTITY, "test") as tx:
        tx.insert_token(TOKEN)
        tx.replace_delegation(LENT)
    with pytest.raises(Exception, match=r"(?i)unique|foreign key|check"):
        run_sql(database, INSERTED_TWICE[what])
