"""Gates and runs in short, as lists show them: the same of either database, and the same that whole ones say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_databases import T0
from ledger_samples import a_gate, a_run, an_interaction, decided, put_gates

from signoff.app.list_gates import list_gates
from signoff.app.list_reviews import list_reviews
from signoff.errors import InvalidInputError
from signoff.gates.requirement import Need, Requirement
from signoff.ledger.database import Database
from signoff.ledger.lists import SqlLists
from signoff.ledger.store import SqlLedger

ANY, LEAD = Requirement(), Requirement(needs=(Need(("lead",), 1),), not_requester=True, not_by=("Eve ",))
PLACE = {"repo_root": "/r", "mission_id": "m1", "mission_slug": "release"}


@pytest.fixture
def lists(database: Database) -> SqlLists:
    return SqlLists(database)


def test_a_gate_in_short_says_what_the_whole_one_does(ledger: SqlLedger, lists: SqlLists) -> None:
    gate = a_gate("wf-1", "ship", requirement=LEAD, requested_by="Ada", risk_level="high")
    put_gates(ledger, gate)
    assert lists.gates(state=None, role=None, risk=None, after=None, limit=9) == [
        {
            "workflow_id": "wf-1",
            "gate_key": "ship",
            "state": "PENDING",
            "risk_level": "high",
            "title": gate.prompt.title,
            "deadline_at": gate.deadline_at,
            "kept_from": ["ada", "eve"],
        }
    ]


def test_the_conditions_of_a_list_choose_the_gates_that_they_choose_for_whole_ones(
    ledger: SqlLedger, lists: SqlLists
) -> None:
    said = a_gate("wf-3", "c")
    put_gates(
        ledger,
        a_gate("wf-1", "a", requirement=LEAD, requested_by="ada", risk_level="high"),
        a_gate("wf-2", "b", requirement=ANY, risk_level="low"),
        said,
    )
    with ledger.write("wf-3", "test") as tx:
        tx.insert_interaction(an_interaction(said))
        tx.update_gate(decided(said, an_interaction(said)))
    chosen = 0
    for state in (None, "PENDING", "RECEIVED"):
        for role in (None, "lead", "other"):
            for risk in (None, "high", "critical"):
                with ledger.read() as tx:
                    whole = tx.gates(state=state, role=role, risk=risk, after=None, limit=9)
                short = lists.gates(state=state, role=role, risk=risk, after=None, limit=9)
                assert [row["workflow_id"] for row in short] == [gate.workflow_id for gate in whole]
                chosen += len(short)
    assert chosen > 9  # of 27 lists not all are empty


def test_pages_of_a_list_follow_one_another_by_deadline(ledger: SqlLedger, lists: SqlLists) -> None:
    for n in range(5):
        put_gates(ledger, a_gate(f"wf-{n % 2}", f"gate-{n}", ttl_s=60 - n // 2))
    seen, cursor = [], None
    while True:
        page = list_gates(lists, state="PENDING", limit=2, cursor=cursor)
        seen += [(row["deadline_at"], row["workflow_id"], row["gate_key"]) for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert (len(seen), seen) == (5, sorted(seen))
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "eA"}):
        with pytest.raises(InvalidInputError):
            list_gates(lists, state=None, **wrong)


def test_reviews_in_short_are_those_of_the_mission_at_this_place_and_say_whether_they_wait(
    ledger: SqlLedger, lists: SqlLists
) -> None:
    def put(n: int, wp_id: str, ttl_s: int | None, **about: str) -> None:
        said = {"kind": "review", **PLACE, "work_package_id": wp_id, **about}
        run = a_run(f"run-{n}", door="mission", subject=f"{said['mission_slug']}/{wp_id}", created_at=T0 + n)
        run = replace(run, plan={**run.plan, "about": said})
        with ledger.write(run.workflow_id, "test") as tx:
            tx.insert_run(run)
            if ttl_s is not None:
                tx.insert_gate(a_gate(run.workflow_id, "review", run_id=run.id, ttl_s=ttl_s))

    put(1, "WP01", 60)
    put(2, "WP02", 1)
    put(3, "WP03", None)
    put(4, "WP01", 60, repo_root="/another")
    put(5, "WP01", 60, mission_slug="release-2")
    put(6, "WP01", 60, kind="sign-off")
    found = [(row["about"]["work_package_id"], row["waits"]) for row in list_reviews(lists, PLACE, now=T0 + 1000)]
    assert found == [("WP03", False), ("WP02", False), ("WP01", True)]
