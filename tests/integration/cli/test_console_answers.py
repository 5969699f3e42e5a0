"""Each way to answer at the console, on a real terminal."""

from __future__ import annotations

from cli_shell import Shell, choices
from console_terminal import CTRL_U, DOWN, ENTER, ESCAPE, command, console, payload, receipt

from signoff.gates.requirement import Need, Requirement

DECISION = "Your decision"
SPEC_CHOICES = choices(("approve", "Approve", "approve"), ("reject", "Reject", "reject"), ("defer", "Defer", "hold"))
CHECKLIST = [
    {"category": "Code", "items": [{"id": "1.1", "text": "Tests pass", "checked": True}]},
    {"category": "Docs", "items": [{"id": "2.1", "text": "Changelog", "checked": False}]},
]


def test_an_approval_with_a_rationale_is_taken_with_the_digest_that_was_shown(shell: Shell) -> None:
    gate = shell.open_gate()
    with console(shell) as at:
        at.see("You answer as ada")
        at.choose("Approve")
        at.type("Rationale (optional)", "looks fine")
        assert at.end() == 0
    assert payload(shell) == {"choice": "yes", "rationale": "looks fine"}
    taken = receipt(shell)
    assert (taken["state"], taken["actor"], taken["promptDigest"]) == ("RECEIVED", "ada", gate.prompt.digest)
    assert shell.json("gate", "show", "ship")["origin"] == "console"


def test_conditions_are_asked_one_by_one_and_at_least_one(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": SPEC_CHOICES})
    with console(shell) as at:
        at.choose("Approve with conditions")
        at.type("Condition 1", "")
        at.see("This has to be filled in.")
        at.press("only on staging", ENTER)
        at.type("Condition 2", "until Friday")
        at.type("Condition 3", "")
        at.type("Rationale", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "approve", "conditions": ["only on staging", "until Friday"]}


def test_a_rejection_ends_the_gate(shell: Shell) -> None:
    shell.open_gate()
    with console(shell) as at:
        at.choose("Reject")
        at.type("Rationale", "touches billing")
        assert at.end() == 0
    assert (receipt(shell)["decision"], receipt(shell)["state"]) == ("no", "RECEIVED")


def test_a_deferral_is_recorded_and_leaves_the_gate_open(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": SPEC_CHOICES})
    with console(shell) as at:
        at.choose("Defer")
        at.type("Rationale", "after lunch")
        at.see("The gate stays open; 59 min")
        assert at.end() == 0
    assert receipt(shell)["state"] == "PENDING"
    assert shell.json("gate", "show", "ship")["state"] == "PENDING"


def test_choices_of_their_own_are_listed_by_their_labels_and_what_they_do(shell: Shell) -> None:
    several = choices(("blue", "Blue", "approve"), ("green", "Green", "approve"), ("redo", "Once more", "fix"))
    shell.open_gate(prompt={"choices": several})
    with console(shell) as at:
        at.see("Green (approve) with conditions")
        at.choose("Once more (fix)")
        at.type("Rationale", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "redo"}


def test_a_label_cannot_hide_what_its_choice_does(shell: Shell) -> None:
    crossed = choices(("a", "Reject it", "approve"), ("b", "Approve it", "reject"))
    shell.open_gate(prompt={"choices": crossed})
    with console(shell) as at:
        at.see("Approve: Reject it")
        at.see("Reject: Approve it")
        assert "Defer" not in at.text


def test_what_the_file_has_ticked_is_not_ticked_and_approving_leads_to_the_open_items(shell: Shell) -> None:
    shell.open_gate(prompt={"checklist": CHECKLIST}, requirement=Requirement(all_items=True))
    with console(shell) as at:
        at.see("1.1: Tests pass, ticked in the file")
        at.see("Tick items (0 of 2 items ticked)")
        at.choose("Approve")
        at.see("Every item has to be ticked")
        at.see("? Code")
        assert "○ 1.1: Tests pass" in at.pointed_at
        at.tick()
        at.see("? Docs")
        at.press(ENTER)
        at.see("Still open: 2.1.")
        at.see("Tick items (1 of 2 items ticked)")
        at.choose("Tick items")
        at.until(lambda: at.text.count("? Code") == 2, "the first category again")
        at.press(ENTER)
        at.until(lambda: at.text.count("? Docs") == 2, "the second category again")
        at.tick()
        at.see("Tick items (2 of 2 items ticked)")
        at.choose("Approve")
        at.type("Rationale", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "yes", "checklist": {"1.1": True, "2.1": True}}


def test_where_items_are_not_required_nothing_has_to_be_ticked(shell: Shell) -> None:
    shell.open_gate(prompt={"checklist": CHECKLIST})
    with console(shell) as at:
        at.choose("Approve")
        at.type("Rationale", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "yes"}


FORM = {
    "v": 1,
    "title": "Ship",
    "fields": [
        {"k": "choice", "t": "enum", "vs": ["yes", "no"]},
        {"k": "rationale", "t": "text", "opt": True},
        {"k": "window", "t": "enum", "vs": ["tonight", "monday"], "title": "When"},
        {"k": "copies", "t": "int"},
        {"k": "share", "t": "num", "opt": True},
        {"k": "loud", "t": "bool"},
        {"k": "owner", "t": "str"},
        {"k": "plan", "t": "text"},
    ],
}


def test_fields_are_asked_by_their_types_and_the_needed_ones_are_enforced_on_approval(shell: Shell) -> None:
    shell.open_gate(prompt={"formSchema": FORM, "defaults": {"owner": "ops"}})
    with console(shell) as at:
        at.choose("Approve")
        at.see("? When (enum)")
        at.choose("monday")
        at.type("copies (int)", "two")
        at.see("must be int")
        at.press(CTRL_U, "3", ENTER)
        at.type("share (num, optional)", "0.5")
        at.see("? loud (bool)")
        at.choose("No")
        at.see("? owner (str) ops")
        at.press(ENTER)
        at.see("? plan (text)")
        at.press(ESCAPE, ENTER)
        at.see("This has to be filled in.")
        at.press("one", ENTER, "two", ESCAPE, ENTER)
        at.type("Rationale (optional)", "")
        assert at.end() == 0
    fields = {"window": "monday", "copies": 3, "share": 0.5, "loud": False, "owner": "ops", "plan": "one\ntwo"}
    assert payload(shell) == {"choice": "yes", **fields}


def test_fields_may_be_left_out_of_a_rejection(shell: Shell) -> None:
    shell.open_gate(prompt={"formSchema": FORM})
    with console(shell) as at:
        at.choose("Reject")
        at.see("? When (enum, optional)")
        at.choose("(leave it out)")
        at.type("copies (int, optional)", "")
        at.type("share (num, optional)", "")
        at.see("? loud (bool, optional)")
        at.choose("(leave it out)")
        at.type("owner (str, optional)", "")
        at.see("? plan (text, optional)")
        at.press(ESCAPE, ENTER)
        at.type("Rationale (optional)", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "no"}


def test_a_rationale_that_is_owed_is_asked_for_until_it_is_there(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": SPEC_CHOICES}, requirement=Requirement(justification=True))
    with console(shell) as at:
        at.choose("Reject")
        at.see("? Rationale")
        assert "Rationale (optional)" not in at.text
        at.press("  ", ENTER)
        at.see("This has to be filled in.")
        at.press("no tests", ENTER)
        assert at.end() == 0
    assert payload(shell)["rationale"].strip() == "no tests"


def test_a_deferral_owes_no_rationale(shell: Shell) -> None:
    shell.open_gate(prompt={"choices": SPEC_CHOICES}, requirement=Requirement(justification=True))
    with console(shell) as at:
        at.choose("Defer")
        at.type("Rationale (optional)", "")
        assert at.end() == 0
    assert payload(shell) == {"choice": "defer"}


def test_a_refusal_says_why_and_asks_again_with_what_was_typed(shell: Shell) -> None:
    shell.open_gate(requirement=Requirement(not_requester=True), requested_by="ada")
    with console(shell) as at:
        at.choose("Approve")
        at.type("Rationale", "my own work")
        at.see("Not taken: ada asked for this and may not approve it")
        at.choose("Reject")
        at.until(lambda: at.text.endswith("Rationale (optional) my own work"), "the rationale again")
        at.press(ENTER)
        assert at.end() == 0
    assert receipt(shell)["decision"] == "no"


def test_a_gate_that_has_changed_is_drawn_anew_and_asked_again(shell: Shell) -> None:
    gate = shell.open_gate(prompt={"title": "As it is now"})
    with console(shell, "--stale") as at:
        at.see("As it was")
        at.choose("Approve")
        at.type("Rationale", "")
        at.see("Not taken: What this gate asks is not what was answered")
        at.see("As it is now")
        at.until(lambda: at.text.count(DECISION) == 2 and at.pointed_at, "the question again")
        at.choose("Approve")
        at.until(lambda: at.text.count("Rationale") == 2, "the rationale again")
        at.press(ENTER)
        assert at.end() == 0
    assert receipt(shell)["promptDigest"] == gate.prompt.digest


def test_missing_evidence_is_said_before_anything_is_typed(shell: Shell) -> None:
    evidence = [{"title": "out/report.md", "uri": "out/report.md"}]
    shell.open_gate(prompt={"evidence": evidence}, requirement=Requirement(all_evidence=True))
    with console(shell) as at:
        at.see("MISSING out/report.md")
        at.choose("Approve")
        at.see("This cannot be approved while something is missing: out/report.md.")
        at.until(lambda: at.text.count(DECISION) == 2 and at.pointed_at, "the question again")
        at.choose("Reject")
        at.type("Rationale", "")
        assert at.end() == 0


def test_below_the_threshold_the_person_hears_what_is_still_needed(shell: Shell) -> None:
    shell.open_gate(requirement=Requirement(needs=(Need(("lead", "security"), 2),)))
    with console(shell) as at:
        at.choose("Approve")
        at.type("Rationale", "")
        at.see("Your approval counts. Still needed: 1 of lead or security.")
        assert at.end() == 0
    taken = receipt(shell)
    assert (taken["state"], taken["remaining"]) == ("PENDING", {"lead,security": 1})


def test_ask_here_asks_at_the_same_console(shell: Shell) -> None:
    with command(
        shell, "ask", "Deploy 1.4?", "--choice", "blue=Take blue", "--choice", "stop=Take none", "--here"
    ) as at:
        at.see("Deploy 1.4?")
        at.see("Approve: Take blue")
        at.press(DOWN)
        at.choose("Reject: Take none")
        at.type("Rationale", "not today")
        assert at.end() == 1
        assert "stop by ada" in at.text
