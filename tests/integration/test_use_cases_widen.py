"""A gate with a ladder that nobody who is known could let through climbs it as soon as it is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger_databases import T0, query_sql
from use_case_worlds import Clock

from signoff.app.add_principal import add_principal
from signoff.app.open_gate import make_gate, record_gate
from signoff.app.world import World
from signoff.audit.entry import to_wire
from signoff.gates.deadline import Ladder, Rung
from signoff.gates.gate import Gate
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import Need, Requirement
from signoff.ledger.database import Database

LADDER = (Rung(120, ("cto",)), Rung(300, ("board",)))
NOBODY_S = Requirement((Need(("lead",), 1),))


def open_at_once(world: World, ladder: Ladder, *, is_automatic: bool = False) -> Gate:
    prompt = build_prompt({"title": "Go?"}, requirement=NOBODY_S, ttl_s=60, now=world.clock())
    gate = make_gate(
        workflow_id="wf-1",
        gate_key="go-live",
        run_id=None,
        prompt=prompt,
        requirement=NOBODY_S,
        requested_by=None,
        on_decision={"kind": "none"},
        ladder=ladder,
    )
    with world.ledger.write("wf-1", "open_gate") as tx:
        opened = record_gate(tx, gate, actor="opener", is_automatic=is_automatic)
        assert tx.gate("wf-1", "go-live") == opened
    return opened


def told(world: World) -> list[tuple[str, str, Mapping[str, Any]]]:
    with world.ledger.read() as tx:
        return [
            (one.event, one.actor, to_wire(one)["body"])
            for one in tx.audit.entries(workflow_id="wf-1", after=0, limit=50)
        ]


def test_it_climbs_as_far_as_somebody_could_answer_and_no_further(world: World, database: Database) -> None:
    add_principal(world, name="ada", roles=["cto"], actor="root")
    gate = open_at_once(world, LADDER)
    # The rung that was skipped is not lost: its time goes to those who may answer now.
    assert (gate.escalation_level, gate.deadline_at) == (1, T0 + 180_000)
    assert gate.requirement.needs == (Need(("lead", "cto"), 1),)
    assert [(event, actor) for event, actor, _ in told(world)] == [
        ("gate.opened", "opener"),
        ("gate.escalated", "signoff"),
    ]
    assert "nobody" in told(world)[-1][2]["reason"]
    orders = query_sql(database, "SELECT dedupe_key FROM app.outbox WHERE kind = 'escalate'")
    assert [row["dedupe_key"] for row in orders] == ["escalate:esc:wf-1:go-live:1"]


def test_with_no_rung_left_it_stays_open_and_the_record_says_so(world: World) -> None:
    add_principal(world, name="ada", roles=["dev"], actor="root")
    gate = open_at_once(world, LADDER)
    assert (gate.escalation_level, gate.state) == (2, "PENDING")
    assert [event for event, _, _ in told(world)] == [
        "gate.opened", "gate.escalated", "gate.escalated", "gate.unsatisfiable"
    ]  # fmt: skip


def test_while_nobody_is_known_no_gate_climbs(world: World) -> None:
    assert open_at_once(world, LADDER).escalation_level == 0


def test_a_gate_that_a_policy_approves_needs_nobody(world: World, clock: Clock) -> None:
    add_principal(world, name="ada", roles=["dev"], actor="root")
    assert open_at_once(world, LADDER, is_automatic=True).escalation_level == 0
