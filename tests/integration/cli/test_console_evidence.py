"""Looking at evidence from the console: only what has the hash that the prompt names is shown as it."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

from cli_shell import Shell
from console_terminal import CTRL_C, ENTER, Terminal, console

from signoff.app.create_intent import create_intent
from signoff.app.open_gate import open_gate
from signoff.app.start_run import start_run

DIFF = "diff --git a/x b/x\n@@ -1 +1 @@\n-old\n+new \x1b]0;pwned\x07\n"


def digest(content: bytes | str) -> str:
    return sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def file(shell: Shell, name: str, content: bytes) -> dict[str, str]:
    """A piece of evidence that lies in the working directory."""
    (shell.directory / name).write_bytes(content)
    return {"title": name, "uri": name, "sha256": digest(content)}


def leave(at: Terminal) -> None:
    at.press(CTRL_C)
    assert at.end() == 130


def again(at: Terminal) -> None:
    at.until(lambda: at.text.count("? Your decision") == 2 and at.pointed_at, "the list again")


def test_a_short_file_is_shown_and_the_decision_asked_again(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "notes.txt", b"all\x1b[2J \x1b[31mgreen\x07\n")]})
    with console(shell) as at:
        at.choose("View notes.txt")
        at.see("all green")
        again(at)
        leave(at)
    assert "\x07" not in at.written
    assert "\x1b[2J" not in at.written


def test_a_diff_is_coloured_line_by_line(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "change.diff", DIFF.encode())]})
    with console(shell) as at:
        at.choose("View change.diff")
        again(at)
        leave(at)
    assert "\x1b[31m-old" in at.written
    assert "\x1b[32m+new ]0;pwned" in at.written


def test_without_colours_a_diff_has_none(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "change.diff", DIFF.encode())]})
    with console(shell, environ={"NO_COLOR": "1"}) as at:
        at.choose("View change.diff")
        again(at)
        leave(at)
    assert "\r\n-old\r\n+new ]0;pwned" in at.written


def test_what_is_long_goes_through_the_pager(shell: Shell) -> None:
    log = "\n".join(f"line {n}" for n in range(500))
    shell.open_gate(prompt={"evidence": [file(shell, "build.log", log.encode())]})
    with console(shell, environ={"PAGER": "sed s/line/paged/"}) as at:
        at.choose("View build.log")
        at.see("paged 499 ? Your decision")
        leave(at)


def test_one_line_of_a_megabyte_is_shown_and_nothing_hangs(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "blob.txt", b"x" * 1_000_000 + b"END")]})
    with console(shell, environ={"PAGER": "tail -c 20"}) as at:
        at.choose("View blob.txt")
        at.see("xxxEND")
        again(at)
        leave(at)


def test_what_is_not_text_is_named_rather_than_shown(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "logo.png", b"\x89PNG\0\0")]})
    with console(shell) as at:
        at.choose("View logo.png")
        at.see("It is not text, but 6 bytes.")
        again(at)
        leave(at)


def test_only_what_has_the_hash_of_the_prompt_can_be_viewed(shell: Shell) -> None:
    os.mkfifo(shell.directory / "pipe")
    changed = {**file(shell, "changed.txt", b"now"), "sha256": digest(b"then")}
    elsewhere = [
        {"title": name, "uri": uri, "sha256": digest(b"then")}
        for name, uri in (("gone", "gone.txt"), ("pipe", "pipe"), ("ci", "https://ci.example/7"), ("odd", "http://[x"))
    ]
    shell.open_gate(prompt={"evidence": [changed, *elsewhere, file(shell, "same.txt", b"same")]})
    with console(shell) as at:
        at.see("View same.txt")
        assert at.text.count("View ") == 1
        leave(at)


def test_a_file_that_changes_while_somebody_thinks_is_not_shown(shell: Shell) -> None:
    shell.open_gate(prompt={"evidence": [file(shell, "plan.txt", b"harmless")]})
    with console(shell) as at:
        at.point("View plan.txt")
        (shell.directory / "plan.txt").write_text("harmful")
        at.press(ENTER)
        at.see("It is no longer what this gate names")
        again(at)
        leave(at)
    assert "harmful" not in at.text


def artifact(run_id: str, kind: str, inline: str, **more: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "step_id": "step-001",
        "task_key": "",
        "attempt": 1,
        "idx": 0,
        "kind": kind,
        "uri": None,
        "inline": inline,
        "sha256": digest(inline),
        "created_at": 1,
        **more,
    }


def test_what_a_run_has_kept_can_be_viewed_and_a_row_that_was_changed_cannot(shell: Shell) -> None:
    evidence = [
        {"title": name, "uri": name, "sha256": digest(text)} for name, text in (("work", DIFF), ("out", "true"))
    ]
    with shell.world() as world:
        run_id = create_intent(world, goal="Tidy up", inputs={}, constraints={}, actor="ada")
        open_gate(
            world,
            workflow_id=run_id,
            gate_key="ship",
            prompt={"title": "Go on?", "evidence": evidence},
            ttl_s=60,
            actor="ada",
        )
        run, _ = start_run(world, intent_id=run_id, actor="ada", queue_partition_key="default")
        changed = artifact(run.id, "output", "false", idx=1, sha256=digest("true"))
        with world.ledger.write(run_id, "keep") as tx:
            tx.insert_artifacts([artifact(run.id, "diff", DIFF), changed])
    with console(shell, "--workflow", run_id) as at:
        at.see("View work")
        assert "View out" not in at.text
        at.choose("View work")
        again(at)
        leave(at)
    assert "\x1b[32m+new" in at.written


def test_ticks_are_kept_while_evidence_is_looked_at(shell: Shell) -> None:
    checklist = [{"category": "Code", "items": [{"id": "1.1", "text": "Tests pass", "checked": False}]}]
    shell.open_gate(prompt={"checklist": checklist, "evidence": [file(shell, "notes.txt", b"fine")]})
    with console(shell) as at:
        at.choose("Tick items")
        at.see("? Code")
        at.until(lambda: "1.1" in at.pointed_at, "the items")
        at.tick()
        at.choose("View notes.txt")
        at.see("Tick items (1 of 1 item ticked)")
        leave(at)
