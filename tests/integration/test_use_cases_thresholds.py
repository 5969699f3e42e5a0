"""Whose answers are enough: places, people, roles, the requester, justifications and items."""

from __future__ import annotations

import pytest
from ledger_databases import dump
from use_case_worlds import ADA, BOB, Clock, open_one, orders, refusing, say

from signoff.app.expire import expire
from signoff.app.find import find_gate
from signoff.app.open_gate import OnDecision
from signoff.app.reply import Answered
from signoff.app.verify_audit import verify_audit
from signoff.app.world import World
from signoff.audit.entry import to_wire
from signoff.errors import GateDecidedError, NotEntitledError, RequirementError
from signoff.gates.deadline import Rung
from signoff.gates.gate import State
from signoff.gates.requirement import Actor, Need, Requirement
from signoff.ledger.database import Database

TWO = Requirement(needs=(Need(("*",), 2),))
LEAD_AND_SECURITY = Requirement(needs=(Need(("lead",), 1), Need(("security", "lead"), 1)))


def test_approvals_are_collected_until_the_last_decides(world: World, database: Database) -> None:
    open_one(world, requirement=TWO, on_decision=OnDecision("message"))
    first = say(world, actor=ADA)
    assert (first.receipt.state, first.receipt.remaining) == ("PENDING", {"*": 1})
    assert orders(database) == []
    second = say(world, actor=BOB, dedupe_key="k-2")
    assert (second.receipt.state, second.receipt.actor, second.receipt.remaining) == ("RECEIVED", "bob", {})
    assert find_gate(world, "wf-1", "go-live").decided_by == "bob"
    assert orders(database) == ["message"]
    with world.ledger.read() as tx:
        assert [entry.event for entry in tx.audit.all_entries()] == ["gate.opened", "gate.approved", "gate.decided"]


def test_each_approval_is_replayed_with_the_receipt_it_got(world: World, database: Database) -> None:
    open_one(world, requirement=TWO)
    first = say(world, actor=ADA)
    assert say(world, actor=ADA) == Answered(True, first.receipt)
    second = say(world, actor=BOB, dedupe_key="k-2")
    before = dump(database)
    assert say(world, actor=ADA) == Answered(True, first.receipt)
    assert say(world, actor=BOB, dedupe_key="k-2") == Answered(True, second.receipt)
    assert dump(database) == before


def test_the_same_person_never_counts_twice(world: World) -> None:
    open_one(world, requirement=TWO)
    for n in range(3):
        answered = say(world, actor=ADA, dedupe_key=f"k-{n}", payload={"choice": "yes", "rationale": f"again {n}"})
        assert answered.receipt.remaining == {"*": 1}
    assert find_gate(world, "wf-1", "go-live").state is State.PENDING
    assert say(world, actor=BOB, dedupe_key="k-9").receipt.state == "RECEIVED"


def test_where_people_need_not_differ_the_same_person_counts_each_time(world: World) -> None:
    open_one(world, requirement=Requirement(needs=(Need(("*",), 2),), distinct_people=False))
    assert say(world, actor=ADA).receipt.state == "PENDING"
    assert say(world, actor=ADA, dedupe_key="k-2").receipt.state == "RECEIVED"


def test_approvals_of_different_choices_are_not_added_up(world: World) -> None:
    choices = [{"key": key, "label": key, "effect": "approve"} for key in ("now", "tonight")]
    open_one(world, requirement=TWO, prompt={"choices": choices})
    assert say(world, "now", actor=ADA).receipt.state == "PENDING"
    assert say(world, "tonight", actor=BOB, dedupe_key="k-2").receipt.state == "PENDING"
    decided = say(world, "tonight", actor=ADA, dedupe_key="k-3")
    assert (decided.receipt.state, decided.receipt.decision) == ("RECEIVED", "tonight")


def test_a_rejection_decides_at_once(world: World, database: Database) -> None:
    open_one(world, requirement=TWO)
    say(world, actor=ADA)
    rejected = say(world, "no", actor=BOB, dedupe_key="k-2")
    assert (rejected.receipt.state, rejected.receipt.decision) == ("RECEIVED", "no")
    with refusing(database, GateDecidedError, "gate-decided"):
        say(world, actor=Actor("cy"), dedupe_key="k-3")


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
def test_overlapping_needs_are_filled_in_any_order(world: World, order: tuple[str, str]) -> None:
    people = {"ada": Actor("ada", frozenset({"lead"})), "bob": Actor("bob", frozenset({"lead", "security"}))}
    open_one(world, requirement=LEAD_AND_SECURITY)
    assert say(world, actor=people[order[0]]).receipt.state == "PENDING"
    assert say(world, actor=people[order[1]], dedupe_key="k-2").receipt.state == "RECEIVED"


def test_without_one_of_the_roles_nobody_approves_or_rejects(world: World, database: Database) -> None:
    open_one(world, requirement=LEAD_AND_SECURITY)
    for choice in ("yes", "no"):
        for roles in (frozenset({"guest"}), frozenset[str]()):
            with refusing(database, NotEntitledError, "not-entitled"):
                say(world, choice, actor=Actor("eve", roles))


def test_people_with_one_role_do_not_fill_the_places_of_another(world: World) -> None:
    both = Requirement(needs=(Need(("lead",), 1), Need(("security",), 1)))
    open_one(world, requirement=both)
    for n, name in enumerate(("ada", "bob", "cy")):
        answered = say(world, actor=Actor(name, frozenset({"lead"})), dedupe_key=f"k-{n}")
        assert answered.receipt.remaining == {"security": 1}
    last = say(world, actor=Actor("dan", frozenset({"security"})), dedupe_key="k-9")
    assert (last.receipt.state, last.receipt.role) == ("RECEIVED", "security")


def test_who_asked_may_reject_but_not_approve_where_the_gate_says_so(world: World, database: Database) -> None:
    open_one(world, requirement=Requirement(not_requester=True), requested_by="ada")
    with refusing(database, NotEntitledError, "requester-may-not-approve"):
        say(world, actor=ADA)
    assert say(world, "no", actor=ADA).receipt.decision == "no"


def test_who_asked_may_approve_where_the_gate_does_not_mind(world: World) -> None:
    open_one(world, requested_by="ada")
    assert say(world, actor=ADA).receipt.state == "RECEIVED"


def test_a_justification_is_owed_by_approvals_and_rejections(world: World, database: Database) -> None:
    choices = [{"key": key, "label": key, "effect": effect} for key, effect in _EFFECTS.items()]
    open_one(world, requirement=Requirement(justification=True), prompt={"choices": choices})
    for choice in ("yes", "no"):
        for rationale in ({}, {"rationale": "  "}, {"rationale": None}):
            with refusing(database, RequirementError, "justification-required"):
                say(world, payload={"choice": choice, **rationale})
    assert say(world, "later").receipt.state == "PENDING"
    assert say(world, payload={"choice": "no", "reason": "not now"}, dedupe_key="k-2").receipt.state == "RECEIVED"


_EFFECTS = {"yes": "approve", "no": "reject", "later": "hold"}


def test_every_item_is_ticked_before_an_approval(world: World, database: Database) -> None:
    items = [{"id": item, "text": item, "checked": True} for item in ("tests", "docs")]
    prompt = {"checklist": [{"category": "ready", "items": items}]}
    open_one(world, requirement=Requirement(all_items=True), prompt=prompt)
    for ticks in ({}, {"tests": True}, {"tests": True, "docs": False}):
        with refusing(database, RequirementError, "items-required"):
            say(world, payload={"choice": "yes", "checklist": ticks})
    ticked = {"choice": "yes", "checklist": {"tests": True, "docs": True}}
    assert say(world, payload=ticked).receipt.state == "RECEIVED"


def test_a_rejection_owes_no_ticks(world: World) -> None:
    items = [{"id": "tests", "text": "tests", "checked": False}]
    prompt = {"checklist": [{"category": "ready", "items": items}]}
    open_one(world, requirement=Requirement(all_items=True), prompt=prompt)
    assert say(world, "no").receipt.decision == "no"


PAIR = Requirement(needs=(Need(("lead",), 1), Need(("security",), 1)))
UP = (Rung(60, ("cto",)),)
BOTH = Actor("pat", frozenset({"lead", "cto"}))
LEAD = Actor("quinn", frozenset({"lead"}))


def test_whoever_approved_is_seated_anew_when_the_gate_is_open_to_more(world: World, clock: Clock) -> None:
    open_one(world, requirement=PAIR, ladder=UP)
    say(world, actor=BOTH)
    clock.advance_s(61)
    second = say(world, actor=LEAD, dedupe_key="k-2")
    assert second.receipt.state == "RECEIVED", "pat as cto, quinn as lead"


def test_a_gate_that_is_met_once_it_is_open_to_more_is_decided_by_who_approved_last(
    world: World, database: Database, clock: Clock
) -> None:
    open_one(world, requirement=PAIR, ladder=UP, on_decision=OnDecision("message"))
    say(world, actor=BOTH)
    last = say(world, actor=LEAD, dedupe_key="k-2")
    assert last.receipt.state == "PENDING"
    clock.advance_s(60)
    assert expire(world, "wf-1", "go-live")
    gate = find_gate(world, "wf-1", "go-live")
    assert (gate.state, gate.decided_by, gate.decided_at) == (State.RECEIVED, "quinn", clock.now)
    assert gate.interaction_id == last.receipt.interaction_id
    assert orders(database) == ["escalate", "message"]
    assert verify_audit(world).is_clean
    with world.ledger.read() as tx:
        assert [entry.event for entry in tx.audit.all_entries()][-2:] == ["gate.escalated", "gate.counted"]


@pytest.mark.parametrize("nothing", ["\u200b", "\u2060 \u00a0", "\u3164", "\u2800"])
def test_what_nobody_can_see_is_no_reason(world: World, database: Database, nothing: str) -> None:
    open_one(world, requirement=Requirement(justification=True))
    for choice in ("yes", "no"):
        with refusing(database, RequirementError, "justification-required"):
            say(world, payload={"choice": choice, "rationale": nothing})
    assert say(world, payload={"choice": "no", "rationale": f"{nothing}👎"}).receipt.state == "RECEIVED"


@pytest.mark.parametrize("name", ["ada", "Ada", " ada", "ADA "])
def test_the_requester_is_the_same_person_however_the_name_is_written(
    world: World, database: Database, name: str
) -> None:
    open_one(world, requirement=Requirement((Need(("lead",), 1),), not_requester=True), requested_by=name)
    with refusing(database, NotEntitledError, "requester-may-not-approve"):
        say(world, actor=ADA)
    lent = Actor("bob", frozenset({"lead"}), lent={"ada": frozenset({"lead"})})
    with refusing(database, NotEntitledError, "not-entitled"):
        say(world, actor=lent)


def test_the_record_names_only_those_whose_roles_counted(world: World) -> None:
    open_one(world, requirement=Requirement(needs=(Need(("lead",), 1),), not_requester=True), requested_by="ada")
    deputy = Actor("dev", frozenset({"lead"}), lent={"ada": frozenset({"lead"}), "bob": frozenset({"lead"})})
    say(world, actor=deputy)
    with world.ledger.read() as tx:
        [decided] = [entry for entry in tx.audit.all_entries() if entry.event == "gate.decided"]
    assert to_wire(decided)["body"]["delegatedFrom"] == ["bob"]
