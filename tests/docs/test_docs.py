"""What is promised is documented, what is documented is true, and the pages that show it are run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from signoff import errors
from signoff.api.codes import CODES
from signoff.api.problems import problem_of
from signoff.cli.root import cli
from signoff.errors import SignoffError
from signoff.settings import SETTINGS

from . import generate
from .audit_page import EVENTS, FINDINGS, MEMBERS, members
from .cli_page import helps
from .errors_page import ADVICE, OTHERS
from .http_page import description, operations
from .pages import anchors_of, commands_of, fences_of, links_of, markdown_files, project_files
from .source import PACKAGE, ROOT, error_codes, events, finding_codes
from .walkthrough import blocks_of, walk_through

TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
#: Written so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of some machine": r"(?<![\w.])/(?:wor[k]|roo[t]|User[s])/|/hom[e]/\w",
    "an issue by its number": r"(?i)\bissues? #?\d|(?<!CHECKPOINT )(?<![\w&;/\"'])#\d{1,5}\b(?![0-9a-f;\"'])|\bGH-\d",
    "a note to oneself": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
}

page_names = pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
walked = [path for path in markdown_files() if list(blocks_of(path.read_text("utf-8")))]


def reference(name: str) -> str:
    return (generate.REFERENCE / name).read_text("utf-8")


def source_texts() -> list[str]:
    return [path.read_text("utf-8") for path in PACKAGE.rglob("*.py")]


# The reference


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_generated_pages_say_what_the_code_says_whatever_the_order_of_sets(seed: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tests.docs.generate", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": seed * 2},
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_page_that_was_edited_by_hand_or_comes_from_nowhere_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "tables.md").write_text("edited", "utf-8")
    (tmp_path / "gone.md").write_text("left over", "utf-8")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert re.findall(r"reference/(\S+);", capsys.readouterr().err) == ["tables.md", "gone.md"]


def test_every_command_and_every_flag_is_documented() -> None:
    page = reference("cli.md")
    for path, command in every_command():
        assert f"## {path}\n" in page, path
        section = page.split(f"## {path}\n", 1)[1].split("\n## ", 1)[0]
        flags = [flag for parameter in command.params if isinstance(parameter, click.Option) for flag in parameter.opts]
        assert [flag for flag in flags if flag not in section] == [], path


def test_every_setting_is_documented_under_all_its_names() -> None:
    page = reference("settings.md")
    for setting in SETTINGS:
        names = [setting.name, setting.env, *(alias.env for alias in setting.aliases)]
        assert [name for name in names if name is not None and f"`{name}`" not in page] == []
        assert setting.flag is None or f"`{setting.flag}`" in page
        assert setting.help in page


def test_every_error_code_is_documented() -> None:
    # Looked for by their spelling alone, so that a way of naming a code that the generator overlooks is found here.
    spelled = {code for text in source_texts() for code in re.findall(r"""\bcode=["']([a-z_-]+)["']""", text)}
    classes = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SignoffError)}
    promised = spelled | classes | set(CODES)
    page = reference("errors.md")
    assert sorted(code for code in promised if f"\n| `{code}` |" not in page) == []


def test_no_description_outlives_what_it_describes() -> None:
    assert sorted({*ADVICE, *OTHERS} - set(error_codes())) == []
    assert sorted(set(ADVICE) & set(OTHERS)) == []
    assert sorted(set(EVENTS) - {event.name for event in events()}) == []
    assert sorted(set(MEMBERS) - set(members())) == []
    assert sorted(set(FINDINGS) - finding_codes()) == []


def test_the_documented_statuses_are_those_that_are_answered() -> None:
    for code in sorted(set(CODES) & set(error_codes())):
        for kind in error_codes()[code]:
            answer = problem_of(getattr(errors, kind)("", code=code))
            assert (code, answer.status_code) == (code, CODES[code].status)


def test_every_event_is_documented() -> None:
    spelled = {
        event
        for path in (PACKAGE / "app").rglob("*.py")
        for event in re.findall(r'"((?:intent|run|gate|step|task|head)\.[a-z-]+)"', path.read_text("utf-8"))
    }
    assert spelled
    page = reference("audit-events.md")
    assert sorted(event for event in spelled if f"\n| `{event}` |" not in page) == []


def test_every_route_and_every_code_that_it_may_refuse_with_is_documented() -> None:
    page, codes = reference("http.md"), reference("errors.md")
    for method, path, operation in operations(description()):
        assert f"\n### {method} {path}\n" in page
        refused = [
            code for answer in operation["responses"].values() for code in re.findall("`(.+?)`", answer["description"])
        ]
        assert [code for code in refused if f"\n| `{code}` |" not in codes] == []


# All pages


@page_names
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in links_of(path.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors_of(target.read_text("utf-8")), link


@page_names
def test_every_command_that_a_page_names_exists_with_its_flags(path: Path) -> None:
    for words in commands_of(path.read_text("utf-8")):
        assert unknown_words(words) == [], f"signoff {' '.join(words)}"


@page_names
def test_every_program_that_a_page_shows_can_be_read(path: Path) -> None:
    for language, body in fences_of(path.read_text("utf-8")):
        if language == "python":
            ast.parse(body)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names_what_is_not_of_the_project(what: str) -> None:
    found = []
    for path in project_files():
        content = path.read_bytes()
        # A picture's bytes spell anything.
        lines = [] if b"\0" in content else content.decode(errors="ignore").splitlines()
        for number, line in enumerate(lines, start=1):
            if re.search(FORBIDDEN[what], line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []


# Pages that are tried out


@pytest.mark.parametrize("path", walked, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(path: Path, tmp_path: Path) -> None:
    assert walk_through(path, tmp_path) > 0


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: str(path.name))
def test_a_tutorial_is_tried_out_whole(path: Path) -> None:
    """Every command and every program in it, but for the installation."""
    page = path.read_text("utf-8")
    shown = [body for language, body in fences_of(page) if language in ("console", "python", "text")]
    assert [block.body for block in blocks_of(page) if block.language in ("console", "python", "text")] == shown


# Reading commands


def every_command() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    todo: list[tuple[str, click.Command]] = [("signoff", cli)]
    while todo:
        path, command = todo.pop()
        found.append((path, command))
        if isinstance(command, click.Group):
            with click.Context(command) as context:
                children = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
            todo += [(f"{path} {name}", child) for name, child in children if child is not None and not child.hidden]
    return found


def unknown_words(words: list[str]) -> list[str]:
    """The words of a command line that name a command or a flag, and that there is none of."""
    known = dict(every_command())
    path = "signoff"
    for word in words:
        if not isinstance(known[path], click.Group) or not re.fullmatch(r"[a-z][a-z-]*", word):
            break
        if f"{path} {word}" not in known:
            return [word]
        path = f"{path} {word}"
    flags = {flag for parameter in known[path].params for flag in (*parameter.opts, *parameter.secondary_opts)}
    flags |= {"--help", "-h"}
    return [word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in flags]


def test_the_help_of_every_command_is_in_the_reference_once() -> None:
    assert sorted(path for path, _ in helps()) == sorted(path for path, _ in every_command())
