"""A level's approvals, times and schedule, as its file says them."""

from __future__ import annotations

import pytest
from policy_samples import policy_of, with_level

from signoff.gates.deadline import Rung
from signoff.gates.requirement import Need, Requirement
from signoff.policy.level import Level, Schedule


def level(text: str, name: str = "high") -> Level:
    return policy_of(with_level(text, name)).levels[name]


def requirement(text: str, name: str = "high") -> Requirement:
    found = level(text, name).requirement
    assert found is not None
    return found


def test_approvers_and_their_number_are_one_need_of_any_of_the_roles() -> None:
    assert requirement("{approvers: [lead, boss], required_approvals: 3}").needs == (Need(("lead", "boss"), 3),)
    assert requirement("{approvers: lead}").needs == (Need(("lead",), 1),)


def test_a_secondary_approval_is_a_need_of_its_own() -> None:
    named = requirement("{approvers: [lead], require_secondary_approval: [boss]}")
    assert named.needs == (Need(("lead",), 1), Need(("boss",), 1))
    anyone_who_may = requirement("{approvers: [lead], require_secondary_approval: true}")
    assert anyone_who_may.needs == (Need(("lead",), 1), Need(("lead", "boss"), 1))
    assert anyone_who_may.distinct_people
    assert requirement("{approvers: [lead], require_secondary_approval: false}").needs == (Need(("lead",), 1),)


@pytest.mark.parametrize(("name", "is_kept_out"), [("medium", False), ("high", True), ("critical", True)])
def test_the_requester_is_kept_from_approving_high_and_critical(name: str, is_kept_out: bool) -> None:
    assert requirement("{approvers: [boss]}", name).not_requester is is_kept_out
    said = f"{{approvers: [boss], requester_may_approve: {str(is_kept_out).lower()}}}"
    assert requirement(said, name).not_requester is not is_kept_out


def test_a_justification_can_be_asked_for() -> None:
    assert requirement("{approvers: [lead], require_justification: true}").justification
    assert not requirement("{approvers: [lead]}").justification


def test_a_gate_ends_after_a_day_where_nobody_says_otherwise() -> None:
    found = level("{approvers: [lead]}")
    assert (found.ttl_s, found.timeout_s, found.ladder, found.on_timeout) == (86_400, 86_400, (), "reject")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("30d", 2_592_000)]
)
def test_times_carry_their_unit(text: str, seconds: int) -> None:
    assert level(f"{{approvers: [lead], timeout: {text}}}").timeout_s == seconds


def test_the_first_deadline_is_the_first_escalation_and_the_last_rung_lasts_until_the_end() -> None:
    found = level("{approvers: [lead], timeout: 1h, escalate_after: 10m, escalate_to: boss, max_escalations: 3}")
    assert found.ttl_s == 600
    assert found.ladder == (Rung(600, ("boss",)), Rung(600, ("boss",)), Rung(1800, ("boss",)))
    assert found.ttl_s + sum(rung.ttl_s for rung in found.ladder) == found.timeout_s == 3600


def test_silence_approves_only_where_it_is_written_out() -> None:
    assert level("{approvers: [lead], timeout: 1h, on_timeout: approve}").on_timeout == "approve"


def test_a_schedule_is_read_as_data() -> None:
    schedule = "{timezone: Europe/Berlin, days: [mon, sun], hours: 09:00-17:30}"
    found = level(f"{{approvers: [lead], schedule: {schedule}}}").schedule
    assert found == Schedule("Europe/Berlin", ("mon", "sun"), 540, 1050)
    assert found.to_wire() == {"timezone": "Europe/Berlin", "days": ["mon", "sun"], "hours": "09:00-17:30"}
    round_the_clock = level("{approvers: [lead], schedule: {timezone: UTC, hours: 00:00-24:00}}").schedule
    assert round_the_clock == Schedule("UTC", ("mon", "tue", "wed", "thu", "fri"), 0, 1440)
