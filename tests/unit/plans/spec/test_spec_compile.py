"""Spec -> compiled file, and back."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from spec_samples import DEFAULTS, FRONT, LEDGER_MOVE, compiled, parsed

from signoff.errors import SpecError
from signoff.plans.spec.compile import COMPILER_VERSION
from signoff.plans.spec.compiled import read_compiled, read_defaults
from signoff.plans.spec.emit import emit_yaml, scalar
from signoff.plans.spec.model import TIERS
from signoff.plans.spec.schema import SCHEMA
from signoff.plans.spec.template import fill_template, slug_of

PACKAGE = files("signoff.plans.spec")
PUBLISHED = Path(__file__).parents[4] / "docs" / "reference" / "compiled-spec.schema.json"
VALUES = {"tier": "B", "title": "A: {{goal}} # b", "owner": "yes", "goal": "## Plan\nmore"}


def template_of(tier: str) -> str:
    return PACKAGE.joinpath(f"templates/tier-{tier.lower()}.md").read_text("utf-8")


def test_the_compiled_file_has_what_is_promised() -> None:
    document = compiled(parsed(LEDGER_MOVE))
    assert (document["compiler_version"], document["source_md_path"]) == (COMPILER_VERSION, "plan.md")
    first, second, third, *_ = document["plan"]
    assert set(first) == {"step_id", "title", "prompt", "commands", "outputs", "gate_ref", "gate_review"}
    assert (first["step_id"], first["gate_ref"]) == ("step-001", "G0: Plan Approval")
    assert first["gate_review"]["checklist"] == {
        "Survey": [
            {"text": "Every table is listed", "checked": False},
            {"text": "The order is safe", "checked": True},
        ]
    }
    assert first["gate_review"]["approval_metadata"] == {"reviewer": "", "date": "", "rationale": ""}
    assert (second["gate_ref"], second["gate_review"]) == ("G0: Plan Approval", None)
    assert third["commands"] == [{"lang": "bash", "script": "ruff check .\npytest -q\n"}]
    assert list(document["gate_policies"]) == ["G0", "G1", "G2", "G3"]
    assert document["gate_policies"]["G2"] == {
        "mode": "blocking",
        "review": "peer",
        "roles": ["developer"],
        "hours": 8,
        "all_items": False,
        "justification": False,
        "owner_may_approve": True,
    }


def test_what_is_emitted_is_sorted_without_anchors_and_read_back_the_same() -> None:
    document = compiled(parsed(LEDGER_MOVE))
    text = emit_yaml(document)
    tops = [line.partition(":")[0] for line in text.splitlines() if line[0] not in " -"]
    assert tops == sorted(tops)
    assert text == emit_yaml(json.loads(json.dumps(document, sort_keys=True)))
    found = read_compiled(text, path="plan.compiled.yaml")
    assert (found.document, found.is_older) == (document, False)


def test_unknown_front_matter_is_kept_under_meta() -> None:
    spec = parsed(
        FRONT.replace("goal:", "team: [a, [b]]\norchestrator_contract: {x: {}}\ngoal:") + "## Plan\n### Step 1: a\n"
    )
    document = compiled(spec)
    assert document["meta"] == {"extra": {"team": ["a", ["b"]]}}
    assert document["orchestrator_contract"] == {"x": {}}
    assert document["gate_policies"] == {}
    assert read_compiled(emit_yaml(document), path="x").document == document


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain words", "plain words"),
        ("No", '"No"'),
        ("a: b", '"a: b"'),
        ("ends ", '"ends "'),
        ("", '""'),
        ("1", '"1"'),
        ("é", '"é"'),
        ("a\x85b\u2028", '"a\\u0085b\\u2028"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_a_value_in_one_line(value: str | float | None, text: str) -> None:
    assert scalar(value) == text


def test_texts_of_several_lines_are_blocks_where_they_can_be() -> None:
    document = {
        "a": "x\ny\n",
        "b": "x\n\n y",
        "c": "x\n\n",
        "d": " x\ny",
        "e": "x\n \ny",
        "f": ["x\ny", ["z"]],
        "g": "\nx",
    }
    assert emit_yaml(document) == (
        'a: |\n  x\n  y\nb: |-\n  x\n\n   y\nc: "x\\n\\n"\nd: " x\\ny"\ne: "x\\n \\ny"\n'
        'f:\n- |-\n    x\n    y\n-\n  - z\ng: "\\nx"\n'
    )


@pytest.mark.parametrize("tier", TIERS)
def test_each_template_compiles_and_is_valid_and_takes_any_text(tier: str) -> None:
    text = fill_template(template_of(tier), {**VALUES, "tier": tier})
    spec = parsed(text)
    assert (spec.front.title, spec.front.owner, spec.front.goal) == ("A: {{goal}} # b", "yes", "## Plan more")
    assert spec.description == "## Plan more"
    document = compiled(spec)
    assert read_compiled(emit_yaml(document), path=tier).document == document


@pytest.mark.parametrize(
    ("tier", "modes", "hours"),
    [
        ("A", {"blocking"}, (24, 72)),
        ("B", {"blocking"}, (8, 48)),
        ("C", {"blocking", "automatic"}, (8, 8)),
    ],
)
def test_the_defaults_of_each_tier_are_those_promised(tier: str, modes: set[str], hours: tuple[int, int]) -> None:
    defaults = read_defaults(PACKAGE.joinpath(f"defaults/tier-{tier.lower()}.yaml").read_text("utf-8"), path=tier)
    gates = defaults["gates"].values()
    assert defaults["tier"] == tier
    assert {gate["mode"] for gate in gates} == modes
    assert (min(gate["hours"] for gate in gates), max(gate["hours"] for gate in gates)) == hours
    assert defaults["owner_may_approve"] is (tier != "A")
    assert (defaults["all_items"], defaults["justification"]) == (tier == "A", tier == "A")
    assert defaults["gates"]["G2"]["review"] == {"A": "formal", "B": "peer", "C": "peer"}[tier]
    assert {gate["review"] for gate in gates} <= {"A": {"formal"}, "B": {"peer"}, "C": {"peer", "automatic"}}[tier]


@pytest.mark.parametrize("text", ["- a\n", "tier: B\n", "a: [\n", ""])
def test_defaults_that_cannot_be_taken(text: str) -> None:
    with pytest.raises(SpecError):
        read_defaults(text, path="defaults.yaml")


def test_the_published_schema_is_the_one_that_is_checked_against() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(PUBLISHED.read_text("utf-8")) == SCHEMA


@pytest.mark.parametrize(
    ("found", "replaced", "line_of", "words"),
    [
        ("step_id: step-001", "step_id: first", "first", "at plan[0].step_id"),
        ("compiler_version:", "compiler_versions:", "aip_id", "at the top"),
        ("checked: true", "checked: maybe", "maybe", "checked"),
        ("tier: B", "tier: X", "tier: X", "at tier"),
        ('artifacts/plan/tables.md', "../tables.md", "../tables", "at plan[0].outputs[0]"),
    ],
)  # fmt: skip
def test_a_compiled_file_that_is_not_of_the_shape(found: str, replaced: str, line_of: str, words: str) -> None:
    text = emit_yaml(compiled(parsed(LEDGER_MOVE)))
    assert found in text
    broken = text.replace(found, replaced, 1)
    with pytest.raises(SpecError) as caught:
        read_compiled(broken, path="plan.compiled.yaml")
    line = next(number for number, one in enumerate(broken.splitlines(), start=1) if line_of in one)
    assert caught.value.line == line
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "a: 1\na: 2\n"])
def test_a_compiled_file_that_is_no_mapping_or_no_yaml(text: str) -> None:
    with pytest.raises(SpecError):
        read_compiled(text, path="plan.compiled.yaml")


def test_a_title_names_a_file() -> None:
    assert [slug_of(title) for title in ("Add a Health-Check!", "Überprüfung 2", "日本", "a" * 99)] == [
        "add-a-health-check",
        "berpr-fung-2",
        "spec",
        "a" * 60,
    ]


def test_the_samples_have_defaults() -> None:
    assert set(DEFAULTS["gates"]) == {"G0", "G1", "G2", "G3", "G4"}
