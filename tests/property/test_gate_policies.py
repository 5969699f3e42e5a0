"""What nobody can relax: whatever is compiled, configured or said to be the default, tier A asks for all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.errors import InvalidInputError
from signoff.plans.spec.gate_names import GATES, MODES
from signoff.plans.spec.policies import TIER_MODES, gates_of_document, policies_in_force, to_requirement

unhurried = settings(deadline=None)  # a busy machine is not a wrong answer
codes = st.sampled_from(sorted(GATES))
at_tier = {name: st.booleans() for name in ("all_items", "justification", "owner_may_approve")}
at_gate = {
    "mode": st.sampled_from(MODES),
    "review": st.sampled_from(["formal", "peer", "automatic"]),
    "roles": st.lists(st.sampled_from(["cto", "tech_lead", "developer"]), max_size=3),
    "hours": st.integers(1, 720),
}
configured = st.dictionaries(codes, st.sampled_from(MODES))
at_gates = st.fixed_dictionaries(dict.fromkeys(GATES, st.fixed_dictionaries(at_gate)))
defaults = st.fixed_dictionaries({**at_tier, "gates": at_gates})


@st.composite
def documents(draw: st.DrawFn, tier: str) -> dict[str, Any]:
    """The plan's gates, and policies for some of them."""
    steps = [{"gate_ref": code and f"{code}: x"} for code in draw(st.lists(st.none() | codes, min_size=1, max_size=6))]
    policies = draw(st.dictionaries(codes, st.fixed_dictionaries({**at_tier, **at_gate})))
    return {"tier": tier, "plan": steps, "gate_policies": policies}


@unhurried
@given(documents("A"), configured, defaults)
def test_tier_a_is_never_relaxed(document: dict[str, Any], gates: dict[str, str], own: dict[str, Any]) -> None:
    found = policies_in_force(document, gates, own)
    assert set(found) == {step["gate_ref"][:2] for step in document["plan"] if step["gate_ref"]}
    for policy in found.values():
        asked = to_requirement(policy)
        assert policy.mode == "blocking"
        assert (asked.all_items, asked.justification, asked.not_requester, asked.all_evidence) == (True,) * 4


@unhurried
@given(st.sampled_from(["B", "C"]).flatmap(documents), configured, defaults)
def test_the_settings_change_what_they_name_and_never_ask_for_less_items(
    document: dict[str, Any], gates: dict[str, str], own: dict[str, Any]
) -> None:
    said = {code: gates.get(code, _compiled(document, own, code)["mode"]) for code in gates_of_document(document)}
    if not set(said.values()) <= set(TIER_MODES[document["tier"]]):
        with pytest.raises(InvalidInputError):
            policies_in_force(document, gates, own)
        return
    for code, policy in policies_in_force(document, gates, own).items():
        compiled = _compiled(document, own, code)
        assert policy.mode == said[code]
        assert policy.all_items == (compiled["all_items"] or policy.mode == "required-items")
        assert (policy.hours, list(policy.roles)) == (compiled["hours"], compiled["roles"])


def _compiled(document: dict[str, Any], own: dict[str, Any], code: str) -> dict[str, Any]:
    return document["gate_policies"].get(code) or {**own, **own["gates"][code]}
