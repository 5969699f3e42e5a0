"""What a policy says of a gate's time: silence that approves, and a clock that is not always going."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signoff.errors import ConflictError, GateDecidedError
from signoff.gates.deadline import Rung, deadline_after, end_of
from signoff.gates.gate import Gate, Move, State, expire
from signoff.gates.prompt import build_prompt
from signoff.gates.requirement import ANYONE_ONCE, Requirement
from signoff.gates.terms import PLAIN, Terms, terms_from_wire, terms_to_wire

SILENT = Terms(on_timeout="approve")


def half_speed(now: int, ttl_s: int) -> int:
    """A clock that goes every other second."""
    return now + 2 * ttl_s * 1000


def gate(terms: Terms = PLAIN, **more: object) -> Gate:
    prompt = build_prompt({"title": "Go?"}, requirement=ANYONE_ONCE, ttl_s=60, now=0)
    made = Gate("wf-1", "go", None, "human:go", prompt, Requirement(), opened_at=0, deadline_at=60_000, terms=terms)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("terms", "move", "state"),
    [(PLAIN, Move.EXPIRE, State.TIMED_OUT), (SILENT, Move.DECIDE, State.RECEIVED)],
)
def test_at_its_end_silence_decides_only_where_that_is_written_out(terms: Terms, move: Move, state: State) -> None:
    expiry = expire(gate(terms), 60_000)
    assert (expiry.move, expiry.state) == (move, state)


def test_silence_decides_nothing_before_the_end_and_nothing_after_somebody_has_decided() -> None:
    with pytest.raises(ConflictError) as refusal:
        expire(gate(SILENT), 59_999)
    assert refusal.value.code == "not-due"
    with pytest.raises(GateDecidedError):
        expire(gate(SILENT, state=State.RECEIVED, decided_at=1, decision="no", decided_by="ada"), 60_000)


def test_a_gate_climbs_its_ladder_before_silence_is_looked_at() -> None:
    expiry = expire(gate(SILENT, ladder=(Rung(30),)), 60_000)
    assert (expiry.move, expiry.state, expiry.deadline_at, expiry.ends_at) == (
        Move.ESCALATE,
        State.PENDING,
        90_000,
        90_000,
    )


def test_a_climb_goes_by_the_gates_own_clock_and_says_when_the_gate_then_ends() -> None:
    expiry = expire(gate(ladder=(Rung(30, ("cto",)), Rung(10))), 60_000, half_speed)
    assert (expiry.deadline_at, expiry.ends_at) == (120_000, 140_000)


def test_the_end_of_a_gate_is_that_of_its_last_rung() -> None:
    ladder = (Rung(10), Rung(20))
    ends = [end_of(1_000, ladder, level) for level in (0, 1, 2)]
    assert ends == [31_000, 21_000, 1_000]
    assert end_of(1_000, ladder, 0, half_speed) == 61_000
    assert end_of(1_000, (), 0, half_speed) == 1_000


def test_a_prompt_says_the_deadline_of_its_own_clock_under_the_same_digest() -> None:
    plain, slow = (
        build_prompt({"title": "Go?"}, requirement=ANYONE_ONCE, ttl_s=60, now=0, after=after)
        for after in (deadline_after, half_speed)
    )
    assert (plain.wire["deadlineAt"], slow.wire["deadlineAt"]) == (60_000, 120_000)
    assert plain.digest == slow.digest


@pytest.mark.parametrize(
    "terms",
    [PLAIN, SILENT, Terms(is_quiet=True), Terms("approve", {"timezone": "UTC", "days": ["mon"], "hours": "0"}, True)],
)
def test_terms_are_stored_and_read_again(terms: Terms) -> None:
    assert terms_from_wire(terms_to_wire(terms)) == terms


def test_of_plain_terms_nothing_is_stored() -> None:
    assert terms_to_wire(PLAIN) == {}
