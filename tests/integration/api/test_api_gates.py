"""Gates over HTTP."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from api_world import Api

VIEW_MEMBERS = {
    "workflowID", "gateKey", "topic", "state", "prompt", "result", "decision", "origin", "payloadHash", "createdAt",
    "deadlineAt", "escalationLevel", "requirement", "requestedBy", "riskLevel",
}  # fmt: skip


def test_opening_the_same_gate_again_is_a_replay_and_another_content_a_conflict(api: Api) -> None:
    body = {"workflowId": "w", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60, "payload": {"_safe": [1]}}
    first, again = api.post("/api/gates", json=body), api.post("/api/gates", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["isReplay"], again.json()["isReplay"]) == (False, True)
    assert set(first.json()) == {*VIEW_MEMBERS, "isReplay"}
    assert first.json()["prompt"]["payload"] == {"_safe": [1]}
    other = api.post("/api/gates", json={**body, "payload": {"_safe": [2]}})
    assert (other.status_code, other.json()["code"]) == (409, "gate-exists")
    assert api.get("/api/runs/w/gates/g").json()["prompt"]["payload"] == {"_safe": [1]}


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"gateKey": "BAD_KEY"}, "bad-gate-key"),
        ({"workflowId": ""}, "bad-workflow-id"),
        ({"ttlS": 0}, "invalid-ttl"),
        ({"ttlS": 2_592_001}, "invalid-ttl"),
        ({"ttlS": "60"}, "invalid-body"),
        ({"ttlS": 60.0}, "invalid-body"),
        ({"prompt": {"title": " "}}, "invalid-prompt"),
        ({"prompt": {"title": "t", "payload": {}}}, "invalid-body"),
        ({"prompt": {"title": "t", "checklist": {}}}, "invalid-body"),
        ({"prompt": {"title": "t", "formSchema": {"v": 1, "title": "t", "fields": None}}}, "invalid-body"),
        ({"prompt": {"title": "t", "choices": [{"key": "a", "label": "A", "effect": "maybe"}]}}, "invalid-prompt"),
        ({"requirement": {"needs": [{"any_of": ["lead"], "count": 0}]}}, "invalid-requirement"),
        ({"requirement": {"surprise": True}}, "invalid-requirement"),
        ({"riskLevel": "extreme"}, "invalid-risk-level"),
        ({"requestedBy": " "}, "invalid-name"),
        ({"onDecision": {"kind": "callback", "url": "https://example.com/x"}}, "callback-not-allowed"),
        ({"onDecision": {"kind": "message", "topic": "bad topic"}}, "bad-topic"),
        ({"onDecision": {"kind": "none", "url": "http://127.0.0.1/"}}, "invalid-on-decision"),
        ({"surprise": 1}, "invalid-body"),
    ],
)
def test_a_gate_that_cannot_be_opened_is_refused_and_nothing_is_written(
    api: Api, members: dict[str, Any], code: str
) -> None:
    body = {"workflowId": "w", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
    answer = api.post("/api/gates", json={**body, **members})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.get("/api/gates").json()["items"] == []
    assert api.get("/api/audit").json()["items"] == []


def test_nobody_opens_a_gate_in_a_run_that_opens_its_own(api: Api) -> None:
    body = {"workflowId": api.start_run(), "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
    answer = api.post("/api/gates", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "run-has-own-gates")


def test_the_inbox_shows_open_gates_soonest_deadline_first_and_pages(api: Api) -> None:
    for key, ttl_s in (("late", 7200), ("soon", 30), ("mid", 3600)):
        api.open_gate(gate_key=key, ttlS=ttl_s)
    api.open_gate(gate_key="done", ttlS=10)
    api.reply(gate_key="done")
    first = api.get("/api/gates", params={"limit": 2}).json()
    rest = api.get("/api/gates", params={"limit": 2, "cursor": first["nextCursor"]}).json()
    assert [(gate["gateKey"], gate["slaStatus"]) for gate in first["items"]] == [("soon", "WARNING"), ("mid", "NORMAL")]
    assert [gate["gateKey"] for gate in rest["items"]] == ["late"]
    assert rest["nextCursor"] is None
    decided = api.get("/api/gates", params={"state": "RECEIVED"}).json()["items"]
    assert [gate["gateKey"] for gate in decided] == ["done"]


def test_the_inbox_is_narrowed_by_role_and_risk(api: Api) -> None:
    api.open_gate(gate_key="lead", requirement={"needs": [{"any_of": ["lead"], "count": 1}]}, riskLevel="high")
    api.open_gate(gate_key="anyone", riskLevel="low")

    def found(**query: str) -> list[str]:
        return sorted(gate["gateKey"] for gate in api.get("/api/gates", params=query).json()["items"])

    assert found(role="lead") == ["anyone", "lead"]
    assert found(role="ops") == ["anyone"]
    assert found(risk="high") == ["lead"]
    for query in ({"risk": "extreme"}, {"state": "pending"}, {"role": "a\x00b"}, {"role": ""}, {"limit": "201"}):
        answer = api.get("/api/gates", params=query)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query"), query


def test_an_answer_decides_a_gate_and_its_receipt_says_who_what_and_having_seen_what(api: Api) -> None:
    gate = api.open_gate()
    answer = api.reply("yes", actor="Ada Lovelace", promptDigest=gate["prompt"]["digest"])
    assert answer.status_code == 200
    receipt = answer.json()["receipt"]
    assert (answer.json()["ok"], answer.json()["isReplay"]) == (True, False)
    assert (receipt["actor"], receipt["decision"], receipt["state"]) == ("Ada Lovelace", "yes", "RECEIVED")
    assert receipt["promptDigest"] == gate["prompt"]["digest"]
    view = api.get("/api/runs/deploy-1/gates/go-live").json()
    assert (view["state"], view["origin"], view["receipt"]) == ("RECEIVED", "manual", receipt)
    assert (view["result"]["payload"], view["decision"]["decision"]) == ({"choice": "yes"}, "yes")


def test_the_actor_is_anonymous_without_the_header_and_may_be_named_in_any_script(api: Api) -> None:
    api.open_gate(gate_key="a")
    api.open_gate(gate_key="b")
    assert api.reply(gate_key="a").json()["receipt"]["actor"] == "anonymous"
    named = api.post(
        "/api/runs/deploy-1/gates/b/reply",
        json={"payload": {"choice": "no"}, "dedupeKey": "k"},
        headers={"Signoff-Actor": "Ľubica Žák".encode()},
    )
    assert named.json()["receipt"]["actor"] == "Ľubica Žák"


@pytest.mark.parametrize("name", [b"", b"   ", b"x" * 201, b"a\tb", b"\xff\xfe"])
def test_an_actor_that_is_no_name_is_refused_on_every_writing_route(api: Api, name: bytes) -> None:
    api.open_gate()
    headers = {"Signoff-Actor": name}
    for path in ("intents", "runs", "gates", "events/hitl", "runs/deploy-1/gates/go-live/reply", "runs/x/cancel"):
        answer = api.post(f"/api/{path}", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-actor"), path
    assert api.get("/api/runs/deploy-1/gates/go-live").json()["state"] == "PENDING"


def test_the_same_answer_with_the_same_key_is_a_replay_and_another_a_conflict_with_the_receipt(api: Api) -> None:
    api.open_gate()
    first, again = api.reply("yes"), api.reply("yes")
    assert again.json() == {**first.json(), "isReplay": True}
    drift, other = api.reply("no"), api.reply("no", dedupe_key="k-2")
    assert (drift.status_code, drift.json()["code"]) == (409, "dedupe-conflict")
    assert (other.status_code, other.json()["code"]) == (409, "gate-decided")
    assert drift.json()["receipt"] == other.json()["receipt"] == first.json()["receipt"]
    assert len(api.get("/api/runs/deploy-1/interactions").json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"payload": {"choice": "yes"}}, "invalid-body"),
        ({"payload": {"choice": "yes"}, "dedupeKey": ""}, "invalid-reply"),
        ({"payload": {"choice": "yes"}, "dedupeKey": "k" * 257}, "invalid-reply"),
        ({"payload": {"choice": "maybe"}, "dedupeKey": "k"}, "bad-choice"),
        ({"payload": {}, "dedupeKey": "k"}, "bad-choice"),
        ({"payload": "yes", "dedupeKey": "k"}, "invalid-body"),
        ({"payload": {"choice": "yes", "surprise": 1}, "dedupeKey": "k"}, "invalid-reply"),
        ({"payload": {"choice": "yes"}, "dedupeKey": "k", "origin": "moon"}, "bad-origin"),
        ({"payload": {"choice": "yes"}, "dedupeKey": "k", "promptDigest": "abc"}, "invalid-body"),
        ({"payload": {"choice": "yes"}, "dedupeKey": "k", "topic": "human:go-live"}, "invalid-body"),
    ],
)
def test_an_answer_that_is_not_understood_is_never_taken_for_one(api: Api, body: dict[str, Any], code: str) -> None:
    api.open_gate()
    answer = api.post("/api/runs/deploy-1/gates/go-live/reply", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert api.get("/api/runs/deploy-1/gates/go-live").json()["state"] == "PENDING"
    assert api.get("/api/runs/deploy-1/interactions").json()["items"] == []


def test_an_answer_to_a_prompt_that_is_not_this_one_is_refused(api: Api) -> None:
    api.open_gate()
    answer = api.reply(promptDigest="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (409, "prompt-changed")


def test_an_answer_after_the_deadline_is_told_that_it_is_late_and_the_gate_stays_timed_out(
    api: Api, clock: Any
) -> None:
    api.open_gate(ttlS=1)
    clock.moved_ms = 60_000
    late = api.reply()
    assert (late.status_code, late.json()["code"]) == (409, "gate-timed-out")
    assert late.json()["receipt"]["state"] == "TIMED_OUT"
    view = api.get("/api/runs/deploy-1/gates/go-live").json()
    assert (view["state"], view["result"]["state"]) == ("TIMED_OUT", "TIMED_OUT")


def test_a_requirement_is_named_in_the_refusal(api: Api) -> None:
    api.open_gate(requestedBy="ada", requirement={"notRequester": True, "justification": True})
    own = api.reply(actor="ada")
    assert (own.status_code, own.json()["code"]) == (403, "requester-may-not-approve")
    bare = api.reply(actor="bob")
    assert (bare.status_code, bare.json()["code"]) == (400, "justification-required")


def test_below_its_threshold_a_gate_collects_approvals_and_says_how_many_are_missing(api: Api) -> None:
    api.open_gate(requirement={"needs": [{"any_of": ["*"], "count": 2}]})
    first = api.reply(actor="ada", dedupe_key="1").json()["receipt"]
    assert (first["state"], first["remaining"]) == ("PENDING", {"*": 1})
    assert api.reply(actor="bob", dedupe_key="2").json()["receipt"]["state"] == "RECEIVED"


def test_the_key_is_looked_at_first_then_the_body_then_run_gate_and_topic(api: Api) -> None:
    api.open_gate()
    good = {"payload": {"choice": "yes"}, "dedupeKey": "k"}

    def code(path: str, **options: Any) -> str:
        return str(api.post(path, **options).json()["code"])

    assert code("/api/runs/no-run/gates/BAD_KEY/reply", content=b"{bad") == "bad-gate-key"
    assert code("/api/runs/no-run/gates/g/reply", json={}) == "invalid-body"
    assert code("/api/runs/no-run/gates/g/reply", json=good) == "run-not-found"
    assert code("/api/runs/deploy-1/gates/g/reply", json=good) == "gate-not-found"
    event = {
        **good, "workflowId": "no-run", "gateKey": "go-live", "topic": "human:wrong", "origin": "external",
    }  # fmt: skip
    assert code("/api/events/hitl", json={"workflowId": "x"}) == "invalid-body"
    assert code("/api/events/hitl", json=event) == "run-not-found"
    assert code("/api/events/hitl", json={**event, "workflowId": "deploy-1", "gateKey": "g"}) == "gate-not-found"
    assert code("/api/events/hitl", json={**event, "workflowId": "deploy-1"}) == "topic-mismatch"


def test_an_event_from_another_system_answers_a_gate_and_needs_every_member(api: Api) -> None:
    api.open_gate()
    event = {
        "workflowId": "deploy-1",
        "gateKey": "go-live",
        "topic": "human:go-live",
        "payload": {"approved": True, "note": "webhook"},
        "dedupeKey": "evt-1",
        "origin": "webhook-ci",
    }
    for member in event:
        answer = api.post("/api/events/hitl", json={key: value for key, value in event.items() if key != member})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body"), member
    taken = api.post("/api/events/hitl", json=event, headers={"Signoff-Actor": "ci"})
    assert (taken.status_code, taken.json()) == (200, {"ok": True})
    view = api.get("/api/runs/deploy-1/gates/go-live").json()
    assert (view["origin"], view["receipt"]["actor"], view["receipt"]["decision"]) == ("webhook-ci", "ci", "yes")


@pytest.mark.parametrize("timeout", ["abc", "99", "31", "-1", "1.5", "+1", "", "1e1", "٣", "0x1"])
def test_a_waiting_time_is_whole_seconds_from_0_to_30(api: Api, timeout: str) -> None:
    api.open_gate()
    answer = api.get("/api/runs/deploy-1/gates/go-live", params={"timeoutS": timeout})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-query")


def test_waiting_ends_with_the_open_gate_when_the_time_is_over(api: Api) -> None:
    api.open_gate()
    for timeout in ("0", "1"):
        answer = api.get("/api/runs/deploy-1/gates/go-live", params={"timeoutS": timeout})
        assert (answer.status_code, answer.json()["state"]) == (200, "PENDING")


def test_everybody_who_waits_for_a_gate_gets_it_once_it_is_decided(api: Api) -> None:
    api.open_gate()
    states: list[str] = []

    def wait() -> None:
        states.append(api.get("/api/runs/deploy-1/gates/go-live", params={"timeoutS": "30"}).json()["state"])

    threads = [threading.Thread(target=wait) for _ in range(60)]
    for thread in threads:
        thread.start()
    # More than the pool has threads: whoever waits must not hold one, or this answer would not get through.
    assert api.reply().status_code == 200
    for thread in threads:
        thread.join()
    assert states == ["RECEIVED"] * 60


def test_a_decision_is_noticed_without_the_watcher_too(unwatched_api: Api) -> None:
    unwatched_api.open_gate()
    states: list[str] = []

    def wait() -> None:
        answer = unwatched_api.get("/api/runs/deploy-1/gates/go-live", params={"timeoutS": "30"})
        states.append(answer.json()["state"])

    thread = threading.Thread(target=wait)
    thread.start()
    assert unwatched_api.reply().status_code == 200
    thread.join()
    assert states == ["RECEIVED"]


def test_the_gates_of_a_workflow_come_in_the_order_in_which_they_were_opened(api: Api, clock: Any) -> None:
    for n, key in enumerate(("z", "a", "m")):
        clock.moved_ms = n * 10
        api.open_gate(gate_key=key)
    assert [gate["gateKey"] for gate in api.get("/api/runs/deploy-1/gates").json()] == ["z", "a", "m"]
