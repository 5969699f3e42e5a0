"""The YAML at the top: what is known, what is kept, and what cannot be taken."""

from __future__ import annotations

import pytest
from spec_samples import codes_of, parsed, problems_of

from signoff.documents.yaml_text import YamlText
from signoff.plans.spec.model import FrontMatter

REQUIRED = "tier: c\ntitle: T\nowner: O\ngoal: G\n"


def text(front: str) -> str:
    return f"---\n{front}---   \n## Plan\n### Step 1: a\n"


def front_of(more: str, required: str = REQUIRED) -> FrontMatter:
    return parsed(text(required + more)).front


def test_every_known_key_is_read_as_text() -> None:
    front = front_of(
        "version: 0.10\nproject_slug: on\nspec_version: 2\ncreated: 2026-11-20\nupdated: true\naip_id: ~\n"
        "labels: [a, 1, ~]\norchestrator_contract: {a: [1, 2.5, .inf, null, true]}\n"
        "repo: {url: u, default_branch: main, working_branch: w, fork: f}\n"
    )
    assert front == FrontMatter(
        tier="C",
        title="T",
        owner="O",
        goal="G",
        version="0.1",
        project_slug="on",
        spec_version="2",
        created="2026-11-20",
        updated="true",
        labels=("a", "1"),
        orchestrator_contract={"a": [1, 2.5, ".inf", None, True]},
        repo_url="u",
        repo_default_branch="main",
        repo_working_branch="w",
        extra={"repo": {"fork": "f"}},
    )


def test_unknown_keys_are_kept_as_they_are() -> None:
    front = front_of(
        "team: {lead: ada, size: 3}\nsince: 2026-11-20\nbig: 12345678901234567890\nhex: 0x1F\nrepo:\nlabels:\n"
    )
    assert front.extra == {
        "team": {"lead": "ada", "size": 3},
        "since": "2026-11-20",
        "big": "12345678901234567890",
        "hex": "0x1F",
    }
    assert front.orchestrator_contract == "standard"


def test_blank_lines_may_come_first() -> None:
    assert parsed("\n\n" + text(REQUIRED)).front.title == "T"


@pytest.mark.parametrize(
    ("front", "problems"),
    [
        ("", [(2, "invalid-front-matter")]),
        ("just text\n", [(2, "invalid-front-matter")]),
        ("tier: D\ntitle: T\nowner: ' '\n", [(2, "missing-key"), (2, "unknown-tier"), (4, "missing-key")]),
        (f"{REQUIRED}title: again\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: [\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: &x 1\nb: *x\n", [(7, "invalid-yaml")]),
        (f"{REQUIRED}a: !!python/object:x.y 1\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: !mine 1\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}[a]: 1\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}{'a' * 121}: 1\n", [(6, "invalid-yaml")]),
        (f'{REQUIRED}a: "x\\0"\n', [(6, "invalid-yaml")]),
        (f'{REQUIRED}"x\\ud800": 1\n', [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: {'[' * 30}{']' * 30}\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: {'[' * 5000}{']' * 5000}\n", [(6, "invalid-yaml")]),
        (f"{REQUIRED}a: \x07\n", [(2, "invalid-yaml")]),
        (f"{REQUIRED}labels: {{a: b}}\n", [(6, "invalid-front-matter")]),
        (f"{REQUIRED}labels: [[a]]\n", [(6, "invalid-front-matter")]),
        (f"{REQUIRED}repo: here\n", [(6, "invalid-front-matter")]),
        (f"{REQUIRED}version: [1]\n", [(6, "invalid-front-matter")]),
        (f"{REQUIRED}version: {'1' * 2001}\n", [(6, "too-long")]),
        (f"tier: C\ntitle: {'a' * 301}\nowner: O\ngoal: G\n", [(3, "too-long")]),
        (f"{REQUIRED}a: {'b' * 64_000}\n", [(2, "too-large")]),
    ],
)  # fmt: skip
def test_front_matter_that_cannot_be_taken(front: str, problems: list[tuple[int, str]]) -> None:
    assert problems_of(text(front)) == problems


def test_what_follows_is_looked_at_too() -> None:
    assert codes_of("---\ntier: [\n---\n## Plan\n### Step 1: a [G9]\n") == ["invalid-yaml", "unknown-gate"]


def test_the_line_of_what_has_none_is_that_of_what_it_is_in() -> None:
    yaml = YamlText({}, {(): 3, ("a",): 4})
    assert (yaml.line(("a", 0, "b")), yaml.line(("c",)), YamlText({}).line(("c",))) == (4, 3, 1)
