"""Whoever changes the record behind the ledger's back is found out, and where is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ledger_databases import drop_append_only, query_sql, run_sql
from use_case_worlds import ADA, BOB, Clock, open_one, say, waiting_run, work

from signoff.app.cancel_run import cancel_run
from signoff.app.sign_head import HeadSigner
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.audit.entry import Entry, seal
from signoff.gates.requirement import Need, Requirement
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger

SIGNING_KEY = bytes(range(32))

FLIPPED = "CASE substr({0}, 1, 1) WHEN '0' THEN '1' ELSE '0' END || substr({0}, 2)"
FORGERIES = {
    "seq": "seq + 1000",
    "workflow_id": "workflow_id || 'x'",
    "n": "n + 100",
    "gate_key": "COALESCE(gate_key, '') || 'x'",
    "at": "at + 1",
    "actor": "actor || ' '",
    "event": "event || 'x'",
    "body": None,
    "prev_hash": FLIPPED.format("prev_hash"),
    "hash": FLIPPED.format("hash"),
}
BODIES = {"sqlite": """replace(body, ':', ': ')""", "postgres": """body || '{"state": "FORGED"}'"""}


@pytest.fixture
def trail(world: World, database: Database, clock: Clock) -> list[Entry]:
    """A ledger with something of everything, whose first entries a head covers, and then one over all."""
    signer = HeadSigner(world, SIGNING_KEY)
    run, gate = waiting_run(world, database)
    say(world, workflow_id=run.workflow_id, gate_key=gate.gate_key)
    work(world, SqlLedger(database))
    two = Requirement(needs=(Need(("*",), 2),))
    open_one(world, workflow_id="wf-1", requirement=two, requested_by="bob", risk_level="high")
    say(world, actor=ADA)
    signer.sign()
    open_one(world, workflow_id="wf-2")
    other, _ = waiting_run(world, database)
    say(world, actor=BOB, dedupe_key="k-2")
    cancel_run(world, workflow_id=other.workflow_id, actor="ada", reason="enough")
    clock.advance_s(61)
    assert sweep_deadlines(world) == 1
    signer.sign()
    assert verify_audit(world).is_clean
    drop_append_only(database)
    with world.ledger.read() as tx:
        return list(tx.audit.all_entries())


def named(world: World) -> set[int]:
    return {finding.seq for finding in verify_audit(world).findings if finding.seq is not None}


def codes(world: World) -> set[str]:
    return {finding.code for finding in verify_audit(world).findings}


@pytest.mark.parametrize("where", [0, 9, -1], ids=["first", "middle", "last"])
@pytest.mark.parametrize("column", FORGERIES)
def test_one_changed_value_names_its_entry_and_no_other(
    world: World, database: Database, trail: list[Entry], column: str, where: int
) -> None:
    victim = trail[where]
    value = FORGERIES[column] or BODIES[database.dialect]
    run_sql(database, f"UPDATE app.audit_entries SET {column} = {value} WHERE seq = {victim.seq}")
    seq = victim.seq + 1000 if column == "seq" else victim.seq
    assert named(world) == {seq}
    assert "entry-altered" in codes(world)


def test_every_column_is_tampered_with_above(database: Database, trail: list[Entry]) -> None:
    [row] = query_sql(database, "SELECT * FROM app.audit_entries ORDER BY seq LIMIT 1")
    assert set(row) == set(FORGERIES)


def seal_one(**changes: object) -> Entry:
    draft = {"seq": 1, "workflow_id": "wf-x", "n": 1, "gate_key": None, "at": 1, "actor": "eve", "event": "x"}
    return seal(**{**draft, "body": {}, "prev_hash": "0" * 64, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("where", [0, 9, -1], ids=["first", "middle", "last"])
def test_a_key_put_into_a_body_names_its_entry(
    world: World, database: Database, trail: list[Entry], where: int
) -> None:
    forged = trail[where].body.removesuffix("}") + ',"zz":1}'
    run_sql(database, f"UPDATE app.audit_entries SET body = '{forged}' WHERE seq = {trail[where].seq}")
    assert named(world) == {trail[where].seq}


def test_a_removed_entry_is_missed_by_the_one_after_it(world: World, database: Database, trail: list[Entry]) -> None:
    victim = trail[9]
    after = next(one for one in trail if one.workflow_id == victim.workflow_id and one.n == victim.n + 1)
    run_sql(database, f"DELETE FROM app.audit_entries WHERE seq = {victim.seq}")
    assert named(world) == {after.seq}
    assert "entry-missing" in codes(world)


def test_entries_removed_from_the_end_are_missed_by_the_head(
    world: World, database: Database, trail: list[Entry]
) -> None:
    run_sql(database, f"DELETE FROM app.audit_entries WHERE seq = {trail[-1].seq}")
    assert codes(world) == {"head-ahead"}
    assert named(world) == set()


def test_a_workflow_that_is_gone_is_missed_by_the_head(world: World, database: Database, trail: list[Entry]) -> None:
    run_sql(database, "DELETE FROM app.audit_entries WHERE workflow_id = 'wf-1'")
    assert codes(world) >= {"head-ahead"}


def test_a_workflow_that_was_put_in_is_noticed_by_the_head(
    world: World, database: Database, trail: list[Entry]
) -> None:
    insert(database, seal_one(seq=trail[0].seq - 1))
    assert codes(world) == {"head-mismatch"}


def test_an_entry_put_in_with_a_made_up_hash_is_named(world: World, database: Database, trail: list[Entry]) -> None:
    seq = trail[-1].seq + 1
    entry = Entry(**{**vars(seal_one(seq=seq, body={"a": 1})), "hash": "ab" * 32})
    insert(database, entry)
    assert named(world) == {seq}


def test_the_end_of_a_chain_rewritten_with_its_hash_is_noticed_by_the_head(
    world: World, database: Database, trail: list[Entry]
) -> None:
    of_one = [entry for entry in trail if entry.workflow_id == "wf-1"]
    run_sql(database, f"DELETE FROM app.audit_entries WHERE seq = {of_one[-1].seq}")
    rewritten = {**vars(of_one[-1]), "actor": "eve", "body": {"choice": "no"}}
    del rewritten["hash"]
    insert(database, seal(**rewritten))
    assert codes(world) == {"head-mismatch"}


def test_an_entry_that_was_rewritten_with_its_hash_is_named(
    world: World, database: Database, trail: list[Entry]
) -> None:
    victim = next(entry for entry in trail if entry.workflow_id == "wf-1" and entry.n == 2)
    rewritten = {**vars(victim), "actor": "eve", "body": {"choice": "no"}}
    del rewritten["hash"]
    run_sql(database, f"DELETE FROM app.audit_entries WHERE seq = {victim.seq}")
    insert(database, seal(**rewritten))
    assert named(world) == {victim.seq}
    assert codes(world) == {"link-broken", "head-mismatch"}


@pytest.mark.parametrize(
    "change",
    [
        f"root = {FLIPPED.format('root')}",
        "signed_at = signed_at + 1",
        "tree_size = tree_size + 1",
        f"signature = {FLIPPED.format('signature')}",
        "key_id = 'ed25519:' || substr(root, 1, 64)",
    ],
)
def test_a_changed_head_no_longer_vouches(world: World, database: Database, trail: list[Entry], change: str) -> None:
    newest = max(row["tree_size"] for row in query_sql(database, "SELECT tree_size FROM app.audit_heads"))
    assert newest == len(trail)
    run_sql(database, f"UPDATE app.audit_heads SET {change} WHERE tree_size = {newest}")
    assert codes(world) == {"head-signature"}
    assert named(world) == set()


def test_the_command_names_the_seq_and_fails(
    database: Database, trail: list[Entry], database_url: str | None, signoff_dir: Path
) -> None:
    victim = trail[9]
    where = ["--dir", str(signoff_dir)] if database_url is None else ["--database-url", database_url]
    command = [sys.executable, "-m", "signoff", "audit", "verify", *where]
    clean = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert clean.returncode == 0, clean.stderr
    run_sql(database, f"UPDATE app.audit_entries SET actor = 'eve' WHERE seq = {victim.seq}")
    forged = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert forged.returncode == 1
    bad = [line.split()[1] for line in forged.stdout.splitlines() if line.startswith("seq ")]
    assert bad == [str(victim.seq)]


def insert(database: Database, entry: Entry) -> None:
    values = ", ".join("NULL" if value is None else repr(value) for value in vars(entry).values())
    run_sql(database, f"INSERT INTO app.audit_entries ({', '.join(vars(entry))}) VALUES ({values})")
