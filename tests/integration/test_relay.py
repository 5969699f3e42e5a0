"""The relay and a ledger that goes away while it works: what it broke off is not left until its claims lapse."""

from __future__ import annotations

import pytest
from ledger_databases import dump
from use_case_worlds import make_world, open_one, say

from signoff.app import moments
from signoff.app.route_notice import Route, Target
from signoff.app.world import World
from signoff.clock import now_ms
from signoff.engine.relay import Relay
from signoff.errors import LedgerUnavailableError
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger


@pytest.fixture
def database_url() -> None:
    """It is the relay that is tested, not the database."""


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database, now_ms)  # type: ignore[arg-type]


def make_relay(world: World, database: Database, route: Route) -> Relay:
    return Relay(world, SqlLedger(database), worker_id="w-1", call_back=lambda payload, now: None, routes=[route])


def decide(world: World, *workflow_ids: str) -> None:
    """Of each gate people are told twice: that it is open, and how it ended."""
    for one in workflow_ids:
        open_one(world, workflow_id=one)
        say(world, workflow_id=one)


def left(database: Database) -> list[str]:
    return [row["kind"] for row in dump(database, "outbox")["outbox"] if row["done_at"] is None]


def test_a_batch_that_an_outage_broke_off_is_relayed_when_the_ledger_is_back(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(reached: str) -> None:
        if reached == "expand_notices: before commit":
            raise LedgerUnavailableError("gone")

    relay = make_relay(world, database, Route((Target("mail", "ada@example.org"),)))
    decide(world, "wf-1", "wf-2")
    with monkeypatch.context() as outage:
        outage.setattr(moments, "on_moment", fail)
        for _ in range(2):
            with pytest.raises(LedgerUnavailableError):
                relay.relay_all()
    assert set(left(database)) == {"notify"}
    relay.relay_all()
    assert left(database) == []
    assert len(dump(database, "deliveries")["deliveries"]) == 4


def test_what_fails_by_a_defect_is_not_kept_for_it_would_hold_up_everything(world: World, database: Database) -> None:
    relay = make_relay(world, database, Route(None))  # type: ignore[arg-type]
    decide(world, "wf-1")
    with pytest.raises(TypeError):
        relay.relay_all()
    relay.relay_all()
    assert set(left(database)) == {"notify"}
