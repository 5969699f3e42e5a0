"""`signoff principal` and `signoff token`, and who acts on the ledger itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from cli_shell import Answer, Shell

from signoff.gates.requirement import Need, Requirement

LEAD = Requirement((Need(("lead",), 1),))


def code_of(answer: Answer) -> tuple[int, str]:
    return answer.code, answer.document["code"]


def test_people_are_added_listed_and_disabled(any_shell: Shell) -> None:
    shell = any_shell
    with shell.world():
        """The schema is made."""
    assert shell("principal", "add", "ada", "--role", "lead", "--role", "ops").out == "person ada added as lead, ops\n"
    shell.json("principal", "add", "ci", "--service")
    assert code_of(shell("principal", "add", "ada", "--json")) == (4, "principal-exists")
    assert shell("principal", "disable", "ci").out == "ci is disabled\n"
    items = shell.json("principal", "list")["items"]
    assert [(one["name"], one["kind"], one["roles"]) for one in items] == [
        ("ada", "person", ["lead", "ops"]), ("ci", "service", [])
    ]  # fmt: skip
    assert [one["disabledAt"] is None for one in items] == [True, False]
    drawn = shell("principal", "list").out
    assert re.search(r"^ada +person +lead, ops +enabled$", drawn, re.MULTILINE)
    assert re.search(r"^ci +service +no role +disabled$", drawn, re.MULTILINE)


def test_a_role_in_which_nobody_is_asked_is_noted(shell: Shell) -> None:
    shell.open_gate(requirement=LEAD)
    route = "routes:\n  - {roles: [watcher], to: {log: info}}\n"
    (shell.directory / "notify.yaml").write_text("channels:\n  log: {kind: console}\n" + route, "utf-8")
    known = ("--role=cto", "--role=lead", "--role=override", "--role=watcher")
    assert shell("principal", "add", "ada", *known).err == ""
    added = shell("principal", "add", "bob", "--role", "nosuchrole", "--role", "cto", "--json")
    assert (added.code, added.document["roles"]) == (0, ["cto", "nosuchrole"])
    assert added.err == "Nobody is asked in the role nosuchrole: neither the policy nor an open gate names it.\n"
    assert "nosuchrole" in shell("principal", "change", "ada", "--role", "nosuchrole").err
    (shell.directory / "notify.yaml").write_text("channels: [", "utf-8")
    assert "nosuchrole" in shell("principal", "add", "carol", "--role", "nosuchrole").err


def test_a_token_is_printed_alone_and_once(any_shell: Shell) -> None:
    shell = any_shell
    with shell.world():
        """The schema is made."""
    shell.json("principal", "add", "ada")
    created = shell("token", "create", "ada", "--expires", "30d")
    token = created.out.removesuffix("\n")
    assert re.fullmatch(r"so_[A-Za-z0-9_-]{43}", token)
    assert token not in created.err
    made = shell.json("token", "create", "ada")
    assert (made["name"], made["expiresAt"]) == ("ada", None)
    shell.json("token", "revoke", made["id"])
    items = shell.json("token", "list")["items"]
    assert [(one["name"], one["state"]) for one in items] == [("ada", "valid"), ("ada", "revoked")]
    assert items[0]["expiresAt"] - items[0]["createdAt"] == 30 * 86_400_000
    assert [line.split()[-1] for line in shell("token", "list").out.splitlines()[1:]] == ["valid", "revoked"]
    seen = "".join(
        shell(*words).out for words in (["audit", "log", "--json"], ["audit", "export"], ["token", "list", "--json"])
    )
    assert not [text for text in (token, made["token"]) if text in seen]
    assert shell("audit", "verify").code == 0


def test_somebody_acts_for_somebody_else_for_a_time(shell: Shell) -> None:
    shell.json("principal", "add", "ada", "--role", "lead")
    shell.json("principal", "add", "bob")
    until = shell.json("principal", "delegate", "ada", "bob", "--until", "2099-12-01T00:00Z")
    assert until == {"from": "ada", "to": "bob", "untilAt": 4_099_766_400_000}
    shell.open_gate(requirement=LEAD)
    assert shell.json("gate", "approve", "ship", "--as", "bob")["receipt"]["role"] == "lead"
    assert "bob acts for ada until 2099-" in shell("principal", "list").out
    for wrong in ("yesterday", "2001-01-01", "0s", "3 d"):
        answer = shell("principal", "delegate", "ada", "bob", "--until", wrong, "--json")
        assert answer.code == 2, wrong
    [held] = shell.json("principal", "list")["delegations"]
    assert held["untilAt"] == until["untilAt"]


def test_where_people_are_known_a_name_on_the_command_line_has_their_roles_and_no_others(shell: Shell) -> None:
    shell.json("principal", "add", "grace", "--role", "lead")
    shell.open_gate(requirement=LEAD)
    assert code_of(shell("gate", "approve", "ship", "--json")) == (1, "not-entitled")
    assert code_of(shell("gate", "approve", "ship", "--as", "eve", "--json")) == (1, "not-entitled")
    refused = [one for one in shell.json("audit", "log")["items"] if one["event"] == "access.refused"]
    assert [(one["actor"], one["workflowId"], one["body"]["gateKey"]) for one in refused][:1] == [
        ("ada", "deploy-42", "ship")
    ]
    receipt = shell.json("gate", "approve", "ship", "--as", "grace")["receipt"]
    assert (receipt["actor"], receipt["role"]) == ("grace", "lead")
    [decided] = [one for one in shell.json("audit", "log")["items"] if one["event"] == "gate.decided"]
    assert decided["body"]["isAuthenticated"] is False


def test_whoever_is_disabled_does_nothing_under_their_name(shell: Shell) -> None:
    shell.json("principal", "add", "ada")
    shell.open_gate()
    shell.json("principal", "disable", "ada")
    assert code_of(shell("gate", "approve", "ship", "--json")) == (1, "not-signed-in")
    assert code_of(shell("ask", "Sure?", "--no-wait", "--json")) == (1, "not-signed-in")
    assert shell("gate", "list").code == 0, "and still reads"


def test_who_acts_can_be_whom_git_knows(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "signoff.yaml").write_text("actor: git\n", "utf-8")
    alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": str(tmp_path)}
    shell.open_gate()
    assert code_of(shell("gate", "approve", "ship", "--json", environ=alone)) == (2, "no-git-identity")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "config", "user.name", "Grace Hopper"], check=True)
    answer = shell("gate", "approve", "ship", "--json", environ=alone)
    assert answer.document["receipt"]["actor"] == "Grace Hopper"


@pytest.mark.parametrize(
    "words",
    [
        ["principal", "add", "ada"],
        ["principal", "list"],
        ["principal", "disable", "ada"],
        ["principal", "delegate", "ada", "bob", "--until", "3d"],
        ["token", "create", "ada"],
        ["token", "list"],
        ["token", "revoke", "tk_1"],
    ],
    ids=" ".join,
)
def test_nobody_is_made_known_through_a_server(shell: Shell, tmp_path: Path, words: list[str]) -> None:
    answer = shell(*words, "--json", environ={"SIGNOFF_URL": "http://127.0.0.1:1"})
    assert code_of(answer) == (2, "not-over-url")
    assert not (tmp_path / ".signoff").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["principal", "add", " "], "invalid-actor"),
        (["principal", "add", "signoff"], "invalid-actor"),
        (["principal", "add", "bob", "--role", "a,b"], "invalid-role"),
        (["principal", "add", "bob", "--as", " "], "invalid-actor"),
        (["principal", "disable", "nobody"], "principal-not-found"),
        (["principal", "disable", "\udcff"], "malformed-json"),
        (["token", "create", "nobody"], "principal-not-found"),
        (["token", "create", "ada", "--expires", "soon"], "invalid-instant"),
        (["token", "create", "ada", "--expires", "0s"], "invalid-token-request"),
        (["token", "revoke", "tk_none"], "token-not-found"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_code(shell: Shell, words: list[str], code: str) -> None:
    shell.json("principal", "add", "ada")
    answer = shell(*words, "--json")
    assert code_of(answer) == (2, code)
    assert "Traceback" not in answer.err
