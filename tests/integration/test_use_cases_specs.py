"""Runs of specs: where they start, what they ask, and who may let them on."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ledger_databases import dump
from spec_worlds import BEHIND_G0, FIRST_LEG, TICKED, OvertakenLedger, SpecRuns, a_plan
from use_case_worlds import ADA, BOB, Clock, refusing, say, walk, work

from signoff.app.add_principal import add_principal
from signoff.app.cancel_run import cancel_run
from signoff.app.expire import expire
from signoff.app.find import find_artifacts, find_gates_of, find_run, find_steps
from signoff.app.retry_run import retry_run
from signoff.app.start_spec import start_spec
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.errors import CallerError, GateDecidedError, InvalidInputError, NotEntitledError, RequirementError
from signoff.gates.gate import State
from signoff.gates.requirement import Actor
from signoff.ledger.check import count_violations
from signoff.ledger.database import Database
from signoff.ledger.inspect import inspect_ledger
from signoff.ledger.store import SqlLedger
from signoff.plans import plan as plans
from signoff.plans.run import Run, Status

CTO = Actor("cy", frozenset({"cto"}))
OVERRIDER = Actor("ora", frozenset({"override"}))


@pytest.fixture
def runs(world: World, database: Database) -> SpecRuns:
    return SpecRuns(world, database)


@pytest.fixture(autouse=True)
def _proven(world: World, signoff_dir: Path, database_url: str | None, database: Database) -> Any:
    """Whatever was done: afterwards all that must be zero is zero, and the trail proves itself."""
    yield
    with inspect_ledger(signoff_dir, database_url) as inspection:
        assert set(count_violations(inspection).values()) == {0}
    assert verify_audit(world).is_clean


@dataclass(frozen=True)
class Told:
    """An entry, with its body read."""

    actor: str
    event: str
    gate_key: str | None
    body: Any


def entries(world: World, run: Run, event: str | None = None) -> list[Told]:
    with world.ledger.read() as tx:
        found = tx.audit.entries(workflow_id=run.workflow_id, after=0, limit=500)
    told = [Told(entry.actor, entry.event, entry.gate_key, json.loads(entry.body)) for entry in found]
    return [entry for entry in told if event in (None, entry.event)]


# From the start to the end


def test_a_run_of_a_spec_goes_to_its_first_gate_and_asks_in_the_owners_name(runs: SpecRuns) -> None:
    run = runs.start(a_plan(), actor=BOB)
    assert (run.door, run.subject, run.recipe, run.requested_by) == ("spec", "docs/plan.md", "spec", "bob")
    assert run.workflow_id.startswith("sp_")
    assert runs.steps.done == FIRST_LEG
    waiting = find_run(runs.world, run.workflow_id)
    assert (waiting.status, waiting.node, waiting.next_action) == (Status.WAITING_INPUT, "step-001:G0", "REVIEW_GATE")
    gate = runs.gate(run, "step-001:G0")
    assert (gate.requested_by, gate.state) == ("ada", State.PENDING)
    assert gate.deadline_at - gate.opened_at == 24 * 3_600_000
    [started] = entries(runs.world, run, "run.started")
    assert (started.actor, started.body["subject"], started.body["start"]) == ("bob", "docs/plan.md", "step-001:prompt")
    assert (started.body["specSha256"], started.body["passed"]) == ("5" * 64, {})


def test_approved_at_every_gate_a_spec_is_done_to_its_end_each_step_once(runs: SpecRuns) -> None:
    run = runs.start(a_plan())
    runs.answer(run, "step-001:G0", "approve")
    assert runs.steps.done == [*FIRST_LEG, *BEHIND_G0]
    runs.answer(run, "step-003:G1", "approve")
    assert runs.steps.done[-1] == "step-004:ask"
    runs.answer(run, "step-004:G2", "approve")
    assert runs.steps.done == [*FIRST_LEG, *BEHIND_G0, "step-004:ask", "step-004:prompt", "step-004"]
    ended = find_run(runs.world, run.workflow_id)
    assert (ended.status, ended.last_step, ended.next_action) == (Status.SUCCESS, "step-004", "NONE")


def test_a_deferral_leaves_the_gate_open_and_the_run_where_it_is(runs: SpecRuns) -> None:
    run = runs.start(a_plan())
    runs.answer(run, "step-001:G0", "defer", rationale="on Monday")
    assert runs.gates(run) == [("step-001:G0", State.PENDING)]
    assert find_run(runs.world, run.workflow_id).status is Status.WAITING_INPUT
    runs.answer(run, "step-001:G0", "approve", actor=BOB)
    assert runs.gates(run)[0] == ("step-001:G0", State.RECEIVED)


def test_two_runs_of_one_spec_are_two(runs: SpecRuns) -> None:
    first, second = runs.start(a_plan()), runs.start(a_plan())
    assert first.workflow_id != second.workflow_id
    assert runs.gate(first, "step-001:G0").gate_key != runs.gate(second, "step-001:G0").gate_key


def test_the_trail_says_what_a_decision_was_about_and_what_recorded_it(runs: SpecRuns) -> None:
    runs.world = replace(runs.world, tool=lambda: "signoff 9.9")
    run = runs.start(a_plan())
    said: dict[str, Any] = {
        "rationale": "read it",
        "conditions": ["tell ops"],
        "checklist": {"1.1": True, "1.2": False},
    }
    runs.answer(run, "step-001:G0", "approve", actor=BOB, **said)
    [entry] = entries(runs.world, run, "gate.decided")
    assert entry.body["subject"] == {
        "spec": "docs/plan.md",
        "specSha256": "5" * 64,
        "tier": "B",
        "step": "step-001",
        "gate": "G0: Plan Approval",
        "branch": "main",
        "commit": "c0ffee",
    }
    assert (entry.actor, entry.body["tool"]) == ("bob", "signoff 9.9")
    assert (entry.body["rationale"], entry.body["conditions"]) == ("read it", ["tell ops"])
    assert (entry.body["itemsTicked"], entry.body["itemsOpen"]) == (["1.1"], ["1.2"])


# Gates that a policy approves


def test_a_policy_approves_once_in_its_own_role_and_claims_no_item(runs: SpecRuns) -> None:
    run = runs.start(a_plan("C"))
    assert runs.gates(run) == [
        ("step-001:G0", State.RECEIVED),
        ("step-003:G1", State.RECEIVED),
        ("step-004:G2", State.PENDING),
    ]
    gate = runs.gate(run, "step-001:G0")
    assert (gate.decision, gate.decided_by, gate.role) == ("approve", "policy:tier-C", "policy")
    decided = entries(runs.world, run, "gate.decided")
    assert [entry.actor for entry in decided] == ["policy:tier-C"] * 2
    for entry in decided:
        assert (entry.body["itemsTicked"], entry.body["itemsOpen"]) == ([], ["1.1", "1.2"])
        assert (entry.body["role"], entry.body["rationale"]) == ("policy", None)


def test_an_advisory_gate_is_shown_and_recorded_under_the_name_of_that_policy(runs: SpecRuns) -> None:
    run = runs.start(a_plan("B", G0="advisory"))
    assert runs.gate(run, "step-001:G0").decided_by == "policy:advisory"
    assert runs.gates(run)[-1] == ("step-003:G1", State.PENDING)


def test_a_leg_that_is_walked_twice_has_its_gate_approved_once(runs: SpecRuns, database: Database) -> None:
    run = start_spec(runs.world, a_plan("C"), actor=ADA)
    legs = work(runs.world, SqlLedger(database), runs.steps)
    before, done = dump(database), list(runs.steps.done)
    for leg in legs:
        walk(runs.world, leg, runs.steps)
    assert dump(database) == before
    assert runs.steps.done == done
    assert len(entries(runs.world, run, "gate.decided")) == 2


def test_nobody_ever_waits_at_a_gate_that_a_policy_approves(runs: SpecRuns, database: Database) -> None:
    """It is opened and decided in one transaction: who comes next, however soon, is told who decided."""
    run = start_spec(runs.world, a_plan("B", G0="advisory"), actor=ADA)
    seen: list[State] = []

    def look() -> None:
        gate = runs.gate(run, "step-001:G0")
        seen.append(gate.state)
        with refusing(database, GateDecidedError, "gate-decided") as refusal:
            say(runs.world, "reject", workflow_id=run.workflow_id, gate_key=gate.gate_key, actor=BOB)
        assert isinstance(told := refusal(), GateDecidedError)
        assert told.receipt is not None
        assert told.receipt["actor"] == "policy:advisory"

    watched = replace(runs.world, ledger=OvertakenLedger(database, "pass_gate", look))
    work(watched, SqlLedger(database), runs.steps)
    assert seen == [State.RECEIVED]
    gate = runs.gate(run, "step-001:G0")
    assert gate.opened_at == gate.decided_at
    assert runs.gates(run)[-1] == ("step-003:G1", State.PENDING)


@pytest.mark.parametrize(("verb", "decided"), [("open_gate", 0), ("pass_gate", 1)])
def test_a_run_that_is_cancelled_before_or_after_the_policy_stays_so(
    runs: SpecRuns, database: Database, verb: str, decided: int
) -> None:
    run = start_spec(runs.world, a_plan("C"), actor=ADA)

    def cancel() -> None:
        cancel_run(runs.world, workflow_id=run.workflow_id, actor="bob")

    overtaken = replace(runs.world, ledger=OvertakenLedger(database, verb, cancel))
    work(overtaken, SqlLedger(database), runs.steps)
    assert find_run(runs.world, run.workflow_id).status is Status.CANCELLED
    assert len(entries(runs.world, run, "gate.decided")) == decided


def test_a_gate_of_a_policy_needs_nobody_who_is_known(runs: SpecRuns) -> None:
    """People with roles exist, none of whom holds that of a policy: nobody is told that nobody could let it through."""
    add_principal(runs.world, name="bob", roles=["developer"], actor="ada")
    run = runs.start(a_plan("C", G2="automatic"))
    assert find_run(runs.world, run.workflow_id).status is Status.SUCCESS
    assert entries(runs.world, run, "gate.unsatisfiable") == []


# Tier A


def test_tier_a_is_approved_only_with_all_of_it(runs: SpecRuns, database: Database) -> None:
    run = runs.start(a_plan("A"))
    reason: dict[str, Any] = {"rationale": "read it"}
    owner = Actor("ada", frozenset({"cto"}))
    refusals: list[tuple[type[CallerError], str, Actor, dict[str, Any]]] = [
        (NotEntitledError, "requester-may-not-approve", owner, {"checklist": TICKED, **reason}),
        (NotEntitledError, "requester-may-not-approve", ADA, {"checklist": TICKED, **reason}),
        (NotEntitledError, "not-entitled", Actor("dev", frozenset({"developer"})), {"checklist": TICKED, **reason}),
        (RequirementError, "justification-required", CTO, {"checklist": TICKED}),
        (RequirementError, "items-required", CTO, reason),
        (RequirementError, "items-required", CTO, {"checklist": {"1.1": True}, **reason}),
    ]
    for error, code, actor, said in refusals:
        with refusing(database, error, code):
            runs.answer(run, "step-001:G0", "approve", actor=actor, **said)
    runs.answer(run, "step-001:G0", "approve", actor=CTO, checklist=TICKED, **reason)
    gate = runs.gate(run, "step-001:G0")
    assert (gate.state, gate.decided_by, gate.role) == (State.RECEIVED, "cy", "cto")


def test_tier_a_is_not_approved_while_an_output_is_missing(runs: SpecRuns, database: Database) -> None:
    runs.steps.missing = {"survey.md"}
    run = runs.start(a_plan("A"))
    everything: dict[str, Any] = {"checklist": TICKED, "rationale": "read it"}
    with refusing(database, RequirementError, "evidence-missing") as refusal:
        runs.answer(run, "step-001:G0", "approve", actor=CTO, **everything)
    assert refusal().details == {"missing": ["survey.md"]}
    runs.answer(run, "step-001:G0", "reject", actor=CTO, **everything)
    assert find_run(runs.world, run.workflow_id).status is Status.ERROR


@pytest.mark.parametrize("tier", ["B", "C"])
def test_elsewhere_a_missing_output_is_shown_and_hinders_nobody(runs: SpecRuns, tier: str) -> None:
    runs.steps.missing = {"survey.md"}
    run = runs.start(a_plan(tier, G0="blocking"))
    gate = runs.gate(run, "step-001:G0")
    assert gate.prompt.wire["evidence"] == [{"title": "survey.md", "uri": "survey.md"}]
    runs.answer(run, "step-001:G0", "approve")
    assert runs.gate(run, "step-001:G0").state is State.RECEIVED


# Starting at a later step

AT_3 = "step-003:prompt"


def test_a_run_may_not_begin_behind_a_gate_that_was_never_passed(runs: SpecRuns, database: Database) -> None:
    with refusing(database, CallerError, "gates-not-passed") as refusal:
        runs.start(a_plan(), start=AT_3)
    assert refusal().details == {"gates": ["step-001:G0"]}
    with refusing(database, CallerError, "gates-not-passed") as refusal:
        runs.start(a_plan(), start="step-004:prompt")
    assert refusal().details == {"gates": ["step-001:G0", "step-003:G1", "step-004:G2"]}
    with refusing(database, InvalidInputError, "invalid-plan"):
        runs.start(a_plan(), start="step-009")


def test_before_the_first_gate_a_run_may_begin_anywhere(runs: SpecRuns) -> None:
    run = runs.start(a_plan(), start="step-001")
    assert runs.steps.done == ["step-001"]
    assert runs.gates(run) == [("step-001:G0", State.PENDING)]


def test_a_gate_that_was_passed_in_an_earlier_run_of_the_same_text_counts(runs: SpecRuns) -> None:
    earlier = runs.start(a_plan())
    runs.answer(earlier, "step-001:G0", "approve")
    runs.steps.done.clear()
    run = runs.start(a_plan(), start=AT_3)
    assert runs.steps.done == ["step-003:prompt", "step-003"]
    assert runs.gates(run) == [("step-003:G1", State.PENDING)]
    [started] = entries(runs.world, run, "run.started")
    key = runs.gate(earlier, "step-001:G0").gate_key
    assert started.body["passed"] == {"step-001:G0": f"{earlier.workflow_id} {key}"}
    assert started.body["start"] == "step-003:prompt"
    assert plans.from_wire(run.plan).start == "step-003:prompt"


def test_a_gate_that_is_only_open_or_put_off_was_not_passed(runs: SpecRuns, database: Database) -> None:
    earlier = runs.start(a_plan())
    runs.answer(earlier, "step-001:G0", "defer")
    with refusing(database, CallerError, "gates-not-passed"):
        runs.start(a_plan(), start=AT_3)


def test_a_gate_that_was_rejected_since_was_not_passed(runs: SpecRuns, database: Database, clock: Clock) -> None:
    approved, rejected = runs.start(a_plan()), runs.start(a_plan())
    runs.answer(approved, "step-001:G0", "approve")
    clock.advance_s(1)
    runs.answer(rejected, "step-001:G0", "reject")
    with refusing(database, CallerError, "gates-not-passed"):
        runs.start(a_plan(), start=AT_3)
    again = runs.start(a_plan())
    clock.advance_s(1)
    runs.answer(again, "step-001:G0", "approve")
    assert runs.start(a_plan(), start=AT_3).node == "step-003:prompt"


def test_a_gate_that_timed_out_or_was_cancelled_since_was_not_passed(
    runs: SpecRuns, database: Database, clock: Clock
) -> None:
    for end in ("time", "cancel"):
        runs.answer(runs.start(a_plan()), "step-001:G0", "approve")
        run = runs.start(a_plan())
        clock.advance_s(25 * 3600)
        if end == "time":
            expire(runs.world, run.workflow_id, runs.gate(run, "step-001:G0").gate_key)
        else:
            cancel_run(runs.world, workflow_id=run.workflow_id, actor="ada")
        runs.work()
        with refusing(database, CallerError, "gates-not-passed"):
            runs.start(a_plan(), start=AT_3)


@pytest.mark.parametrize(
    "other",
    [
        a_plan(sha256="6" * 64),
        a_plan(spec="docs/other.md"),
        a_plan(G0="required-items"),
        a_plan("A"),
        a_plan("C"),
    ],
    ids=["text", "file", "mode", "tier-a", "tier-c"],
)
def test_what_was_passed_under_another_text_or_policy_does_not_count(
    runs: SpecRuns, database: Database, other: plans.Plan
) -> None:
    runs.passed(a_plan())
    with refusing(database, CallerError, "gates-not-passed"):
        runs.start(other, start=AT_3)


def test_of_several_gates_only_those_that_were_passed_count(runs: SpecRuns, database: Database) -> None:
    runs.answer(runs.start(a_plan()), "step-001:G0", "approve")
    with refusing(database, CallerError, "gates-not-passed") as refusal:
        runs.start(a_plan(), start="step-004:prompt")
    assert refusal().details == {"gates": ["step-003:G1", "step-004:G2"]}


# Going past


def test_an_override_is_a_decision_of_its_own_with_role_and_reason(runs: SpecRuns) -> None:
    run = runs.start(a_plan(), actor=OVERRIDER, override_reason="signed on paper", start=AT_3)
    assert runs.steps.done == ["step-003:prompt", "step-003"]
    assert runs.gates(run) == [("step-001:G0", State.RECEIVED), ("step-003:G1", State.PENDING)]
    gate = runs.gate(run, "step-001:G0")
    assert (gate.decision, gate.decided_by, gate.role) == ("approve", "ora", "override")
    assert "nothing of this step was done" in gate.prompt.wire["body"]
    [entry] = entries(runs.world, run, "gate.overridden")
    assert (entry.actor, entry.gate_key, entry.body["role"]) == ("ora", gate.gate_key, "override")
    assert (entry.body["rationale"], entry.body["itemsTicked"]) == ("signed on paper", [])
    assert entry.body["subject"]["gate"] == "G0: Plan Approval"
    assert entries(runs.world, run, "gate.decided") == []


def test_an_override_goes_past_what_nobody_alone_could_approve(runs: SpecRuns) -> None:
    """The owner, with no item ticked, in tier A."""
    run = runs.start(a_plan("A"), actor=ADA, override_reason="the pager is on fire", start="step-004:prompt")
    assert [state for _, state in runs.gates(run)] == [State.RECEIVED] * 3
    assert len(entries(runs.world, run, "gate.overridden")) == 3
    assert find_run(runs.world, run.workflow_id).status is Status.SUCCESS


def test_an_override_tells_nobody_that_nobody_could_answer(runs: SpecRuns) -> None:
    add_principal(runs.world, name="bob", roles=["cook"], actor="ada")
    run = runs.start(a_plan(), actor=OVERRIDER, override_reason="signed on paper", start=AT_3)
    overridden = runs.gate(run, "step-001:G0").gate_key
    told = [entry.event for entry in entries(runs.world, run) if entry.gate_key == overridden]
    assert told == ["gate.opened", "gate.overridden"]


def test_an_override_orders_the_leg_that_says_what_became_of_its_gate(runs: SpecRuns, database: Database) -> None:
    run = start_spec(runs.world, a_plan(), actor=OVERRIDER, start="step-003:prompt", override_reason="why not")
    key = runs.gate(run, "step-001:G0").gate_key
    legs = {leg.gate_key: leg for leg in work(runs.world, SqlLedger(database), runs.steps)}
    assert set(legs) == {None, key}
    assert not legs[key].is_way_on


def test_an_override_goes_only_past_what_was_not_passed(runs: SpecRuns) -> None:
    runs.answer(runs.start(a_plan()), "step-001:G0", "approve")
    run = runs.start(a_plan(), actor=OVERRIDER, override_reason="late", start="step-004:prompt")
    assert [node for node, _ in runs.gates(run)] == ["step-003:G1", "step-004:G2"]
    [started] = entries(runs.world, run, "run.started")
    assert list(started.body["passed"]) == ["step-001:G0"]


def test_going_past_a_gate_once_does_not_pass_it_for_later(runs: SpecRuns, database: Database) -> None:
    runs.start(a_plan(), actor=OVERRIDER, override_reason="signed on paper", start=AT_3)
    with refusing(database, CallerError, "gates-not-passed"):
        runs.start(a_plan(), start=AT_3)


def test_who_may_not_override_starts_nothing(runs: SpecRuns, database: Database) -> None:
    with refusing(database, NotEntitledError, "not-entitled"):
        runs.start(a_plan(), actor=CTO, override_reason="because", start=AT_3)


@pytest.mark.parametrize("reason", ["", " "])
def test_an_override_without_a_reason_starts_nothing(runs: SpecRuns, database: Database, reason: str) -> None:
    with refusing(database, RequirementError, "justification-required"):
        runs.start(a_plan(), actor=OVERRIDER, override_reason=reason, start=AT_3)


# Trying again


def test_refused_work_is_done_anew_and_nobody_is_asked_twice_for_what_was_passed(runs: SpecRuns) -> None:
    run = runs.start(a_plan())
    runs.answer(run, "step-001:G0", "approve")
    runs.answer(run, "step-003:G1", "reject", rationale="not yet")
    refused = find_run(runs.world, run.workflow_id)
    assert (refused.status, refused.next_action) == (Status.ERROR, "REPAIR")
    assert refused.error == "G1: Code Readiness failed: reject (rationale: not yet)"
    runs.steps.done.clear()
    again = retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    assert (again.node, again.attempt) == ("step-003:prompt", 2)
    runs.work()
    assert runs.steps.done == ["step-003:prompt", "step-003"]
    assert runs.gates(run) == [
        ("step-001:G0", State.RECEIVED),
        ("step-003:G1", State.RECEIVED),
        ("step-003:G1", State.PENDING),
    ]
    runs.answer(run, "step-003:G1", "approve", attempt=2)
    runs.answer(run, "step-004:G2", "approve", attempt=2)
    assert find_run(runs.world, run.workflow_id).status is Status.SUCCESS
    keys = [gate.gate_key for gate in find_gates_of(runs.world, run.workflow_id)]
    assert len(set(keys)) == 4


def test_a_command_that_failed_is_run_again_and_none_before_it(runs: SpecRuns) -> None:
    runs.steps.failing = {"step-002:command-2"}
    run = runs.start(a_plan())
    runs.answer(run, "step-001:G0", "approve")
    failed = find_run(runs.world, run.workflow_id)
    assert (failed.status, failed.node, failed.error) == (Status.ERROR, "step-002:command-2", "It did not work.")
    assert (failed.last_step, failed.next_action) == ("step-002:command-1", "REPAIR")
    runs.steps.failing.clear()
    runs.steps.done.clear()
    assert retry_run(runs.world, workflow_id=run.workflow_id, actor="ada").node == "step-002:command-2"
    runs.work()
    assert runs.steps.done == BEHIND_G0[1:]
    assert runs.gates(run) == [("step-001:G0", State.RECEIVED), ("step-003:G1", State.PENDING)]


def test_what_a_failed_step_left_behind_is_kept_with_its_attempt(runs: SpecRuns) -> None:
    runs.steps.failing = {"step-002:command-2"}
    run = runs.start(a_plan())
    runs.answer(run, "step-001:G0", "approve")
    retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    runs.work()
    runs.steps.failing.clear()
    retry_run(runs.world, workflow_id=run.workflow_id, actor="ada")
    runs.work()
    kept = [row for row in find_artifacts(runs.world, run.workflow_id) if row["step_id"] == "step-002:command-2"]
    assert [(row["attempt"], row["inline"]) for row in kept] == [
        (attempt, f"step-002:command-2, attempt {attempt}") for attempt in (1, 2, 3)
    ]
    recorded = [row for row in find_steps(runs.world, run.workflow_id) if row["step_id"] == "step-002:command-2"]
    assert [row["attempt"] for row in recorded] == [3]


def test_a_failure_that_is_walked_twice_keeps_what_it_left_behind_once(runs: SpecRuns, database: Database) -> None:
    runs.steps.failing = {"step-001:prompt"}
    run = start_spec(runs.world, a_plan(), actor=ADA)
    [leg] = work(runs.world, SqlLedger(database), runs.steps)
    before = dump(database)
    walk(runs.world, leg, runs.steps)
    assert dump(database) == before
    assert len(find_artifacts(runs.world, run.workflow_id)) == 1
