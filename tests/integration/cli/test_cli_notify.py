"""`signoff notify`: the file is checked, a channel tried, and what became of notices is seen."""

from __future__ import annotations

import json

from cli_shell import Shell
from receivers import receive

from signoff.app.route_notice import Route, Target, route_notices
from signoff.ledger.store import SqlLedger

FILE = """\
channels:
  log: {kind: console}
  hooks: {kind: webhook, secret: "${HOOK}"}
routes:
  - events: [gate.opened]
    roles: [team_lead]
    to: {log: info}
"""
ENVIRON = {"HOOK": "correct horse battery staple"}


def write(shell: Shell, text: str = FILE) -> None:
    (shell.directory / "notify.yaml").write_text(text, "utf-8")


def fail_one(shell: Shell) -> str:
    """A delivery that was given up; its id."""
    shell.open_gate(prompt={"title": "Ship \x1b[31mit?"})
    with shell.world() as world:
        ledger = world.ledger
        assert isinstance(ledger, SqlLedger)
        rows = ledger.claim_outbox(now=world.clock(), worker="w-1", lapse_ms=1, limit=9)
        route_notices(world, ledger, rows, [Route((Target("mail", "ada@example.org"),))], now=world.clock())
        [row] = ledger.claim_deliveries([("mail", "ada@example.org")], now=world.clock(), worker="w-1", lapse_ms=60_000)
        ledger.fail_delivery(row["id"], error="nobody \x1b[2Jis there", next_at=None)
    return str(row["id"])


def test_a_sound_file_is_told_as_such(shell: Shell) -> None:
    write(shell)
    done = shell("notify", "check", environ=ENVIRON)
    assert (done.code, done.out) == (0, "ok: 2 channels, 1 route.\n")
    document = shell("notify", "check", "--json", environ=ENVIRON).document
    assert document == {
        "valid": True,
        "channels": ["hooks", "log"],
        "routes": [
            {
                "events": ["gate.opened"],
                "riskLevels": [],
                "roles": ["team_lead"],
                "doors": [],
                "to": [{"channel": "log", "target": "info"}],
            }
        ],
        "attempts": 16,
    }


def test_everything_that_is_wrong_with_a_file_is_named_with_its_line(shell: Shell) -> None:
    write(shell, FILE.replace("{log: info}", "{log: loud, fax: 1}"))
    done = shell("notify", "check")
    assert done.code == 2
    assert [line.split(": ")[-2 if "Error" not in line else 1] for line in done.err.splitlines()] == [
        "notify.yaml:3",
        "notify.yaml:7",
        "notify.yaml:7",
    ]
    assert shell("notify", "check", "--json").document["code"] == "invalid-notify-file"


def test_whom_no_notice_would_ever_reach_is_named_with_its_line(shell: Shell) -> None:
    route = """\
  - roles: [team_laed, qa]
    to:
      hooks: ["http://evil.example/", "http://127.0.0.1:8751/", "https://ci.example/hooks"]
"""
    write(shell, FILE + route)
    allow = "--callbacks-allow=https://ci.example/"
    fresh = shell("notify", "check", allow, "--json", environ=ENVIRON)
    assert fresh.code == 2
    told = [(one["line"], one["code"]) for one in fresh.document["details"]["problems"]]
    assert told == [(8, "unknown-role"), (8, "unknown-role"), (10, "callback-not-allowed")]
    shell("principal", "add", "ada", "--role", "qa")
    made = shell("token", "create", "ada", environ=ENVIRON)
    assert made.out.startswith("so_")
    assert "open mode ends" in made.err
    assert "notify.yaml:10: found the URL 'http://127.0.0.1:8751/', which no worker calls" in made.err
    closed = shell("notify", "check", allow, environ=ENVIRON)
    assert closed.code == 2
    assert [line.removeprefix("Error: ").partition(", which")[0] for line in closed.err.splitlines()] == [
        "notify.yaml:8: found the role 'team_laed'",
        "notify.yaml:10: found the URL 'http://127.0.0.1:8751/'",
        "notify.yaml:10: found the URL 'http://evil.example/'",
    ]
    again = shell("token", "create", "ada", environ=ENVIRON)
    assert "open mode" not in again.err


def test_without_a_file_there_is_nothing_to_check_or_to_try(shell: Shell) -> None:
    for command in ("check", "test"):
        done = shell("notify", command, *(["log"] if command == "test" else []), "--json")
        assert (done.code, done.document["code"]) == (2, "no-notify-file")
    named = shell("notify", "check", "--notify-file", "nowhere.yaml", "--json")
    assert (named.code, named.document["code"]) == (2, "invalid-notify-file")


def test_a_channel_is_tried_and_each_target_reported(shell: Shell) -> None:
    write(shell)
    with receive(204, 500) as receiver:
        well = shell("notify", "test", "hooks", "--to", receiver.url, environ=ENVIRON)
        assert (well.code, well.out) == (0, f"sent to {receiver.url}\n")
        assert json.loads(receiver.await_calls(1)[0].body)["data"]["workflowID"] == "notify-test"
        ill = shell("notify", "test", "hooks", "--to", receiver.url, "--to", "ftp://x", "--json", environ=ENVIRON)
    assert ill.code == 1
    answered, refused = ill.document["items"]
    assert (answered["ok"], answered["error"]) == (False, "The webhook answered 500.")
    assert (refused["ok"], refused["target"]) == (False, "ftp://x")
    logged = shell("notify", "test", "log", environ=ENVIRON)
    assert logged.out == "sent to info\n"
    assert "Please decide: A test of signoff's notices" in logged.err


def test_a_channel_that_is_not_there_and_one_without_targets_are_said(shell: Shell) -> None:
    write(shell)
    none = shell("notify", "test", "fax", "--json", environ=ENVIRON)
    assert (none.code, none.document["code"]) == (2, "channel-not-found")
    nobody = shell("notify", "test", "hooks", "--json", environ=ENVIRON)
    assert (nobody.code, nobody.document["code"]) == (2, "no-target")
    unset = shell("notify", "test", "log")
    assert unset.code == 2
    assert "HOOK, which has no value" in unset.err


def test_deliveries_are_listed_with_nothing_that_a_terminal_obeys(any_shell: Shell) -> None:
    assert any_shell.open_gate().gate_key == "ship"
    assert any_shell("notify", "list").out == "Nobody was told of anything yet.\n"
    assert any_shell("notify", "list", "--failed").out == "Nothing was given up.\n"


def test_what_was_given_up_is_listed_with_its_reason_and_retried(any_shell: Shell) -> None:
    delivery = fail_one(any_shell)
    listed = any_shell("notify", "list", "--failed")
    assert "nobody is there" in listed.out
    assert "\x1b" not in listed.out
    [one] = any_shell.json("notify", "list")["items"]
    assert (one["id"], one["state"], one["attempts"], one["channel"]) == (delivery, "given-up", 1, "mail")
    assert one["lastError"] == "nobody \x1b[2Jis there"
    assert any_shell("notify", "retry", delivery).out == "1 delivery to be tried again.\n"
    assert any_shell.json("notify", "list")["items"][0]["state"] == "pending"
    again = any_shell("notify", "retry", delivery, "--json")
    assert (again.code, again.document["code"]) == (4, "delivery-not-failed")
    gone = any_shell("notify", "retry", "nd_nowhere", "--json")
    assert (gone.code, gone.document["code"]) == (2, "delivery-not-found")
    assert any_shell.json("notify", "retry", "--all") == {"retried": []}


def test_a_retry_says_of_what(shell: Shell) -> None:
    for words in ([], ["nd_1", "--all"]):
        done = shell("notify", "retry", *words)
        assert done.code == 2
        assert "Name a delivery by its id, or all of them by --all." in done.err


def test_none_of_it_goes_through_a_server(shell: Shell) -> None:
    for words in (["list"], ["retry", "--all"]):
        done = shell("notify", *words, "--json", environ={"SIGNOFF_URL": "http://127.0.0.1:9"})
        assert (done.code, done.document["code"]) == (2, "not-over-url")
