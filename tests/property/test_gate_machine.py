"""A gate, and people who do everything to it that can be done, in any order.

The machine keeps what a ledger keeps: the gate, and the approvals collected. Beside it stands a plain account of what
the contract says must come of each move; the two must agree at every step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from gate_strategies import NAMES, ROLES, crowds, may_sit, open_places, requirements, role_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from signoff.errors import (
    ConflictError,
    GateCancelledError,
    GateDecidedError,
    GateFinalError,
    GateTimedOutError,
    NotEntitledError,
    RequirementError,
    SignoffError,
)
from signoff.gates.deadline import Rung
from signoff.gates.gate import Gate, Move, State, answer, expire, next_state
from signoff.gates.prompt import build_prompt
from signoff.gates.reply import read_reply
from signoff.gates.requirement import Actor, Requirement

NOW = 1_767_225_600_000
EFFECTS = {"ship": "approve", "drop": "reject", "mend": "fix", "later": "hold"}
DRAFT = {
    "title": "Ship it?",
    "choices": [{"key": key, "label": key, "effect": effect} for key, effect in EFFECTS.items()],
    "checklist": [{"category": "C", "items": [{"id": item, "text": "T", "checked": False} for item in "ab"]}],
}
FINAL_ERRORS = {"RECEIVED": GateDecidedError, "TIMED_OUT": GateTimedOutError, "CANCELLED": GateCancelledError}
ladders = st.lists(
    st.builds(Rung, st.integers(1, 90), st.lists(st.sampled_from([*ROLES, "boss"]), max_size=1).map(tuple)), max_size=2
).map(tuple)


def open_gate(
    requirement: Requirement, *, ttl_s: int = 60, ladder: tuple[Rung, ...] = (), requester: str | None = None
) -> Gate:
    return Gate(
        workflow_id="it_01",
        gate_key="ship",
        run_id="it_01",
        topic="human:ship",
        prompt=build_prompt(DRAFT, requirement=requirement, ttl_s=ttl_s, now=NOW),
        requirement=requirement,
        opened_at=NOW,
        deadline_at=NOW + ttl_s * 1000,
        ladder=ladder,
        requested_by=requester,
    )


class LifeOfAGate(RuleBasedStateMachine):
    @initialize(
        requirement=requirements,
        ttl_s=st.integers(1, 90),
        ladder=ladders,
        roles=st.fixed_dictionaries({name: st.none() | role_sets for name in NAMES}),
    )
    def open(
        self, requirement: Requirement, ttl_s: int, ladder: tuple[Rung, ...], roles: dict[str, frozenset[str] | None]
    ) -> None:
        self.now = NOW
        self.gate = open_gate(requirement, ttl_s=ttl_s, ladder=ladder, requester="ann")
        self.people = {name: Actor(name, roles[name]) for name in NAMES}
        self.approvers: list[Actor] = []
        self.decisions: list[tuple[str, str, int]] = []
        self.rungs_climbed = 0
        self.at_its_end: Gate | None = None
        self.shown = copy.deepcopy(self.gate.prompt.wire)

    @rule(
        name=st.sampled_from(NAMES),
        key=st.sampled_from(["ship", "ship", "ship", *EFFECTS]),
        is_justified=st.booleans(),
        items=st.sampled_from(["ab", "ab", "a", ""]),
        digest=st.sampled_from(["none", "right", "right", "wrong"]),
    )
    def reply(self, name: str, key: str, is_justified: bool, items: str, digest: str) -> None:
        actor = self.people[name]
        payload: dict[str, Any] = {"choice": key, "checklist": dict.fromkeys(items, True)}
        said = read_reply({**payload, "rationale": "because"} if is_justified else payload, self.gate.prompt)
        named = {"none": None, "right": self.gate.prompt.digest, "wrong": "0" * 64}[digest]
        approvers = list(self.approvers)
        wrong = self.what_is_wrong(actor, key, is_justified=is_justified, items=items, digest=digest)
        if wrong is not None:
            self.refused(
                wrong, lambda: answer(self.gate, said, actor, approvers=approvers, prompt_digest=named, now=self.now)
            )
            return
        done = answer(self.gate, said, actor, approvers=approvers, prompt_digest=named, now=self.now)
        if key == "ship":
            self.approvers.append(actor)
        left = open_places(self.gate.requirement, self.approvers) if key == "ship" else 0
        is_decided = key != "later" and left == 0
        assert done.state == ("RECEIVED" if is_decided else "PENDING")
        assert sum(done.remaining.values()) == left
        if is_decided:
            self.decisions.append((name, key, self.now))
            self.end(state=done.state, decision=key, decided_by=name, interaction_id="hi_1", role=done.role)

    def what_is_wrong(
        self, actor: Actor, key: str, *, is_justified: bool, items: str, digest: str
    ) -> type[SignoffError] | None:
        """The contract's order: state, digest, entitlement, requirement."""
        wanted = self.gate.requirement
        if self.gate.state != "PENDING":
            return FINAL_ERRORS[self.gate.state.value]
        if self.now >= self.gate.deadline_at:
            return GateTimedOutError
        if digest == "wrong":
            return ConflictError
        if key != "later" and not any(may_sit(actor, need) for need in wanted.needs):
            return NotEntitledError
        if key == "ship" and wanted.not_requester and actor.name == "ann":
            return NotEntitledError
        if wanted.justification and key in ("ship", "drop") and not is_justified:
            return RequirementError
        if wanted.all_items and key == "ship" and items != "ab":
            return RequirementError
        return None

    @rule()
    def pass_the_deadline(self) -> None:
        if self.gate.state != "PENDING":
            self.refused(FINAL_ERRORS[self.gate.state.value], lambda: expire(self.gate, self.now))
            return
        if self.now < self.gate.deadline_at:
            self.refused(ConflictError, lambda: expire(self.gate, self.now))
            return
        expiry = expire(self.gate, self.now)
        if self.rungs_climbed < len(self.gate.ladder):
            rung = self.gate.ladder[self.rungs_climbed]
            self.rungs_climbed += 1
            assert (expiry.move, expiry.state) == (Move.ESCALATE, State.PENDING)
            assert expiry.escalation_level == self.rungs_climbed
            # From one deadline to the next, however late somebody came to look.
            assert expiry.deadline_at == self.gate.deadline_at + rung.ttl_s * 1000
            for before, after in zip(self.gate.requirement.needs, expiry.requirement.needs, strict=True):
                assert (set(after.any_of), after.count) == ({*before.any_of, *rung.add_roles}, before.count)
            self.gate = replace(
                self.gate,
                escalation_level=expiry.escalation_level,
                deadline_at=expiry.deadline_at,
                requirement=expiry.requirement,
            )
        else:
            assert (expiry.move, expiry.state) == (Move.EXPIRE, State.TIMED_OUT)
            self.end(state=expiry.state, decided_by="deadline")

    @precondition(lambda self: self.gate.state is State.PENDING)
    @rule(is_meant=st.sampled_from([False] * 9 + [True]))
    def cancel(self, is_meant: bool) -> None:
        if is_meant:
            self.end(state=next_state(self.gate.state, Move.CANCEL), decided_by="bob")
            assert self.gate.state == "CANCELLED"

    @precondition(lambda self: self.gate.state is not State.PENDING)
    @rule(move=st.sampled_from(Move))
    def try_to_move_on(self, move: Move) -> None:
        self.refused(ConflictError, lambda: next_state(self.gate.state, move))

    @rule(ms=st.sampled_from([1, 999, 5_000, 45_000]))
    def wait(self, ms: int) -> None:
        self.now += ms

    @precondition(lambda self: self.gate.state is State.PENDING)
    @rule(short_by_ms=st.sampled_from([0, 0, 1]))
    def wait_for_the_deadline(self, short_by_ms: int) -> None:
        self.now = max(self.now, self.gate.deadline_at - short_by_ms)

    def refused(self, kind: type[SignoffError], move: Callable[[], object]) -> None:
        before = copy.deepcopy(self.gate)
        with pytest.raises(kind) as caught:
            move()
        assert type(caught.value) is kind
        assert self.gate == before
        if isinstance(caught.value, GateFinalError) and self.at_its_end is not None:
            receipt = self.at_its_end.receipt()
            assert receipt is not None
            assert caught.value.receipt == receipt.to_wire()

    def end(self, **columns: Any) -> None:
        self.gate = replace(self.gate, decided_at=self.now, **columns)
        self.at_its_end = copy.deepcopy(self.gate)

    @invariant()
    def a_final_gate_never_changes(self) -> None:
        assert self.at_its_end is None or self.gate == self.at_its_end
        assert self.gate.is_final is (self.at_its_end is not None)

    @invariant()
    def there_is_one_decision_at_most_and_only_in_time(self) -> None:
        assert len(self.decisions) == (self.gate.state == "RECEIVED")
        assert all(at < self.gate.deadline_at for _, _, at in self.decisions)

    @invariant()
    def nothing_is_approved_below_its_threshold_or_by_silence(self) -> None:
        left = open_places(self.gate.requirement, self.approvers)
        if self.gate.decision == "ship":
            assert left == 0
        if self.gate.state in ("TIMED_OUT", "CANCELLED"):
            assert self.gate.decision is None
        if self.gate.requirement.not_requester:
            assert "ann" not in {person.name for person in self.approvers}

    @invariant()
    def what_was_shown_stays_as_it_was(self) -> None:
        assert self.gate.prompt.wire == self.shown


TestLifeOfAGate = LifeOfAGate.TestCase
TestLifeOfAGate.settings = settings(deadline=None, stateful_step_count=25)


def state_after(gate: Gate, people: list[Actor]) -> State:
    """The state when these people approve one after the other; whoever comes too late is refused."""
    said = read_reply({"choice": "ship", "rationale": "r", "checklist": {"a": True, "b": True}}, gate.prompt)
    approvers: list[Actor] = []
    for person in people:
        try:
            done = answer(gate, said, person, approvers=approvers, prompt_digest=None, now=NOW)
        except (GateDecidedError, NotEntitledError):
            continue
        approvers.append(person)
        if done.move is Move.DECIDE:
            gate = replace(gate, state=done.state, decision="ship", decided_by=person.name, decided_at=NOW)
    return gate.state


@settings(deadline=None)
@given(requirements, crowds, st.data())
def test_the_order_of_independent_approvals_does_not_matter(
    requirement: Requirement, people: list[Actor], data: st.DataObject
) -> None:
    assume(people)
    gate = open_gate(requirement, requester="ann")
    entitled = [person for person in people if not (requirement.not_requester and person.name == "ann")]
    is_enough = open_places(requirement, entitled) == 0
    expected = State.RECEIVED if is_enough else State.PENDING
    assert state_after(gate, people) is expected
    assert state_after(gate, data.draw(st.permutations(people))) is expected


@settings(deadline=None)
@given(requirements, crowds, st.sampled_from(["drop", "mend"]))
def test_one_refusal_by_anybody_entitled_ends_what_others_had_approved(
    requirement: Requirement, approvers: list[Actor], key: str
) -> None:
    gate = open_gate(requirement)
    said = read_reply({"choice": key, "rationale": "r"}, gate.prompt)
    entitled = Actor("zoe", frozenset(requirement.needs[0].any_of))
    done = answer(gate, said, entitled, approvers=approvers, prompt_digest=None, now=NOW)
    assert (done.move, done.state) == (Move.DECIDE, State.RECEIVED)
