"""Another process that writes to a ledger: `ledger_child.py URL|DIRECTORY VERB NAME [WORKFLOW ...]`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from signoff.app.ports.ledger import Ledger
from signoff.ledger.postgres import PostgresDatabase
from signoff.ledger.sqlite import SqliteDatabase
from signoff.ledger.store import SqlLedger

ENTRIES = 12


def append_many(ledger: Ledger, name: str, workflow_ids: Sequence[str]) -> None:
    """`ENTRIES` transactions of one entry each, dealt out to the workflows."""
    for n in range(ENTRIES):
        with ledger.write(workflow_ids[n % len(workflow_ids)], "test") as tx:
            tx.append_entry(at=n, actor=name, event="test.noted", body={"n": n})


def start_child(place: str, verb: str, name: str, *workflow_ids: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, place, verb, name, *workflow_ids])


def main(place: str, verb: str, name: str, *workflow_ids: str) -> None:
    is_url = place.startswith("postgres")
    database = PostgresDatabase(place, is_pooled=False) if is_url else SqliteDatabase(Path(place))
    ledger = SqlLedger(database)
    if verb == "append":
        append_many(ledger, name, workflow_ids)
    else:
        with ledger.write(name, "test") as tx:
            tx.insert_outbox(kind="continue", dedupe_key=name, payload={}, now=0)
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
