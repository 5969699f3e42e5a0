"""How a gate is drawn: nothing cut off at any width, and nothing in it that a terminal would obey."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from io import StringIO
from typing import Any

import pytest
from cli_shell import Shell, choices
from console_terminal import CTRL_C, command, console
from rich.console import Console

from signoff.cli.console.panel import gate_panel
from signoff.gates.requirement import Need, Requirement

SHA = "ab" * 32
SUBJECT = {"spec": "specs/plan.md", "specSha256": SHA, "tier": "A", "step": "step-001", "gate": "G0: Plan Approval"}
SPEC = {
    "title": "G0: Plan Approval: step 1, Write the plan",
    "body": "**Prompt** [notes](https://example.org/notes)\n\n```sh\nmake all\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    "payload": {
        "subject": SUBJECT,
        "then": [{"step": "step-002", "commands": [{"lang": "sh", "script": "make\nmake install\n"}], "outputs": []}],
    },
    "checklist": [
        {
            "category": "Scope",
            "items": [
                {"id": "1.1", "text": "Goals are named", "checked": True},
                {"id": "1.2", "text": "Risks are named", "checked": False},
            ],
        }
    ],
    "evidence": [
        {"title": "plan.md", "uri": "out/plan.md", "sha256": SHA},
        {"title": "out/none.md", "uri": "out/none.md"},
        {"title": "CI", "uri": "https://ci.example/7"},
    ],
    "choices": choices(("approve", "Approve", "approve"), ("reject", "Reject", "reject")),
}
STRICT = Requirement(needs=(Need(("lead", "security"), 2),), justification=True, all_items=True, all_evidence=True)


def drawn(view: Mapping[str, Any], columns: int, **more: Any) -> list[str]:
    out = StringIO()
    Console(file=out, width=columns, height=50, color_system=None).print(
        gate_panel(view, [], view["createdAt"], **more)
    )
    return out.getvalue().splitlines()


def words(lines: list[str]) -> str:
    """All that is said, without frames, bars and spaces: however it was wrapped."""
    return re.sub(r"[│╭╮╰╯─\s]", "", "".join(lines))


@pytest.fixture
def spec_view(shell: Shell) -> Any:
    shell.open_gate(prompt=SPEC, requirement=STRICT)
    return shell.json("gate", "show", "ship")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_everything_is_there_at_every_width(spec_view: Any, columns: int) -> None:
    lines = drawn(spec_view, columns)
    assert {len(line) for line in lines} == {columns}
    said = words(lines)
    for text in (
        "G0: Plan Approval: step 1, Write the plan",
        *SUBJECT.values(),
        "notes (https://example.org/notes)",
        "make all",
        "| a | b |",
        "2 of lead or security, different people, with a rationale, with every item ticked, with no evidence missing",
        "1.1: Goals are named, ticked in the file",
        f"plan.md: out/plan.md sha256 {SHA}",
        "MISSING out/none.md",
        "CI: https://ci.example/7 without a hash",
        "script:",
        "make install",
        "outputs: []",
        "(1 h)",
        "approve: Approve (approve)",
        spec_view["prompt"]["digest"],
    ):
        assert words([text]) in said, text
    assert words(["1.2: Risks are named, ticked"]) not in said


def test_lines_of_a_script_stand_behind_a_bar_so_that_none_passes_for_a_member(spec_view: Any) -> None:
    assert any(re.fullmatch(r"│ +│ make install +│", line) for line in drawn(spec_view, 80))


@pytest.mark.parametrize(
    "body",
    [
        "seen <!-- hidden -->",
        "<div>\nhidden\n</div>",
        "![alt](https://hidden.example)",
        "[ref]: https://hidden.example",
        "> " * 30 + "hidden",
        "| " + " | ".join("abcdefghijkl" for _ in range(30)) + " |\n|" + "---|" * 30 + "\n| hidden |",
        "w" * 500 + "hidden",
    ],
)
def test_nothing_that_is_written_is_swallowed_by_its_markup(shell: Shell, body: str) -> None:
    shell.open_gate(prompt={"body": body})
    lines = drawn(shell.json("gate", "show", "ship"), 40)
    assert words([re.findall(r"\w+", body)[-1]]) in words(lines)
    assert "hidden" in words(lines) or "hidden" not in body


HOSTILE = (
    "\x1b[2J\x1b[1;1HAPPROVED\r\x1b]8;;https://evil.example\x07here\x1b]8;;\x07 \u202eabc\u2066 "
    "&#x202e;&#x200b;&#27; \x9b31m[bold]x[/bold]"
)
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


def hostile_prompt(text: str = HOSTILE) -> dict[str, Any]:
    return {
        "title": f"Ship {text}",
        "body": f"# {text}\n\n{text} `{text}`\n\n```{text}\n{text}\n```",
        "payload": {"subject": {"gate": text, "step": text}, text: [text, {"script": f"{text}\n{text}"}]},
        "checklist": [{"category": text, "items": [{"id": "1.1", "text": text, "checked": True}]}],
        "evidence": [{"title": text, "uri": text}],
        "choices": [{"key": "yes", "label": f"Yes {text}", "effect": "approve"}],
        "formSchema": {"v": 1, "title": text, "fields": [{"k": "a", "t": "enum", "vs": [text], "title": text}]},
    }


def test_nothing_hostile_is_left_in_the_drawing(shell: Shell) -> None:
    shell.open_gate(prompt=hostile_prompt())
    lines = drawn(shell.json("gate", "show", "ship"), 80)
    assert not FORBIDDEN.search("".join(lines))
    assert "[bold]x[/bold]" in words(lines)


def test_nothing_hostile_reaches_the_terminal_from_the_drawing_or_from_any_question(shell: Shell) -> None:
    shell.open_gate(prompt=hostile_prompt())
    with console(shell, columns=100) as at:
        at.choose("Tick items")
        at.until(lambda: "1.1:" in at.pointed_at, "the items")
        at.press("\r")
        at.until(lambda: "with conditions" not in at.pointed_at and "Approve" in at.text, "the list")
        at.choose("Approve: Yes")
        at.until(lambda: "(enum)" in at.text and "APPROVED" in at.pointed_at, "the field")
        top = at.lines[0]
        at.press(CTRL_C)
        assert at.end() == 130
    assert top.startswith("╭─")
    assert "\x07" not in at.written
    assert "\x1b]" not in at.written
    assert "\x1b[2J" not in at.written
    assert "\x9b" not in at.written
    assert not re.search("[\u200b\u202a-\u202e\u2066-\u2069]", at.written)
    # A carriage return ends a line, or is one of the question's own, which begins what follows it anew.
    assert "APPROVED\rhere" not in at.written
    assert "APPROVED\r]8" not in at.written


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["no-color", "dumb"])
@pytest.mark.parametrize("columns", [40, 200])
def test_without_colours_the_drawing_is_plain_letters_at_the_terminals_width(
    shell: Shell, environ: dict[str, str], columns: int
) -> None:
    shell.open_gate(prompt=SPEC, requirement=STRICT)
    with command(shell, "gate", "show", "ship", environ=environ, columns=columns) as at:
        assert at.end() == 0
    assert "\x1b" not in at.written
    assert len(at.written.splitlines()[0]) == columns


def test_without_colours_the_questions_have_none_either(shell: Shell) -> None:
    shell.open_gate(prompt=SPEC)
    with console(shell, environ={"NO_COLOR": "1"}, columns=40) as at:
        at.choose("Approve")
        at.see("? Rationale")
        at.press(CTRL_C)
        assert at.end() == 130
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|38|4[0-7]|48|9[0-7])[0-9;]*m", at.written)


def test_a_narrow_terminal_shows_that_an_entry_goes_on(shell: Shell) -> None:
    label = "Approve " + "and so on " * 10
    shell.open_gate(prompt={"choices": choices(("yes", label, "approve"))})
    with console(shell, columns=40) as at:
        at.until(lambda: at.pointed_at.endswith("…"), "the entry")
        assert len(at.pointed_at) <= 40


def test_a_body_of_half_a_megabyte_in_one_line_is_drawn_whole(shell: Shell) -> None:
    shell.open_gate(prompt={"body": "y" * 499_990 + "LAST"})
    with command(shell, "gate", "show", "ship") as at:
        assert at.end() == 0
    assert at.written.count("y") >= 499_990
    assert "LAST" in at.written


def test_without_a_terminal_it_is_plain_text_and_nothing_is_imported_to_draw(shell: Shell) -> None:
    shell.open_gate(prompt=SPEC)
    program = "import sys; from signoff.cli.main import main; main(sys.argv[1:]); print(sorted(sys.modules))"
    for arguments in (("gate", "list"), ("gate", "show", "ship")):
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=shell.directory,
            env=shell.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "'signoff.ledger.database'" in done.stdout
        for name in ("'rich'", "'questionary'", "'prompt_toolkit'", "'markdown_it'"):
            assert name not in done.stdout
    shown = shell("gate", "show", "ship").out
    assert "[x] 1.1: Goals are named" in shown
    assert "out/none.md: out/none.md (missing)" in shown
    assert "╭" not in shown
