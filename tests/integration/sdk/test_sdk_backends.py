"""What holds of a ledger at hand holds of a server: the same answers, the same refusals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sdk_places import gate_body, reply_body
from spec_run_samples import a_spec_run

from signoff.app.world import World
from signoff.errors import (
    ConflictError,
    GateDecidedError,
    InvalidInputError,
    NotFoundError,
    QueuePolicyError,
    RequirementError,
    SignoffError,
)
from signoff.sdk.backend import Backend, items_of, open_backend
from signoff.settings import Settings


def test_opening_a_gate_again_finds_it(backend: Backend) -> None:
    first = backend.open_gate(gate_body())
    again = backend.open_gate(gate_body())
    assert (first.pop("isReplay"), again.pop("isReplay")) == (False, True)
    assert first == again == backend.gate("deploy-42", "ship")


def test_everything_that_a_gate_can_have_is_kept(backend: Backend) -> None:
    body = gate_body(
        payload={"version": "1.4"},
        requirement={"needs": [{"any_of": ["release"], "count": 2}], "justification": True},
        requestedBy="ci",
        riskLevel="high",
        onDecision={"kind": "message"},
        prompt={"body": "# why", "evidence": [{"title": "log", "uri": "log.txt", "sha256": "0" * 64}]},
    )
    view = backend.open_gate(body)
    assert view["prompt"]["payload"] == {"version": "1.4"}
    assert view["prompt"]["body"] == "# why"
    assert view["prompt"]["evidence"][0]["sha256"] == "0" * 64
    assert view["requirement"]["needs"] == [{"any_of": ["release"], "count": 2}]
    assert (view["requirement"]["justification"], view["requestedBy"], view["riskLevel"]) == (True, "ci", "high")


def test_a_gate_that_asks_something_else_is_a_conflict(backend: Backend) -> None:
    backend.open_gate(gate_body())
    with pytest.raises(ConflictError) as refused:
        backend.open_gate(gate_body(prompt={"title": "Ship what?"}))
    assert refused.value.code == "gate-exists"


def test_an_answer_is_given_in_the_name_of_the_actor_and_is_told_again(backend: Backend) -> None:
    backend.open_gate(gate_body())
    first = backend.reply("deploy-42", "ship", reply_body(rationale="read"))
    again = backend.reply("deploy-42", "ship", reply_body(rationale="read"))
    assert first["receipt"]["actor"] == "ada"
    assert (first["isReplay"], again["isReplay"]) == (False, True)
    assert again["receipt"] == first["receipt"] == backend.gate("deploy-42", "ship")["receipt"]


def test_whoever_comes_second_gets_the_receipt_of_the_first(backend: Backend) -> None:
    backend.open_gate(gate_body())
    winner = backend.reply("deploy-42", "ship", reply_body("no"))["receipt"]
    with pytest.raises(GateDecidedError) as refused:
        backend.reply("deploy-42", "ship", reply_body("yes", "ada-2"))
    assert refused.value.receipt == winner


def test_a_gate_that_nobody_needs_any_more_is_withdrawn_unless_it_was_decided(backend: Backend) -> None:
    backend.open_gate(gate_body())
    body = {"reason": "called off"}
    withdrawn = backend.close_gate("deploy-42", "ship", body)
    assert (withdrawn["state"], withdrawn["receipt"]["actor"]) == ("CANCELLED", "ada")
    assert backend.close_gate("deploy-42", "ship", body) == withdrawn
    backend.open_gate(gate_body(gateKey="other"))
    winner = backend.reply("deploy-42", "other", reply_body())["receipt"]
    with pytest.raises(GateDecidedError) as refused:
        backend.close_gate("deploy-42", "other", body)
    assert refused.value.receipt == winner


def test_a_decision_that_was_taken_up_is_recorded_as_such_once(backend: Backend) -> None:
    backend.open_gate(gate_body())
    with pytest.raises(NotFoundError, match="has decided the gate"):
        backend.close_gate("deploy-42", "ship", {"reason": "done", "interactionId": "hi_1"})
    receipt = backend.reply("deploy-42", "ship", reply_body())["receipt"]
    for _ in range(2):
        body = {"reason": "deployed", "interactionId": receipt["interactionId"]}
        assert backend.close_gate("deploy-42", "ship", body)["receipt"] == receipt
    [entry] = [one for one in backend.entries("deploy-42", 0, 50)["items"] if one["event"] == "gate.closed"]
    assert (entry["actor"], entry["gateKey"]) == ("ada", "ship")
    expected = {
        "interactionId": receipt["interactionId"],
        "promptDigest": receipt["promptDigest"],
        "reason": "deployed",
    }
    assert entry["body"] == expected
    with pytest.raises(InvalidInputError) as refused:
        backend.close_gate("deploy-42", "ship", {"reason": "x" * 2_001})
    assert refused.value.code == "invalid-reason"


def test_what_a_gate_asks_of_an_approval_is_asked(backend: Backend) -> None:
    backend.open_gate(gate_body(requirement={"needs": [{"any_of": ["*"], "count": 1}], "justification": True}))
    with pytest.raises(RequirementError) as refused:
        backend.reply("deploy-42", "ship", reply_body())
    assert refused.value.code == "justification-required"


def test_an_answer_to_another_prompt_is_refused(backend: Backend) -> None:
    backend.open_gate(gate_body())
    with pytest.raises(ConflictError) as refused:
        backend.reply("deploy-42", "ship", {**reply_body(), "promptDigest": "0" * 64})
    assert refused.value.code == "prompt-changed"


REFUSALS: list[tuple[Callable[[Backend], Any], type[SignoffError], str]] = [
    (lambda one: one.gate("deploy-42", "Ship"), InvalidInputError, "bad-gate-key"),
    (lambda one: one.gate("deploy/42", "ship"), InvalidInputError, "bad-workflow-id"),
    (lambda one: one.run("../healthz"), InvalidInputError, "bad-workflow-id"),
    (lambda one: one.gate("nothing", "ship"), NotFoundError, "run-not-found"),
    (lambda one: one.run("nothing"), NotFoundError, "run-not-found"),
    (lambda one: one.gates_of("nothing"), NotFoundError, "run-not-found"),
    (lambda one: one.gates("OPEN", None, None, 50, None), InvalidInputError, "invalid-query"),
    (lambda one: one.gates("PENDING", None, None, 201, None), InvalidInputError, "invalid-query"),
    (lambda one: one.gates(None, None, None, 50, "nonsense"), InvalidInputError, "invalid-cursor"),
    (lambda one: one.newest_gates(201, None), InvalidInputError, "invalid-query"),
    (lambda one: one.newest_gates(10, "nonsense"), InvalidInputError, "invalid-cursor"),
    (lambda one: one.runs(None, 10, None, door="window"), InvalidInputError, "invalid-query"),
    (lambda one: one.runs(None, 10, None, subject="a\nb"), InvalidInputError, "invalid-query"),
    (lambda one: one.gate_by_key("ship"), NotFoundError, "gate-not-found"),
    (lambda one: one.head(), NotFoundError, "head-not-found"),
    (lambda one: one.open_gate({**gate_body(), "ttl": 1}), InvalidInputError, "invalid-body"),
    (lambda one: one.open_gate({"gateKey": "ship"}), InvalidInputError, "invalid-body"),
    (lambda one: one.open_gate(gate_body(onDecision={"kind": "none", "to": "x"})), InvalidInputError, "invalid-body"),
    (lambda one: one.open_gate(gate_body(payload=float("nan"))), InvalidInputError, ""),
    (lambda one: one.start_run({"intentId": "it_1"}), QueuePolicyError, "queue_policy_violation"),
    (lambda one: one.create_intent(" ", {}, {}), InvalidInputError, "invalid-goal"),
]


@pytest.mark.parametrize(("ask", "kind", "code"), REFUSALS)
def test_refusals_are_the_same_errors(
    backend: Backend, ask: Callable[[Backend], Any], kind: type[SignoffError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        ask(backend)
    assert type(refused.value) is kind
    assert code in ("", refused.value.code)


def test_the_inbox_is_paged_and_without_a_state_holds_every_gate(backend: Backend) -> None:
    for number in range(5):
        backend.open_gate(gate_body(f"gate-{number}"))
    backend.reply("deploy-42", "gate-3", reply_body())
    open_ones = _all_gates(backend, "PENDING")
    assert sorted(open_ones) == ["gate-0", "gate-1", "gate-2", "gate-4"]
    assert sorted(_all_gates(backend, None)) == [f"gate-{number}" for number in range(5)]
    assert "slaStatus" in backend.gates("PENDING", None, None, 1, None)["items"][0]


def _all_gates(backend: Backend, state: str | None) -> list[str]:
    keys: list[str] = []
    cursor = None
    while True:
        page = backend.gates(state, None, None, 2, cursor)
        assert len(page["items"]) <= 2
        keys += [view["gateKey"] for view in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            return keys


def test_the_newest_gates_are_paged_in_every_state(backend: Backend) -> None:
    for number in range(5):
        backend.open_gate(gate_body(f"gate-{number}"))
    backend.reply("deploy-42", "gate-3", reply_body())
    assert len(backend.newest_gates(2, None)["items"]) == 2
    found = list(items_of(lambda cursor: backend.newest_gates(2, cursor)))
    assert sorted(view["gateKey"] for view in found) == [f"gate-{number}" for number in range(5)]
    assert [view["createdAt"] for view in found] == sorted((view["createdAt"] for view in found), reverse=True)
    assert next(view for view in found if view["gateKey"] == "gate-3") == backend.gate("deploy-42", "gate-3")


def test_runs_are_found_by_what_they_are_about(world: World, backend: Backend) -> None:
    a_spec_run(world, "sp_1", spec="docs/plan ü & b.md")
    a_spec_run(world, "sp_2", spec="other.md")
    backend.create_intent("Add a health check", {}, {})
    (found,) = backend.runs(None, 10, None, door="spec", subject="docs/plan ü & b.md")["items"]
    assert (found["workflowID"], found["subject"]) == ("sp_1", "docs/plan ü & b.md")
    assert backend.run("sp_1") == found
    assert len(backend.runs("WAITING_INPUT", 10, None, door="spec")["items"]) == 2
    assert backend.runs("SUCCESS", 10, None, door="spec", subject="other.md")["items"] == []


def test_a_key_alone_finds_a_gate_that_is_unique(backend: Backend) -> None:
    backend.open_gate(gate_body("ship"))
    backend.open_gate(gate_body("shop"))
    backend.reply("deploy-42", "ship", reply_body())
    assert backend.gate_by_key("ship") == backend.gate("deploy-42", "ship")
    backend.open_gate(gate_body("ship", "deploy-43"))
    with pytest.raises(InvalidInputError) as refused:
        backend.gate_by_key("ship")
    assert refused.value.code == "ambiguous-gate-key"


def test_who_waits_is_told_as_soon_as_somebody_decides(place: Settings, backend: Backend) -> None:
    backend.open_gate(gate_body())
    seen: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: seen.append(backend.gate("deploy-42", "ship", 60)))
    waiting.start()
    with open_backend(place, actor="bob") as other:
        other.reply("deploy-42", "ship", reply_body())
    waiting.join(60)
    assert seen[0]["receipt"]["actor"] == "bob"


@pytest.mark.parametrize("timeout_s", [0, 0.3, 1.2])
def test_who_has_waited_long_enough_is_told_that_nothing_happened(backend: Backend, timeout_s: float) -> None:
    backend.open_gate(gate_body())
    assert backend.gate("deploy-42", "ship", timeout_s)["state"] == "PENDING"


def test_a_run_is_started_found_cancelled_and_not_retried(backend: Backend) -> None:
    intent_id = backend.create_intent("Add a health check", {}, {})
    started = backend.start_run({"intentId": intent_id, "queuePartitionKey": "tenant-1"})
    again = backend.start_run({"intentId": intent_id, "queuePartitionKey": "tenant-1"})
    assert (started["isReplay"], again["isReplay"]) == (False, True)
    assert [run["workflowID"] for run in backend.runs(None, 10, None)["items"]] == [intent_id]
    assert (backend.steps(intent_id), backend.artifacts(intent_id), backend.gates_of(intent_id)) == ([], [], [])
    assert backend.cancel_run(intent_id, "not now")["error"] == "not now"
    assert backend.run(intent_id)["status"] == "CANCELLED"
    with pytest.raises(ConflictError) as refused:
        backend.retry_run(intent_id)
    assert refused.value.code == "run-not-retryable"


def test_answers_and_entries_can_be_read_back(backend: Backend) -> None:
    backend.open_gate(gate_body())
    backend.reply("deploy-42", "ship", reply_body(rationale="fine"))
    answers = backend.interactions("deploy-42", 10, None)
    assert [(one["choice"], one["actor"]) for one in answers["items"]] == [("yes", "ada")]
    assert [one["event"] for one in backend.entries("deploy-42", 0, 10)["items"]] == ["gate.opened", "gate.decided"]
    first = backend.entries(None, 0, 1)
    assert [one["event"] for one in backend.entries(None, int(first["nextCursor"]), 10)["items"]] == ["gate.decided"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_nobody_acts_under_a_name_that_is_none(place: Settings, name: str) -> None:
    with pytest.raises(InvalidInputError), open_backend(place, actor=name):
        pass


def test_names_beyond_ascii_arrive_as_they_are(place: Settings) -> None:
    with open_backend(place, actor="Åsa Ünal 李") as backend:
        backend.open_gate(gate_body())
        assert backend.reply("deploy-42", "ship", reply_body())["receipt"]["actor"] == "Åsa Ünal 李"
