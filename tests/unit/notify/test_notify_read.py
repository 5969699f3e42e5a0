"""What `notify.yaml` may say. Whatever is wrong is told at once, with its line; a secret is never quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.app.route_notice import Route, Target
from signoff.errors import NotifyFileError
from signoff.notify.read import ATTEMPTS, NotifyFile, read_notify
from signoff.notify.secrets import Secrets

ENVIRON = {
    "SLACK": "xoxb-123",
    "SMTP_PASSWORD": "hunter2222",
    "HOOK": "s3cret-hook",
    "PAGER": "json://key@host",
    "TO": "a@b.c",
}

WHOLE = """\
channels:
  log: {kind: console}
  chat: {kind: slack, token: "${SLACK}"}
  mail:
    kind: email
    host: smtp.example.org
    port: 465
    tls: implicit
    username: signoff
    password: ${SMTP_PASSWORD}
    from: signoff@example.org
  hooks: {kind: webhook, secret: "${HOOK}"}
  pager: {kind: apprise}
  board: {kind: linear, token: "${SLACK}"}
routes:
  - to: {log: info}
  - events: [gate.opened, gate.escalated]
    risk_levels: [high, critical]
    roles: security_team
    doors: [spec, outside]
    to:
      chat: "#approvals"
      mail: [lead@example.org, "${TO}"]
      hooks: https://ci.example/hooks
      pager: ${PAGER}
      board: 6a1b2c3d-0000-4000-8000-0123456789ab
attempts: 5
"""


def read(text: str, folder: Path = Path()) -> NotifyFile:
    return read_notify(text, path="notify.yaml", folder=folder, secrets=Secrets(ENVIRON))


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(NotifyFileError) as refusal:
        read(text)
    assert refusal.value.code == "invalid-notify-file"
    return [(problem["line"], problem["code"]) for problem in refusal.value.details["problems"]]


def test_a_whole_file_is_read() -> None:
    file = read(WHOLE)
    assert sorted(file.channels) == ["board", "chat", "hooks", "log", "mail", "pager"]
    assert file.routes[0] == Route((Target("log", "info"),))
    assert file.routes[1] == Route(
        (
            Target("chat", "#approvals"),
            Target("mail", "lead@example.org"),
            Target("mail", "${TO}"),
            Target("hooks", "https://ci.example/hooks"),
            Target("pager", "${PAGER}"),
            Target("board", "6a1b2c3d-0000-4000-8000-0123456789ab"),
        ),
        events=("gate.opened", "gate.escalated"),
        risk_levels=("high", "critical"),
        roles=("security_team",),
        doors=("spec", "outside"),
    )
    assert (file.attempts_max, file.templates) == (5, None)


def test_what_is_read_holds_the_names_of_secrets_and_not_their_values() -> None:
    shown = repr(read(WHOLE))
    assert [value for value in ENVIRON.values() if value in shown] == []
    assert read(WHOLE).channels["mail"].values["password"] == "${SMTP_PASSWORD}"


def test_what_is_left_out_has_its_default() -> None:
    file = read("channels:\n  mail: {kind: email, host: localhost, from: a@b.c}\n")
    assert file.channels["mail"].values == {
        "host": "localhost",
        "port": "587",
        "tls": "starttls",
        "username": "",
        "password": "",
        "from": "a@b.c",
    }
    assert (file.routes, file.attempts_max) == ((), ATTEMPTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "invalid-shape")]),
        ("- a\n", [(1, "invalid-shape")]),
        ("a: [\n", [(2, "invalid-yaml")]),
        ("chanels: {}\n", [(1, "unknown-key")]),
        ("channels:\n  c: {kind: fax}\n  d: {}\n", [(2, "unknown-kind"), (3, "unknown-kind")]),
        ("channels:\n  c: {kind: console, colour: red}\n", [(2, "unknown-key")]),
        ("channels:\n  C C: {kind: console}\n", [(2, "bad-name")]),
        ("channels:\n  c: {kind: email}\n", [(2, "missing-key"), (2, "missing-key")]),
        ("channels:\n  c:\n    kind: slack\n    token: ${NOWHERE}\n", [(4, "missing-variable")]),
        ("channels:\n  c:\n    kind: slack\n    token: xoxb-123\n", [(4, "secret-in-file")]),
        ("channels:\n  c:\n    kind: slack\n    token: x${SLACK}\n", [(4, "secret-in-file")]),
        ("channels:\n  c: {kind: email, host: h, from: nobody}\n", [(2, "invalid-value")]),
        ('channels:\n  c: {kind: email, host: h, from: "a@b.c\\nBcc: d@e.f"}\n', [(2, "invalid-value")]),
        ("channels:\n  c: {kind: email, host: h, from: a@b.c, port: 0}\n", [(2, "invalid-value")]),
        ("channels:\n  c: {kind: email, host: h, from: a@b.c, tls: maybe}\n", [(2, "invalid-value")]),
        ("channels:\n  c: {kind: email, host: h, from: a@b.c, username: u}\n", [(2, "invalid-channel")]),
        (
            "channels:\n  c: {kind: email, host: h, from: a@b.c, username: u, password: '${HOOK}', tls: none}\n",
            [(2, "invalid-channel")],
        ),
        ("routes:\n  - {events: [gate.opened]}\n", [(2, "route-to-nobody")]),
        ("routes:\n  - to: {c: info}\n", [(2, "unknown-channel")]),
        ("channels:\n  c: {kind: console}\nroutes:\n  - to: {c: loud}\n", [(4, "invalid-value")]),
        ("channels:\n  c: {kind: console}\nroutes:\n  - to: {c: [info, loud]}\n", [(4, "invalid-value")]),
        ("channels:\n  c: {kind: console}\nroutes:\n  - to: {c: []}\n", [(4, "route-to-nobody")]),
        (
            "channels:\n  c: {kind: console}\nroutes:\n  - {to: {c: info}, events: [gate.closed]}\n",
            [(4, "unknown-event")],
        ),
        (
            "channels:\n  c: {kind: console}\nroutes:\n  - {to: {c: info}, risk_levels: [dire]}\n",
            [(4, "unknown-level")],
        ),
        ("channels:\n  c: {kind: console}\nroutes:\n  - {to: {c: info}, doors: [window]}\n", [(4, "unknown-door")]),
        ("channels:\n  c: {kind: console}\nroutes:\n  - {to: {c: info}, roles: ['']}\n", [(4, "invalid-value")]),
        ("channels:\n  c: {kind: apprise}\nroutes:\n  - to: {c: 'json://key@host'}\n", [(4, "secret-in-file")]),
        (
            "channels:\n  c: {kind: webhook, secret: '${HOOK}'}\nroutes:\n  - to: {c: 'ftp://x'}\n",
            [(4, "invalid-value")],
        ),
        ("attempts: 0\n", [(1, "invalid-value")]),
        ("templates: nowhere\n", [(1, "no-such-folder")]),
    ],
)
def test_what_cannot_be_taken_is_named_with_its_line(text: str, expected: list[tuple[int, str]]) -> None:
    assert problems(text) == expected


def test_everything_is_told_at_once() -> None:
    text = "channels:\n  c: {kind: fax}\nroutes:\n  - {events: [x], to: {d: info}}\nattempts: many\n"
    assert problems(text) == [
        (2, "unknown-kind"),
        (4, "unknown-channel"),
        (4, "unknown-event"),
        (5, "invalid-value"),
    ]


def test_a_secret_that_stands_in_the_file_is_not_quoted() -> None:
    for text in (
        "channels:\n  c: {kind: slack, token: xoxb-secret-1}\n",
        "channels:\n  c: {kind: apprise}\nroutes:\n  - to: {c: 'json://xoxb-secret-1@host'}\n",
    ):
        with pytest.raises(NotifyFileError) as refusal:
            read(text)
        assert "xoxb-secret-1" not in str(refusal.value) + repr(refusal.value.details)


def test_what_was_looked_up_is_hidden_again_longest_first() -> None:
    secrets = Secrets({"A": "12345", "B": "12345678", "C": "abc", "D": "unused"})
    assert secrets.reveal("${A} ${B} ${C}") == "12345 12345678 abc"
    assert secrets.hide("12345678, 12345, abc, unused") == "${B}, ${A}, abc, unused"
    assert secrets.missing("${A} ${E}") == ["E"]


def test_people_are_whose_alone_a_target_is() -> None:
    text = "channels:\n  c: {kind: console}\nroutes:\n  - to: {c: info}\npeople:\n  c: {info: ada}\n"
    assert read(text).people == {Target("c", "info"): "ada"}
    assert problems(text.replace("info: ada", "warning: ada")) == [(6, "unknown-target")]
    assert problems(text.replace("info: ada", "info: anonymous")) == [(6, "invalid-value")]
    assert problems(text.replace("info: ada", "info: [ada]")) == [(6, "invalid-value")]
    assert problems(text.replace("  c: {info: ada}", "  d: {info: ada}")) == [(6, "unknown-channel")]
