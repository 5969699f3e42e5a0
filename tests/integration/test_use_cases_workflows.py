"""Workflows: tasks of somebody else's, let through at once or put before people, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_databases import T0, query_sql
from use_case_worlds import ADA, BOB, Clock, make_world, notices, orders, refusing

from signoff.app.add_principal import add_principal
from signoff.app.answer_workflow import approve_workflow, approved_view, reject_workflow, rejected_view
from signoff.app.expire import expire
from signoff.app.find_workflows import find_pending_workflows, find_workflow, requested_view
from signoff.app.gate_stats import gate_stats
from signoff.app.request_approval import Requested
from signoff.app.request_workflow import GATE_KEY, request_workflow
from signoff.app.sign_in import act_as
from signoff.app.sweep_deadlines import sweep_deadlines
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import (
    GateDecidedError,
    GateTimedOutError,
    InvalidInputError,
    NotEntitledError,
    NotFoundError,
    RequirementError,
)
from signoff.gates.gate import State
from signoff.gates.requirement import Actor
from signoff.ledger.database import Database
from signoff.policy.read import PolicyText, read_policy
from signoff.policy.risk import RiskPolicy
from signoff.settings.business_hours import business_hours
from signoff.settings.policy_files import load_policy

MINUTE_MS = 60_000
LOW = {"operation": "read"}
MEDIUM = {"operation": "read", "estimated_cost": 101}
HIGH = {"task_id": "t-7", "operation": "deploy", "environment": "production", "description": "Deploy 4.2"}
CRITICAL = {"id": 8, "operation": "delete", "environment": "production", "resource_type": "database"}

ODD = """\
risk_levels:
  low: {auto_approve: true, notify: true}
  medium: {approvers: [team_lead], timeout: 1h, on_timeout: approve}
  high: {approvers: [team_lead, tech_lead], required_approvals: 2, timeout: 2h, notify: false}
  critical:
    approvers: [cto]
    timeout: 3h
    escalate_after: 1h
    escalate_to: [tech_lead]
    schedule: {timezone: Europe/Berlin, hours: 09:00-17:00}
"""


def odd_policy() -> RiskPolicy:
    shipped = [PolicyText(name, text) for name, text in _shipped() if "risk_levels:" not in text]
    rules = [PolicyText(name, text.partition("rules:")[2]) for name, text in _shipped() if "risk_levels:" in text]
    assert len(rules) == 1
    again = PolicyText("rules.yaml", "rules:" + rules[0].text)
    return read_policy([PolicyText("odd.yaml", ODD), again, *shipped], is_zone=lambda _: True)


def _shipped() -> list[tuple[str, str]]:
    from importlib.resources import files

    folder = files("signoff.policy").joinpath("defaults")
    return [(one.name, one.read_text("utf-8")) for one in folder.iterdir()]


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return make_world(database, clock, policy=lambda: load_policy(None), business_hours=business_hours)


@pytest.fixture
def odd(database: Database, clock: Clock) -> World:
    return make_world(database, clock, policy=odd_policy, business_hours=business_hours)


def ask(world: World, task: dict[str, Any], requested_by: str = "agent", **more: Any) -> Requested:
    return request_workflow(world, task=task, requested_by=requested_by, actor="robot", **more)


def status_of(world: World, requested: Requested) -> dict[str, Any]:
    return find_workflow(world, requested.gate.workflow_id)


def test_a_task_of_low_risk_is_approved_at_once_by_its_policy_and_nobody_is_told(
    world: World, database: Database
) -> None:
    requested = ask(world, LOW, callback_url="http://127.0.0.1:1/done")
    gate = requested.gate
    assert requested_view(requested) == {"workflow_id": gate.workflow_id, "status": "approved", "auto": True}
    assert gate.workflow_id.startswith("wf_")
    assert (gate.state, gate.decision, gate.decided_by, gate.role) == (State.RECEIVED, "yes", "policy:low", "policy")
    assert orders(database) == ["callback"]
    assert notices(database) == []
    found = status_of(world, requested)
    assert (found["workflow"]["status"], found["waits_for"]) == ("approved", None)
    assert [one["event"] for one in found["history"]] == ["gate.opened", "gate.decided"]
    assert verify_audit(world).is_clean


def test_what_a_level_says_is_told_is_told(odd: World, database: Database) -> None:
    ask(odd, LOW)
    assert notices(database) == ["gate.decided"]
    quiet = ask(odd, HIGH)
    approve_workflow(odd, workflow_id=quiet.gate.workflow_id, actor=ADA)
    approve_workflow(odd, workflow_id=quiet.gate.workflow_id, actor=BOB)
    assert notices(database) == ["gate.decided"]


def test_a_risky_task_waits_for_its_approvers_under_a_digest_that_covers_the_task(world: World) -> None:
    requested = ask(world, CRITICAL)
    gate = requested.gate
    assert requested_view(requested) == {
        "workflow_id": gate.workflow_id,
        "status": "pending",
        "risk_level": "critical",
        "approvers": ["cto", "tech_lead"],
        "timeout_at": T0 + 45 * MINUTE_MS,
    }
    assert (gate.deadline_at, gate.prompt.wire["payload"]) == (T0 + 15 * MINUTE_MS, CRITICAL)
    assert gate.prompt.title == "delete database in production"
    assert gate.requirement.not_requester
    other = ask(world, {**CRITICAL, "resource_type": "table"})
    assert other.gate.prompt.digest != gate.prompt.digest


@pytest.mark.parametrize(
    ("task", "error", "code"),
    [
        ({"estimated_cost": -1}, InvalidInputError, "invalid-task"),
        ({"trigger": "none"}, InvalidInputError, "invalid-task"),
    ],
)
def test_a_task_that_cannot_be_assessed_writes_nothing(
    world: World, database: Database, task: dict[str, Any], error: type[InvalidInputError], code: str
) -> None:
    with refusing(database, error, code):
        ask(world, task)


def test_a_callback_that_is_not_allowed_and_a_blank_name_write_nothing(world: World, database: Database) -> None:
    with refusing(database, InvalidInputError, "callback-not-allowed"):
        ask(world, HIGH, callback_url="https://elsewhere.example/hook")
    with refusing(database, InvalidInputError, "invalid-name"):
        ask(world, HIGH, requested_by=" ")


def test_an_approval_resolves_it_and_whoever_comes_then_gets_the_winners_receipt(
    world: World, database: Database, clock: Clock
) -> None:
    requested = ask(world, HIGH)
    workflow_id = requested.gate.workflow_id
    clock.advance_s(60)
    answered = approve_workflow(world, workflow_id=workflow_id, actor=ADA, justification="checked")
    assert approved_view(answered) == {
        "success": True,
        "workflow_id": workflow_id,
        "status": "approved",
        "approved_by": "ada",
        "remaining": {},
    }
    for actor in (ADA, BOB):
        with refusing(database, GateDecidedError, "gate-decided") as caught:
            approve_workflow(world, workflow_id=workflow_id, actor=actor, justification="checked")
        assert caught().receipt["actor"] == "ada"  # type: ignore[attr-defined]
    found = status_of(world, requested)
    assert found["workflow"]["resolution_note"] == "checked"
    assert (found["workflow"]["resolved_by"], found["workflow"]["resolved_at"]) == ("ada", T0 + 60_000)
    assert found["receipt"]["decision"] == "yes"
    assert [(one["actor"], one["decision"], one["why"]) for one in found["decisions"]] == [("ada", "yes", "checked")]


def test_it_is_pending_until_as_many_as_it_takes_have_approved(odd: World) -> None:
    requested = ask(odd, HIGH)
    workflow_id = requested.gate.workflow_id
    first = approved_view(approve_workflow(odd, workflow_id=workflow_id, actor=ADA))
    assert (first["status"], first["remaining"]) == ("pending", {"team_lead,tech_lead": 1})
    again = approved_view(approve_workflow(odd, workflow_id=workflow_id, actor=ADA))
    assert (again["status"], again["remaining"]) == ("pending", {"team_lead,tech_lead": 1})
    found = status_of(odd, requested)
    assert found["waits_for"] == {"team_lead,tech_lead": 1}
    assert (found["workflow"]["required_approvals"], found["workflow"]["received_approvals"]) == (2, 1)
    assert approved_view(approve_workflow(odd, workflow_id=workflow_id, actor=BOB))["status"] == "approved"
    assert status_of(odd, requested)["workflow"]["received_approvals"] == 2


def test_a_rejection_says_why_and_resolves_it(world: World, database: Database) -> None:
    requested = ask(world, MEDIUM)
    workflow_id = requested.gate.workflow_id
    with refusing(database, RequirementError, "justification-required"):
        reject_workflow(world, workflow_id=workflow_id, actor=ADA, reason=" ")
    answered = reject_workflow(world, workflow_id=workflow_id, actor=ADA, reason="freeze")
    assert rejected_view(answered) == {
        "success": True,
        "workflow_id": workflow_id,
        "status": "rejected",
        "rejected_by": "ada",
    }
    found = status_of(world, requested)["workflow"]
    assert (found["status"], found["resolution_note"], found["received_approvals"]) == ("rejected", "freeze", 0)


def test_the_rules_of_replies_are_those_of_workflows(world: World) -> None:
    add_principal(world, name="tess", roles=["tech_lead"], is_service=False, actor="root")
    add_principal(world, name="dev", roles=["developer"], is_service=False, actor="root")
    workflow_id = ask(world, CRITICAL, requested_by="tess").gate.workflow_id
    with pytest.raises(NotEntitledError) as refusal:
        approve_workflow(world, workflow_id=workflow_id, actor=act_as(world, "dev"), justification="x")
    assert refusal.value.code == "not-entitled"
    with pytest.raises(NotEntitledError) as refusal:
        approve_workflow(world, workflow_id=workflow_id, actor=act_as(world, "nobody"), justification="x")
    assert refusal.value.code == "not-entitled"
    with pytest.raises(NotEntitledError) as refusal:
        approve_workflow(world, workflow_id=workflow_id, actor=act_as(world, "tess"), justification="x")
    assert refusal.value.code == "requester-may-not-approve"
    with world.ledger.read() as tx:
        events = [entry.event for entry in tx.audit.entries(workflow_id=workflow_id, after=0, limit=50)]
    assert events.count("access.refused") >= 1


def test_critical_asks_for_a_justification(world: World, database: Database) -> None:
    workflow_id = ask(world, CRITICAL).gate.workflow_id
    with refusing(database, RequirementError, "justification-required"):
        approve_workflow(world, workflow_id=workflow_id, actor=ADA)


def test_what_is_no_workflow_is_not_found(world: World, database: Database) -> None:
    with refusing(database, NotFoundError, "workflow-not-found"):
        approve_workflow(world, workflow_id="wf_missing", actor=ADA)
    with pytest.raises(NotFoundError):
        find_workflow(world, "wf_missing")


def test_critical_climbs_after_15_minutes_and_high_after_30_and_both_end_refused(world: World, clock: Clock) -> None:
    for task, first_min, end_min, added in ((CRITICAL, 15, 45, "security_team"), (HIGH, 30, 60, "cto")):
        began_at = clock.now
        requested = ask(world, task)
        workflow_id = requested.gate.workflow_id
        assert requested.gate.ends_at == began_at + end_min * MINUTE_MS
        clock.now = began_at + first_min * MINUTE_MS - 1
        assert not expire(world, workflow_id, GATE_KEY)
        clock.now += 1
        assert expire(world, workflow_id, GATE_KEY)
        found = status_of(world, requested)["workflow"]
        assert (found["escalated"], found["escalation_count"], found["status"]) == (True, 1, "pending")
        assert added in found["approvers"]
        assert found["timeout_at"] == began_at + end_min * MINUTE_MS
        clock.now = began_at + end_min * MINUTE_MS - 1
        assert not expire(world, workflow_id, GATE_KEY)
        clock.now += 1
        with pytest.raises(GateTimedOutError):
            approve_workflow(world, workflow_id=workflow_id, actor=ADA, justification="late")
        found = status_of(world, requested)["workflow"]
        assert (found["status"], found["resolved_by"], found["resolution_note"]) == ("timeout", "deadline", None)


def test_silence_approves_where_the_policy_has_it_written_out(odd: World, database: Database, clock: Clock) -> None:
    requested = ask(odd, MEDIUM, callback_url="http://127.0.0.1:1/done")
    workflow_id = requested.gate.workflow_id
    clock.advance_s(3599)
    assert not expire(odd, workflow_id, GATE_KEY)
    clock.advance_s(1)
    with pytest.raises(GateDecidedError) as refusal:
        reject_workflow(odd, workflow_id=workflow_id, actor=ADA, reason="too late")
    assert refusal.value.receipt is not None
    assert (refusal.value.receipt["actor"], refusal.value.receipt["role"]) == ("policy:on-timeout", "policy")
    found = status_of(odd, requested)
    assert (found["workflow"]["status"], found["workflow"]["resolved_by"]) == ("approved", "policy:on-timeout")
    assert [one["event"] for one in found["history"]] == ["gate.opened", "gate.decided"]
    assert orders(database) == ["callback"]
    assert verify_audit(odd).is_clean


def test_a_schedule_pauses_the_clock_at_its_opening_and_when_it_climbs(odd: World, clock: Clock) -> None:
    # T0 is Thursday, 2026-01-01, 00:00 UTC: 01:00 in Berlin, where the clock begins to go at 09:00.
    requested = ask(odd, CRITICAL)
    nine = T0 + 8 * 3_600_000
    assert requested.gate.deadline_at == nine + 3_600_000
    assert requested.gate.ends_at == nine + 3 * 3_600_000
    # Asked at half past four on Friday: half an hour is left of that day, and Monday is the next.
    friday = T0 + 24 * 3_600_000
    clock.now = friday + 15 * 3_600_000 + 30 * MINUTE_MS
    late = ask(odd, CRITICAL)
    monday_nine = T0 + 4 * 24 * 3_600_000 + 8 * 3_600_000
    assert (late.gate.deadline_at, late.gate.ends_at) == (monday_nine + 30 * MINUTE_MS, monday_nine + 150 * MINUTE_MS)
    # Whenever somebody comes to look, it ends when it would have ended.
    clock.now = monday_nine + 45 * MINUTE_MS
    assert expire(odd, late.gate.workflow_id, GATE_KEY)
    found = status_of(odd, late)["workflow"]
    assert (found["status"], found["escalation_count"], found["timeout_at"]) == ("pending", 1, late.gate.ends_at)


def test_a_gate_whose_time_was_over_while_nothing_ran_is_not_open_for_a_moment_longer(
    world: World, database: Database, clock: Clock
) -> None:
    requested = ask(world, HIGH)
    clock.advance_s(5 * 3_600)
    with pytest.raises(GateTimedOutError):
        approve_workflow(world, workflow_id=requested.gate.workflow_id, actor=ADA, justification="late")
    found = status_of(world, requested)
    assert (found["workflow"]["status"], found["workflow"]["escalation_count"]) == ("timeout", 1)
    assert [one["event"] for one in found["history"]] == ["gate.opened", "gate.escalated", "gate.timed-out"]
    assert found["workflow"]["timeout_at"] == requested.gate.ends_at, "and its end has not moved"


def test_a_gate_that_climbs_as_it_opens_has_all_of_its_time(world: World, clock: Clock) -> None:
    add_principal(world, name="carl", roles=["cto"], actor="root")
    requested = ask(world, HIGH)
    assert (requested.gate.escalation_level, requested.gate.deadline_at) == (1, T0 + 60 * MINUTE_MS)
    clock.advance_s(60 * 60 - 1)
    answered = approve_workflow(
        world, workflow_id=requested.gate.workflow_id, actor=act_as(world, "carl"), justification="seen"
    )
    assert answered.receipt.state == "RECEIVED"


def test_pending_ones_are_listed_critical_first_then_oldest_and_by_role(world: World, clock: Clock) -> None:
    asked = {}
    for name, task in (("m", MEDIUM), ("h1", HIGH), ("c1", CRITICAL), ("h2", HIGH), ("c2", CRITICAL), ("l", LOW)):
        asked[name] = ask(world, task).gate.workflow_id
        clock.advance_s(1)
    listed = find_pending_workflows(world)
    assert listed["success"] is True
    assert [one["workflow_id"] for one in listed["workflows"]] == [asked[n] for n in ("c1", "c2", "h1", "h2", "m")]
    assert listed["workflows"][0] == {
        "workflow_id": asked["c1"],
        "task_id": "8",
        "risk_level": "critical",
        "description": "delete database in production",
        "requested_by": "agent",
        "requested_at": T0 + 2_000,
        "approvers": ["cto", "tech_lead"],
        "timeout_at": T0 + 2_000 + 45 * MINUTE_MS,
    }
    assert listed["workflows"][2]["task_id"] == "t-7"
    assert listed["workflows"][4]["task_id"] == asked["m"]
    for_leads = find_pending_workflows(world, role="team_lead")["workflows"]
    assert [one["workflow_id"] for one in for_leads] == [asked[n] for n in ("h1", "h2", "m")]
    for limit, has_more in ((2, True), (4, True), (5, False)):
        part = find_pending_workflows(world, limit=limit)
        assert (len(part["workflows"]), part["has_more"]) == (limit, has_more)
    with pytest.raises(InvalidInputError):
        find_pending_workflows(world, limit=0)


def test_a_long_description_is_cut_in_the_list_and_whole_where_the_workflow_stands(world: World) -> None:
    long = "x" * 100_000
    workflow_id = ask(world, {**MEDIUM, "description": long}).gate.workflow_id
    [listed] = find_pending_workflows(world)["workflows"]
    assert listed["description"] == "x" * 1_999 + "…"
    assert find_workflow(world, workflow_id)["workflow"]["description"] == long
    ask(world, {**MEDIUM, "description": "y" * 2_000})
    assert find_pending_workflows(world)["workflows"][1]["description"] == "y" * 2_000


def test_the_view_tells_every_gate_in_the_same_words(world: World, database: Database, clock: Clock) -> None:
    approve_workflow(world, workflow_id=ask(world, HIGH).gate.workflow_id, actor=ADA)
    reject_workflow(world, workflow_id=ask(world, MEDIUM).gate.workflow_id, actor=ADA, reason="no")
    ask(world, CRITICAL)
    ask(world, LOW)
    rows = query_sql(database, "SELECT * FROM app.approval_requests ORDER BY workflow_id")
    assert [(row["status"], row["risk_level"], row["operation_type"]) for row in rows] == [
        ("approved", "high", "deploy"),
        ("rejected", "medium", "read"),
        ("pending", "critical", "delete"),
        ("approved", "low", "read"),
    ]
    assert list(rows[0]) == [
        *("workflow_id", "task_id", "risk_level", "operation_type", "description", "status", "requested_by"),
        *("requested_at", "approvers", "required_approvals", "received_approvals", "timeout_at", "escalated"),
        *("escalation_count", "resolved_by", "resolved_at", "resolution_note", "gate_key"),
    ]


def test_stats_count_by_level_by_decision_and_by_approver_and_time_what_people_approved(
    world: World, clock: Clock
) -> None:
    assert gate_stats(world)["approvalTime"] == {"count": 0, "averageMs": None, "medianMs": None}
    for waited_s in (10, 20, 90):
        workflow_id = ask(world, HIGH).gate.workflow_id
        clock.advance_s(waited_s)
        approve_workflow(world, workflow_id=workflow_id, actor=Actor("bob" if waited_s == 90 else "ada"))
    reject_workflow(world, workflow_id=ask(world, MEDIUM).gate.workflow_id, actor=ADA, reason="no")
    ask(world, LOW)
    ask(world, MEDIUM)
    overdue = ask(world, CRITICAL)
    clock.now = overdue.gate.deadline_at
    stats = gate_stats(world)
    assert (stats["gates"], stats["open"], stats["overdue"]) == (7, 2, 1)
    assert stats["approvalTime"] == {"count": 3, "averageMs": 40_000, "medianMs": 20_000}
    nothing = {"pending": 0, "approved": 0, "rejected": 0, "timeout": 0, "cancelled": 0}
    assert stats["byDecision"] == {**nothing, "pending": 2, "approved": 4, "rejected": 1}
    assert stats["byLevel"] == {
        "critical": {**nothing, "pending": 1},
        "high": {**nothing, "approved": 3},
        "medium": {**nothing, "pending": 1, "rejected": 1},
        "low": {**nothing, "approved": 1},
        "none": nothing,
    }
    assert stats["byApprover"] == [
        {"actor": "ada", "approved": 2, "rejected": 1},
        {"actor": "bob", "approved": 1, "rejected": 0},
        {"actor": "policy:low", "approved": 1, "rejected": 0},
    ]


def test_a_gate_in_a_zone_that_this_machine_does_not_know_holds_up_no_other(
    odd: World, database: Database, clock: Clock
) -> None:
    elsewhere = ask(odd, CRITICAL)
    clock.now = elsewhere.gate.deadline_at - 3_600_000
    here = ask(odd, MEDIUM)
    clock.now = here.gate.deadline_at
    unaware = make_world(database, clock, policy=odd_policy)
    assert sweep_deadlines(unaware) == 1
    assert status_of(odd, here)["workflow"]["status"] == "approved"
    assert status_of(odd, elsewhere)["workflow"]["escalation_count"] == 0
    assert sweep_deadlines(odd) == 1
    assert status_of(odd, elsewhere)["workflow"]["escalation_count"] == 1
