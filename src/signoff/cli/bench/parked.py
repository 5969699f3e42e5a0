"""Gates that wait, a million of them if need be: copies of one that was opened as ever, made by the database itself.

They are gates of other programs' workflows. A copy has no entries in the trail and no outbox rows, which nothing that
waits looks at; its deadline is weeks away.
"""

from __future__ import annotations

from signoff.app.open_gate import open_gate
from signoff.app.world import World
from signoff.cli.bench.told import Told
from signoff.ledger.database import Database, Session, transaction

BATCH = 20_000
TTL_S = 28 * 86_400
GATE_KEY = "approve-plan"
PREFIX = "parked-"
WORDS = "gates of other programs' workflows, copied in bulk by SQL (no trail of their own), with deadlines weeks away"

_SERIES = {
    "postgres": "generate_series({first}, {last}) AS s(n)",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c WHERE n < {last})"
    " SELECT n FROM c) AS s",
}
_BODY = "What is asked, as long as it often is. " * 10


def open_sample(world: World, workflow_id: str) -> None:
    """A gate like those that the copies are of."""
    prompt = {"title": f"Go on with {workflow_id}?", "body": _BODY}
    payload = {"change": workflow_id, "files": ["src/main.py", "docs/index.md"]}
    open_gate(world, workflow_id=workflow_id, gate_key=GATE_KEY, prompt=prompt, ttl_s=TTL_S, actor="bench",
              payload=payload, risk_level="medium")  # fmt: skip


def park_gates(world: World, database: Database, count: int, told: Told, *, prefix: str = PREFIX) -> None:
    """So many gates that wait, in workflows `<prefix>1` and on."""
    if not count:
        return
    open_sample(world, f"{prefix}1")
    told.begin("inserting gates that wait", count)
    told.on()
    for first in range(2, count + 1, BATCH):
        last = min(first + BATCH - 1, count)
        with transaction(database, database.begin_write) as session:
            session.connection.execute(_copies(session, database.dialect, prefix, first, last))
        told.at(last)


def _copies(session: Session, dialect: str, prefix: str, first: int, last: int) -> str:
    """Whatever columns a gate has."""
    sample = session.one("gate", workflow_id=f"{prefix}1", gate_key=GATE_KEY) or {}
    columns = [name for name in sample if name in _columns(session)]
    values = [f"'{prefix}' || s.n" if name == "workflow_id" else f"g.{name}" for name in columns]
    series = _SERIES[dialect].format(first=first, last=last)
    return (
        f"INSERT INTO app.human_gates ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 - our own names
        f"FROM app.human_gates AS g CROSS JOIN {series} "
        f"WHERE g.workflow_id = '{prefix}1' AND g.gate_key = '{GATE_KEY}'"
    )


def _columns(session: Session) -> list[str]:
    return [column[0] for column in session.connection.execute("SELECT * FROM app.human_gates WHERE 1 = 0").description]
