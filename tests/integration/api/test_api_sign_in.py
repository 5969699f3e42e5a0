"""Once a token was issued: who gets in, as whom, and in which order things are looked at."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from api_world import Api, in_pieces
from fastapi.concurrency import run_in_threadpool

from signoff.api import intake
from signoff.api.guard import BODY_BYTES_MAX, check_binding
from signoff.api.server import create_app
from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.delegate import delegate
from signoff.app.disable_principal import disable_principal
from signoff.app.find_principals import find_tokens
from signoff.app.revoke_token import revoke_token
from signoff.app.world import World

LEAD = {"needs": [{"any_of": ["lead"], "count": 1}]}
GOOD = {"payload": {"choice": "yes"}, "dedupeKey": "k"}
REPLY = "/api/runs/deploy-1/gates/go-live/reply"
PUBLIC = {"get /healthz"}
KEYS = {"workflowId": "deploy-1", "gateKey": "go-live", "streamKey": "status"}


@pytest.fixture
def ada(world: World) -> str:
    """The token of ada, who is lead: the first one."""
    add_principal(world, name="ada", roles=["lead"], actor="root")
    return create_token(world, name="ada", actor="root")[1]


@pytest.fixture
def bob(world: World, ada: str) -> str:
    """The token of bob, who has no role."""
    add_principal(world, name="bob", actor="root")
    return create_token(world, name="bob", actor="root")[1]


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **headers}


def opened(api: Api, token: str, gate_key: str = "go-live", **members: Any) -> None:
    body = {"workflowId": "deploy-1", "gateKey": gate_key, "prompt": {"title": "Deploy?"}, "ttlS": 3600, **members}
    answer = api.post("/api/gates", json=body, headers=bearer(token))
    assert answer.status_code == 201, answer.text


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def refusals(api: Api, token: str, workflow_id: str = "identity") -> list[dict[str, Any]]:
    page = api.get("/api/audit", params={"workflowId": workflow_id, "limit": 500}, headers=bearer(token)).json()
    return [entry for entry in page["items"] if entry["event"] == "access.refused"]


def operations(api: Api) -> Iterator[tuple[str, str]]:
    for path, methods in api.get("/openapi.json").json()["paths"].items():
        for method in methods:
            if f"{method} {path}" not in PUBLIC:
                yield method.upper(), re.sub(r"{(\w+)}", lambda key: KEYS.get(key[1], "any"), path)


# Who gets in


@pytest.mark.parametrize("how", ["nothing", "no bearer", "not one of ours", "revoked", "expired", "disabled", "twice"])
def test_no_route_that_is_described_answers_without_a_token_that_counts(
    api: Api, world: World, clock: Any, ada: str, bob: str, how: str
) -> None:
    opened(api, ada)
    short_lived = create_token(world, name="bob", actor="root", expires_s=1)[1]
    headers: Any = {
        "nothing": {},
        "no bearer": {"Authorization": f"Basic {ada}"},
        "not one of ours": bearer("so_" + "A" * 43),
        "revoked": bearer(bob),
        "disabled": bearer(bob),
        "expired": bearer(short_lived),
        "twice": [("Authorization", f"Bearer {ada}"), ("Authorization", f"Bearer {ada}")],
    }[how]
    if how == "revoked":
        for token, holder in find_tokens(world):
            if holder.name == "bob":
                revoke_token(world, token_id=token.id, actor="root")
    if how == "disabled":
        disable_principal(world, name="bob", actor="root")
    clock.moved_ms = 1_000
    walked = list(operations(api))
    assert len(walked) >= 20
    for method, path in walked:
        answer = api.send(method, path, headers=headers)
        assert code_of(answer) == (401, "not-signed-in"), (method, path, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_what_says_how_it_is_called_and_whether_it_runs_needs_no_token(api: Api, ada: str) -> None:
    for path in ("/healthz", "/openapi.json", "/docs"):
        assert api.get(path).status_code == 200
    assert api.get("/healthz").json()["auth"] == "tokens"
    assert code_of(api.get("/nowhere")) == (404, "no-such-route")


def test_an_open_server_says_so(api: Api) -> None:
    assert api.get("/healthz").json()["auth"] == "open"
    assert api.get("/api/gates", headers=bearer("so_" + "A" * 43)).status_code == 200


def test_the_first_token_shuts_the_door_for_the_next_call(api: Api, world: World) -> None:
    assert api.get("/api/gates").status_code == 200
    add_principal(world, name="ada", actor="root")
    assert api.get("/api/gates").status_code == 200
    create_token(world, name="ada", actor="root")
    assert api.get("/api/gates").status_code == 401


def test_the_key_is_looked_at_before_the_token_and_that_before_all_else(api: Api, ada: str) -> None:
    bad_json = {"content": b"{bad", "headers": {"Content-Type": "application/json"}}
    assert code_of(api.post("/api/runs/no-run/gates/BAD_KEY/reply", **bad_json)) == (400, "bad-gate-key")
    assert code_of(api.post("/api/runs/no-run/gates/g/reply", **bad_json)) == (401, "not-signed-in")
    assert code_of(api.get("/api/gates", params={"limit": "x"})) == (401, "not-signed-in")
    signed_in = {**bad_json, "headers": bearer(ada, **{"Content-Type": "application/json"})}
    assert code_of(api.post("/api/runs/no-run/gates/g/reply", **signed_in)) == (400, "malformed-json")
    assert code_of(api.post("/api/runs/no-run/gates/g/reply", json=GOOD, headers=bearer(ada))) == (404, "run-not-found")


def test_a_body_that_turns_out_too_large_is_no_reason_to_say_more_to_strangers(api: Api, ada: str) -> None:
    too_large = in_pieces(b" " * (BODY_BYTES_MAX + 1), 65_536)
    assert code_of(api.post(REPLY, content=too_large)) == (401, "not-signed-in")
    too_large = in_pieces(b" " * (BODY_BYTES_MAX + 1), 65_536)
    assert code_of(api.post(REPLY, content=too_large, headers=bearer(ada))) == (413, "body-too-large")


def test_a_request_changes_threads_once(api: Api, ada: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in, what the request says, and what it asks for."""
    opened(api, ada)
    changes: list[object] = []

    async def counted(do: Callable[..., Any], *given: Any) -> Any:
        changes.append(do)
        return await run_in_threadpool(do, *given)

    monkeypatch.setattr(intake, "run_in_threadpool", counted)
    assert api.post(REPLY, json=GOOD, headers=bearer(ada)).status_code == 200
    assert api.get("/api/runs/deploy-1/gates/go-live?timeoutS=30", headers=bearer(ada)).status_code == 200
    assert len(changes) == 2


def test_the_scheme_is_read_in_any_case(api: Api, ada: str) -> None:
    assert api.get("/api/gates", headers={"Authorization": f"bearer {ada}"}).status_code == 200


# As whom


def test_whoever_is_signed_in_is_the_actor_with_their_roles(api: Api, ada: str) -> None:
    opened(api, ada, requirement=LEAD)
    receipt = api.post(REPLY, json=GOOD, headers=bearer(ada)).json()["receipt"]
    assert (receipt["actor"], receipt["role"]) == ("ada", "lead")
    page = api.get("/api/audit", params={"workflowId": "deploy-1"}, headers=bearer(ada)).json()
    [decided] = [entry for entry in page["items"] if entry["event"] == "gate.decided"]
    assert (decided["actor"], decided["body"]["isAuthenticated"]) == ("ada", True)


def test_nobody_acts_under_another_name_than_their_own(api: Api, ada: str, bob: str) -> None:
    opened(api, ada, requirement=LEAD)
    for path, body in [(REPLY, GOOD), ("/api/intents", {"goal": "x"}), ("/api/runs/x/cancel", {})]:
        answer = api.post(path, json=body, headers=bearer(bob, **{"Signoff-Actor": "ada"}))
        assert code_of(answer) == (403, "not-you"), path
    answer = api.post("/api/runs/x/approve-plan", json={"approvedBy": "ada"}, headers=bearer(bob))
    assert code_of(answer) == (403, "not-you")
    assert api.post(REPLY, json=GOOD, headers=bearer(ada, **{"Signoff-Actor": "ada"})).status_code == 200
    assert [(one["actor"], one["body"]["code"]) for one in refusals(api, ada)] == [("bob", "not-you")] * 4


def test_whoever_is_not_entitled_is_refused_and_that_is_on_record(api: Api, ada: str, bob: str) -> None:
    opened(api, ada, requirement=LEAD)
    event = {**GOOD, "workflowId": "deploy-1", "gateKey": "go-live", "topic": "human:go-live", "origin": "webhook"}
    assert code_of(api.post(REPLY, json=GOOD, headers=bearer(bob))) == (403, "not-entitled")
    assert code_of(api.post("/api/events/hitl", json=event, headers=bearer(bob))) == (403, "not-entitled")
    found = refusals(api, ada, "deploy-1")
    assert [(one["actor"], one["body"]["doing"], one["body"]["gateKey"]) for one in found] == [
        ("bob", "reply", "go-live"), ("bob", "reply", "go-live")
    ]  # fmt: skip
    assert api.get("/api/runs/deploy-1/gates/go-live", headers=bearer(ada)).json()["state"] == "PENDING"


def test_a_deputy_answers_under_their_own_name(api: Api, world: World, ada: str, bob: str) -> None:
    opened(api, ada, requirement=LEAD)
    delegate(world, from_name="ada", to_name="bob", until_at=world.clock() + 60_000, actor="root")
    receipt = api.post(REPLY, json=GOOD, headers=bearer(bob)).json()["receipt"]
    assert (receipt["actor"], receipt["role"]) == ("bob", "lead")


def test_writes_without_a_token_are_on_record_and_reads_are_not(api: Api, ada: str) -> None:
    opened(api, ada)
    api.get("/api/gates")
    assert refusals(api, ada) == []
    for _ in range(5):
        api.post(REPLY, json=GOOD)
    [entry] = refusals(api, ada)
    assert (entry["actor"], entry["body"]["doing"]) == ("anonymous", f"POST {REPLY}")


def test_a_revoked_token_is_on_record_under_the_name_it_was_issued_to(
    api: Api, world: World, ada: str, bob: str
) -> None:
    [bobs] = [token for token, holder in find_tokens(world) if holder.name == "bob"]
    revoke_token(world, token_id=bobs.id, actor="root")
    api.post(REPLY, json=GOOD, headers=bearer(bob))
    [entry] = refusals(api, ada)
    assert (entry["actor"], entry["body"]["isAuthenticated"]) == ("bob", False)
    assert bob not in json.dumps(entry)


# Those who wait


def test_a_wait_that_began_with_a_token_does_not_end_with_an_answer_once_it_is_revoked(
    api: Api, world: World, ada: str, bob: str
) -> None:
    opened(api, ada)
    told: queue.Queue[httpx.Response] = queue.Queue()
    path = "/api/runs/deploy-1/gates/go-live"
    begun = api.get(path, headers=bearer(bob))
    waiting = threading.Thread(
        target=lambda: told.put(api.get(path, params={"timeoutS": "30"}, headers=bearer(bob))), daemon=True
    )
    waiting.start()
    [bobs] = [token for token, holder in find_tokens(world) if holder.name == "bob"]
    revoke_token(world, token_id=bobs.id, actor="root")
    api.post(REPLY, json=GOOD, headers=bearer(ada))
    assert begun.status_code == 200
    assert code_of(told.get(timeout=60)) == (401, "not-signed-in")


def test_a_stream_ends_with_the_token_that_it_was_opened_with(live: httpx.Client, world: World) -> None:
    add_principal(world, name="ada", actor="root")
    token = create_token(world, name="ada", actor="root")[1]
    headers = bearer(token)
    intent_id = live.post("/api/intents", json={"goal": "x"}, headers=headers).json()["intentId"]
    live.post("/api/runs", json={"intentId": intent_id, "queuePartitionKey": "t"}, headers=headers)
    with live.stream("GET", f"/api/runs/{intent_id}/stream/status", headers=headers) as stream:
        lines = stream.iter_lines()
        assert json.loads(next(lines))["event"] == "run.started"
        [(only, _)] = find_tokens(world)
        revoke_token(world, token_id=only.id, actor="root")
        assert list(lines) == [], "it ends, though the run goes on"


# Where it may listen, and by which name it is asked for


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "signoff.internal"])  # noqa: S104
def test_others_may_reach_it_once_they_have_to_sign_in(world: World, ada: str, host: str) -> None:
    assert check_binding(world, host) == host
    create_app(world, version="0.1.0", database="sqlite", host=host)


def test_with_tokens_it_may_be_asked_for_by_any_name_that_is_one(api: Api, ada: str) -> None:
    for host in ("signoff.example", "10.0.0.1:8700", "[fd00::1]"):
        assert api.get("/api/gates", headers=bearer(ada, Host=host)).status_code == 200
        assert code_of(api.get("/api/gates", headers={"Host": host})) == (401, "not-signed-in")
    for host in ("", "a@b", "x/y"):
        assert code_of(api.get("/healthz", headers={"Host": host})) == (400, "host-refused")
    answer = api.post("/api/intents", json={"goal": "x"}, headers=bearer(ada, Origin="https://evil.example"))
    assert code_of(answer) == (403, "origin-refused")


def test_a_callback_to_loopback_needs_leave_once_people_sign_in(api: Api, ada: str) -> None:
    body = {"workflowId": "w", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
    asked = {**body, "onDecision": {"kind": "callback", "url": "http://127.0.0.1/hook"}}
    assert code_of(api.post("/api/gates", json=asked, headers=bearer(ada))) == (400, "callback-not-allowed")


def test_no_gate_is_opened_where_the_record_of_sign_ins_is(api: Api, ada: str) -> None:
    body = {"workflowId": "identity", "gateKey": "g", "prompt": {"title": "Deploy?"}, "ttlS": 60}
    assert code_of(api.post("/api/gates", json=body, headers=bearer(ada))) == (400, "reserved-workflow-id")
