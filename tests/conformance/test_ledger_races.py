"""Many writers at once, in this process and in others: nothing is lost, nothing happens twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ledger_child import ENTRIES, append_many, start_child
from ledger_databases import T0, migrated_database, run_sql
from ledger_samples import a_gate, an_interaction, append, decided, put_gates, put_orders

from signoff.app.sign_head import HeadSigner
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.audit.head import Head
from signoff.gates.gate import State
from signoff.ledger.store import SqlLedger

THREADS = 6
SIGNING_KEY = bytes(range(32))
STILL_S = 0.2


@pytest.fixture
def world(ledger: SqlLedger) -> World:
    return World(ledger=ledger, clock=lambda: T0, new_id=lambda: "0" * 26)


@pytest.mark.parametrize("workflows", [1, 5])
def test_writers_in_threads_and_processes_lose_no_entry(
    world: World, ledger: SqlLedger, database_url: str | None, signoff_dir: Path, workflows: int
) -> None:
    workflow_ids = [f"wf-{n}" for n in range(workflows)]
    place, children = database_url or str(signoff_dir), ["process-1", "process-2"]
    processes = [start_child(place, "append", name, *workflow_ids) for name in children]
    threads = [f"thread-{n}" for n in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda name: append_many(ledger, name, workflow_ids), threads))
    assert [process.wait() for process in processes] == [0, 0]
    with ledger.read() as reader:
        entries = list(reader.audit.all_entries())
    assert Counter(entry.actor for entry in entries) == dict.fromkeys([*threads, *children], ENTRIES)
    assert len({entry.seq for entry in entries}) == len(entries)
    for workflow_id in workflow_ids:
        of_one = [entry for entry in entries if entry.workflow_id == workflow_id]
        assert [entry.n for entry in of_one] == list(range(1, len(of_one) + 1))
    assert verify_audit(world).is_clean


def test_heads_signed_while_others_write_cover_what_they_say(world: World, ledger: SqlLedger) -> None:
    signers = [HeadSigner(world, SIGNING_KEY) for _ in range(2)]
    written = threading.Event()

    def sign(signer: HeadSigner) -> None:
        while not written.is_set():
            signer.sign()
        signer.sign()

    with ThreadPoolExecutor(THREADS + 2) as pool:
        signing = [pool.submit(sign, signer) for signer in signers]
        writing = [pool.submit(append_many, ledger, f"w-{n}", [f"wf-{n}", "wf-all"]) for n in range(THREADS)]
        for future in writing:
            future.result()
        written.set()
        for future in signing:
            future.result()
    report = verify_audit(world)
    assert report.is_clean
    assert report.entries == THREADS * ENTRIES
    assert report.uncovered == 0
    with ledger.read() as reader:
        assert reader.audit.heads()[-1] == reader.audit.newest_head()


def test_a_head_waits_for_every_entry_that_is_being_written(ledger: SqlLedger) -> None:
    covered: list[int] = []

    def look(settled: Iterator[tuple[int, str]]) -> Head | None:
        covered.extend(seq for seq, _ in settled)
        return None

    first = append(ledger, "wf-0")
    with ThreadPoolExecutor(1) as pool:
        with ledger.write("wf-1", "test") as tx:
            unsettled = tx.append_entry(at=T0, actor="ada", event="test.noted", body={})
            others = [append(ledger, "wf-2")] if ledger.database.dialect == "postgres" else []
            looking = pool.submit(ledger.append_head, first.seq, look)
            # Long enough for a reader that does not wait to be found out; one that waits never ends before the writer.
            assert not threading.Event().wait(STILL_S)
            assert not looking.done()
            assert covered == []
        assert looking.result() is None
    assert covered == [unsettled.seq, *(entry.seq for entry in others)]


def test_of_many_claimants_one_gets_each_order(ledger: SqlLedger) -> None:
    orders = [f"k-{n}" for n in range(40)]
    put_orders(ledger, *orders)
    start = threading.Barrier(THREADS)

    def claim_all(worker: str) -> list[str]:
        mine: list[str] = []
        start.wait()
        while rows := ledger.claim_outbox(now=T0, worker=worker, lapse_ms=1_000, limit=3):
            assert {row["claimed_by"] for row in rows} == {worker}
            mine += [row["dedupe_key"] for row in rows]
        return mine

    with ThreadPoolExecutor(THREADS) as pool:
        claimed = [key for keys in pool.map(claim_all, [f"w-{n}" for n in range(THREADS)]) for key in keys]
    assert sorted(claimed) == sorted(orders)


def test_writers_of_one_workflow_take_turns(ledger: SqlLedger) -> None:
    """Each reads, then writes: without the lock, several would find the gate open and all would decide it."""
    put_gates(ledger, a_gate())
    start = threading.Barrier(THREADS)

    def decide_if_open(n: int) -> bool:
        start.wait()
        with ledger.write("wf-1", "test") as tx:
            gate = tx.gate("wf-1", "go-live")
            assert gate is not None
            if gate.state is not State.PENDING:
                return False
            interaction = an_interaction(gate, n)
            tx.insert_interaction(interaction)
            tx.update_gate(decided(gate, interaction))
            return True

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(decide_if_open, range(THREADS))) == 1
    with ledger.read() as reader:
        assert len(reader.interactions_at("wf-1", "go-live")) == 1


def test_writers_take_turns_also_where_postgres_isolates_more_by_default(tmp_path: Path, postgres_url: str) -> None:
    name = urlsplit(postgres_url).path.removeprefix("/")
    with migrated_database(tmp_path, postgres_url) as database:
        run_sql(database, f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    with migrated_database(tmp_path, postgres_url) as database, ThreadPoolExecutor(THREADS) as pool:
        ledger = SqlLedger(database)
        list(pool.map(lambda n: append_many(ledger, f"w-{n}", ["wf-1"]), range(THREADS)))
        with ledger.read() as reader:
            assert len(list(reader.audit.all_entries())) == THREADS * ENTRIES
