"""How long pages of the inbox take over many gates: `python bench/inbox.py [GATES] [--postgres]`, 100,000 without it.

Makes a ledger in a folder that is thrown away, with so many gates that wait and a tenth as many that have ended, of
twenty kinds: four risk levels, five sets of roles. Pages are asked for as a browser asks, without the network. Exits
with 1 where a page takes longer than the limit. `--plans` prints how the database finds the first page.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from signoff.api.server import create_app
from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.open_gate import open_gate
from signoff.app.open_session import open_session
from signoff.app.world import World
from signoff.bootstrap.world import open_world
from signoff.gates import requirement as requirements
from signoff.gates.gate import RISK_LEVELS
from signoff.inbox.site import add_inbox
from signoff.ledger.database import Database, Session, transaction
from signoff.ledger.embedded_postgres import EmbeddedPostgres
from signoff.ledger.store import SqlLedger
from signoff.settings import load

GATES = 100_000
LIMIT_S = 0.5
ROUNDS = 5
ROLES = (("lead",), ("ops",), ("lead", "ops"), ("security",), ("compliance", "legal"))
TTL_S = 30 * 86_400

PAGES = {
    "what waits for somebody of two roles": ("lead", "/"),
    "what waits for somebody whom nothing waits for": ("nobody", "/"),
    "the page after that": ("lead", "/?who=all"),
    "by risk and role": ("lead", "/?risk=critical&role=security"),
    "by a text that is in one title": ("lead", "/?text=change+77777+"),
    "by a text that is in no title": ("lead", "/?text=zebra"),
    "by a door that no gate came through": ("lead", "/?door=mission"),
    "what has ended": ("lead", "/?state=ENDED"),
    "one gate": ("lead", "/gates/seed-0/go-live"),
    "stats": ("lead", "/stats"),
}


def main(arguments: list[str]) -> int:
    count = next((int(one) for one in arguments if one.isdecimal()), GATES)
    with tempfile.TemporaryDirectory(prefix="signoff-bench-") as folder, ledger(Path(folder), arguments) as world:
        cookies = {"lead": signed_in(world, "lead", "lead", "ops"), "nobody": signed_in(world, "nobody", "guest")}
        fill(world, count)
        times = asyncio.run(measure(world, cookies))
        if "--plans" in arguments:
            print_plans(database_of(world))
    slowest = max(times.values())
    for name, taken in times.items():
        print(f"{taken * 1000:8.0f} ms  {name}")  # noqa: T201
    print(f"limit: {LIMIT_S * 1000:.0f} ms a page: {'kept' if slowest < LIMIT_S else 'NOT KEPT'}")  # noqa: T201
    return 0 if slowest < LIMIT_S else 1


@contextmanager
def ledger(folder: Path, arguments: list[str]) -> Iterator[World]:
    if "--postgres" not in arguments:
        with open_world(load({"dir": folder}, {}, cwd=folder), migrates=True) as world:
            yield world
        return
    with EmbeddedPostgres(folder / "postgres") as url:
        settings = load({"dir": folder, "database_url": url}, {}, cwd=folder)
        with open_world(settings, migrates=True) as world:
            yield world


def signed_in(world: World, name: str, *roles: str) -> str:
    """The cookie of a new principal's session."""
    add_principal(world, name=name, roles=roles, actor="bench")
    _, token = create_token(world, name=name, actor="bench")
    return open_session(world, token=token)[1]


def fill(world: World, count: int) -> None:
    """Opens one gate of each kind as it is done everywhere, and copies them by SQL."""
    kinds = [(roles, risk) for roles in ROLES for risk in RISK_LEVELS]
    for number, (roles, risk) in enumerate(kinds):
        open_gate(
            world,
            workflow_id=f"seed-{number}",
            gate_key="go-live",
            prompt={"title": f"Approve kind {number}?", "body": "What it does. " * 60, "payload": {"n": number}},
            requirement=requirements.from_wire({"needs": [{"any_of": list(roles), "count": 1}]}),
            risk_level=risk,
            ttl_s=TTL_S,
            actor="bench",
        )
    with transaction(database_of(world), database_of(world).begin_write) as session:
        copy(session, len(kinds), count // len(kinds), is_open=True)
        copy(session, len(kinds), count // len(kinds) // 10, is_open=False)
        session.connection.execute("ANALYZE")


def copy(session: Session, kinds: int, times: int, *, is_open: bool) -> None:
    kept = (
        "g.run_id, g.topic, g.prompt, g.prompt_digest, g.requirement, g.ladder, g.risk_level, g.requested_by, "
        "g.escalation_level, g.on_decision, g.terms, g.roles"
    )
    prefix, state, ended = ("w", "PENDING", "NULL") if is_open else ("e", "TIMED_OUT", "g.opened_at + c.n")
    session.connection.execute(
        f"""
        INSERT INTO app.human_gates ({kept.replace("g.", "")}, workflow_id, gate_key, state, opened_at, deadline_at,
            decided_at, title)
        WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {times})
        SELECT {kept}, '{prefix}-' || c.n || '-' || g.workflow_id, g.gate_key, '{state}', g.opened_at + c.n,
            g.deadline_at + c.n * 7919 % 100003, {ended}, 'Approve change ' || (c.n * {kinds}) || ' of the system?'
        FROM c, app.human_gates g WHERE g.workflow_id LIKE 'seed-%'
        """  # noqa: S608
    )


async def measure(world: World, cookies: dict[str, str]) -> dict[str, float]:
    """The median of some rounds of each page, in seconds."""
    app = create_app(world, version="bench", database="sqlite", host="127.0.0.1")
    add_inbox(app)
    times = {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        for name, (who, path) in PAGES.items():
            taken = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                answer = await client.get(path, headers={"Cookie": f"signoff-session={cookies[who]}"})
                taken.append(time.perf_counter() - started)
                assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])  # noqa: S101
            times[name] = median(taken)
    return times


def print_plans(database: Database) -> None:
    filters = dict.fromkeys(("risk", "role", "door", "text", "state"))
    who = {"who": "me", "actor": "ada", "roles": '["lead"]', "limit": 51}
    after = {"after_at": 0, "after_workflow": "", "after_key": ""}
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN ANALYZE"
    with transaction(database, database.begin_read) as session:
        for name in ("inbox_gates", "inbox_counts"):
            rows = session.connection.execute(f"{explain} {database.queries[name]}", {**filters, **who, **after})
            print(name, *(tuple(dict(row).values())[-1] for row in rows.fetchall()), sep="\n  ")  # noqa: T201


def database_of(world: World) -> Database:
    assert isinstance(world.ledger, SqlLedger)  # noqa: S101
    return world.ledger.database


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
