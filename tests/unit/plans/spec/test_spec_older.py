"""Compiled files in the older shape."""

from __future__ import annotations

import pytest

from signoff.errors import SpecError
from signoff.plans.spec.compiled import read_compiled
from signoff.plans.spec.emit import emit_yaml

OLDER = """
tier: C
title: Move it
meta: {created_by: ada}
objective:
  goal: It is moved
  acceptance_criteria: [Nothing is lost]
context:
  background: Slow
  constraints: [no downtime, no loss]
gates:
- {id: G0, name: Plan Approval, checklist: {Plan: [It is whole]}}
- {gate_ref: "G1: Code Readiness", step_id: step-003, checklist: [It runs], approval_options: [APPROVED FOR USE]}
- {id: G9, checklist: [Nobody looks]}
- {id: G4}
- text
plan:
- {step_id: step-001, description: Plan, prompt: Plan it, gate_ref: "G0: Plan Approval", verification_commands: [ls]}
- step_id: step-002
  title: Do
  gate_ref: "G0: Plan Approval"
  gate_review: {checklist: {Code: [It is read, {text: It is old, checked: true}]}, approval_metadata: {date: }}
  commands: [{lang: sh, script: make}]
  outputs: [a.md]
- {step_id: step-003, title: Use}
"""


def test_gates_at_the_top_and_items_as_texts_are_read_into_todays_shape() -> None:
    found = read_compiled(OLDER, path="old.yaml")
    assert found.is_older
    document = found.document
    assert document["objective"] == {
        "goal": "It is moved",
        "description": "",
        "acceptance_criteria": [{"text": "Nothing is lost", "checked": False}],
    }
    assert document["context"] == {"background": "Slow", "constraints": "- no downtime\n- no loss"}
    assert document["meta"] == {"extra": {"created_by": "ada"}}
    first, second, third = document["plan"]
    assert (first["title"], first["commands"]) == ("Plan", [{"lang": "bash", "script": "ls"}])
    assert first["gate_review"]["checklist"] == {"Plan": [{"text": "It is whole", "checked": False}]}
    assert second["gate_review"]["checklist"] == {
        "Code": [{"text": "It is read", "checked": False}, {"text": "It is old", "checked": True}]
    }
    assert second["gate_review"]["approval_metadata"] == {"reviewer": "", "date": "", "rationale": ""}
    assert len(second["gate_review"]["approval_options"]) == 4
    assert third["gate_ref"] == "G1: Code Readiness"
    assert third["gate_review"]["approval_options"] == [
        {"decision": "APPROVED", "label": "APPROVED FOR USE", "text": "", "checked": False}
    ]
    assert third["gate_review"]["checklist"] == {"General": [{"text": "It runs", "checked": False}]}


def test_gates_may_be_a_mapping_and_texts_may_stand_bare() -> None:
    text = (
        "tier: A\ntitle: T\nobjective: Do it\ncontext: Slow\nmeta: {extra: {a: 1}}\n"
        "gates: {g2: {title: Ship, checklist: 3}, G1: none}\n"
        "plan: [{step_id: step-001, title: a, gate_ref: G2: Ship}]\n"
    ).replace("G2: Ship}", '"G2: Ship"}')
    document = read_compiled(text, path="old.yaml").document
    assert document["objective"]["description"] == "Do it"
    assert document["objective"]["goal"] == "T"
    assert document["context"]["background"] == "Slow"
    assert document["meta"] == {"extra": {"a": 1}}
    assert document["plan"][0]["gate_review"]["checklist"] == {}


def test_a_file_of_today_with_plain_texts_for_items_is_of_the_older_shape() -> None:
    step = {
        "step_id": "step-001",
        "title": "a",
        "gate_ref": "G0: x",
        "gate_review": {"checklist": {"A": ["b"]}, "approval_options": []},
    }
    document = {"tier": "B", "title": "t", "source_md_sha256": "0" * 64, "plan": [step]}
    assert read_compiled(emit_yaml(document), path="old.yaml").is_older


@pytest.mark.parametrize(
    "text", ["tier: B\ntitle: t\n", "tier: B\ntitle: t\nplan: [1]\n", "tier: B\ntitle: t\nplan: {a: 1}\n"]
)
def test_what_is_of_no_shape_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        read_compiled(text, path="old.yaml")
    with pytest.raises(SpecError):
        read_compiled(f"{text}source_md_sha256: x\n", path="old.yaml")
