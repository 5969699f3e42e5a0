"""`signoff audit`: reading the record, and proving it."""

from __future__ import annotations

import json
import sqlite3

from cli_shell import Shell
from spec_run_samples import a_spec_gate, a_spec_run

from signoff.app.sign_head import HeadSigner
from signoff.audit.head import key_id_of

_KEY = b"k" * 32


def _decide(shell: Shell) -> None:
    shell.open_gate("w-1")
    shell.open_gate("w-2")
    shell("gate", "approve", "w-1", "ship", "--rationale", "checked")


def _sign(shell: Shell) -> None:
    with shell.world() as world:
        HeadSigner(world, _KEY).sign()


def test_the_log_tells_what_happened_in_order(any_shell: Shell) -> None:
    _decide(any_shell)
    lines = any_shell("audit", "log").out.splitlines()
    assert [line.split()[4] for line in lines] == ["gate.opened", "gate.opened", "gate.decided"]
    assert "ada: yes: checked" in lines[2]
    only = any_shell.json("audit", "log", "--workflow", "w-2")["items"]
    assert [entry["workflowId"] for entry in only] == ["w-2"]
    assert len(any_shell.json("audit", "log", "--after", "1", "--limit", "1")["items"]) == 1


def test_an_untouched_trail_verifies(any_shell: Shell) -> None:
    _decide(any_shell)
    _sign(any_shell)
    assert any_shell("audit", "verify").out == "ok: 3 entries of 2 workflows, 1 signed head\n"
    document = any_shell.json("audit", "verify", "--trust", key_id_of(_KEY))
    assert (document["ok"], document["entries"], document["uncovered"]) == (True, 3, 0)
    assert document["newestHead"]["treeSize"] == 3


def test_a_key_that_nobody_trusts_vouches_for_nothing(shell: Shell) -> None:
    _decide(shell)
    _sign(shell)
    answer = shell("audit", "verify", "--trust", key_id_of(b"x" * 32), "--json")
    assert (answer.code, answer.document["findings"][0]["code"]) == (1, "head-untrusted-key")


def test_a_changed_entry_is_named_by_its_seq(shell: Shell) -> None:
    _decide(shell)
    with sqlite3.connect(shell.directory / ".signoff" / "app.db") as connection:
        connection.execute("DROP TRIGGER audit_entries_no_update")
        connection.execute("UPDATE audit_entries SET actor = 'mallory' WHERE seq = 3")
    connection.close()
    answer = shell("audit", "verify")
    assert answer.code == 1
    assert answer.out.startswith("seq 3  entry-altered  w-1")
    assert shell("audit", "verify", "--json").document["findings"][0]["seq"] == 3


def test_an_export_is_verified_without_the_ledger(any_shell: Shell) -> None:
    _decide(any_shell)
    _sign(any_shell)
    written = any_shell.json("audit", "export", "--output", "trail.jsonl")
    assert written == {"output": "trail.jsonl", "lines": 5}
    assert any_shell("audit", "export").out == (any_shell.directory / "trail.jsonl").read_text()
    elsewhere = any_shell.directory / "elsewhere"
    elsewhere.mkdir()
    alone = Shell(elsewhere)
    assert alone("audit", "verify", "../trail.jsonl").code == 0
    assert list(elsewhere.iterdir()) == []
    altered = (any_shell.directory / "trail.jsonl").read_text().replace('"ada"', '"eve"')
    (elsewhere / "altered.jsonl").write_text(altered)
    assert alone("audit", "verify", "altered.jsonl").out.startswith("seq 3  entry-altered")


def test_one_workflow_can_be_exported_alone(shell: Shell) -> None:
    _decide(shell)
    _sign(shell)
    document = shell.json("audit", "export", "--workflow", "w-2")
    assert [entry["workflowId"] for entry in document["entries"]] == ["w-2"]
    assert document["heads"] == []


def _runs_of_a_spec(shell: Shell, spec: str) -> None:
    with shell.world() as world:
        for run_id in ("sp_1", "sp_2"):
            a_spec_run(world, run_id, spec=spec)
        a_spec_run(world, "sp_3", spec="other.md")
        a_spec_gate(world, "sp_1", spec=spec)
    shell("gate", "approve", "g0-of-sp_1")


def test_a_spec_has_a_history_of_its_own_that_verifies_alone(any_shell: Shell) -> None:
    _runs_of_a_spec(any_shell, "docs/plan.md")
    written = any_shell("audit", "export", "--spec", "docs/plan.md")
    history = any_shell.directory / ".signoff" / "history" / "docs" / "plan.jsonl"
    assert written.code == 0, written
    assert written.err.endswith("plan.jsonl\n")
    assert written.err.startswith("5 lines written to ")
    lines = [json.loads(line) for line in history.read_text().splitlines()]
    assert [line.get("workflowId") for line in lines] == [None, "sp_1", "sp_2", "sp_1", "sp_1"]
    assert {folder.stat().st_mode & 0o777 for folder in (history.parent, history.parent.parent)} == {0o700}
    elsewhere = any_shell.directory / "elsewhere"
    elsewhere.mkdir()
    assert Shell(elsewhere)("audit", "verify", str(history)).out.startswith("ok: 4 entries of 2 workflows")
    again = any_shell.json("audit", "export", "--spec", "docs/plan.md", "--output", "plan.jsonl")
    assert again == {"output": "plan.jsonl", "lines": 5}
    assert (any_shell.directory / "plan.jsonl").read_text() == history.read_text()


def test_the_log_of_a_spec_is_that_of_its_runs_in_order(any_shell: Shell) -> None:
    _runs_of_a_spec(any_shell, "docs/plan.md")
    entries = any_shell.json("audit", "log", "--spec", "docs/plan.md")["items"]
    assert [(entry["workflowId"], entry["event"]) for entry in entries] == [
        ("sp_1", "run.started"),
        ("sp_2", "run.started"),
        ("sp_1", "gate.opened"),
        ("sp_1", "gate.decided"),
    ]
    later = any_shell.json("audit", "log", "--spec", "docs/plan.md", "--after", "1", "--limit", "2")["items"]
    assert later == entries[1:3]


def test_a_spec_outside_of_the_repository_keeps_its_history_in_the_ledgers_directory(shell: Shell) -> None:
    (shell.directory / "repository").mkdir()
    home = Shell(shell.directory / "repository")
    _runs_of_a_spec(home, "outside.md")
    assert home("audit", "export", "--spec", "../outside.md").code == 0
    assert (home.directory / ".signoff/history/outside.jsonl").exists()
    assert [path.name for path in shell.directory.iterdir()] == ["repository"]


def test_a_spec_that_was_never_run_has_no_history(shell: Shell) -> None:
    _decide(shell)
    for command in ("log", "export"):
        answer = shell("audit", command, "--spec", "plan.md", "--json")
        assert (answer.code, answer.document["code"]) == (2, "run-not-found")
        both = shell("audit", command, "--spec", "plan.md", "--workflow", "w-1", "--json")
        assert (both.code, both.document["code"]) == (2, "usage")
    assert not (shell.directory / ".signoff" / "history").exists()


def test_a_history_that_cannot_be_written_is_said_to_be_so(shell: Shell) -> None:
    _runs_of_a_spec(shell, "docs/plan.md")
    (shell.directory / ".signoff" / "history").write_text("in the way")
    answer = shell("audit", "export", "--spec", "docs/plan.md", "--json")
    assert (answer.code, answer.document["code"]) == (2, "unwritable-file")


def test_what_is_no_export_is_bad_input(shell: Shell) -> None:
    (shell.directory / "notes.txt").write_text("hello\n")
    (shell.directory / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("notes.txt", "binary", "missing", "."):
        answer = shell("audit", "verify", name, "--json")
        assert answer.code == 2, answer
        assert "Traceback" not in answer.err


def test_a_file_that_cannot_be_written_leaves_nothing_behind(shell: Shell) -> None:
    _decide(shell)
    assert shell("audit", "export", "--output", "no/such/folder/trail").code == 2
    assert json.loads(shell("audit", "export", "--json").out)["kind"] == "signoff-audit"
