"""`watch()`: whoever waits is woken by what others commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_child import start_child
from ledger_samples import a_gate, an_interaction, decided, put_gates, put_orders

from signoff.app.ports.ledger import Ledger, Watch
from signoff.ledger.store import SqlLedger

LONG_S = 60


def settle(watch: Watch) -> None:
    """A watch may report once more what it has seen begin; from here on only what is new counts."""
    while watch.wait(0.05):
        pass


def order(ledger: Ledger) -> None:
    put_orders(ledger, "k")


def decide(ledger: Ledger) -> None:
    gate = a_gate()
    with ledger.write("wf-1", "test") as tx:
        tx.insert_interaction(an_interaction(gate))
        tx.update_gate(decided(gate, an_interaction(gate)))


@pytest.mark.parametrize("write", [order, decide])
def test_a_watch_wakes_for_orders_and_for_decisions(ledger: SqlLedger, write: Callable[[Ledger], None]) -> None:
    put_gates(ledger, a_gate())
    with ledger.watch() as watch:
        settle(watch)
        write(ledger)
        assert watch.wait(LONG_S)


def test_a_watch_wakes_for_another_process(ledger: SqlLedger, database_url: str | None, signoff_dir: Path) -> None:
    with ledger.watch() as watch:
        settle(watch)
        with start_child(database_url or str(signoff_dir), "order", "from-another-process") as child:
            assert watch.wait(LONG_S)
        assert child.returncode == 0


def test_a_watch_gives_up_when_nothing_is_written(ledger: SqlLedger) -> None:
    with ledger.watch() as watch:
        settle(watch)
        with ledger.read() as reader:
            reader.audit.newest_head()
        assert not watch.wait(0.05)
        assert not watch.wait(0)


def test_what_was_rolled_back_wakes_nobody(ledger: SqlLedger) -> None:
    def write_and_fail() -> None:
        with ledger.write("wf-1", "test") as tx:
            tx.insert_outbox(kind="continue", dedupe_key="gone", payload={}, now=0)
            raise ZeroDivisionError

    with ledger.watch() as watch:
        settle(watch)
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        assert not watch.wait(0.05)


def test_every_watch_is_woken(ledger: SqlLedger) -> None:
    with ledger.watch() as one, ledger.watch() as another:
        settle(one)
        settle(another)
        order(ledger)
        assert one.wait(LONG_S)
        assert another.wait(LONG_S)
