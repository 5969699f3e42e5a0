"""People are told of gates by real workers: late if need be, but surely, and never at the cost of a decision."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from people_receivers import TEAM, TOKEN, FakeLinear, FakeSlack, free_port, hang, serve_api, take_mail
from processes import Place, Server, until
from receivers import Call, receive
from standardwebhooks import Webhook

SECRET = "correct horse battery staple"
ENVIRON = {"HOOK_SECRET": SECRET, "TOKEN": TOKEN, "SIGNOFF_PUBLIC_URL": "https://signoff.example"}
HOOKS = "channels:\n  hooks: {kind: webhook, secret: '${HOOK_SECRET}'}\n"


def with_notices(place: Place, text: str) -> Place:
    """A place whose workers tell people what this notify file says."""
    place.directory.parent.mkdir(parents=True, exist_ok=True)
    (place.directory.parent / "notify.yaml").write_text(text, "utf-8")
    return Place(place.directory, place.database_url, ENVIRON)


def open_gate(server: Server, workflow_id: str = "deploy-42", gate_key: str = "ship", title: str = "Ship it?") -> None:
    body = {"workflowId": workflow_id, "gateKey": gate_key, "prompt": {"title": title}, "ttlS": 600}
    answer = server.client.post("/api/gates", json=body)
    assert answer.status_code == 201, answer.text


def verified(call: Call) -> dict[str, str]:
    """The event and the gate of a webhook, once its signature is."""
    told = Webhook(base64.b64encode(SECRET.encode()).decode()).verify(call.body, dict(call.headers))
    return {"type": told["type"], "id": call.headers["webhook-id"], "state": told["data"]["state"]}


def all_sent(place: Place) -> bool:
    return place.count("SELECT COUNT(*) FROM app.deliveries WHERE state <> 'sent'") == 0


def test_everybody_whom_a_route_names_is_told_of_a_gate_and_of_its_end(own_place: Place) -> None:
    with take_mail() as box, serve_api(FakeSlack()) as slack, serve_api(FakeLinear()) as linear, receive() as receiver:
        place = with_notices(
            own_place,
            f"""\
channels:
  mail: {{kind: email, host: 127.0.0.1, port: {box.port}, tls: none, from: signoff@example.org}}
  chat: {{kind: slack, token: "${{TOKEN}}", api_url: "{slack.url}"}}
  board: {{kind: linear, token: "${{TOKEN}}", api_url: "{linear.url}"}}
  hooks: {{kind: webhook, secret: "${{HOOK_SECRET}}"}}
  log: {{kind: console}}
routes:
  - to:
      mail: [ada@example.org, bob@example.org]
      chat: "#approvals"
      board: {TEAM}
      hooks: {receiver.url}
      log: info
""",
        )
        title = "<!channel> Ship it?\r\nBcc: everybody@example.org"
        with place.start("up") as server:
            open_gate(server, title=title)
            until(lambda: place.count("SELECT COUNT(*) FROM app.deliveries WHERE state = 'sent'") == 6, "the question")
            assert server.reply("deploy-42", "ship", "yes", "one", rationale="fine").status_code == 200
            until(lambda: place.count("SELECT COUNT(*) FROM app.deliveries WHERE state = 'sent'") == 12, "the end")
            log = server.log.read_text()
        assert sorted(to for [to] in box.recipients) == ["ada@example.org"] * 2 + ["bob@example.org"] * 2
        assert {mail["Bcc"] for mail in box.mails} == {None}
        [message] = slack.messages.values()
        assert message["text"].startswith("Decided by ")
        assert "<" not in message["text"]
        [issue] = linear.issues.values()
        assert issue["state"] == "done"
        assert len(linear.comments) == 1
        assert [verified(call)["type"] for call in receiver.calls] == ["gate.opened", "gate.decided"]
        assert "https://signoff.example/gates/deploy-42/ship" in log
        assert [secret for secret in (SECRET, TOKEN) if secret in log] == []
    place.check()


def test_a_receiver_that_was_down_is_told_when_it_is_up_and_an_answer_that_was_lost_is_repeated_as_the_same(
    signoff_dir: Path,
) -> None:
    port = free_port()
    place = with_notices(Place(signoff_dir), f"{HOOKS}routes:\n  - to: {{hooks: 'http://127.0.0.1:{port}/'}}\n")
    with place.start("up") as server:
        open_gate(server)
        until(lambda: place.count("SELECT COUNT(*) FROM app.deliveries WHERE attempts >= 2") == 1, "two tries in vain")
        with receive(500, 503, port=port) as receiver:
            calls = [verified(call) for call in receiver.await_calls(3)]
            until(lambda: all_sent(place), "the record of it")
            assert calls == [calls[0]] * 3
            assert calls[0]["type"] == "gate.opened"


def test_a_worker_killed_between_two_tries_leaves_the_next_one_to_another(own_place: Place) -> None:
    port = free_port()
    place = with_notices(own_place, f"{HOOKS}routes:\n  - to: {{hooks: 'http://127.0.0.1:{port}/'}}\n")
    with place.start("up") as server:
        open_gate(server)
        until(lambda: place.count("SELECT COUNT(*) FROM app.deliveries WHERE attempts >= 1") == 1, "a try in vain")
        server.kill()
    with receive(port=port) as receiver, place.start("worker"):
        [call] = receiver.await_calls(1)
        until(lambda: all_sent(place), "the record of it")
        assert verified(call)["type"] == "gate.opened"
        assert len(receiver.calls) == 1
    place.check()


def test_a_receiver_that_hangs_delays_neither_a_decision_nor_anybody_else(signoff_dir: Path) -> None:
    with hang() as hanging, receive() as receiver:
        routes = f"routes:\n  - to: {{stuck: '{hanging.url}', hooks: ['{hanging.url}', '{receiver.url}']}}\n"
        place = with_notices(
            Place(signoff_dir), f"{HOOKS}  stuck: {{kind: webhook, secret: '${{HOOK_SECRET}}'}}\n{routes}"
        )
        with place.start("up") as server:
            workflow_id = server.new_run("ship it")
            gate_key = server.open_gate(workflow_id)
            until(lambda: len(hanging.held) >= 2, "both to hang")
            assert server.reply(workflow_id, gate_key, "yes", "one").status_code == 200
            assert server.ended(workflow_id)["status"] == "SUCCESS"
            assert [verified(call)["type"] for call in receiver.await_calls(2)] == ["gate.opened", "gate.decided"]
            # All of that while those two waited for their first answer.
            assert place.count("SELECT MAX(attempts) FROM app.deliveries WHERE target LIKE '%never'") == 1
            assert server.stop() == 0
    place.check()


def test_what_was_given_up_is_seen_and_sent_when_somebody_says_so(own_place: Place) -> None:
    port = free_port()
    routes = f"routes:\n  - to: {{hooks: 'http://127.0.0.1:{port}/'}}\nattempts: 2\n"
    place = with_notices(own_place, HOOKS + routes)
    with place.start("up") as server:
        open_gate(server)
        until(lambda: place.count("SELECT COUNT(*) FROM app.deliveries WHERE state = 'given-up'") == 1, "the end of it")
        [failed] = place.command("notify", "list", "--failed", "--json").document["items"]
        assert (failed["attempts"], failed["channel"], failed["event"]) == (2, "hooks", "gate.opened")
        assert "refused" in failed["lastError"]
        with receive(port=port) as receiver:
            assert place.command("notify", "retry", failed["id"]).code == 0
            [call] = receiver.await_calls(1)
            until(lambda: all_sent(place), "the record of it")
        assert call.headers["webhook-id"] == failed["id"]
        assert json.loads(place.command("notify", "list", "--failed", "--json").out)["items"] == []


def test_a_worker_does_not_start_without_a_secret_that_the_file_names(signoff_dir: Path) -> None:
    place = with_notices(Place(signoff_dir), HOOKS)
    bare = Place(place.directory)
    for name in ("up", "worker"):
        done = bare.command(name, *(["--port", "0"] if name == "up" else ["--migrate"]))
        assert done.code == 2
        assert "notify.yaml:2: found secret from HOOK_SECRET, which has no value" in done.err
        assert "Traceback" not in done.err
