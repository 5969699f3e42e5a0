"""The port `Outbox`: orders are claimed by one, lapse, wait, are given back and end; workers come and go."""

from __future__ import annotations

import pytest
from ledger_databases import T0
from ledger_samples import keys_of, put_orders

from signoff.ledger.store import SqlLedger

LAPSE_MS = 1_000


def claim(ledger: SqlLedger, *, now: int = T0, worker: str = "w-1", limit: int = 9) -> list[str]:
    return keys_of(ledger.claim_outbox(now=now, worker=worker, lapse_ms=LAPSE_MS, limit=limit))


def test_orders_are_claimed_in_the_order_of_their_writing(ledger: SqlLedger) -> None:
    put_orders(ledger, "c", "a", "b")
    assert claim(ledger, limit=2) == ["c", "a"]
    assert claim(ledger, worker="w-2") == ["b"]
    assert claim(ledger, worker="w-2") == []


def test_a_claimed_row_says_who_has_it_and_how_often_it_was_tried(ledger: SqlLedger) -> None:
    put_orders(ledger, "a", kind="callback", now=T0 - 5)
    [row] = ledger.claim_outbox(now=T0, worker="w-1", lapse_ms=LAPSE_MS, limit=9)
    known = {"kind": "callback", "dedupe_key": "a", "payload": {"for": "a"}, "created_at": T0 - 5}
    assert row == {
        **known,
        "id": row["id"],
        "claimed_at": T0,
        "claimed_by": "w-1",
        "done_at": None,
        "attempts": 1,
        "last_error": None,
        "traceparent": None,
    }


def test_the_same_order_is_taken_once(ledger: SqlLedger) -> None:
    put_orders(ledger, "a")
    put_orders(ledger, "a", kind="callback")
    [row] = ledger.claim_outbox(now=T0, worker="w-1", lapse_ms=LAPSE_MS, limit=9)
    assert row["kind"] == "continue"
    ledger.finish_outbox([row["id"]], now=T0)
    put_orders(ledger, "a")
    assert claim(ledger) == []


def test_a_claim_lapses_after_its_time_and_not_before(ledger: SqlLedger) -> None:
    put_orders(ledger, "a")
    assert claim(ledger) == ["a"]
    assert claim(ledger, now=T0 + LAPSE_MS - 1, worker="w-2") == []
    [row] = ledger.claim_outbox(now=T0 + LAPSE_MS, worker="w-2", lapse_ms=LAPSE_MS, limit=9)
    assert (row["claimed_by"], row["attempts"]) == ("w-2", 2)


def test_what_is_done_is_never_claimed_again(ledger: SqlLedger) -> None:
    put_orders(ledger, "a", "b")
    [row, _] = ledger.claim_outbox(now=T0, worker="w-1", lapse_ms=LAPSE_MS, limit=9)
    ledger.finish_outbox([row["id"]], now=T0)
    ledger.postpone_outbox(row["id"], retry_at=T0, lapse_ms=LAPSE_MS, error="too late")
    ledger.release_outbox("w-1")
    assert claim(ledger, now=T0 + 10 * LAPSE_MS) == ["b"]


@pytest.mark.parametrize("wait_ms", [0, 1, LAPSE_MS, 50 * LAPSE_MS])
def test_what_was_postponed_comes_again_when_it_is_due(ledger: SqlLedger, wait_ms: int) -> None:
    put_orders(ledger, "a")
    [row] = ledger.claim_outbox(now=T0, worker="w-1", lapse_ms=LAPSE_MS, limit=9)
    ledger.postpone_outbox(row["id"], retry_at=T0 + wait_ms, lapse_ms=LAPSE_MS, error="refused")
    assert claim(ledger, now=T0 + wait_ms - 1, worker="w-2") == []
    [again] = ledger.claim_outbox(now=T0 + wait_ms, worker="w-2", lapse_ms=LAPSE_MS, limit=9)
    assert (again["attempts"], again["last_error"]) == (2, "refused")


def test_a_worker_that_ends_gives_back_its_own_claims_only(ledger: SqlLedger) -> None:
    put_orders(ledger, "a", "b")
    assert claim(ledger, worker="w-1", limit=1) == ["a"]
    assert claim(ledger, worker="w-2", limit=1) == ["b"]
    ledger.release_outbox("w-1")
    assert claim(ledger, worker="w-3") == ["a"]


def test_workers_beat_and_are_removed(ledger: SqlLedger) -> None:
    ledger.beat("w-2", now=T0 + 1)
    ledger.beat("w-1", now=T0)
    ledger.beat("w-1", now=T0 + 7)
    assert ledger.workers() == [
        {"id": "w-1", "started_at": T0, "beat_at": T0 + 7},
        {"id": "w-2", "started_at": T0 + 1, "beat_at": T0 + 1},
    ]
    ledger.remove_worker("w-1")
    ledger.remove_worker("nobody")
    assert [row["id"] for row in ledger.workers()] == ["w-2"]
