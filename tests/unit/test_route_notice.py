"""Whom a route tells: every condition that it has must be met, and each target is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signoff.app.deliver_notice import BACKOFF_MS_MAX, backoff_ms
from signoff.app.notify_gate import EVENTS
from signoff.app.route_notice import OUTSIDE, Route, Target, delivery_id, targets_of
from signoff.gates.gate import Gate
from signoff.gates.requirement import Need, Requirement
from signoff.notify.sample import sample_notice

ADA, OPS = Target("mail", "ada@example.org"), Target("chat", "#ops")
PLAIN = sample_notice("nd_1", now=0).gate
RISKY = replace(PLAIN, risk_level="high", requirement=Requirement(needs=(Need(("lead", "cto"), 1),)))


def told(*routes: Route, event: str = "gate.opened", gate: Gate = RISKY, door: str = OUTSIDE) -> list[Target]:
    return targets_of(routes, event, gate, door=door)


@pytest.mark.parametrize("event", EVENTS)
def test_a_route_without_conditions_tells_of_everything(event: str) -> None:
    assert told(Route((ADA,)), event=event, gate=PLAIN) == [ADA]


@pytest.mark.parametrize(
    ("route", "is_told"),
    [
        (Route((ADA,), events=("gate.opened", "gate.decided")), True),
        (Route((ADA,), events=("gate.decided",)), False),
        (Route((ADA,), risk_levels=("high", "critical")), True),
        (Route((ADA,), risk_levels=("critical",)), False),
        (Route((ADA,), roles=("cto", "nurse")), True),
        (Route((ADA,), roles=("nurse",)), False),
        (Route((ADA,), doors=("spec", OUTSIDE)), True),
        (Route((ADA,), doors=("spec",)), False),
        (Route((ADA,), risk_levels=("high",), roles=("nurse",)), False),
        (Route((ADA,), risk_levels=("high",), roles=("lead",), doors=(OUTSIDE,), events=("gate.opened",)), True),
    ],
)
def test_every_condition_must_be_met(route: Route, is_told: bool) -> None:
    assert told(route) == ([ADA] if is_told else [])


def test_a_gate_without_a_risk_level_is_at_none_of_them() -> None:
    assert told(Route((ADA,), risk_levels=("low", "medium", "high", "critical")), gate=PLAIN) == []


def test_a_gate_that_anyone_may_answer_concerns_every_role() -> None:
    assert told(Route((ADA,), roles=("nurse",)), gate=PLAIN) == [ADA]


def test_a_target_of_two_routes_is_told_once() -> None:
    assert told(Route((ADA, OPS)), Route((OPS, ADA)), Route((ADA,), events=("gate.decided",))) == [ADA, OPS]


def test_that_somebody_went_past_a_gate_is_told_to_everybody() -> None:
    routes = (Route((ADA,), events=("gate.opened",)), Route((OPS,), risk_levels=("low",), roles=("nurse",)))
    assert told(*routes, event="gate.overridden") == [ADA, OPS]


def test_a_deliverys_id_is_that_of_its_notice_and_target_alone() -> None:
    notices, targets = ("notify:gate.opened:w:g", "notify:gate.decided:w:g"), (ADA, OPS, Target("mail", "#ops"))
    made = [delivery_id(notice, target) for notice in notices for target in targets]
    assert len(set(made)) == 6
    assert made == [delivery_id(notice, target) for notice in notices for target in targets]
    assert delivery_id("ab", Target("c", "d")) != delivery_id("a", Target("bc", "d"))


def test_the_wait_doubles_up_to_its_bound_and_is_spread_over_half_of_it() -> None:
    assert [backoff_ms(attempts, 1.0) for attempts in (1, 2, 3, 4)] == [1_000, 2_000, 4_000, 8_000]
    assert [backoff_ms(attempts, 0.0) for attempts in (1, 2, 3, 4)] == [500, 1_000, 2_000, 4_000]
    assert {backoff_ms(attempts, 1.0) for attempts in (11, 50, 5_000)} == {BACKOFF_MS_MAX}
