"""`signoff gate`, as real processes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace

import pytest
from cli_shell import PLAIN, Shell, choices

from signoff.app.expire import expire
from signoff.gates.requirement import ANYONE, Need, Requirement

THREE = choices(("yes", "Go", "approve"), ("no", "Stop", "reject"), ("later", "Later", "hold"))


def test_the_list_has_the_soonest_deadline_first(any_shell: Shell) -> None:
    any_shell.open_gate("w-1", "late", ttl_s=9000)
    any_shell.open_gate("w-2", "soon", ttl_s=100, risk_level="high")
    page = any_shell.json("gate", "list")
    assert [view["gateKey"] for view in page["items"]] == ["soon", "late"]
    answer = any_shell("gate", "list")
    header, soon, late = answer.out.splitlines()
    assert header.split() == ["LEFT", "GATE", "WORKFLOW", "RISK", "TITLE"]
    assert "soon" in soon
    assert "high" in soon
    assert "2 h 29 min" in late
    assert "signoff gate show GATE" in answer.err


def test_the_list_pages_and_filters(shell: Shell) -> None:
    for key in ("a", "b", "c"):
        shell.open_gate("w", key, risk_level="low" if key == "c" else None)
    first = shell.json("gate", "list", "--limit", "2")
    rest = shell.json("gate", "list", "--limit", "2", "--cursor", first["nextCursor"])
    assert [v["gateKey"] for v in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert [v["gateKey"] for v in shell.json("gate", "list", "--risk", "low")["items"]] == ["c"]
    shell("gate", "approve", "a")
    assert [v["gateKey"] for v in shell.json("gate", "list", "--state", "RECEIVED")["items"]] == ["a"]
    assert len(shell.json("gate", "list", "--all")["items"]) == 3


def test_an_empty_list_is_said_in_words(shell: Shell) -> None:
    with shell.world():
        pass
    assert shell("gate", "list").out == "No gate waits for a person.\n"


_HEAVY = ("dbos", "fastapi", "pydantic", "sqlalchemy", "httpx", "rich", "psycopg", "ruamel", "cryptography", "uvicorn")


@pytest.mark.parametrize("words", [["gate", "list"], ["gate", "approve", "ship"], ["run", "list"]])
def test_commands_on_sqlite_import_nothing_heavy(shell: Shell, words: list[str]) -> None:
    shell.open_gate()
    code = (
        "import sys; from signoff.cli.main import main; code = main(sys.argv[1:]); "
        f"print(sorted({set(_HEAVY)!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=shell.directory,
        env=PLAIN,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_titles_cannot_act_on_the_terminal_and_json_keeps_them(shell: Shell) -> None:
    title = "Ship\x1b[2J \u202eit\u202c"
    shell.open_gate(prompt={"title": title, "body": "see\x1b]0;x\x07 below\rover"})
    for command in (["gate", "list"], ["gate", "show", "ship"]):
        shown = shell(*command).out
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "\r" not in shown
    answer = shell("gate", "show", "ship", "--json")
    assert answer.document["prompt"]["title"] == title
    assert answer.out.isascii()


def test_an_approval_decides_and_names_the_prompt_that_was_read(any_shell: Shell) -> None:
    gate = any_shell.open_gate()
    answered = any_shell.json("gate", "approve", "ship", "--rationale", "checked", "--condition", "staging first")
    receipt = answered["receipt"]
    assert (receipt["state"], receipt["decision"], receipt["actor"]) == ("RECEIVED", "yes", "ada")
    assert receipt["promptDigest"] == gate.prompt.digest
    view = any_shell.json("gate", "show", "deploy-42", "ship")
    assert view["decision"]["payload"] == {"rationale": "checked", "conditions": ["staging first"]}
    assert view["origin"] == "manual"
    assert [one["choice"] for one in view["interactions"]] == ["yes"]


def test_an_answer_to_a_prompt_that_changed_meanwhile_is_refused(shell: Shell) -> None:
    shell.open_gate()
    code = (
        "import sqlite3, sys; from signoff.cli.gate import answer, commands; from signoff.cli.main import main\n"
        "def payload_of(*told):\n"
        "    with sqlite3.connect('.signoff/app.db') as ledger:\n"
        "        ledger.execute(\"UPDATE human_gates SET prompt = json_set(prompt, '$.digest', ?)\", ('f' * 64,))\n"
        "    return answer.payload_of(*told)\n"
        "commands.payload_of = payload_of  # between the read and the reply\n"
        "sys.exit(main(['gate', 'approve', 'ship', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=shell.directory,
        env=shell.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, '"code": "prompt-changed"' in done.stdout) == (4, True)
    assert shell.json("gate", "show", "ship")["state"] == "PENDING"


def test_the_same_answer_typed_again_finds_its_receipt(shell: Shell) -> None:
    shell.open_gate()
    first, again = shell.json("gate", "approve", "ship"), shell.json("gate", "approve", "ship")
    assert again == {**first, "isReplay": True}
    assert "Recorded before: yes by ada" in shell("gate", "approve", "ship").out


def test_whoever_comes_second_is_told_who_won(any_shell: Shell) -> None:
    any_shell.open_gate()
    won = any_shell.json("gate", "approve", "ship", "--as", "grace")
    lost = any_shell("gate", "reject", "ship", "--json")
    assert lost.code == 4
    assert lost.document["code"] == "gate-decided"
    assert lost.document["receipt"] == won["receipt"]
    in_words = any_shell("gate", "approve", "ship", "--as", "eve")
    assert in_words.code == 4
    assert in_words.out == ""
    assert "yes by grace" in in_words.err


def test_of_answers_at_the_same_time_one_wins(any_shell: Shell) -> None:
    any_shell.open_gate()
    with ExitStack() as stack:
        racing = [
            stack.enter_context(any_shell.start("gate", "approve", "ship", "--as", f"person-{n}")) for n in range(4)
        ]
        for process in racing:
            process.communicate(timeout=60)
    assert sorted(process.wait() for process in racing) == [0, 4, 4, 4]


def test_a_late_answer_is_a_conflict_too(shell: Shell) -> None:
    gate = shell.open_gate()
    with shell.world() as world:
        assert expire(replace(world, clock=lambda: gate.deadline_at), gate.workflow_id, gate.gate_key)
    answer = shell("gate", "approve", "ship", "--json")
    assert (answer.code, answer.document["code"]) == (4, "gate-timed-out")


def test_a_key_alone_must_be_unique(shell: Shell) -> None:
    shell.open_gate("w-1")
    shell.open_gate("w-2")
    answer = shell("gate", "show", "ship")
    assert answer.code == 2
    assert "w-1, w-2" in answer.err
    assert shell("gate", "approve", "w-2", "ship").code == 0
    assert shell.json("gate", "show", "w-1", "ship")["state"] == "PENDING"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "nothing"], "gate-not-found"),
        (["show", "nobody", "ship"], "run-not-found"),
        (["approve", "deploy-42", "other"], "gate-not-found"),
        (["show", "Not A Key"], "bad-gate-key"),
        (["approve", "ship", "--item", "nope"], "invalid-reply"),
        (["approve", "ship", "--field", "x=1"], "invalid-field"),
        (["approve", "ship", "--choice", "no"], "bad-choice"),
        (["reply", "ship", "--choice", "maybe"], "bad-choice"),
        (["reply", "ship", "--choice", "yes", "--data", "{"], "malformed-json"),
        (["reply", "ship", "--choice", "yes", "--data", "[1]"], "invalid-reply"),
        (["show", "a", "b", "c"], "usage"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(shell: Shell, words: list[str], code: str) -> None:
    shell.open_gate()
    answer = shell("gate", *words, "--json")
    assert (answer.code, answer.document["code"]) == (2, code)
    assert shell.json("gate", "show", "ship")["interactions"] == []


def test_deferring_leaves_the_gate_open(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": THREE})
    assert shell.json("gate", "defer", "ship", "--rationale", "freeze")["receipt"]["decision"] == "later"
    assert shell.json("gate", "show", "ship")["state"] == "PENDING"
    assert shell("gate", "approve", "ship").code == 0


def test_where_a_gate_cannot_be_deferred_that_is_said(shell: Shell) -> None:
    shell.open_gate()
    answer = shell("gate", "defer", "ship")
    assert answer.code == 2
    assert "no choice that defers" in answer.err


def test_of_several_ways_to_approve_one_must_be_named(shell: Shell) -> None:
    ways = choices(("all", "Everywhere", "approve"), ("canary", "To one", "approve"), ("no", "Stop", "reject"))
    shell.open_gate(prompt={"choices": ways})
    refused = shell("gate", "approve", "ship")
    assert refused.code == 2
    assert "--choice: all, canary" in refused.err
    assert shell.json("gate", "approve", "ship", "--choice", "canary")["receipt"]["decision"] == "canary"


def test_a_missing_rationale_and_unticked_items_are_said_with_the_option(shell: Shell) -> None:
    items = [{"id": "tests", "text": "Tests are green", "checked": False}, {"id": "docs", "text": "D", "checked": True}]
    shell.open_gate(
        prompt={"checklist": [{"category": "Before", "items": items}]},
        requirement=Requirement(justification=True, all_items=True),
    )
    assert "--rationale TEXT" in shell("gate", "approve", "ship", "--all-items").err
    assert "--all-items" in shell("gate", "approve", "ship", "--rationale", "ok", "--item", "tests").err
    assert shell.json("gate", "show", "ship")["state"] == "PENDING"
    assert shell("gate", "approve", "ship", "--rationale", "ok", "--item", "tests", "--item", "docs").code == 0


def test_fields_are_read_as_the_form_asks(shell: Shell) -> None:
    kinds = {"n": "int", "share": "num", "sure": "bool", "window": "str"}
    fields = [{"k": key, "t": kind} for key, kind in kinds.items()]
    shell.open_gate(prompt={"formSchema": {"v": 1, "title": "F", "fields": fields}})
    given = ["n=3", "share=0.5", "sure=yes", "window=a=b"]
    options = [word for pair in given for word in ("--field", pair)]
    assert shell("gate", "approve", "ship", *options[:2]).code == 2
    assert shell("gate", "approve", "ship", "--field", "n=three", *options[2:]).code == 2
    assert shell("gate", "approve", "ship", *options).code == 0
    payload = shell.json("gate", "show", "ship")["result"]["payload"]
    assert payload == {"choice": "yes", "n": 3, "share": 0.5, "sure": True, "window": "a=b"}


def test_an_approval_below_the_threshold_says_what_is_still_needed(shell: Shell) -> None:
    shell.open_gate(requirement=Requirement(needs=(Need((ANYONE,), 2),)))
    assert "still needed: 1 of anyone" in shell("gate", "approve", "ship", "--as", "ada").out
    assert shell.json("gate", "approve", "ship", "--as", "ada")["isReplay"]
    assert shell.json("gate", "approve", "ship", "--as", "grace")["receipt"]["state"] == "RECEIVED"


def test_one_person_may_fill_several_places_where_the_gate_allows_it(shell: Shell) -> None:
    shell.open_gate(requirement=Requirement(needs=(Need((ANYONE,), 2),), distinct_people=False))
    assert shell.json("gate", "approve", "ship")["receipt"]["state"] == "PENDING"
    assert shell.json("gate", "approve", "ship")["receipt"]["state"] == "RECEIVED"


def test_a_dedupe_key_with_another_answer_is_a_conflict(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": THREE})
    assert shell("gate", "defer", "ship", "--dedupe-key", "k").code == 0
    answer = shell("gate", "approve", "ship", "--dedupe-key", "k", "--json")
    assert (answer.code, answer.document["code"]) == (4, "dedupe-conflict")


def test_any_choice_can_be_given_with_data(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": THREE})
    answered = shell.json("gate", "reply", "deploy-42", "ship", "--choice", "no", "--data", '{"rationale": "freeze"}')
    assert answered["receipt"]["decision"] == "no"


def test_everything_needed_to_decide_is_shown(shell: Shell) -> None:
    shell.open_gate(
        prompt={
            "body": "Ships **version 7**.",
            "checklist": [{"category": "Before", "items": [{"id": "t", "text": "Tests", "checked": False}]}],
            "evidence": [{"title": "Report", "uri": "https://ci.example/7", "sha256": "ab" * 32}],
        },
        payload={"version": 7},
        requested_by="robot",
        risk_level="critical",
    )
    shown = shell("gate", "show", "ship").out
    expected = ["Ship it?", "version 7", '"version": 7', "[ ] t: Tests", "https://ci.example/7", "ab" * 32, "critical",
                "1 of anyone", "59 min", "yes: Approve (approve)", "no: Reject (reject)"]  # fmt: skip
    assert [text for text in expected if text not in shown] == []


def test_the_commands_that_are_shown_work_as_they_stand(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": THREE})
    shown = shell("gate", "show", "ship", "--dir", str(shell.directory / ".signoff")).out
    commands = [line.strip() for line in shown.splitlines() if line.startswith("  signoff ")]
    assert [command.split()[2] for command in commands] == ["approve", "reject", "defer"]
    program, *words = shlex.split(commands[1])
    assert program == "signoff"
    assert shell(*words).code == 0
    assert shell.json("gate", "show", "ship")["receipt"]["decision"] == "no"


def test_a_read_makes_no_ledger(shell: Shell) -> None:
    answer = shell("gate", "list", "--json")
    assert (answer.code, answer.document["code"]) == (2, "no-ledger")
    assert list(shell.directory.iterdir()) == []
