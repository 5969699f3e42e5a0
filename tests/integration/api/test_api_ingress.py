"""`POST /api/events/hitl` with a secret: whoever signs is the service, and nobody else is let in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from api_world import Api
from standardwebhooks import Webhook

from signoff.api.ingress import make_ingress
from signoff.api.server import create_app
from signoff.app.add_principal import add_principal
from signoff.app.create_token import create_token
from signoff.app.disable_principal import disable_principal
from signoff.app.world import World
from signoff.errors import InvalidInputError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = {
    "workflowId": "deploy-1",
    "gateKey": "go-live",
    "topic": "human:go-live",
    "payload": {"choice": "yes"},
    "dedupeKey": "evt-1",
    "origin": "webhook-ci",
}


@pytest.fixture(params=[SECRET, "any other text"])
def secret(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(world: World, secret: str) -> Iterator[Api]:
    ingress = make_ingress(secret, "ci")
    app = create_app(world, version="0.1.0", database="sqlite", host="127.0.0.1", ingress=ingress)
    with start_blocking_portal("asyncio") as portal:
        yield Api(app, portal)


def signed(body: bytes, secret: str, *, message_id: str = "msg_1", age: timedelta = timedelta(0)) -> dict[str, str]:
    at = datetime.now(UTC) - age
    key: Any = secret if secret.startswith("whsec_") else secret.encode()
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(message_id, at, body.decode()),
    }


def send(api: Api, secret: str, event: Mapping[str, Any] = EVENT, **headers: str) -> httpx.Response:
    body = json.dumps(event).encode()
    return api.post("/api/events/hitl", content=body, headers={**signed(body, secret), **headers})


def open_gate(world_api: Api) -> None:
    world_api.open_gate(requirement={"needs": [{"any_of": ["ci"], "count": 1}]})


def test_a_signed_event_answers_as_the_service_without_a_token(api: Api, world: World, secret: str) -> None:
    open_gate(api)
    add_principal(world, name="ci", roles=["ci"], is_service=True, actor="root")
    create_token(world, name="ci", actor="root")
    answer = send(api, secret)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    with world.ledger.read() as tx:
        gate = tx.gate("deploy-1", "go-live")
        [*_, decided] = tx.audit.entries(workflow_id="deploy-1", after=0, limit=50)
    assert gate is not None
    assert (gate.decided_by, gate.role, gate.origin) == ("ci", "ci", "webhook-ci")
    assert json.loads(decided.body)["isAuthenticated"] is True


def test_the_same_event_again_changes_nothing_whenever_it_was_signed(api: Api, world: World, secret: str) -> None:
    open_gate(api)
    for message_id in ("msg_1", "msg_1", "msg_2"):
        body = json.dumps(EVENT).encode()
        answer = api.post("/api/events/hitl", content=body, headers=signed(body, secret, message_id=message_id))
        assert answer.status_code == 200
    with world.ledger.read() as tx:
        assert len(tx.interactions_at("deploy-1", "go-live")) == 1


BODY = json.dumps(EVENT).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": None},
        {"webhook-timestamp": None},
        {"webhook-signature": None},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "nan"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,A"},
        {"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": "\u00e9"},
    ],
)
def test_what_is_not_signed_as_it_has_to_be_is_refused(
    api: Api, world: World, secret: str, change: dict[str, str | None]
) -> None:
    open_gate(api)
    given = {**signed(BODY, secret), **change}
    headers = [(name.encode(), value.encode()) for name, value in given.items() if value is not None]
    answer = api.post("/api/events/hitl", content=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-signature")
    with world.ledger.read() as tx:
        assert tx.interactions_at("deploy-1", "go-live") == []
        assert [entry.event for entry in tx.audit.entries(workflow_id="identity", after=0, limit=5)] == [
            "access.refused"
        ]


def test_another_secret_another_body_and_another_hour_are_refused(api: Api, secret: str) -> None:
    open_gate(api)
    other = json.dumps({**EVENT, "dedupeKey": "evt-2"}).encode()
    tries = [
        signed(BODY, "whsec_" + "A" * 32),
        signed(other, secret),
        signed(BODY, secret, age=timedelta(minutes=6)),
        signed(BODY, secret, age=-timedelta(minutes=6)),
    ]
    for headers in tries:
        answer = api.post("/api/events/hitl", content=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "bad-signature")
    twice = [*((k.encode(), v.encode()) for k, v in signed(BODY, secret).items()), (b"webhook-id", b"msg_1")]
    assert api.post("/api/events/hitl", content=BODY, headers=twice).status_code == 401


def test_a_token_is_no_signature_and_an_event_is_from_nobody_but_the_service(
    api: Api, world: World, secret: str
) -> None:
    open_gate(api)
    add_principal(world, name="ada", roles=["ci"], is_service=False, actor="root")
    _, token = create_token(world, name="ada", actor="root")
    answer = api.post("/api/events/hitl", json=EVENT, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-signature")
    answer = send(api, secret, EVENT, **{"Signoff-Actor": "ada"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-you")


def test_a_service_that_is_disabled_or_unknown_is_refused_as_everybody_is(api: Api, world: World, secret: str) -> None:
    open_gate(api)
    add_principal(world, name="ada", roles=["ci"], is_service=False, actor="root")
    answer = send(api, secret)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-entitled")
    add_principal(world, name="ci", roles=["ci"], is_service=True, actor="root")
    disable_principal(world, name="ci", actor="root")
    answer = send(api, secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_other_routes_ask_for_no_signature(api: Api) -> None:
    open_gate(api)
    assert api.reply().status_code == 200


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!!!!", "whsec_A"])
def test_a_secret_that_says_it_is_base64_and_is_not_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        make_ingress(secret, "ci")
    assert refusal.value.code == "invalid-setting"
    assert "!!!!" not in refusal.value.message


def test_without_a_secret_there_is_nothing_to_sign_for() -> None:
    assert make_ingress(None, "ci") is None
