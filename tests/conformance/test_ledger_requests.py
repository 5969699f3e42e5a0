"""The view of gates as requests for an approval tells the same on both databases, whatever a payload holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledger_databases import T0, query_sql
from ledger_samples import a_gate, an_interaction, needs

from signoff.gates.gate import Gate, State
from signoff.gates.requirement import Need, Requirement
from signoff.gates.terms import Terms
from signoff.ledger.database import Database
from signoff.ledger.store import SqlLedger

SILENT = Terms("approve", {"timezone": "UTC", "days": ["mon"], "hours": "09:00-17:00"}, is_quiet=True)


def put(ledger: SqlLedger, gate: Gate, *answers: Any) -> None:
    with ledger.write(gate.workflow_id, "test") as tx:
        for interaction in answers:
            tx.insert_interaction(interaction)
        tx.insert_gate(gate)


def request_of(ledger: SqlLedger, gate: Gate) -> dict[str, Any]:
    with ledger.read() as tx:
        row = tx.approval_request(gate.workflow_id, gate.gate_key)
    assert row is not None
    return dict(row)


def ended(gate: Gate, state: State, decision: str | None = None) -> Gate:
    answer = an_interaction(gate).id if decision else None
    return replace(gate, state=state, decision=decision, decided_by="ada", decided_at=T0 + 5, interaction_id=answer)


def test_terms_and_the_end_of_a_gate_are_kept(ledger: SqlLedger) -> None:
    gate = a_gate(terms=SILENT, ends_at=T0 + 90_000)
    put(ledger, gate)
    with ledger.write("wf-1", "test") as tx:
        assert tx.gate("wf-1", "go-live") == gate
        tx.update_gate(replace(gate, ends_at=T0 + 95_000))
        again = tx.gate("wf-1", "go-live")
    assert again is not None
    assert (again.ends_at, again.terms) == (T0 + 95_000, SILENT)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (None, ("wf-1", None, "Go live?")),
        ("a text", ("wf-1", None, "Go live?")),
        ([{"id": 1}], ("wf-1", None, "Go live?")),
        ({"task_id": "t-1", "id": "x", "operation": "deploy", "description": "Ünï"}, ("t-1", "deploy", "Ünï")),
        ({"id": 7, "operation": None, "description": None}, ("7", None, "Go live?")),
        ({"task_id": None, "id": "x"}, ("x", None, "Go live?")),
        ({"id.x": "dotted", "operation": "a'b"}, ("wf-1", "a'b", "Go live?")),
    ],
)
def test_whatever_the_payload_is_the_request_has_a_name(ledger: SqlLedger, payload: Any, told: tuple[Any, ...]) -> None:
    gate = a_gate(payload=payload)
    put(ledger, gate)
    row = request_of(ledger, gate)
    assert (row["task_id"], row["operation_type"], row["description"]) == told


@pytest.mark.parametrize(
    ("state", "decision", "status"),
    [
        (State.PENDING, None, "pending"),
        (State.RECEIVED, "yes", "approved"),
        (State.RECEIVED, "no", "rejected"),
        (State.TIMED_OUT, None, "timeout"),
        (State.CANCELLED, None, "cancelled"),
    ],
)
def test_a_status_is_told_in_its_own_words(ledger: SqlLedger, state: State, decision: str | None, status: str) -> None:
    gate = a_gate()
    answers = [an_interaction(gate, 1, {"choice": decision, "note": "why"}, choice=decision)] if decision else []
    put(ledger, gate if state is State.PENDING else ended(gate, state, decision), *answers)
    row = request_of(ledger, gate)
    assert row["status"] == status
    assert (row["resolved_by"], row["resolved_at"]) == ((None, None) if status == "pending" else ("ada", T0 + 5))
    assert row["resolution_note"] == ("why" if decision else None)


def test_who_may_answer_and_how_many_have_is_counted_as_the_gate_counts(ledger: SqlLedger) -> None:
    two = Requirement(needs=(Need(("b", "a"), 2), Need(("c", "a"), 1)))
    for key, requirement, received in (("one", two, 2), ("two", replace(two, distinct_people=False), 3)):
        gate = a_gate("wf-1", key, requirement=requirement, escalation_level=2)
        answers = [
            an_interaction(gate, n, {"choice": choice}, actor=actor, choice=choice)
            for n, (actor, choice) in enumerate([("ada", "yes"), ("ada", "yes"), ("bob", "yes"), ("eve", "no")])
        ]
        put(ledger, gate, *answers)
        row = request_of(ledger, gate)
        assert row["approvers"] == ["a", "b", "c"]
        assert (row["required_approvals"], row["received_approvals"]) == (3, received)
        assert (row["escalated"], row["escalation_count"]) == (True, 2)


def test_the_time_out_is_the_end_where_it_is_known_and_the_deadline_else(ledger: SqlLedger) -> None:
    known, unknown = a_gate("wf-1", "known", ends_at=T0 + 90_000), a_gate("wf-1", "unknown")
    put(ledger, known)
    put(ledger, unknown)
    ends = [request_of(ledger, gate)["timeout_at"] for gate in (known, unknown)]
    assert ends == [T0 + 90_000, T0 + 60_000]


def test_pending_ones_are_those_of_a_key_that_no_run_has_and_a_role_may_answer(ledger: SqlLedger) -> None:
    for workflow_id, level, opened_at, requirement in (
        ("wf-1", "high", T0 + 2, needs("lead")),
        ("wf-2", "critical", T0 + 3, needs("cto")),
        ("wf-3", "high", T0 + 1, needs("lead", "cto")),
        ("wf-4", None, T0, needs("*")),
    ):
        gate = a_gate(workflow_id, "approval", requirement=requirement, risk_level=level, opened_at=opened_at)
        put(ledger, gate)
    put(ledger, a_gate("wf-5", "other"))
    put(ledger, ended(a_gate("wf-6", "approval"), State.TIMED_OUT))
    with ledger.read() as tx:
        by_role = {
            role: [row["workflow_id"] for row in tx.pending_requests("approval", role=role, limit=3)]
            for role in (None, "lead", "cto", 'le"ad', "nobody")
        }
    assert by_role == {
        None: ["wf-2", "wf-3", "wf-1"],
        "lead": ["wf-3", "wf-1", "wf-4"],
        "cto": ["wf-2", "wf-3", "wf-4"],
        'le"ad': ["wf-4"],
        "nobody": ["wf-4"],
    }


def test_the_median_is_of_the_two_in_the_middle_where_there_are_two(ledger: SqlLedger) -> None:
    for n, waited_ms in enumerate((10, 20, 41, 100_000)):
        gate = a_gate(f"wf-{n}")
        put(ledger, replace(ended(gate, State.RECEIVED, "yes"), decided_at=T0 + waited_ms), an_interaction(gate))
    automatic = a_gate("wf-9")
    by_policy = replace(ended(automatic, State.RECEIVED, "yes"), decided_by="policy:low", decided_at=T0)
    put(ledger, by_policy, an_interaction(automatic))
    with ledger.read() as tx:
        counts = tx.gate_counts(now=T0, actors=1)
    assert dict(counts.times) == {"count": 4, "average_ms": 25_018, "median_ms": 31}
    assert len(counts.by_actor) == 1


def test_the_view_has_the_same_columns_on_both(ledger: SqlLedger, database: Database) -> None:
    put(ledger, a_gate())
    [row] = query_sql(database, "SELECT * FROM app.approval_requests")
    assert list(row) == [
        *("workflow_id", "task_id", "risk_level", "operation_type", "description", "status", "requested_by"),
        *("requested_at", "approvers", "required_approvals", "received_approvals", "timeout_at", "escalated"),
        *("escalation_count", "resolved_by", "resolved_at", "resolution_note", "gate_key"),
    ]
