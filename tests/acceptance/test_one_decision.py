"""Many answers at once to one gate, over HTTP to two processes and by the command line: one of them decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from processes import Place, Running, Server, until

OVER_HTTP = 6
BY_COMMAND = 2
GATES = 3


@dataclass(frozen=True)
class Told:
    """What whoever answered was told: accepted or not, and the receipt of the answer that counts."""

    is_accepted: bool
    code: str | None
    receipt: dict[str, Any]


@pytest.fixture(scope="module")
def waiting(server: Server) -> list[tuple[str, str]]:
    """Runs that wait at their gates: `(workflow id, gate key)`."""
    runs = [server.new_run(f"race {number}") for number in range(GATES)]
    return [(run, server.open_gate(run)) for run in runs]


def test_of_different_answers_at_once_one_is_taken_and_the_others_are_told_which(
    place: Place, server: Server, second: Server, waiting: list[tuple[str, str]]
) -> None:
    for workflow_id, gate_key in waiting:
        told = _answer_at_once(place, [server, second], workflow_id, gate_key, is_same=False)
        accepted = [one for one in told if one.is_accepted]
        refused = [one for one in told if not one.is_accepted]
        assert (len(accepted), len(refused)) == (1, OVER_HTTP + BY_COMMAND - 1)
        assert {one.code for one in refused} == {"gate-decided"}
        assert [one.receipt for one in refused] == [accepted[0].receipt] * len(refused)
        _assert_one_effect(place, server, workflow_id, gate_key, accepted[0].receipt)


def test_one_answer_sent_many_times_at_once_is_taken_once_and_gets_one_receipt(
    place: Place, server: Server, second: Server
) -> None:
    for number in range(GATES - 1):
        workflow_id = server.new_run(f"repeated {number}")
        gate_key = server.open_gate(workflow_id)
        told = _answer_at_once(place, [server, second], workflow_id, gate_key, is_same=True)
        assert all(one.is_accepted for one in told)
        assert [one.receipt for one in told] == [told[0].receipt] * len(told)
        _assert_one_effect(place, server, workflow_id, gate_key, told[0].receipt)


def _answer_at_once(
    place: Place, servers: Sequence[Server], workflow_id: str, gate_key: str, *, is_same: bool
) -> list[Told]:
    """Commands are started first; everybody over HTTP sends as soon as the first of them has found the ledger."""
    typed = [
        _type(place, workflow_id, gate_key, number, is_same=is_same)
        for number in range(OVER_HTTP, OVER_HTTP + BY_COMMAND)
    ]
    until(lambda: any(command.is_at_the_ledger for command in typed), "a command that has found the ledger")
    together = Barrier(OVER_HTTP)

    def send(number: int) -> Told:
        together.wait()
        choice, key = _words(number, is_same)
        server = servers[number % len(servers)]
        answer = server.reply(workflow_id, gate_key, choice, key, rationale=_why(number, is_same))
        assert answer.status_code in (200, 409), answer.text
        return _told(answer.status_code == 200, answer.json())

    with ThreadPoolExecutor(OVER_HTTP) as people:
        told = list(people.map(send, range(OVER_HTTP)))
    for command in typed:
        done = command()
        assert done.code in (0, 4), done
        told.append(_told(done.code == 0, done.document))
    return told


def _type(place: Place, workflow_id: str, gate_key: str, number: int, *, is_same: bool) -> Running:
    choice, key = _words(number, is_same)
    data = json.dumps({"rationale": _why(number, is_same)})
    words = ("gate", "reply", workflow_id, gate_key, "--choice", choice)
    return place.begin(*words, "--data", data, "--dedupe-key", key, "--json")


def _told(is_accepted: bool, document: dict[str, Any]) -> Told:
    return Told(is_accepted, document.get("code"), document["receipt"])


def _words(number: int, is_same: bool) -> tuple[str, str]:
    return ("yes", "the-one-answer") if is_same else (("yes", "no")[number % 2], f"racer-{number}")


def _why(number: int, is_same: bool) -> str:
    return "all agree" if is_same else f"answer {number}"


def _assert_one_effect(place: Place, server: Server, workflow_id: str, gate_key: str, receipt: dict[str, Any]) -> None:
    is_yes = receipt["decision"] == "yes"
    assert server.ended(workflow_id)["status"] == ("SUCCESS" if is_yes else "ERROR")
    events = place.rows(
        f"SELECT event FROM app.audit_entries WHERE workflow_id = '{workflow_id}' AND gate_key = '{gate_key}' "
        "AND event LIKE 'gate.%' ORDER BY n"
    )
    assert events == [["gate.opened"], ["gate.decided"]]
    interactions = place.rows(f"SELECT id, choice FROM app.human_interactions WHERE workflow_id = '{workflow_id}'")
    assert interactions == [[receipt["interactionId"], receipt["decision"]]]
    legs = place.rows(
        "SELECT workflow_uuid FROM dbos.workflow_status "
        f"WHERE workflow_uuid LIKE '{workflow_id}:%' AND workflow_uuid NOT LIKE '%:sbx:%'"
    )
    assert legs == [[f"{workflow_id}:{gate_key}"]]
    steps = place.rows(f"SELECT step_id, COUNT(*) FROM app.run_steps WHERE run_id = '{workflow_id}' GROUP BY step_id")
    assert sorted(steps) == sorted(
        [name, 1] for name in ["ApplyPatchST", "CompileST", *(["DecideST", "ExecuteST"] if is_yes else [])]
    )
