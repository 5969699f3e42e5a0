"""`mission review` is killed where it asks and where its answer is recorded; then everything is there once."""

from __future__ import annotations

import signal

import pytest
from mission_repository import MissionRepository

from signoff.app import moments


@pytest.fixture
def submitted(repo: MissionRepository) -> MissionRepository:
    repo.start("WP01")
    repo.json("mission", "submit", "WP01", "--all-done")
    return repo


def die(repo: MissionRepository, moment: str, *words: str) -> None:
    died = repo.process(*words, environ={"SIGNOFF_CRASH_AT": moment})
    assert died.code == -signal.SIGKILL, died


@pytest.mark.parametrize("moment", ["begin_at_gate: before commit", "begin_at_gate: after commit", moments.MOVED])
def test_a_review_whose_command_died_is_asked_for_once(submitted: MissionRepository, moment: str) -> None:
    die(submitted, moment, "mission", "review", "WP01")
    gate = submitted.json("mission", "review", "WP01", code=3)["gate"]
    assert [one["gateKey"] for one in submitted.json("gate", "list")["items"]] == [gate["gateKey"]]
    assert [event.to_lane.value for event in submitted.state.reduced.events].count("in_review") == 1
    submitted.check()


@pytest.mark.parametrize("moment", [moments.CYCLE_WRITTEN, moments.MOVED])
def test_a_decision_whose_record_died_half_way_is_recorded_once(submitted: MissionRepository, moment: str) -> None:
    submitted.answer("approve", submitted.json("mission", "review", "WP01", code=3)["gate"])
    die(submitted, moment, "mission", "status")
    submitted.json("mission", "status")
    assert (submitted.lane_of("WP01"), submitted.cycles("WP01")) == ("approved", ["review-cycle-1.md"])
    assert [event.to_lane.value for event in submitted.state.reduced.events].count("approved") == 1
    submitted.check()
