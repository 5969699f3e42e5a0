"""The port `Deliveries`: notices are made deliveries of once, claimed by one, told in order, and end in sight."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_databases import T0
from ledger_samples import put_orders

from signoff.app.ports import Row
from signoff.ledger.store import SqlLedger

LAPSE_MS = 1_000
MAIL, CHAT = ("mail", "ada@example.org"), ("chat", "#ops")


def a_delivery(notice: str, place: tuple[str, str] = MAIL, gate_key: str = "go-live") -> dict[str, str]:
    channel, target = place
    told = {"event": "gate.opened", "workflow_id": "wf-1", "gate_key": gate_key}
    return {"id": f"nd_{notice}_{channel}", **told, "channel": channel, "target": target}


def expand(ledger: SqlLedger, notice: str, *deliveries: dict[str, str], now: int = T0) -> int:
    """The id of the notice's outbox row."""
    put_orders(ledger, notice, kind="notify", now=now)
    [row] = ledger.claim_outbox(now=now, worker="w-1", lapse_ms=LAPSE_MS, limit=9)
    ledger.expand_notices({row["id"]: deliveries}, now=now)
    return int(row["id"])


def claim(
    ledger: SqlLedger, *places: tuple[str, str], now: int = T0, worker: str = "w-1", lapse_ms: int = LAPSE_MS
) -> list[Row]:
    return ledger.claim_deliveries(places, now=now, worker=worker, lapse_ms=lapse_ms)


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def state_of(ledger: SqlLedger, delivery_id: str) -> Any:
    with ledger.read() as tx:
        row = tx.delivery(delivery_id)
    assert row is not None
    return row["state"]


def test_a_notice_is_made_deliveries_of_and_is_done(ledger: SqlLedger) -> None:
    outbox_id = expand(ledger, "a", a_delivery("a"), a_delivery("a", CHAT))
    assert ledger.claim_outbox(now=T0 + 9 * LAPSE_MS, worker="w-2", lapse_ms=LAPSE_MS, limit=9) == []
    [row] = claim(ledger, MAIL)
    assert row == {
        **a_delivery("a"),
        "outbox_id": outbox_id,
        "state": "pending",
        "attempts": 1,
        "next_at": T0,
        "claimed_at": T0,
        "claimed_by": "w-1",
        "last_error": None,
        "remote_ref": None,
        "created_at": T0,
        "sent_at": None,
    }


def test_a_notice_that_is_expanded_again_finds_its_deliveries_as_they_are(ledger: SqlLedger) -> None:
    outbox_id = expand(ledger, "a", a_delivery("a"))
    claim(ledger, MAIL)
    ledger.finish_delivery("nd_a_mail", remote_ref=None, now=T0)
    ledger.expand_notices({outbox_id: [a_delivery("a"), {**a_delivery("a"), "id": "nd_other"}]}, now=T0 + 5)
    with ledger.read() as tx:
        assert [(row["id"], row["state"]) for row in tx.deliveries(state=None, before=None, limit=9)] == [
            ("nd_a_mail", "sent")
        ]


def test_due_targets_are_named_once_longest_due_first(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a", CHAT), now=T0 + 1)
    expand(ledger, "b", a_delivery("b", gate_key="other"), now=T0)
    expand(ledger, "c", a_delivery("c", gate_key="third"), now=T0)
    assert ledger.due_targets(now=T0 - 1, lapse_ms=LAPSE_MS) == []
    assert ledger.due_targets(now=T0 + 1, lapse_ms=LAPSE_MS) == [MAIL, CHAT]


def test_each_target_hands_out_one_at_a_time(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a"), a_delivery("a", CHAT))
    expand(ledger, "b", a_delivery("b", gate_key="other"))
    assert ids(claim(ledger, MAIL, CHAT)) == ["nd_a_mail", "nd_a_chat"]
    assert ids(claim(ledger, MAIL, CHAT, worker="w-2")) == ["nd_b_mail"]
    assert claim(ledger, MAIL, CHAT, worker="w-3") == []


def test_what_a_target_is_told_of_one_gate_is_told_in_order(ledger: SqlLedger) -> None:
    for notice in ("a", "b"):
        expand(ledger, notice, a_delivery(notice))
    assert ids(claim(ledger, MAIL)) == ["nd_a_mail"]
    assert claim(ledger, MAIL, worker="w-2") == []
    ledger.fail_delivery("nd_a_mail", error="down", next_at=T0 + 50)
    assert ledger.due_targets(now=T0, lapse_ms=LAPSE_MS) == []
    assert claim(ledger, MAIL) == []
    assert ids(claim(ledger, MAIL, now=T0 + 50)) == ["nd_a_mail"]
    ledger.finish_delivery("nd_a_mail", remote_ref="one", now=T0 + 50)
    [second] = claim(ledger, MAIL, now=T0 + 50)
    with ledger.read() as tx:
        assert tx.remote_refs(second) == ["one"]


def test_what_was_given_up_holds_nothing_up(ledger: SqlLedger) -> None:
    for notice in ("a", "b"):
        expand(ledger, notice, a_delivery(notice))
    claim(ledger, MAIL)
    ledger.fail_delivery("nd_a_mail", error="no such person", next_at=None)
    assert ids(claim(ledger, MAIL)) == ["nd_b_mail"]
    with ledger.read() as tx:
        [given_up] = tx.deliveries(state="given-up", before=None, limit=9)
    assert (given_up["id"], given_up["last_error"], given_up["claimed_by"]) == ("nd_a_mail", "no such person", None)


def test_a_claim_lapses_after_its_time_and_not_before(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a"))
    claim(ledger, MAIL)
    assert ledger.due_targets(now=T0 + LAPSE_MS - 1, lapse_ms=LAPSE_MS) == []
    assert claim(ledger, MAIL, now=T0 + LAPSE_MS - 1, worker="w-2") == []
    assert ledger.due_targets(now=T0 + LAPSE_MS, lapse_ms=LAPSE_MS) == [MAIL]
    [again] = claim(ledger, MAIL, now=T0 + LAPSE_MS, worker="w-2")
    assert (again["claimed_by"], again["attempts"]) == ("w-2", 2)


def test_a_worker_that_is_gone_leaves_its_deliveries_to_others(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a"), a_delivery("a", CHAT))
    claim(ledger, MAIL, worker="w-1")
    claim(ledger, CHAT, worker="w-2")
    ledger.release_outbox("w-1")
    assert ids(claim(ledger, MAIL, CHAT, worker="w-3")) == ["nd_a_mail"]


def test_what_was_sent_stays_sent(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a"))
    claim(ledger, MAIL)
    ledger.finish_delivery("nd_a_mail", remote_ref="one", now=T0)
    ledger.finish_delivery("nd_a_mail", remote_ref="two", now=T0 + 1)
    ledger.fail_delivery("nd_a_mail", error="too late", next_at=None)
    ledger.release_outbox("w-1")
    with ledger.write("wf-1", "test") as tx:
        assert not tx.retry_delivery("nd_a_mail", now=T0 + 2)
        row = tx.delivery("nd_a_mail")
    assert row is not None
    assert (row["state"], row["remote_ref"], row["sent_at"], row["last_error"]) == ("sent", "one", T0, None)
    assert claim(ledger, MAIL, now=T0 + 9 * LAPSE_MS) == []


def test_only_what_was_given_up_can_be_retried_and_begins_anew(ledger: SqlLedger) -> None:
    expand(ledger, "a", a_delivery("a"))
    with ledger.write("wf-1", "test") as tx:
        assert not tx.retry_delivery("nd_a_mail", now=T0)
    claim(ledger, MAIL)
    ledger.fail_delivery("nd_a_mail", error="down", next_at=None)
    with ledger.write("wf-1", "test") as tx:
        assert tx.retry_delivery("nd_a_mail", now=T0 + 7)
    [row] = claim(ledger, MAIL, now=T0 + 7)
    assert (row["attempts"], state_of(ledger, "nd_a_mail")) == (1, "pending")


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_deliveries_are_paged_newest_first(ledger: SqlLedger, limit: int) -> None:
    for n in range(5):
        expand(ledger, f"{n}", a_delivery(f"{n}"), now=T0 + n // 2)
    found: list[str] = []
    before = None
    with ledger.read() as tx:
        while page := tx.deliveries(state=None, before=before, limit=limit):
            found += ids(page)
            before = (page[-1]["created_at"], page[-1]["id"])
    assert found == [f"nd_{n}_mail" for n in (4, 3, 2, 1, 0)]
