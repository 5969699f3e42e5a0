"""What is asked at each gate of a spec, by its tier and by the project's settings."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from spec_samples import LEDGER_MOVE, parsed

from signoff.errors import InvalidInputError, SpecError
from signoff.gates.requirement import Actor, Need, Requirement, check_entitled, from_wire, to_wire
from signoff.plans.spec.compile import compile_spec
from signoff.plans.spec.compiled import read_compiled, read_defaults
from signoff.plans.spec.gate_names import MODES
from signoff.plans.spec.model import TIERS
from signoff.plans.spec.policies import GatePolicy, policies_in_force, to_requirement


def text_of(tier: str) -> str:
    return files("signoff.plans.spec").joinpath(f"defaults/tier-{tier.lower()}.yaml").read_text("utf-8")


def defaults_of(tier: str) -> dict[str, Any]:
    return read_defaults(text_of(tier), path=tier, tier=tier)


def document_of(tier: str) -> dict[str, Any]:
    """Gates G0, G1, G2 and G3."""
    spec = parsed(LEDGER_MOVE.replace("tier: B", f"tier: {tier}"))
    return compile_spec(spec, defaults_of(tier), source_md_path="plan.md", source_md_sha256="0" * 64)


def modes(tier: str, gates: dict[str, str]) -> list[str]:
    return [policy.mode for policy in policies_in_force(document_of(tier), gates).values()]


# Each tier


def test_without_settings_each_tier_is_as_it_was_compiled() -> None:
    assert modes("A", {}) == modes("B", {}) == ["blocking"] * 4
    assert modes("C", {}) == ["automatic", "automatic", "blocking", "automatic"]
    found = policies_in_force(document_of("B"), {})
    assert list(found) == ["G0", "G1", "G2", "G3"]
    roles = ("developer", "team_lead", "tech_lead")
    assert found["G1"] == GatePolicy("G1", "blocking", "peer", roles, 8, False, False, True)


@pytest.mark.parametrize("mode", [*MODES, "nonsense"])
def test_tier_a_stays_as_it_is_whatever_the_settings_say(mode: str) -> None:
    document = document_of("A")
    # Nor does it help to edit the compiled file.
    document["gate_policies"]["G1"] |= {"mode": mode, "all_items": False, "justification": False}
    document["gate_policies"]["G1"] |= {"owner_may_approve": True}
    for policy in policies_in_force(document, dict.fromkeys(("G0", "G1", "G2", "G3"), mode)).values():
        assert (policy.mode, policy.owner_may_approve) == ("blocking", False)
        assert (policy.all_items, policy.justification, policy.all_evidence) == (True, True, True)


def test_tier_b_can_be_relaxed_to_a_notice_or_asked_for_every_item() -> None:
    found = policies_in_force(document_of("B"), {"G0": "advisory", "G1": "required-items", "G2": "blocking"})
    assert [(policy.mode, policy.all_items) for policy in found.values()] == [
        ("advisory", False),
        ("required-items", True),
        ("blocking", False),
        ("blocking", False),
    ]


@pytest.mark.parametrize("mode", ["automatic", "nonsense"])
def test_a_mode_that_tier_b_does_not_have_is_refused(mode: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^G1 cannot be {mode} in tier B") as caught:
        modes("B", {"G1": mode})
    assert caught.value.code == "invalid-setting"
    assert caught.value.details["setting"] == "gates.G1"
    edited = document_of("B")
    edited["gate_policies"]["G1"]["mode"] = mode
    with pytest.raises(InvalidInputError, match="G1 cannot be"):
        policies_in_force(edited, {})


def test_tier_c_can_be_any_mode() -> None:
    said = {"G0": "blocking", "G1": "advisory", "G2": "automatic", "G3": "required-items"}
    found = policies_in_force(document_of("C"), said)
    assert {code: policy.mode for code, policy in found.items()} == said
    assert [policy.all_items for policy in found.values()] == [False, False, False, True]


def test_a_gate_that_the_plan_does_not_name_has_no_policy() -> None:
    assert "G4" not in policies_in_force(document_of("B"), {"G4": "automatic"})


def test_a_document_of_the_older_shape_takes_the_defaults_of_its_tier() -> None:
    text = "tier: B\ntitle: T\nowner: ada\nplan: [{step_id: step-001, title: a, gate_ref: 'G3: x'}]\n"
    older = read_compiled(text, path="old.yaml").document
    found = policies_in_force(older, {"G3": "advisory"}, defaults_of("B"))
    assert list(found) == ["G3"]
    assert (found["G3"].mode, found["G3"].roles, found["G3"].hours) == ("advisory", ("team_lead", "tech_lead"), 48)
    compiled = policies_in_force(document_of("B"), {}, {**defaults_of("B"), "gates": {}})
    assert compiled == policies_in_force(document_of("B"), {})


# What it asks of an answer


def test_a_policy_becomes_a_requirement() -> None:
    found = policies_in_force(document_of("A"), {})
    needs = (Need(("tech_lead", "cto", "security_team"), 1),)
    assert to_requirement(found["G2"]) == Requirement(
        needs, not_requester=True, justification=True, all_items=True, all_evidence=True
    )
    nobody_named = to_requirement(policies_in_force(document_of("C"), {"G0": "blocking"})["G0"])
    assert nobody_named == Requirement()
    check_entitled(nobody_named, Actor("eve", frozenset()), is_requester=True, approves=True)
    for tier in TIERS:
        for policy in policies_in_force(document_of(tier), {}).values():
            assert from_wire(to_wire(to_requirement(policy))) == to_requirement(policy)


# Defaults


@pytest.mark.parametrize(
    ("tier", "found", "replaced", "words"),
    [
        ("A", "all_items: true", "all_items: false", "found all_items: false; expected true in tier A"),
        ("A", "justification: true", "justification: false", "found justification: false; expected true"),
        ("A", "owner_may_approve: false", "owner_may_approve: true", "expected false in tier A"),
        ("A", "G3: {mode: blocking", "G3: {mode: advisory", "found G3: advisory; expected blocking."),
        ("B", "G3: {mode: blocking", "G3: {mode: automatic", "expected blocking or required-items or advisory"),
        ("B", "tier: B", "tier: C", "found the tier 'C'; expected B, as the file is called"),
        ("B", "roles: [team_lead, tech_lead], hours: 48", "roles: ['a,b'], hours: 48", "gates.G3.roles[0]"),
        ("C", "hours: 8", "hours: 721", "gates.G0.hours"),
    ],
)
def test_defaults_that_are_not_of_their_tier_are_told_with_their_line(
    tier: str, found: str, replaced: str, words: str
) -> None:
    text = text_of(tier)
    assert found in text
    line = 1 + text[: text.index(found)].count("\n")
    with pytest.raises(SpecError) as caught:
        read_defaults(text.replace(found, replaced, 1), path="tier.yaml", tier=tier)
    assert (caught.value.path, caught.value.line) == ("tier.yaml", line)
    assert words in str(caught.value)
