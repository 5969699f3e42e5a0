from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from itertools import product
from typing import Any

import pytest
from gate_samples import ALL_EFFECTS, CHECKLIST, NOW, TTL_S, a_gate, needs, person

from signoff.errors import (
    ConflictError,
    GateCancelledError,
    GateDecidedError,
    GateFinalError,
    GateTimedOutError,
    InvalidInputError,
    NotEntitledError,
    RequirementError,
    SignoffError,
)
from signoff.gates.deadline import Rung
from signoff.gates.gate import Answer, Gate, Move, State, answer, check_open, expire, next_state, override
from signoff.gates.interaction import Interaction
from signoff.gates.reply import read_reply
from signoff.gates.requirement import ANYONE_ONCE, Actor, Requirement

DEADLINE = NOW + TTL_S * 1000
TWO_LEADS = needs(("lead", 2))
ENDS: dict[State, dict[str, Any]] = {
    State.RECEIVED: {"decision": "ship", "decided_by": "ann", "interaction_id": "hi_1", "payload_hash": "0" * 64},
    State.TIMED_OUT: {"decided_by": "deadline"},
    State.CANCELLED: {"decided_by": "bob"},
}
FINAL_ERRORS = {
    State.RECEIVED: (GateDecidedError, "gate-decided"),
    State.TIMED_OUT: (GateTimedOutError, "gate-timed-out"),
    State.CANCELLED: (GateCancelledError, "gate-cancelled"),
}


def ended(state: State) -> Gate:
    return a_gate(state=state, decided_at=NOW + 1, **ENDS[state])


def say(
    gate: Gate, key: str, actor: Actor, *earlier: Actor, now: int = NOW, digest: str | None = None, **more: Any
) -> Answer:
    reply = read_reply({"choice": key, **more}, gate.prompt)
    return answer(gate, reply, actor, approvers=earlier, prompt_digest=digest, now=now)


def test_what_may_happen_to_a_gate_is_what_the_contract_says() -> None:
    """Decided by people, timed out, cancelled; collecting, deferring and climbing leave it open; final is final."""
    legal = {
        (State.PENDING, Move.COLLECT): State.PENDING,
        (State.PENDING, Move.DEFER): State.PENDING,
        (State.PENDING, Move.ESCALATE): State.PENDING,
        (State.PENDING, Move.DECIDE): State.RECEIVED,
        (State.PENDING, Move.EXPIRE): State.TIMED_OUT,
        (State.PENDING, Move.CANCEL): State.CANCELLED,
    }
    for before, move in product(State, Move):
        if (before, move) in legal:
            assert next_state(before, move) is legal[before, move]
            continue
        with pytest.raises(ConflictError) as caught:
            next_state(before, move)
        assert caught.value.code == "illegal-move"


def test_states_are_spelled_as_on_the_wire() -> None:
    assert [str(state) for state in State] == ["PENDING", "RECEIVED", "TIMED_OUT", "CANCELLED"]


def test_a_gate_opens_pending_and_without_a_receipt() -> None:
    gate = a_gate()
    assert (gate.state, gate.is_final, gate.receipt()) == (State.PENDING, False, None)
    check_open(gate)


@pytest.mark.parametrize(
    ("key", "move", "state"),
    [
        ("ship", Move.DECIDE, State.RECEIVED),
        ("drop", Move.DECIDE, State.RECEIVED),
        ("mend", Move.DECIDE, State.RECEIVED),
        ("later", Move.DEFER, State.PENDING),
    ],
)
def test_an_answer_does_what_its_choice_is_for(key: str, move: Move, state: State) -> None:
    assert say(a_gate(), key, person("ann")) == Answer(move, state, {}, "*")


def test_below_its_threshold_a_gate_collects_approvals() -> None:
    gate = a_gate(TWO_LEADS)
    first = say(gate, "ship", person("ann", "lead"))
    assert first == Answer(Move.COLLECT, State.PENDING, {"lead": 1}, "lead")
    second = say(gate, "ship", person("bob", "lead"), person("ann", "lead"))
    assert second == Answer(Move.DECIDE, State.RECEIVED, {}, "lead")


def test_one_person_approving_twice_is_still_one() -> None:
    ann = person("ann", "lead")
    assert say(a_gate(TWO_LEADS), "ship", ann, ann, ann).state is State.PENDING


@pytest.mark.parametrize("key", ["drop", "mend"])
def test_one_refusal_decides_whatever_the_threshold(key: str) -> None:
    assert say(a_gate(TWO_LEADS), key, person("ann", "lead")).state is State.RECEIVED


@pytest.mark.parametrize("key", ["ship", "drop", "mend"])
def test_who_is_not_entitled_decides_nothing(key: str) -> None:
    with pytest.raises(NotEntitledError):
        say(a_gate(TWO_LEADS), key, person("eve", "cook"))


def test_to_put_it_off_takes_no_role() -> None:
    assert say(a_gate(TWO_LEADS), "later", person("eve", "cook")).move is Move.DEFER


def test_the_requester_may_refuse_what_they_may_not_approve() -> None:
    gate = a_gate(needs(("*", 1), not_requester=True), requested_by="ann")
    with pytest.raises(NotEntitledError):
        say(gate, "ship", person("ann"))
    assert say(gate, "drop", person("ann")).state is State.RECEIVED
    assert say(gate, "ship", person("bob")).state is State.RECEIVED


def test_the_requester_may_approve_unless_the_requirement_says_otherwise() -> None:
    assert say(a_gate(requested_by="ann"), "ship", person("ann")).state is State.RECEIVED


@pytest.mark.parametrize(
    ("actor", "role"),
    [
        (person("ann", "ops", "lead"), "lead,ops"),
        (person("ann", "ops"), "ops"),
        (person("ann", "cook"), "*"),
        (person("ann"), "*"),
        (Actor("ann"), None),
    ],
)
def test_somebody_answers_in_every_role_that_is_asked_for_and_held(actor: Actor, role: str | None) -> None:
    assert say(a_gate(needs(("lead,ops", 1), ("*", 1))), "ship", actor).role == role


def test_who_answered_as_anyone_never_counts_as_somebody_in_particular() -> None:
    """An approval comes back from the ledger with the role that was recorded, and without one as of an open ledger."""
    gate = a_gate(needs(("*", 1), ("lead", 1)))
    recorded = say(gate, "ship", person("ann", "cook")).role
    assert recorded is not None
    assert say(gate, "ship", person("bob", "cook"), person("ann", recorded)).remaining == {"lead": 1}


def test_an_answer_may_name_the_prompt_that_was_seen() -> None:
    gate = a_gate()
    assert say(gate, "ship", person("ann"), digest=gate.prompt.digest).state is State.RECEIVED


@pytest.mark.parametrize("digest", ["", "0" * 64, "ship"])
def test_an_answer_to_another_prompt_is_refused(digest: str) -> None:
    gate = a_gate()
    with pytest.raises(ConflictError) as caught:
        say(gate, "ship", person("ann"), digest=digest)
    assert caught.value.code == "prompt-changed"
    assert caught.value.details == {"promptDigest": gate.prompt.digest, "answered": digest}


@pytest.mark.parametrize(("late_by", "is_late"), [(-1, False), (0, True), (1, True), (10**9, True)])
def test_a_deadline_is_the_first_instant_that_is_too_late(late_by: int, is_late: bool) -> None:
    gate = a_gate()
    assert gate.is_due(DEADLINE + late_by) is is_late
    if not is_late:
        assert say(gate, "ship", person("ann"), now=DEADLINE + late_by).state is State.RECEIVED
        return
    with pytest.raises(GateTimedOutError):
        say(gate, "ship", person("ann"), now=DEADLINE + late_by)


@pytest.mark.parametrize("state", ENDS)
def test_a_final_gate_is_never_due(state: State) -> None:
    assert not ended(state).is_due(DEADLINE + 1)


@pytest.mark.parametrize("state", ENDS)
def test_a_final_gate_refuses_every_move_with_the_receipt_of_its_end(state: State) -> None:
    gate = ended(state)
    kind, code = FINAL_ERRORS[state]
    receipt = gate.receipt()
    assert receipt is not None
    moves: list[Callable[[], object]] = [
        lambda: check_open(gate),
        lambda: say(gate, "ship", person("bob")),
        lambda: say(gate, "later", person("bob"), now=DEADLINE + 1),
        lambda: expire(gate, DEADLINE + 1),
    ]
    for move in moves:
        with pytest.raises(GateFinalError) as caught:
            move()
        assert (type(caught.value), caught.value.code, caught.value.receipt) == (kind, code, receipt.to_wire())
    assert gate == ended(state)


def test_a_final_gate_without_an_instant_is_refused_without_a_receipt() -> None:
    with pytest.raises(GateDecidedError) as caught:
        check_open(a_gate(state=State.RECEIVED))
    assert caught.value.receipt is None


def test_a_loser_is_told_who_decided_what() -> None:
    with pytest.raises(GateDecidedError, match="ship by ann"):
        check_open(ended(State.RECEIVED))


def test_the_receipt_of_a_decision_says_who_what_when_and_having_seen_what() -> None:
    gate = replace(ended(State.RECEIVED), role="lead")
    receipt = gate.receipt()
    assert receipt is not None
    assert receipt.to_wire() == {
        "workflowID": "it_01",
        "gateKey": "ship",
        "state": "RECEIVED",
        "decision": "ship",
        "actor": "ann",
        "role": "lead",
        "at": NOW + 1,
        "promptDigest": gate.prompt.digest,
        "payloadHash": "0" * 64,
        "interactionId": "hi_1",
    }


FAULTS: list[tuple[str, type[SignoffError]]] = [
    ("is decided", GateDecidedError),
    ("is late", GateTimedOutError),
    ("names another prompt", ConflictError),
    ("is not entitled", NotEntitledError),
    ("gives no reason", RequirementError),
]


@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_checks_are_made_in_the_order_of_the_contract(first: int) -> None:
    """State, digest, entitlement, requirement: of several faults the earliest is named."""
    faults = {name for name, _ in FAULTS[first:]}
    wanted = needs(("lead", 1), justification=True)
    gate = a_gate(wanted)
    if "is decided" in faults:
        gate = replace(gate, state=State.RECEIVED, decided_at=NOW)
    with pytest.raises(FAULTS[first][1]) as caught:
        say(
            gate,
            "ship",
            person("eve", "cook" if "is not entitled" in faults else "lead"),
            now=DEADLINE if "is late" in faults else NOW,
            digest="0" * 64 if "names another prompt" in faults else None,
        )
    assert type(caught.value) is FAULTS[first][1]


def test_an_approval_meets_the_requirement_beyond_its_choice() -> None:
    draft = {"choices": ALL_EFFECTS, "checklist": CHECKLIST}
    gate = a_gate(Requirement(all_items=True, justification=True), draft=draft)
    owing: list[dict[str, Any]] = [{}, {"rationale": "r"}, {"checklist": {"backup": True, "told": True}}]
    for members in owing:
        with pytest.raises(RequirementError):
            say(gate, "ship", person("ann"), **members)
    everything: dict[str, Any] = {"rationale": "r", "checklist": {"backup": True, "told": True}}
    assert say(gate, "ship", person("ann"), **everything).state is State.RECEIVED


def test_a_gate_that_is_not_due_does_not_expire() -> None:
    with pytest.raises(ConflictError) as caught:
        expire(a_gate(), DEADLINE - 1)
    assert caught.value.code == "not-due"


def test_a_passed_deadline_ends_a_gate_without_a_ladder() -> None:
    expiry = expire(a_gate(), DEADLINE)
    assert (expiry.move, expiry.state) == (Move.EXPIRE, State.TIMED_OUT)
    assert (expiry.escalation_level, expiry.deadline_at, expiry.requirement) == (0, DEADLINE, ANYONE_ONCE)


def test_a_passed_deadline_climbs_the_ladder_first() -> None:
    gate = a_gate(needs(("lead", 1)), ladder=(Rung(30, ("boss",)), Rung(10)))
    late = DEADLINE + 500
    first = expire(gate, late)
    assert (first.move, first.state, first.escalation_level) == (Move.ESCALATE, State.PENDING, 1)
    assert first.deadline_at == DEADLINE + 30_000, "whoever comes late to look takes nothing from nobody's time"
    assert first.requirement == needs(("lead,boss", 1))
    second = expire(climbed(gate, first.deadline_at, first.requirement, 1), first.deadline_at)
    assert (second.move, second.escalation_level, second.requirement) == (Move.ESCALATE, 2, first.requirement)
    last = expire(climbed(gate, second.deadline_at, second.requirement, 2), second.deadline_at)
    assert (last.move, last.state, last.escalation_level) == (Move.EXPIRE, State.TIMED_OUT, 2)


def climbed(gate: Gate, deadline_at: int, requirement: Requirement, level: int) -> Gate:
    return replace(gate, deadline_at=deadline_at, requirement=requirement, escalation_level=level)


def test_a_wider_audience_may_answer_after_the_climb_and_not_before() -> None:
    gate = a_gate(needs(("lead", 1)), ladder=(Rung(30, ("boss",)),))
    with pytest.raises(NotEntitledError):
        say(gate, "ship", person("bob", "boss"))
    expiry = expire(gate, DEADLINE)
    higher = climbed(gate, expiry.deadline_at, expiry.requirement, 1)
    assert say(higher, "ship", person("bob", "boss"), now=DEADLINE).state is State.RECEIVED
    assert higher.prompt.digest == gate.prompt.digest


def test_gates_and_interactions_are_values() -> None:
    interaction = Interaction(
        id="hi_1",
        workflow_id="it_01",
        run_id=None,
        gate_key="ship",
        topic="human:ship",
        dedupe_key="d",
        payload={"choice": "ship"},
        payload_hash="0" * 64,
        origin="manual",
        actor="ann",
        role=None,
        choice="ship",
        created_at=NOW,
    )
    with pytest.raises(FrozenInstanceError):
        interaction.actor = "eve"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        a_gate().state = State.RECEIVED  # type: ignore[misc]


def test_a_reply_that_is_not_understood_never_reaches_the_gate() -> None:
    with pytest.raises(InvalidInputError):
        say(a_gate(), "yes", person("ann"))


# Going past


#: Whatever a gate may ask for, none of which anybody here has.
MUCH = needs(("lead", 3), ("ops", 1), not_requester=True, justification=True, all_items=True, all_evidence=True)
LACKING = {"choices": ALL_EFFECTS, "checklist": CHECKLIST, "evidence": [{"title": "log", "uri": "out/log"}]}


def go_past(gate: Gate, actor: Actor, reason: str | None = "the pager is on fire", now: int = NOW) -> Answer:
    said = {"choice": "ship"} if reason is None else {"choice": "ship", "rationale": reason}
    return override(gate, read_reply(said, gate.prompt), actor, now=now)


def test_an_override_decides_whatever_the_gate_requires() -> None:
    gate = a_gate(MUCH, draft=LACKING, requested_by="ann")
    with pytest.raises(NotEntitledError):
        say(gate, "ship", person("ann", "override"), rationale="the pager is on fire")
    assert go_past(gate, person("ann", "override")) == Answer(Move.DECIDE, State.RECEIVED, {}, "override")
    assert go_past(gate, Actor("ann")).role == "override"


@pytest.mark.parametrize("roles", [(), ("lead", "ops"), ("*",), ("overrides",)])
def test_an_override_takes_the_role_for_it(roles: tuple[str, ...]) -> None:
    with pytest.raises(NotEntitledError, match="override") as caught:
        go_past(a_gate(), person("ann", *roles))
    assert caught.value.code == "not-entitled"


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_an_override_takes_a_reason_even_where_the_gate_asks_for_none(reason: str | None) -> None:
    with pytest.raises(RequirementError) as caught:
        go_past(a_gate(), person("ann", "override"), reason)
    assert caught.value.code == "justification-required"


@pytest.mark.parametrize("state", ENDS)
def test_nobody_goes_past_a_gate_that_has_ended(state: State) -> None:
    kind, code = FINAL_ERRORS[state]
    with pytest.raises(kind) as caught:
        go_past(ended(state), person("ann", "override"))
    assert caught.value.code == code


def test_nobody_goes_past_a_gate_whose_deadline_has_passed() -> None:
    assert go_past(a_gate(), person("ann", "override"), now=DEADLINE - 1).state is State.RECEIVED
    with pytest.raises(GateTimedOutError):
        go_past(a_gate(), person("ann", "override"), now=DEADLINE)


def test_who_may_override_does_not_for_that_answer_where_others_are_asked() -> None:
    with pytest.raises(NotEntitledError):
        say(a_gate(TWO_LEADS), "ship", person("ann", "override"))
