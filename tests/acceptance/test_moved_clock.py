"""A development server's clock is moved on, and gates climb their ladders as they would have in time."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from processes import WAIT_S, Place, Server, until

CRITICAL = {"operation": "delete", "environment": "production"}
HIGH = {"operation": "deploy", "environment": "production"}


def ask(server: Server, task: dict[str, str]) -> str:
    answer = server.client.post("/workflows", json={"task": task, "requested_by": "agent"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["workflow_id"])


def status(server: Server, workflow_id: str) -> Any:
    return server.get(f"/workflows/{workflow_id}/status")["workflow"]


def climbed(server: Server, workflow_id: str) -> Any:
    return until(
        lambda: found if (found := status(server, workflow_id))["escalation_count"] else None, f"{workflow_id} to climb"
    )


def advance(place: Place, span: str) -> Any:
    done = place.command("dev", "clock", "advance", span, "--json")
    assert done.code == 0, done
    return done.document


def test_ladders_are_climbed_at_their_times_whatever_dies_meanwhile(own_place: Place) -> None:
    with own_place.start("up", "--dev") as server:
        critical, high = ask(server, CRITICAL), ask(server, HIGH)
        assert advance(own_place, "15m")["movedMs"] == 900_000
        found = climbed(server, critical)
        assert found["approvers"] == ["cto", "security_team", "tech_lead"]
        assert status(server, high)["escalation_count"] == 0
        server.kill()
    advance(own_place, "15m")
    with own_place.start("up", "--dev") as server:
        assert climbed(server, high)["approvers"] == ["cto", "team_lead", "tech_lead"]
        assert status(server, critical)["status"] == "pending"
        advance(own_place, "15m")
        until(lambda: status(server, critical)["status"] == "timeout", "critical to end")
        late = own_place.command("workflow", "approve", critical, "--justification", "late", "--as", "tess")
        assert late.code == 4, late
        answer = own_place.command("workflow", "approve", high, "--as", "tess")
        assert answer.code == 0, answer
        for workflow_id, events in (
            (critical, ["gate.opened", "gate.escalated", "gate.timed-out"]),
            (high, ["gate.opened", "gate.escalated", "gate.decided"]),
        ):
            history = server.get(f"/workflows/{workflow_id}/status")["history"]
            assert [one["event"] for one in history] == events
            assert [one["at"] for one in history] == sorted(one["at"] for one in history)
        assert server.stop() == 0
    own_place.check()


@pytest.mark.parametrize("edge", ["before", "after"])
def test_a_worker_that_dies_as_a_gate_climbs_leaves_it_climbed_once(own_place: Place, edge: str) -> None:
    with own_place.start("up", "--dev", environ={"SIGNOFF_CRASH_AT": f"expire: {edge} commit"}) as server:
        critical = ask(server, CRITICAL)
        advance(own_place, "15m")
        assert server.process.wait(WAIT_S) == -signal.SIGKILL
    with own_place.start("up", "--dev") as server:
        assert climbed(server, critical)["escalation_count"] == 1
        history = server.get(f"/workflows/{critical}/status")["history"]
        assert [one["event"] for one in history] == ["gate.opened", "gate.escalated"]
    own_place.check()


def test_outside_development_mode_the_clock_stands_as_it_is(own_place: Place) -> None:
    with own_place.start("api", "--migrate") as server:
        for words in (("advance", "30m"), ("show",)):
            done = own_place.command("dev", "clock", *words, "--json")
            assert (done.code, done.document["code"]) == (2, "not-development")
        assert server.stop() == 0


def test_a_ledger_whose_clock_was_moved_is_served_in_development_mode_only(own_place: Place) -> None:
    with own_place.start("api", "--migrate", "--dev") as server:
        assert server.stop() == 0
    with own_place.start("api") as server:
        assert own_place.command("dev", "clock", "show").code == 2, "it was not moved, and the mode is over"
        assert server.stop() == 0
    with own_place.start("api", environ={"SIGNOFF_DEV": "true"}) as server:
        advance(own_place, "1s")
        assert own_place.command("dev", "clock", "show", "--json").document["movedMs"] == 1_000
        assert server.stop() == 0
    with own_place.start("api", must_be_ready=False) as server:
        assert server.process.wait(WAIT_S) == 1
        assert "development mode" in server.log.read_text()


@pytest.mark.parametrize("span", ["30", "-5m", "0.5h", "soon"])
def test_a_span_that_cannot_be_read_moves_nothing(own_place: Place, span: str) -> None:
    with own_place.start("api", "--migrate", "--dev") as server:
        assert own_place.command("dev", "clock", "advance", "--", span).code == 2
        assert own_place.command("dev", "clock", "show", "--json").document["movedMs"] == 0
        assert server.stop() == 0
