"""Each kind of channel against a receiver that keeps what it was sent."""

from __future__ import annotations

import base64
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from people_receivers import TEAM, TOKEN, FakeLinear, FakeSlack, hang, serve_api, take_mail
from receivers import receive
from standardwebhooks import Webhook

from signoff.app.callback_url import check_callback_url
from signoff.app.deliver_notice import Channel, Notice
from signoff.errors import DeliveryError, MissingProgramError
from signoff.notify import http_post
from signoff.notify.channels import make_channels
from signoff.notify.read import read_notify
from signoff.notify.sample import TITLE, sample_notice
from signoff.notify.secrets import Secrets

URL = "https://signoff.example"
SECRET = "correct horse battery staple"
LINK = f"{URL}/gates/notify-test/test"
NOW = 1_767_225_600_000


def channel(yaml: str, environ: Mapping[str, str] | None = None) -> Channel:
    """The channel `c` of a file."""
    secrets = Secrets({"TOKEN": TOKEN, "SECRET": SECRET, **(environ or {})})
    file = read_notify(f"channels:\n  c: {yaml}\n", path="notify.yaml", folder=Path(), secrets=secrets)
    channels = make_channels(
        file,
        secrets=secrets,
        public_url=URL,
        check_url=lambda url: check_callback_url(url, allow=(), is_open=True),
        clock=lambda: NOW,
    )
    return channels["c"]


def notice(event: str = "gate.opened", n: int = 1, **changes: Any) -> Notice:
    made = sample_notice(f"nd_{n}", now=NOW, event=event)
    return replace(made, gate=replace(made.gate, **changes))


def refused(channel: Channel, target: str, notice: Notice | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as refusal:
        channel.send(notice or sample_notice("nd_1", now=NOW), target, ())
    assert TOKEN not in refusal.value.message
    assert SECRET not in refusal.value.message
    return refusal.value


# The console


def test_the_console_logs_one_line_at_the_level_that_is_its_target(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "signoff.notify")
    console = channel("{kind: console}")
    assert console.send(notice(), "warning", ()) is None
    assert console.send(notice("gate.decided"), "info", ()) is None
    assert [(one.levelname, one.name) for one in caplog.records] == [
        ("WARNING", "signoff.notify"),
        ("INFO", "signoff.notify"),
    ]
    assert caplog.records[0].getMessage().endswith(f"(notify-test test); {LINK}")


# Mail


def test_a_mail_says_the_same_as_text_and_as_html_in_one_thread_a_gate() -> None:
    with take_mail() as box:
        mail = channel(f"{{kind: email, host: 127.0.0.1, port: {box.port}, tls: none, from: s@example.org}}")
        assert mail.send(notice(), "ada@example.org", ()) is None
        mail.send(notice("gate.decided", 2), "ada@example.org", ())
        asked, told = box.mails
    assert box.recipients == [["ada@example.org"]] * 2
    assert (asked["From"], asked["To"], asked["Message-ID"]) == (
        "s@example.org",
        "ada@example.org",
        "<nd_1@example.org>",
    )
    assert " ".join(asked["Subject"].split()) == f"Please decide: {TITLE}"
    assert told["Message-ID"] == "<nd_2@example.org>"
    assert asked["References"] == told["References"]
    parts = asked.get_payload()
    assert isinstance(parts, list)
    text, html = parts
    assert isinstance(text, Message)
    assert isinstance(html, Message)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert LINK in str(text.get_payload(decode=True))
    assert f'href="{LINK}"' in str(html.get_payload(decode=True))


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_mail_server_that_asks_for_it_is_given_user_and_password() -> None:
    with take_mail(password=SECRET) as box:
        server = f"kind: email, host: 127.0.0.1, port: {box.port}, tls: none, from: s@example.org"
        with_password = channel(f"{{{server}, username: signoff, password: '${{SECRET}}'}}")
        with_password.send(notice(), "ada@example.org", ())
        assert box.users == ["signoff"]
        wrong = channel(f"{{{server}, username: signoff, password: '${{WRONG}}'}}", {"WRONG": "not the password"})
        assert refused(wrong, "ada@example.org").message == "127.0.0.1 answered 535."
        assert "530" in refused(channel(f"{{{server}}}"), "ada@example.org").message
    assert len(box.mails) == 1


def test_mail_that_should_be_encrypted_is_not_sent_in_the_clear() -> None:
    with take_mail() as box:
        mail = channel(f"{{kind: email, host: 127.0.0.1, port: {box.port}, from: s@example.org}}")
        assert "STARTTLS" in refused(mail, "ada@example.org").message
    assert box.mails == []


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's for 127.0.0.1, signed by itself, and the file that whoever trusts it has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, both = folder / "trusted.pem", folder / "both.pem"
    trusted.write_bytes(made.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(private + made.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(both)
    return context, trusted


def test_a_password_goes_to_a_server_that_proves_who_it_is_and_to_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certificate(tmp_path)
    with take_mail(password=SECRET, tls=context) as box:
        mail = channel(
            f"{{kind: email, host: 127.0.0.1, port: {box.port}, from: s@example.org, username: signoff, "
            "password: '${SECRET}'}"
        )
        assert "certificate verify failed" in refused(mail, "ada@example.org").message
        assert box.users == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        mail.send(notice(), "ada@example.org", ())
    assert (box.users, box.recipients) == (["signoff"], [["ada@example.org"]])


def test_a_mail_server_that_refuses_or_is_not_there_is_said() -> None:
    with take_mail("451 try again later") as box:
        mail = channel(f"{{kind: email, host: 127.0.0.1, port: {box.port}, tls: none, from: s@example.org}}")
        assert refused(mail, "ada@example.org").message == "127.0.0.1 answered 451."
    assert "did not take it" in refused(mail, "ada@example.org").message


# Slack


def slack(api: FakeSlack) -> Channel:
    return channel(f"{{kind: slack, token: '${{TOKEN}}', api_url: '{api.url}/api/'}}")


def test_a_slack_message_that_asks_is_changed_when_the_gate_has_ended() -> None:
    with serve_api(FakeSlack()) as api:
        asked = slack(api).send(notice(), "#ops", ())
        wider = slack(api).send(notice("gate.escalated", 2), "#ops", [str(asked)])
        assert (asked, wider) == ("C0123456789:1700000000.000000", "C0123456789:1700000000.000001")
        assert slack(api).send(notice("gate.decided", 3), "#ops", [str(asked), str(wider)]) is None
    assert [method for method, _ in api.calls] == ["chat.postMessage"] * 2 + ["chat.update"] * 2
    for message in api.messages.values():
        assert message["text"].startswith("Decided by signoff (Approve): A test of")
        assert message["metadata"]["event_payload"] == {"delivery_id": "nd_3"}
        assert "signoff gate show" not in json.dumps(message)
    first = api.calls[0][1]
    assert (first["channel"], first["metadata"]["event_payload"]) == ("#ops", {"delivery_id": "nd_1"})
    assert first["blocks"][-1]["elements"][0]["url"] == LINK


def test_an_end_that_finds_no_message_to_change_is_a_message_of_its_own() -> None:
    with serve_api(FakeSlack()) as api:
        told = slack(api).send(notice("gate.timed-out"), "#ops", ())
        deleted = slack(api).send(notice("gate.cancelled", 2), "#ops", ["C0123456789:1.2"])
    assert (told, deleted) == ("C0123456789:1700000000.000000", "C0123456789:1700000000.000001")


@pytest.mark.parametrize("answer", ["channel_not_found", "x" * 100_000, 500, 302])
def test_what_slack_refuses_is_said(answer: int | str) -> None:
    with serve_api(FakeSlack([answer])) as api:
        said = refused(slack(api), "#nowhere").message
    assert said.startswith("Slack refused chat.postMessage: ")
    assert len(said) < 1_000


def test_a_slack_token_is_in_the_header_and_nowhere_else() -> None:
    with serve_api(FakeSlack()) as api:
        wrong = channel(f"{{kind: slack, token: '${{WRONG}}', api_url: '{api.url}'}}", {"WRONG": "xoxb-wrong"})
        assert refused(wrong, "#ops").message == "Slack refused chat.postMessage: invalid_auth."
    assert "xoxb-wrong" not in json.dumps(api.calls)


# Linear


def linear(api: FakeLinear) -> Channel:
    return channel(f"{{kind: linear, token: '${{TOKEN}}', api_url: '{api.url}/graphql'}}")


@pytest.mark.parametrize(
    ("event", "decision", "state"),
    [
        ("gate.decided", "yes", "done"),
        ("gate.decided", "no", "called-off"),
        ("gate.overridden", "yes", "done"),
        ("gate.timed-out", None, "called-off"),
        ("gate.cancelled", None, "called-off"),
    ],
)
def test_a_gate_is_an_issue_in_linear_and_its_end_closes_it(event: str, decision: str | None, state: str) -> None:
    with serve_api(FakeLinear()) as api:
        issue = str(linear(api).send(notice(), TEAM, ()))
        assert api.issues[issue]["state"] == "todo"
        assert linear(api).send(notice("gate.escalated", 2), TEAM, [issue]) is None
        assert linear(api).send(notice(event, 3, decision=decision), TEAM, [issue]) is None
    [made] = api.issues.values()
    assert (made["teamId"], made["state"]) == (TEAM, state)
    assert made["title"].startswith("Please decide: A test of")
    assert LINK in made["description"]
    assert "nd_1" in made["description"]
    assert [comment["issueId"] for comment in api.comments.values()] == [issue, issue]
    assert "nd_3" in list(api.comments.values())[1]["body"]


def test_what_linear_did_and_could_not_say_is_not_done_twice() -> None:
    with serve_api(FakeLinear([502])) as api:
        assert refused(linear(api), TEAM).message == "Linear refused it: 502."
        issue = linear(api).send(notice(), TEAM, ())
        assert list(api.issues) == [issue]
        api.answers.append(502)
        with pytest.raises(DeliveryError):
            linear(api).send(notice("gate.decided", 2), TEAM, [str(issue)])
        linear(api).send(notice("gate.decided", 2), TEAM, [str(issue)])
    assert len(api.comments) == 1
    assert api.issues[str(issue)]["state"] == "done"


def test_what_linear_refuses_is_said_without_the_key() -> None:
    with serve_api(FakeLinear()) as api:
        assert refused(linear(api), TEAM.replace("6a", "7b")).message == "Linear refused it: Entity not found."
        wrong = channel(f"{{kind: linear, token: '${{WRONG}}', api_url: '{api.url}'}}", {"WRONG": "lin_wrong"})
        assert refused(wrong, TEAM).message == "Linear refused it: ${WRONG} is not a key."


# Webhooks


def hooks() -> Channel:
    return channel("{kind: webhook, secret: '${SECRET}'}")


def test_a_webhook_is_signed_and_says_what_it_is_about() -> None:
    with receive() as receiver:
        hooks().send(replace(notice("gate.decided"), at=NOW), f"{receiver.url}/hook", ())
        [call] = receiver.await_calls(1)
    # The receiver's clock is not that of this test: the age of a signature is the library's affair.
    signed = Webhook(base64.b64encode(SECRET.encode()).decode())
    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    assert call.headers["webhook-signature"] == signed.sign("nd_1", at, call.body.decode())
    assert (call.path, call.headers["webhook-id"]) == ("/hook", "nd_1")
    told = json.loads(call.body)
    assert (told["type"], told["timestamp"]) == ("gate.decided", "2026-01-01T00:00:00.000Z")
    assert (told["data"]["workflowID"], told["data"]["gateKey"], told["data"]["link"]) == ("notify-test", "test", LINK)
    assert told["data"]["receipt"]["decision"] == "yes"


def test_a_webhook_calls_what_it_may_call_and_nothing_else() -> None:
    assert "is not allowed" in refused(hooks(), "http://169.254.169.254/latest").message
    assert refused(hooks(), "file:///etc/passwd")


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 500, 503])
def test_only_a_2xx_is_taken_for_an_answer_and_no_redirect_is_followed(status: int) -> None:
    with receive(status) as receiver:
        assert refused(hooks(), receiver.url).message == f"The webhook answered {status}."
        assert len(receiver.await_calls(1)) == 1


def test_a_secret_in_the_address_of_a_webhook_is_never_said() -> None:
    with receive(500) as receiver:
        hidden = channel("{kind: webhook, secret: '${SECRET}'}", {"WHERE": f"{receiver.url}/{TOKEN}"})
        refused(hidden, "${WHERE}")
        assert receiver.await_calls(1)[0].path == f"/{TOKEN}"
    assert "WHERE has no value" in refused(hooks(), "${WHERE}").message
    elsewhere = channel("{kind: webhook, secret: '${SECRET}'}", {"WHERE": f"https://example.com/{TOKEN}"})
    refused(elsewhere, "${WHERE}")


def test_a_receiver_that_hangs_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "TIMEOUT_S", 0.1)
    with hang() as hanging:
        assert refused(hooks(), hanging.url).message


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65_536)
            except OSError:
                """The reader has had enough, as it should."""

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        answer = http_post.post(url, content=b"{}", headers={})
        assert (answer.status, answer.body, answer.document()) == (200, None, {})
        server.shutdown()


# Apprise


@pytest.mark.skipif(find_spec("apprise") is not None, reason="the extra is installed")
def test_apprise_without_the_extra_is_an_error_before_anything_is_sent() -> None:
    with pytest.raises(MissingProgramError) as refusal:
        channel("{kind: apprise}")
    assert "signoff[notify]" in refusal.value.message


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(find_spec("apprise") is None, reason="needs the extra notify")
def test_apprise_sends_to_what_a_variable_names() -> None:
    with receive() as receiver:
        url = receiver.url.replace("http://", "json://user:pass@")
        apprise = channel("{kind: apprise}", {"PAGER": url})
        apprise.send(notice(), "${PAGER}", ())
        [call] = receiver.await_calls(1)
        assert LINK in json.loads(call.body)["message"]
    assert refused(apprise, "${PAGER}").message == "Apprise could not deliver it."
    assert "does not understand" in refused(channel("{kind: apprise}", {"PAGER": "nonsense"}), "${PAGER}").message
